"""`union-square replay`: a call or a session sent again from a terminal, through the running proxy."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from union_square.domain.ids import CallId
from union_square.domain.views import CallDetail
from union_square.replaying.again import NewAnswers
from union_square.replaying.comparing import Difference, answer_text, differences, word_diff
from union_square.replaying.failures import ReplayFailure
from union_square.replaying.loading import load_subject
from union_square.replaying.resend import Edit, ResendError, origin_of, plan
from union_square.replaying.resending import Resends
from union_square.store.ports import NoSuchSubject, StoreReader

_STORED_SECONDS = 30.0
"""A call is in the store within a second of its end; longer means that nothing projects."""


class ReplayStopped(ReplayFailure):
    """A call could not be sent again; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to send again and how. `renew`: later calls get the answers given now. `key`: "" = the environment's."""

    subject: str
    edit: Edit
    renew: bool
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """One call and what it was sent again as."""

    before: CallDetail
    after: CallDetail
    dropped: tuple[str, ...]


async def send_again(reader: StoreReader, resends: Resends, order: Order) -> AsyncIterator[Again]:
    """Send the calls in their order, each once the one before has ended. Raises ReplayFailure, StoreUnavailable."""
    answers = NewAnswers()
    recording = load_subject(reader, order.subject)
    session = "" if len(recording.calls) == 1 else f"resent~{order.subject[:90]}~{time.time_ns():x}"
    for recorded in recording.calls:
        before = await asyncio.to_thread(reader.call, recorded.id)
        try:
            origin = origin_of(recorded.id, before.call.session_id or "", list(recorded.events))
            outgoing = plan(origin, order.edit)
            outgoing = answers.put_into(outgoing) if order.renew else outgoing
        except ResendError as error:
            raise ReplayStopped(f"call {recorded.id}: {error}") from error
        resend = resends.start(outgoing, order.key, session=session)
        await resends.wait(resend)
        if resend.call_id is None:
            raise ReplayStopped(f"call {recorded.id}: {resend.problem}")
        after = await _stored(reader, resend.call_id)
        yield Again(before=before, after=after, dropped=outgoing.dropped)
        if order.renew:
            said = [detail.messages[detail.request_message_count :] for detail in (before, after)]
            answers.add(said[0], said[1])


async def _stored(reader: StoreReader, call_id: CallId) -> CallDetail:
    deadline = time.monotonic() + _STORED_SECONDS
    while True:
        try:
            found = await asyncio.to_thread(reader.call, call_id)
            if found.call.state != "running":
                return found
        except NoSuchSubject:
            pass  # on its way
        if time.monotonic() > deadline:
            raise ReplayStopped(f"call {call_id} did not come into the store; is the projector running?")
        await asyncio.sleep(0.1)


def parse_values(settings: Sequence[str]) -> Mapping[str, Any]:
    """`path=value` each; a value that is not JSON is a text. Raises ResendError."""
    found = dict[str, Any]()
    for text in settings:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise ResendError(f"say what to set as path=value, not {text!r}")
        try:
            found[path] = json.loads(value)
        except ValueError:
            found[path] = value
    return found


def words_of(again: Again) -> str:
    """The two answers as one text with [-gone-]{+new+} words, and what they took."""
    marks = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
    spans = word_diff(answer_text(again.before), answer_text(again.after))
    lines = [f"{again.before.call.id} → {again.after.call.id} ({again.after.call.upstream}, {again.after.call.model})"]
    lines += [f"left out: {', '.join(again.dropped)}"] if again.dropped else []
    lines.append("".join(marks[span.kind].format(span.text) for span in spans))
    lines.append("; ".join(filter(None, map(_figure, differences(again.before, again.after)))))
    return "\n".join(lines) + "\n"


def _figure(difference: Difference) -> str:
    before, after = difference.before, difference.after
    if before is None and after is None:
        return ""
    unit = {"duration": " ms", "first token": " ms", "cost": " USD"}.get(difference.name, "")
    shown = ["unknown" if value is None else f"{value:,.4g}" for value in (before, after)]
    return f"{difference.name} {shown[0]} → {shown[1]}{unit}"
