"""What changed of the live calls since a reader last looked, as events. Pure but for what a `Follower` remembers."""

from dataclasses import dataclass, field
from itertools import takewhile

from union_square.domain.ids import CallId, SessionId
from union_square.domain.messages import Message, Part, RefusalPart, TextPart, ThinkingPart, ToolCallPart
from union_square.domain.views import CallView
from union_square.watching.ports import CallChanged, LiveEvent, TextDelta

_Texts = dict[tuple[int, int], str]


@dataclass(slots=True)
class _Seen:
    facts: tuple[object, ...]
    texts: _Texts = field(default_factory=_Texts)


@dataclass(slots=True)
class Follower:
    """One reader's memory. Offer it every call that may have changed; it says what is news."""

    _seen: dict[CallId, _Seen] = field(default_factory=dict[CallId, _Seen])
    _told: set[CallId] = field(default_factory=set[CallId])  # that they ended

    def knows(self, call_id: CallId) -> bool:
        return call_id in self._seen

    def has_told_end(self, call_id: CallId) -> bool:
        return call_id in self._told

    def news(self, version: int, view: CallView, answer: tuple[Message, ...]) -> list[LiveEvent]:
        """What to tell of a call now: that it began, what else changed, what it said, that it ended."""
        found: list[LiveEvent] = []
        seen = self._seen.get(view.id)
        facts = _facts(view)
        if seen is None:
            seen = self._seen[view.id] = _Seen(facts)
            found.append(CallChanged(kind="call_started", version=version, call=view))
        elif seen.facts != facts and view.state == "running":
            seen.facts = facts
            found.append(CallChanged(kind="call_updated", version=version, call=view))
        found += _text_news(version, view.id, view.session_id, seen.texts, answer)
        if view.state != "running":
            del self._seen[view.id]
            self._told.add(view.id)
            found.append(CallChanged(kind="call_ended", version=version, call=view))
        return found

    def keep_only(self, there: set[CallId]) -> None:
        """Forget calls that the feed no longer has."""
        for call_id in self._seen.keys() - there:
            del self._seen[call_id]
        self._told &= there


def _facts(view: CallView) -> tuple[object, ...]:
    """What is worth telling of a running call besides its text."""
    return (
        view.session_id,
        view.dialect,
        view.model,
        view.response_model,
        view.status_code,
        view.time_to_first_chunk_ms,
        view.usage,
        view.finish_reasons,
        view.error_type,
        view.gap_observations,
        view.tags,
    )


def _text_news(
    version: int, call_id: CallId, session_id: SessionId | None, texts: _Texts, answer: tuple[Message, ...]
) -> list[LiveEvent]:
    found: list[LiveEvent] = []
    for number, message in enumerate(answer):
        for place, part in enumerate(message.parts):
            text = _text_of(part)
            before = texts.get((number, place))
            if text is None or text == before:
                continue
            offset = _shared(before or "", text)
            texts[number, place] = text
            found.append(
                TextDelta(
                    version=version,
                    call_id=call_id,
                    session_id=session_id,
                    message=number,
                    part=place,
                    part_type=part.type,
                    name=part.name if isinstance(part, ToolCallPart) else "",
                    offset=offset,
                    text=text[offset:],
                )
            )
    return found


def _text_of(part: Part) -> str | None:
    match part:
        case TextPart() | ThinkingPart() | RefusalPart():
            return part.text
        case ToolCallPart():
            return part.arguments
        case _:
            return None


def _shared(before: str, now: str) -> int:
    """How many characters both begin with. Nearly always all of `before`: an answer only grows."""
    if now.startswith(before):
        return len(before)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, now, strict=False)))
