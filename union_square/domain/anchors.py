"""Where in a call an annotation stands, and finding that place again when the text around it has changed. PURE.

An anchor names a message and a part of it by number, a span of the part's text by its characters, and keeps the words
themselves with a little of what stood around them. Numbers and offsets are enough while a stream goes on, because text
only grows at its end; the words find the place again where a later version reads the recording into other parts.

What people select in a browser is rendered Markdown, so words are compared by their letters and digits alone: markers,
white space and punctuation differ between a text and what is shown of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)

CONTEXT = 48
"""Characters kept of what stands before and after a quote."""

LONGEST_QUOTE = 4000
_ENDS = 12  # letters at each end of a long quote that are enough to know it by


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A message of a call; with `part`, the characters `start` to `end` of that part's text, which are `quote`."""

    message: int  # the call's messages, counted from 0: the request's, then the answer's
    part: int | None = None  # None: the whole message
    start: int = 0
    end: int = 0
    quote: str = ""
    prefix: str = ""  # what stood before and after it
    suffix: str = ""


class AnchorError(ValueError):
    """There is no such place in the call. The message says what is missing."""


def part_text(part: Part) -> str:
    """The text of a part that annotations can stand on."""
    match part:
        case TextPart() | ThinkingPart() | RefusalPart() | ToolResultPart():
            return part.text
        case ToolCallPart():
            return part.arguments
        case OtherPart():
            return part.json
        case MediaPart():
            return ""


def settle(anchor: Anchor, messages: Sequence[Message]) -> Anchor:
    """The anchor as it is kept: offsets found by the quote where they do not fit, the quote cut out where none was
    given, and what stands around it. Raises AnchorError."""
    if not 0 <= anchor.message < len(messages):
        raise AnchorError(f"the call has no message {anchor.message}; it has {len(messages)}, counted from 0")
    if anchor.part is None:
        return Anchor(message=anchor.message)
    parts = messages[anchor.message].parts
    if not 0 <= anchor.part < len(parts):
        raise AnchorError(f"message {anchor.message} has no part {anchor.part}; it has {len(parts)}, counted from 0")
    if not anchor.quote and not 0 <= anchor.start < anchor.end <= len(part_text(parts[anchor.part])):
        raise AnchorError("give the characters from start to end, or the quote")
    found = _in_part(anchor, parts[anchor.part], anchor.part)
    if found is None:
        raise AnchorError(f"part {anchor.part} of message {anchor.message} does not say {anchor.quote[:80]!r}")
    return found


def find_again(anchor: Anchor, messages: Sequence[Message]) -> Anchor | None:
    """The anchor where its words stand now: in its place, else in its message, else in the nearest message that has
    them; None: nowhere."""
    if anchor.part is None:
        return anchor if 0 <= anchor.message < len(messages) else None
    for number in sorted(range(len(messages)), key=lambda n: abs(n - anchor.message)):
        parts = messages[number].parts
        first = anchor.part if number == anchor.message else 0
        for place in sorted(range(len(parts)), key=lambda n: abs(n - first)):
            found = _in_part(replace(anchor, message=number), parts[place], place)
            if found is not None:
                return found
    return None


def _in_part(anchor: Anchor, part: Part, number: int) -> Anchor | None:
    text = part_text(part)
    if not anchor.quote:
        span: tuple[int, int] | None = (anchor.start, anchor.end)
    elif text[anchor.start : anchor.end] == anchor.quote:
        span = (anchor.start, anchor.end)
    else:
        span = find_quote(text, anchor.quote, prefix=anchor.prefix, suffix=anchor.suffix, near=anchor.start)
    if span is None:
        return None
    start, end = span[0], min(span[1], span[0] + LONGEST_QUOTE)
    return Anchor(
        message=anchor.message,
        part=number,
        start=start,
        end=end,
        quote=text[start:end],
        prefix=text[max(0, start - CONTEXT) : start],
        suffix=text[end : end + CONTEXT],
    )


def find_quote(text: str, quote: str, *, prefix: str = "", suffix: str = "", near: int = 0) -> tuple[int, int] | None:
    """Where `text` says `quote`: of several places the one whose surroundings fit best, then the one nearest to the
    character `near`. None: it does not say it."""
    wanted, _ = _letters(quote)
    if not wanted:
        exact = min(_all(text, quote), key=lambda at: abs(at - near), default=None)
        return None if exact is None else (exact, exact + len(quote))
    letters, places = _letters(text)
    before, after = _letters(prefix)[0], _letters(suffix)[0]

    def fit(span: tuple[int, int]) -> tuple[int, int]:
        around = _common(letters[: span[0]][::-1], before[::-1]) + _common(letters[span[1] :], after)
        return around, -abs(places[span[0]] - near)

    found = max(_spans(letters, wanted), key=fit, default=None)
    if found is None:
        return None
    start, end = places[found[0]], places[found[1] - 1] + 1
    lead = len(quote) - len(quote.lstrip())
    # Whoever quoted a full stop too meant it: as much of the quote as stands there word for word.
    for at in _all(text[max(0, start - len(quote)) : end + len(quote)], quote):
        whole = max(0, start - len(quote)) + at
        if whole <= start and end <= whole + len(quote):
            return whole + lead, whole + len(quote.rstrip())
    return start, end


def _letters(text: str) -> tuple[str, list[int]]:
    """The letters and digits of a text, and where each of them stands."""
    places = [at for at, character in enumerate(text) if character.isalnum()]
    return "".join(text[at] for at in places), places


def _spans(letters: str, wanted: str) -> Iterator[tuple[int, int]]:
    found = False
    for at in _all(letters, wanted):
        found = True
        yield at, at + len(wanted)
    if found or len(wanted) < 2 * _ENDS:
        return
    # What is shown of a link is not what is written of it: a long quote is known by its two ends.
    for at in _all(letters, wanted[:_ENDS]):
        end = letters.find(wanted[-_ENDS:], at + _ENDS, at + 2 * len(wanted) + 400)
        if end >= 0:
            yield at, end + _ENDS


def _all(text: str, words: str) -> Iterator[int]:
    at = text.find(words) if words else -1
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


def _common(one: str, other: str) -> int:
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length
