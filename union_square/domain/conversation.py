"""A session as people read it: its calls as turns, each showing only what is new in it.

An application sends the whole history with every call; shown as it stands, a session of ten calls would repeat its
first message ten times. Pure: the store's and the live feed's calls come in, turns go out.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from operator import is_, ne
from typing import Literal

from union_square.domain.context import Context, Weights
from union_square.domain.ids import CallId
from union_square.domain.messages import Message
from union_square.domain.threads import canonical_items
from union_square.domain.views import AnnotationView, CallDetail, CallView, SessionDetail

Relation = Literal["begins", "continues", "branch", "retry", "sub_agent", "apart"]
"""What a turn is to the tree: the session's first; the first to continue its parent; another one that does; the same
request to the same parent again; a thread of its own with another system prompt; another thread of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One call's share of its session's conversation: what its request added, and what came back.

    `added` leaves out what the parent call's request and response held already; a turn whose `branch` is true does not
    continue the turn shown before it (an edit, a retry, a sub-agent). `after` is the call that it continues, or that
    called it."""

    call: CallView
    added: tuple[Message, ...]
    answer: tuple[Message, ...]
    branch: bool
    after: CallId | None = None
    relation: Relation = "continues"
    context: Context = field(default_factory=Context)  # of the whole request
    added_at: tuple[int, ...] = ()  # the number of each added message among all of the call's
    answer_at: int = 0  # the number of the answer's first
    annotations: tuple[AnnotationView, ...] = ()


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
    items, weights = _Items(), Weights()
    said: dict[CallId, _Said] = {call.call.id: items.said(call) for call in calls}
    turns: list[Turn] = []
    before: CallId | None = None
    earlier: dict[CallId | None, list[_Said]] = {}  # what was asked of each parent so far
    for call in calls:
        own = said[call.call.id]
        parent = _parent(call, before, said)
        shared, continues = (0, False) if parent is None else _shared(said[parent], own)
        called = parent is not None and _is_called(call, said[parent], own, shared)
        kept_by_provider = call.call.link_rule == "provider"  # then the request holds only what is new
        first = own.prompts if parent and said[parent].system == own.system else 0
        repeated = bisect_right(own.ends, shared)
        added_at = (*range(first, own.prompts), *range(own.prompts + repeated, call.request_message_count))
        turns.append(
            Turn(
                call=call.call,
                added=tuple(call.messages[number] for number in added_at),
                answer=call.messages[call.request_message_count :],
                added_at=added_at,
                answer_at=call.request_message_count,
                annotations=call.annotations,
                branch=before is not None and not (parent == before and (continues or kept_by_provider)),
                after=parent,
                relation="sub_agent" if called else _relation(own, parent, earlier),
                context=weights.of_request(call),
            )
        )
        if not called:
            earlier.setdefault(parent, []).append(own)
        before = call.call.id
    return tuple(turns)


def _is_called(call: CallDetail, parent: _Said, own: _Said, shared: int) -> bool:
    """Whether a tool call of its parent's asked for it. In a session that the client names, the link does not say so:
    then it is what opens a conversation under another system prompt, and has a parent all the same."""
    if call.call.link_rule in {"header", "client"} and call.call.parent_id and not shared:
        asked = call.messages[: call.request_message_count]
        return own.system != parent.system and not any(message.role == "assistant" for message in asked)
    return call.call.link_rule == "tool_call"


def _relation(own: _Said, parent: CallId | None, earlier: dict[CallId | None, list[_Said]]) -> Relation:
    siblings = earlier.get(parent, [])
    if not siblings:
        return "continues" if parent else "begins"
    if any(one.sent == own.sent and one.system == own.system for one in siblings):
        return "retry"
    if parent is not None:
        return "branch"
    return "sub_agent" if own.system != siblings[0].system else "apart"


class _Items:
    """What messages say, each looked at once: a session's calls share the messages they repeat."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Message, tuple[str, ...]]] = {}
        self._before: tuple[tuple[Message, ...], list[tuple[str, ...]]] = ((), [])

    def said(self, call: CallDetail) -> _Said:
        sent = call.messages[: call.request_message_count]
        prompts = next((n for n, message in enumerate(sent) if message.role != "system"), len(sent))
        each = self._of_each(sent)
        return _Said(
            system=tuple(chain.from_iterable(each[:prompts])),
            prompts=prompts,
            sent=tuple(chain.from_iterable(each[prompts:])),
            ends=tuple(accumulate(map(len, each[prompts:]))),
            choices=tuple(map(self._of, call.messages[call.request_message_count :])),
        )

    def _of_each(self, sent: tuple[Message, ...]) -> list[tuple[str, ...]]:
        """Mostly a request is the one before it and something new."""
        messages, each = self._before
        same = len(messages) if all(map(is_, messages, sent)) and len(messages) <= len(sent) else 0
        each = [*each[:same], *map(self._of, sent[same:])]
        self._before = (sent, each)
        return each

    def _of(self, message: Message) -> tuple[str, ...]:
        known = self._known.get(id(message))
        if known is None:
            known = self._known[id(message)] = (message, canonical_items(message))  # keeps it, and so its id
        return known[1]


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
    if sent[: len(earlier)] != earlier:
        differs = map(ne, earlier, sent)
        return next((number for number, differ in enumerate(differs) if differ), len(sent)), False
    rest = sent[len(earlier) :]
    repeated = max((len(choice) for choice in parent.choices if rest[: len(choice)] == choice), default=0)
    return len(earlier) + repeated, repeated > 0
