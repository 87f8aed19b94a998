"""JSON as a tree whose branches open and close, in HTML that does nothing. PURE.

Nothing is lost on the way: numbers stand as they were written, a name that an object holds twice is there twice. A tree
with a `source` (the address of its pieces, see `ui.pieces`) may be of any size: what is too much for the first look is
left to be fetched branch by branch, a step of a long list or of a long string at a time. One without is whole.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import islice
from typing import Any, TypeGuard, cast

WHOLE_LIMIT = 20_000
"""Characters of JSON that become a tree where no pieces of it can be fetched."""

PARSED_LIMIT = 16_000_000
"""Characters of JSON that are read at all."""

STEP = 50
"""Entries of a list or an object that are shown at a time."""

STRING_FIRST, STRING_STEP = 600, 20_000
_NODES = 160  # of a tree at first, besides the entries of the branch that was asked for
_OPEN_BRANCH = 12  # entries of a branch that is open at first
_OPEN_DEPTH = 3
_DEEPEST = 12
_PEEK = 72

_HALF = re.compile("[\ud800-\udfff]")  # of a pair that JSON may hold alone; no encoding has it

Way = tuple[int, ...]
"""The place of a value in its tree: at each level the number of the entry, from 0."""


class Number(str):
    """A number as it was written."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """An object's names and values as they were written."""

    __slots__ = ()


def read_json(text: str) -> "Members | list[Any] | None":
    """An object or a list that holds anything; None for all else, and for what is no JSON."""
    if text.lstrip()[:1] not in {"{", "["} or len(text) > PARSED_LIMIT:
        return None
    try:
        value = json.loads(text, object_pairs_hook=Members, parse_int=Number, parse_float=Number, parse_constant=Number)
    except (ValueError, RecursionError):
        return None
    return value or None


def value_at(value: Any, way: Way) -> Any:
    """What stands there. Raises LookupError."""
    for number in way:
        match value:
            case Members():
                value = value[number][1]
            case list():
                value = cast("list[Any]", value)[number]
            case _:
                raise LookupError(number)
    return value


def write_json(value: Any, indent: str = "\n") -> str:
    """The value laid out with two spaces. Raises RecursionError where it is nested too deep."""
    within = indent + "  "
    match value:
        case Members() if value:
            lines = (f"{_literal(name)}: {write_json(one, within)}" for name, one in value)
            return "{" + within + f",{within}".join(lines) + indent + "}"
        case list() if value:
            lines = (write_json(one, within) for one in cast("list[Any]", value))
            return "[" + within + f",{within}".join(lines) + indent + "]"
        case _:
            return _plain(value)


@lru_cache(maxsize=256)
def tree_html(text: str, source: str = "") -> str | None:
    """The tree; None where the text is no JSON object or list, or too long without a source."""
    if not source and len(text) > WHOLE_LIMIT:
        return None
    value = read_json(text)
    if value is None:
        return None
    try:
        inside = _Writer(source=source, whole=not source, left=_NODES).entries(value, ())
    except RecursionError:
        return None
    address = f' data-source="{escape(source)}"' if source else ""
    copy = '<button type="button" class="copy" data-copy-json>Copy</button>'
    marks = "object" if isinstance(value, Members) else "list"
    return f'<div class="json-tree" data-tree="{marks}"{address}>{copy}{inside}</div>'


def branch_html(text: str, source: str, way: Way, first: int) -> str:
    """The entries of a branch from number `first` on, a step of them; "" where none is. Raises LookupError."""
    value = value_at(read_json(text), way)
    held = cast("list[Any]", value) if isinstance(value, list) else []
    return _Writer(source=source, left=_NODES).entries(held, way, first)


def string_html(text: str, source: str, way: Way, first: int) -> str:
    """A step of a long string, from character `first` on. Raises LookupError."""
    value = value_at(read_json(text), way)
    return _Writer(source=source).string(value if isinstance(value, str) else "", way, first, STRING_STEP)


def json_at(text: str, way: Way) -> str:
    """A value of the tree as JSON. Raises LookupError, RecursionError."""
    return write_json(value_at(read_json(text), way))


@dataclass(slots=True, kw_only=True)
class _Writer:
    """`left`: values that may still be written before branches are left to be fetched."""

    source: str
    whole: bool = False
    left: int = 0

    def entries(self, value: "list[Any]", way: Way, first: int = 0, depth: int = 0) -> str:
        shown = len(value) if self.whole else STEP
        out = [self._entry(name, one, (*way, n), depth) for n, name, one in _entries(value, first, shown)]
        rest = len(value) - first - shown
        if rest > 0:
            words = f"Show {min(rest, STEP):,} more of {rest:,}"
            out.append(self._more(words, "tree", way, first + shown))
        return "".join(out)

    def string(self, value: str, way: Way, first: int = 0, most: int = STRING_FIRST) -> str:
        end = len(value) if self.whole else first + most
        start, close = ('"' if not first else ""), ('"' if end >= len(value) else "")
        shown = f'<span class="j-string">{start}{_text(value[first:end])}{close}</span>'
        rest = len(value) - end
        if rest <= 0:
            return shown
        return shown + self._more(f"Show {min(rest, STRING_STEP):,} more of {rest:,} characters", "string", way, end)

    def _more(self, words: str, what: str, way: Way, first: int) -> str:
        address = f"{self.source}/{what}?at={_dotted(way)}&first={first}"
        return f'<button type="button" class="more" data-more="{escape(address)}">{words}</button>'

    def _entry(self, name: str | None, value: Any, way: Way, depth: int) -> str:
        """One name and its value, with all that is in it."""
        self.left -= 1
        key = "" if name is None else f' data-key="{escape(_HALF.sub("?", name))}"'
        label = f'<span class="j-place">{way[-1]}</span> ' if name is None else _key(name)
        held = cast("list[Any]", value) if isinstance(value, list) else []
        if not held or (self.whole and depth >= _DEEPEST):
            shown = self.string(value, way) if _is_text(value) else _scalar(value)
            return f'<div class="leaf" data-node{key}>{label}{shown}</div>'
        marks = f"{{{len(held):,}}}" if isinstance(held, Members) else f"[{len(held):,}]"
        peek = f'<span class="j-peek">{escape(_peek(held))}</span>'
        head = f'<summary>{label}<span class="j-count">{marks}</span> {peek}</summary>'
        if not self.whole and (self.left <= 0 or depth >= _DEEPEST):
            return f'<details data-node{key} data-branch="{_dotted(way)}">{head}</details>'
        opened = " open" if depth < _OPEN_DEPTH and len(held) <= _OPEN_BRANCH else ""
        return f"<details data-node{key}{opened}>{head}{self.entries(held, way, depth=depth + 1)}</details>"


def _entries(value: "list[Any]", first: int, count: int) -> Iterator[tuple[int, str | None, Any]]:
    for number, one in enumerate(islice(value, first, first + count), first):
        yield (number, *cast("tuple[str, Any]", one)) if isinstance(value, Members) else (number, None, one)


def _dotted(way: Way) -> str:
    return ".".join(map(str, way))


def _literal(text: str) -> str:
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", json.dumps(text, ensure_ascii=False))


def _plain(value: Any) -> str:
    """A value that holds no other, as JSON."""
    match value:
        case Number():
            return str(value)
        case str():
            return _literal(value)
        case list():
            return ("{}" if isinstance(value, Members) else "[]") if not value else write_json(value, " ")
        case _:
            return json.dumps(value)


def _key(name: str) -> str:
    return f'<span class="j-key">{escape(_literal(name))}</span>: '


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and not isinstance(value, Number)


def _scalar(value: Any) -> str:
    kind = "number" if isinstance(value, Number) else "word" if value is None or isinstance(value, bool) else "count"
    return f'<span class="j-{kind}">{escape(_plain(value))}</span>'


def _text(text: str) -> str:
    """Of a string's literal what stands between the quotes; a line's end is shown as such, and ends the line."""
    lines = (escape(_literal(line)[1:-1]) for line in text.split("\n"))
    return '<span class="j-end">\\n</span>\n'.join(lines)


def _peek(held: "list[Any]") -> str:
    """The begin of what a closed branch holds, on one line."""
    parts = [(f"{name}: " if name is not None else "") + _short(one) for _, name, one in _entries(held, 0, 6)]
    words = ", ".join(parts) + (", …" if len(held) > len(parts) else "")
    return words if len(words) <= _PEEK else words[: _PEEK - 1] + "…"


def _short(value: Any) -> str:
    match value:
        case Number():
            return str(value)[:24]
        case str():
            return _literal(value[:32] + "…" if len(value) > 32 else value)
        case Members():
            return "{…}" if value else "{}"
        case list():
            return "[…]" if value else "[]"
        case _:
            return json.dumps(value)
