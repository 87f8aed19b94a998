"""Two answers to one request beside each other: their words, and what they took. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from union_square.domain.messages import Message, RefusalPart, TextPart, ToolCallPart
from union_square.domain.views import CallDetail

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of two calls; None = unknown. `share`: how much of the first the second is more (or less) by."""

    name: Literal["duration", "first token", "input tokens", "output tokens", "cost"]
    before: float | None
    after: float | None

    @property
    def share(self) -> float | None:
        return (self.after - self.before) / self.before if self.before and self.after is not None else None


def differences(before: CallDetail, after: CallDetail) -> tuple[Difference, ...]:
    """What two calls took: times in milliseconds, tokens, US dollars."""
    one, other = before.call, after.call
    usage, other_usage = one.usage, other.usage
    return (
        Difference(name="duration", before=one.duration_ms, after=other.duration_ms),
        Difference(name="first token", before=one.time_to_first_token_ms, after=other.time_to_first_token_ms),
        Difference(
            name="input tokens",
            before=usage.input_tokens if usage else None,
            after=other_usage.input_tokens if other_usage else None,
        ),
        Difference(
            name="output tokens",
            before=usage.output_tokens if usage else None,
            after=other_usage.output_tokens if other_usage else None,
        ),
        Difference(name="cost", before=one.cost_usd, after=other.cost_usd),
    )
