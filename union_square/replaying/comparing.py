"""Two answers to one request beside each other: their words, and what they took. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from union_square.domain.messages import Message, RefusalPart, TextPart, ToolCallPart
from union_square.domain.views import CallDetail, CallView

MOST_WORDS = 2000
"""Of one answer that are compared word by word, for comparing takes the square of it; the rest is one piece."""

_WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of words that both answers have, only the first, or only the second."""

    kind: Literal["same", "gone", "new"]
    text: str


def word_diff(before: str, after: str) -> tuple[Span, ...]:
    """How `after` differs from `before`. The spans that are not "new" make `before`, those not "gone" make `after`."""
    old, new = _words(before), _words(after)
    # With "autojunk" words that are everywhere are no anchors: without it, repetitive texts take minutes.
    found = list[Span]()
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=True).get_opcodes():
        if kind == "equal":
            found.append(Span(kind="same", text="".join(old[a:b])))
            continue
        if a < b:
            found.append(Span(kind="gone", text="".join(old[a:b])))
        if c < d:
            found.append(Span(kind="new", text="".join(new[c:d])))
    return tuple(found)


def _words(text: str) -> list[str]:
    words = _WORD.findall(text)
    return words if len(words) <= MOST_WORDS else [*words[:MOST_WORDS], "".join(words[MOST_WORDS:])]


def answer_text(detail: CallDetail) -> str:
    """What a call's answer says, for comparing: its texts and the tools it calls."""
    return "\n\n".join(_lines(detail.messages[detail.request_message_count :])) or detail.call.error_message


def _lines(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        for part in message.parts:
            match part:
                case TextPart() | RefusalPart() if part.text:
                    yield part.text
                case ToolCallPart():
                    yield f"{part.name}({part.arguments})"
                case _:
                    continue


FigureName = Literal["duration", "first token", "input tokens", "output tokens", "cost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of two calls; None = unknown. `share`: how much of the first the second is more (or less) by."""

    name: FigureName
    before: float | None
    after: float | None

    @property
    def share(self) -> float | None:
        return (self.after - self.before) / self.before if self.before and self.after is not None else None


def differences(before: CallView, after: CallView) -> tuple[Difference, ...]:
    """What two calls took: times in milliseconds, tokens, US dollars."""
    return sums([(before, after)])


def sums(pairs: Sequence[tuple[CallView, CallView]]) -> tuple[Difference, ...]:
    """What all the first calls took together, and all the second ones; unknown where it is of one of them."""
    return tuple(
        Difference(
            name=name,
            before=_sum([figure(before) for before, _ in pairs]),
            after=_sum([figure(after) for _, after in pairs]),
        )
        for name, figure in _FIGURES
    )


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


_FIGURES: tuple[tuple[FigureName, Callable[[CallView], float | None]], ...] = (
    ("duration", lambda call: call.duration_ms),
    ("first token", lambda call: call.time_to_first_token_ms),
    ("input tokens", lambda call: call.usage.input_tokens if call.usage else None),
    ("output tokens", lambda call: call.usage.output_tokens if call.usage else None),
    ("cost", lambda call: call.cost_usd),
)
