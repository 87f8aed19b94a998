"""A session as people read it: its calls as turns, each showing only what is new in it.

An application sends the whole history with every call; shown as it stands, a session of ten calls would repeat its
first message ten times. Pure: the store's and the live feed's calls come in, turns go out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

from union_square.domain.ids import CallId
from union_square.domain.messages import Message
from union_square.domain.threads import canonical_items
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


@dataclass(frozen=True, slots=True)
class _Said:
    """What a call said, item by item, its system prompt apart."""

    system: tuple[str, ...]
    prompts: int  # how many of the first messages are the system prompt
    sent: tuple[str, ...]
    ends: tuple[int, ...]  # of each message after the system prompt: how many items were said by its end
    choices: tuple[tuple[str, ...], ...]


def build_turns(calls: Sequence[CallDetail]) -> tuple[Turn, ...]:
    """The turns of a session's calls, in the order of the calls (oldest first)."""
    said = {call.call.id: _said(call) for call in calls}
    turns: list[Turn] = []
    before: CallId | None = None
    for call in calls:
        own = said[call.call.id]
        parent = _parent(call, before, said)
        shared, continues = (0, False) if parent is None else _shared(said[parent], own)
        kept_by_provider = call.call.link_rule == "provider"  # then the request holds only what is new
        first = own.prompts if parent and said[parent].system == own.system else 0
        repeated = sum(1 for end in own.ends if end <= shared)
        turns.append(
            Turn(
                call=call.call,
                added=(
                    *call.messages[first : own.prompts],
                    *call.messages[own.prompts + repeated : call.request_message_count],
                ),
                answer=call.messages[call.request_message_count :],
                branch=before is not None and not (parent == before and (continues or kept_by_provider)),
            )
        )
        before = call.call.id
    return tuple(turns)


def _said(call: CallDetail) -> _Said:
    sent = call.messages[: call.request_message_count]
    prompts = next((n for n, message in enumerate(sent) if message.role != "system"), len(sent))
    each = [canonical_items(message) for message in sent]
    return _Said(
        system=tuple(chain.from_iterable(each[:prompts])),
        prompts=prompts,
        sent=tuple(chain.from_iterable(each[prompts:])),
        ends=tuple(accumulate(map(len, each[prompts:]))),
        choices=tuple(map(canonical_items, call.messages[call.request_message_count :])),
    )


def _parent(call: CallDetail, before: CallId | None, said: dict[CallId, _Said]) -> CallId | None:
    """The call this one continues: as it was linked, else the one before when its whole history is repeated here."""
    linked = call.call.parent_id
    if linked is not None and linked in said and linked != call.call.id:
        return linked
    if before is not None and _shared(said[before], said[call.call.id])[1]:
        return before
    return None


def _shared(parent: _Said, child: _Said) -> tuple[int, bool]:
    """How many items the child repeats, and whether these are all that was said before and answered.

    Of several choices that the parent was given, an application goes on with one."""
    earlier, sent = parent.sent, child.sent
    for number, (one, other) in enumerate(zip(earlier, sent, strict=False)):
        if one != other:
            return number, False
    if len(sent) < len(earlier):
        return len(sent), False
    rest = sent[len(earlier) :]
    repeated = max((len(choice) for choice in parent.choices if rest[: len(choice)] == choice), default=0)
    return len(earlier) + repeated, repeated > 0
