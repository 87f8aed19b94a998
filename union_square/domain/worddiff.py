"""The words that were taken out of a text and put into it. Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

MOST_WORDS = 3000
"""Of both texts together that are compared word by word; longer ones are compared line by line."""

MOST_LINES = 3000

_PIECE = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text that both have ("same"), only the earlier ("out") or only the later one ("in")."""

    kind: Literal["same", "out", "in"]
    text: str


def word_diff(before: str, after: str) -> tuple[Span, ...]:
    """Spans that spell `before` without the "in" ones, and `after` without the "out" ones."""
    start = _common(before, after)
    tail = _common(before[start:][::-1], after[start:][::-1])
    end_before, end_after = len(before) - tail, len(after) - tail
    middle = _middle(before[start:end_before], after[start:end_after])
    spans = (Span("same", before[:start]), *middle, Span("same", before[end_before:]))
    return tuple(span for span in spans if span.text)


def _common(one: str, other: str) -> int:
    """How many characters both begin with, back to the last whole word."""
    if one == other:
        return len(one)
    low, high = 0, min(len(one), len(other))
    while low < high:
        half = (low + high + 1) // 2
        low, high = (half, high) if one[:half] == other[:half] else (low, half - 1)
    while low and (one[low - 1].isalnum() or one[low - 1] == "_"):
        low -= 1
    return low


def _middle(before: str, after: str) -> list[Span]:
    if not before or not after:
        return [Span("out", before), Span("in", after)]
    one, other = _PIECE.findall(before), _PIECE.findall(after)
    if len(one) + len(other) > MOST_WORDS:
        one, other = before.splitlines(keepends=True), after.splitlines(keepends=True)
        if len(one) + len(other) > MOST_LINES:
            return [Span("out", before), Span("in", after)]
    spans = list[Span]()
    for tag, i, j, k, m in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            spans.append(Span("same", "".join(one[i:j])))
            continue
        spans += [Span("out", "".join(one[i:j])), Span("in", "".join(other[k:m]))]
    return spans
