"""A text too long to be shown at once, in pieces: the begin, then what is asked for; with finding within it. PURE.

What is not shown is a gap between pieces, with buttons that fetch a step of it from its begin or its end. Places are
numbers of characters from the text's begin.
"""

import re
from html import escape
from itertools import islice
from typing import Literal

from union_square.ui.jsontree import tree_html
from union_square.ui.markup import MARKDOWN_LIMIT, data_html, markdown_html

FIRST = 16_000
STEP = 60_000
"""Characters that come with each press of a button."""

MOST_FOUND = 10_000
"""Places that are counted."""

FIND_LIMIT = 200
"""Characters that can be looked for."""

_AROUND = 4_000  # characters before and behind what was found
_SLACK = 1_500  # characters by which a piece is cut earlier, at the end of a line

Take = Literal["begin", "end"]


def prose_html(text: str, source: str = "") -> str:
    """What somebody wrote: Markdown, or JSON (structured output) as a tree; a long one in pieces, where `source` is the
    address of these."""
    if source and len(text) > MARKDOWN_LIMIT:
        return long_html(text, source)
    return tree_html(text, source) or markdown_html(text)


def value_html(text: str, source: str = "") -> str:
    """A tool's arguments or result: JSON as a tree, else text as it stands; a long one with a bar."""
    if source and len(text) > MARKDOWN_LIMIT:
        return long_html(text, source)
    return tree_html(text, source) or data_html(text)


def long_html(text: str, source: str, *, as_tree: bool = True) -> str:
    """The bar (find, copy, download) and the begin. `as_tree`: of JSON, its tree."""
    find = (
        '<form class="long-find" data-find role="search"><input type="search" name="words" '
        f'placeholder="Find in this text" aria-label="find in this text" maxlength="{FIND_LIMIT}" autocomplete="off">'
        '<button type="submit" class="button quiet">Find</button></form>'
    )
    whole = escape(f"{source}/whole")
    bar = (
        f'<div class="long-bar"><span class="muted num">{len(text):,} characters</span>{find}'
        f'<button type="button" class="button quiet" data-copy-from="{whole}">Copy all</button>'
        f'<a class="button quiet" href="{whole}" download>Download</a></div>'
    )
    start = start_html(text, source, as_tree=as_tree)
    body = f'<div class="long-body" tabindex="0" role="region" aria-label="the text">{start}</div>'
    return f'<div class="long" data-source="{escape(source)}">{bar}{body}</div>'


def start_html(text: str, source: str, *, as_tree: bool = True) -> str:
    """The begin: a tree where it is JSON."""
    found = tree_html(text, source) if as_tree else None
    return found or _piece_and_gap(text, source, 0, len(text), "begin", FIRST)


def piece_html(text: str, source: str, begin: int, end: int, take: Take) -> str:
    """A step of the gap from `begin` to `end`, and what is left of the gap."""
    begin = max(0, min(begin, len(text)))
    return _piece_and_gap(text, source, begin, max(begin, min(end, len(text))), take, STEP)


def find_html(text: str, source: str, words: str, since: int, *, as_tree: bool = True) -> str:
    """The text around the first place from `since` on (after the last place: the first again) that has the words."""
    pattern = re.compile(re.escape(words[:FIND_LIMIT]), re.IGNORECASE)
    places = [match.span() for match in islice(pattern.finditer(text), MOST_FOUND)] if words else []
    if not places:
        said = f"“{words[:60]}” is not in this text." if words else ""
        return _found(said, "", "") + start_html(text, source, as_tree=as_tree)
    number = next((n for n, (begin, _) in enumerate(places) if begin >= since), 0)
    begin, end = places[number]
    before, after = places[number - 1][0], places[(number + 1) % len(places)][0]
    count = f"{len(places):,}" if len(places) < MOST_FOUND else f"more than {MOST_FOUND:,}"
    first = _line_end(text, max(0, begin - _AROUND), begin) if begin > _AROUND else 0
    last = _line_end(text, end, min(len(text), end + _AROUND))
    marked = f"{escape(text[first:begin])}<mark>{escape(text[begin:end])}</mark>{escape(text[end:last])}"
    return (
        _found(f"{number + 1:,} of {count}", str(before), str(after))
        + _gap(source, 0, first, len(text))
        + f'<div class="piece">{marked}</div>'
        + _gap(source, last, len(text), len(text))
    )


def _found(words: str, before: str, after: str) -> str:
    """What was found, with buttons for the other places."""
    step = '<button type="button" class="button quiet" data-find-at="{}">{}</button>'
    steps = step.format(before, "Previous") + step.format(after, "Next") if after else ""
    back = '<button type="button" class="button quiet" data-find-end>Back to the begin</button>'
    return f'<div class="found" role="status"><span>{escape(words)}</span>{steps}{back}</div>'


def _piece_and_gap(text: str, source: str, begin: int, end: int, take: Take, step: int) -> str:
    if take == "begin":
        cut = _line_end(text, begin, min(end, begin + step)) if begin + step < end else end
        return _piece(text[begin:cut]) + _gap(source, cut, end, len(text))
    cut = _line_end(text, begin, end - step + _SLACK) if end - step > begin else begin
    return _gap(source, begin, cut, len(text)) + _piece(text[cut:end])


def _line_end(text: str, begin: int, end: int) -> int:
    """The end of the last line before `end`, or of a word, where one ends near it; else `end`."""
    near = max(begin, end - _SLACK)
    line = text.rfind("\n", near, end) + 1
    return line or (text.rfind(" ", near, end) + 1) or end


def _piece(text: str) -> str:
    return f'<div class="piece">{escape(text)}</div>' if text else ""


def _gap(source: str, begin: int, end: int, whole: int) -> str:
    if begin >= end:
        return ""
    count = min(STEP, end - begin)
    next_words = "Go to the begin" if begin == 0 else f"Show {count:,} more"
    last_words = "Go to the end" if end == whole else f"Show {count:,} before"
    address = escape(f"{source}/text?begin={begin}&end={end}&take=")
    buttons = [
        f'<button type="button" class="button quiet" data-more="{address}{take}" data-to="{take}">{words}</button>'
        for take, words in (("begin", next_words), ("end", last_words))
        if not (take == "end" and end - begin <= STEP and end == whole)
    ]
    words = f'<span class="num">{end - begin:,} characters are not shown here</span>'
    return f'<div class="gap">{words}{"".join(buttons)}</div>'
