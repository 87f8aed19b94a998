"""Where in a call's messages a filter's words stand, with what is around them. PURE."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from union_square.domain.finding.terms import All, Either, Filter, Words
from union_square.domain.messages import Message
from union_square.domain.searchable import message_texts
from union_square.domain.words import words

MOST_MESSAGES = 12
"""Of a call, its newest: those that it added to its session are among them."""

MOST_CHARACTERS = 200_000
BEFORE, AFTER = 60, 120
_RUN = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """`message`: its number in the call, from 0. The texts are on one line."""

    message: int
    before: str
    hit: str
    after: str


def sought_words(term: Filter) -> tuple[Words, ...]:
    """The words that a filter looks for, not those that must not be there."""
    match term:
        case Words():
            return (term,)
        case All() | Either():
            return tuple(found for one in term.terms for found in sought_words(one))
        case _:
            return ()


def find_hit(messages: Sequence[Message], sought: Sequence[Words]) -> Hit | None:
    """The newest message that has some of the words. None: they are in none of the newest, or were not said but are in
    an id, a path or an error."""
    for number in range(len(messages) - 1, max(-1, len(messages) - 1 - MOST_MESSAGES), -1):
        for text in message_texts((messages[number],)):
            for term in sought:
                if place := _place(text[:MOST_CHARACTERS], term):
                    return _cut(number, text, *place)
    return None


def _cut(message: int, text: str, start: int, end: int) -> Hit:
    begin = max(0, start - BEFORE)
    before, after = text[begin:start], text[end : end + AFTER]
    return Hit(
        message=message,
        before=("…" if begin else "") + _one_line(before),
        hit=_one_line(text[start:end])[: 2 * AFTER],
        after=_one_line(after) + ("…" if end + AFTER < len(text) else ""),
    )


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _place(text: str, term: Words) -> tuple[int, int] | None:
    said = tuple(words(term.text[:1000]))
    if not said:
        return None
    if found := _plain(said, term.open_end).search(text):
        return found.span()
    return None if text.isascii() else _folded_place(text, said, open_end=term.open_end)


@lru_cache(maxsize=64)
def _plain(said: tuple[str, ...], open_end: bool) -> re.Pattern[str]:
    between = r"[\W_]+".join(map(re.escape, said))
    return re.compile(rf"(?<![^\W_]){between}" + ("" if open_end else r"(?![^\W_])"), re.IGNORECASE)


def _folded_place(text: str, said: tuple[str, ...], *, open_end: bool) -> tuple[int, int] | None:
    """As the index sees the text: without accents, and in scripts without spaces by pairs of characters."""
    recent = list[tuple[str, int, int]]()
    for one in _placed(text):
        recent = [*recent[-(len(said) - 1) :], one] if len(said) > 1 else [one]
        if len(recent) == len(said) and _fit([word for word, _, _ in recent], said, open_end=open_end):
            return recent[0][1], recent[-1][2]
    return None


def _fit(have: list[str], said: tuple[str, ...], *, open_end: bool) -> bool:
    last = have[-1].startswith(said[-1]) if open_end else have[-1] == said[-1]
    return last and tuple(have[:-1]) == said[:-1]


def _placed(text: str) -> Iterator[tuple[str, int, int]]:
    for run in _RUN.finditer(text):
        whole, at = run.group(), 0
        for word in words(whole):
            found = whole.find(word, at)
            if found < 0:
                yield word, *run.span()
            else:
                at = found
                yield word, run.start() + found, run.start() + found + len(word)
