"""A session as people read it: its calls as turns, each showing only what is new in it.

An application sends the whole history with every call; shown as it stands, a session of ten calls would repeat its
first message ten times. Pure: the store's and the live feed's calls come in, turns go out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from union_square.domain.ids import CallId
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
from union_square.domain.views import CallDetail, CallView, SessionDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One call's share of its session's conversation: what its request added, and what came back.

    `added` leaves out what the parent call's request and response held already; a turn whose `branch` is true does not
    continue the turn shown before it (an edit, a retry, a sub-agent)."""

    call: CallView
    added: tuple[Message, ...]
    answer: tuple[Message, ...]
    branch: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    detail: SessionDetail
    turns: tuple[Turn, ...]  # oldest first; a running call's turn holds what has come so far
    truncated: bool  # True: only the newest turns are here


_Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """A call's history as keys: what it sent, and each answer it was given (one a choice)."""

    sent: _Keys
    answers: _Keys
    system: int  # how many of the first sent messages are the system prompt


def build_turns(calls: Sequence[CallDetail]) -> tuple[Turn, ...]:
    """The turns of a session's calls, in the order of the calls (oldest first)."""
    said = {call.call.id: _said(call) for call in calls}
    turns: list[Turn] = []
    before: CallId | None = None
    for call in calls:
        parent = _parent(call, before, said)
        shared, continues = (0, False) if parent is None else _shared(said[parent], said[call.call.id])
        provider_keeps_history = parent is not None and call.call.link_rule == "provider"
        count = call.request_message_count
        turns.append(
            Turn(
                call=call.call,
                added=_added(call, said[call.call.id], said[parent] if parent else None, shared),
                answer=call.messages[count:],
                branch=before is not None and not (parent == before and (continues or provider_keeps_history)),
            )
        )
        before = call.call.id
    return tuple(turns)


def _said(call: CallDetail) -> _Said:
    count = call.request_message_count
    sent = call.messages[:count]
    system = next((n for n, message in enumerate(sent) if message.role != "system"), len(sent))
    return _Said(tuple(map(message_key, sent)), tuple(map(message_key, call.messages[count:])), system)


def _parent(call: CallDetail, before: CallId | None, said: dict[CallId, _Said]) -> CallId | None:
    """The call this one continues: as it was linked, else the one before when its whole history is repeated here."""
    linked = call.call.parent_id
    if linked is not None and linked in said and linked != call.call.id:
        return linked
    if before is not None and _shared(said[before], said[call.call.id])[1]:
        return before
    return None


def _shared(parent: _Said, child: _Said) -> tuple[int, bool]:
    """How many messages after its system prompt the child repeats, and whether that is all that was said before.

    Of several choices that the parent was given, an application goes on with one."""
    earlier, sent = parent.sent[parent.system :], child.sent[child.system :]
    shared = next((n for n, pair in enumerate(zip(earlier, sent, strict=False)) if pair[0] != pair[1]), None)
    if shared is not None:
        return shared, False
    if len(sent) <= len(earlier):
        return len(sent), False  # nothing is new: the same request again, or a shorter one
    if sent[len(earlier)] in parent.answers:
        return len(earlier) + 1, True
    return len(earlier), False


def _added(call: CallDetail, child: _Said, parent: _Said | None, shared: int) -> tuple[Message, ...]:
    """What the request says that its parent did not: the system prompt only where it is another."""
    system_is_known = parent is not None and parent.sent[: parent.system] == child.sent[: child.system]
    system = () if system_is_known else call.messages[: child.system]
    return (*system, *call.messages[child.system + shared : call.request_message_count])


def message_key(message: Message) -> str:
    """What two messages that say the same have in common: white space, thinking and names left out."""
    parts = [key for part in message.parts if (key := _part_key(part))]
    return json.dumps([message.role, *parts], ensure_ascii=False)


def _part_key(part: Part) -> str:
    match part:
        case TextPart() | RefusalPart():
            return "t " + " ".join(part.text.split())
        case ThinkingPart():
            return ""  # sent back by some applications, left out by others
        case ToolCallPart():
            return f"c {part.id} {part.name} {_compact(part.arguments)}"
        case ToolResultPart():
            return f"r {part.id} {' '.join(part.text.split())}"
        case MediaPart():
            return f"m {part.modality} {part.url} {len(part.data)} {part.data[:64]}"
        case OtherPart():
            return f"o {part.label} {_compact(part.json)}"
        case _:
            assert_never(part)


def _compact(text: str) -> str:
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except (ValueError, RecursionError):
        return " ".join(text.split())
