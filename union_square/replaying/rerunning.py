"""Sends a recorded session again, call by call, each once the one before has ended.

Used by `union-square replay`, the REST API and the page. What runs goes on whoever looks, and ends with the process.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from union_square.domain.events import Event
from union_square.domain.finding.terms import Named, Pattern
from union_square.domain.ids import CallId, IdError, parse_call_id
from union_square.domain.views import CallDetail, CallView, Page, SessionView
from union_square.replaying.again import NewAnswers
from union_square.replaying.failures import ReplayFailure
from union_square.replaying.loading import NoRecording
from union_square.replaying.rerun import Order, Rerun, Turn, is_rerun_of, session_of_rerun, went_wrong
from union_square.replaying.resend import Outgoing, ResendError, origin_of, plan, with_values
from union_square.replaying.resending import Resends, session_of_resends
from union_square.store.ports import NO_FILTER, CallFilter, NoSuchSubject, StoreUnavailable
from union_square.watching.ports import Watching

MOST_KEPT = 20
_PAGE = 200
_STORED_SECONDS = 30.0
"""A call can be read within a second of its end; longer means that nothing projects."""


class ReplayStopped(ReplayFailure):
    """A call could not be sent again; the message says which and why."""


class Recorded(Protocol):
    """What is read of recordings (`watching.ports.Watching` fulfils it)."""

    async def calls(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER
    ) -> Page[CallView]: ...

    async def call(self, call_id: CallId) -> CallDetail: ...

    async def call_events(self, call_id: CallId) -> list[Event]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One call that was sent again."""

    turn: Turn
    before: CallDetail
    after: CallDetail


async def load_calls(recorded: Recorded, session_id: str) -> list[CallView]:
    """The calls of a session in the order they began. Raises StoreUnavailable."""
    found, cursor = list[CallView](), None
    while True:
        page = await recorded.calls(limit=_PAGE, cursor=cursor, where=CallFilter(session_id=session_id))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return sorted(found, key=lambda call: (call.started_at, call.id))


async def load_reruns(watching: Watching, subject: str, limit: int = 20) -> list[SessionView]:
    """The sessions that a session was sent again as, newest first. Raises StoreUnavailable."""
    sent_from = Named("meta.resent_session", (Pattern((subject,)),))
    found = await watching.sessions(limit=limit, where=CallFilter(query=sent_from))
    return [session for session in found.items if is_rerun_of(session.id, subject)]


async def open_rerun(recorded: Recorded, order: Order) -> Rerun:
    """The order as a run that has not begun. A subject that is no session is a call. Raises NoRecording,
    StoreUnavailable."""
    calls, session = await load_calls(recorded, order.subject), ""
    if not calls:
        try:
            calls = [(await recorded.call(parse_call_id(order.subject))).call]
            session = session_of_resends(calls[0].id)
        except (NoSuchSubject, IdError) as error:
            raise NoRecording(
                f"no session or call: {order.subject} (`union-square sessions` lists what is recorded)"
            ) from error
    return Rerun(
        session=session or session_of_rerun(order.subject, f"{time.time_ns():x}"),
        subject=order.subject,
        upstream=order.edit.upstream,
        model=order.edit.model,
        renew=order.renew,
        go_on=order.go_on,
        turns=[Turn(before=call) for call in calls if call.state != "running"],
    )


async def send_rerun(recorded: Recorded, resends: Resends, rerun: Rerun, order: Order) -> AsyncIterator[Sent]:
    """Send its calls; `rerun` tells how far it is. Raises StoreUnavailable."""
    answers = NewAnswers()
    for number in range(len(rerun.turns)):
        try:
            sent = await _send(recorded, resends, rerun, order, number, answers)
        except (ReplayFailure, NoSuchSubject) as error:
            rerun.turns[number] = replace(rerun.turns[number], state="failed", problem=str(error))
        else:
            yield sent
        if (problem := rerun.turns[number].problem) and not order.go_on:
            rerun.state, rerun.problem = "stopped", f"call {rerun.turns[number].before.id}: {problem}"
            return
    rerun.state = "ended"


async def _send(
    recorded: Recorded, resends: Resends, rerun: Rerun, order: Order, number: int, answers: NewAnswers
) -> Sent:
    """Send one of its calls and wait for the end. Raises ReplayFailure, NoSuchSubject, StoreUnavailable."""
    outgoing = await _outgoing(recorded, rerun.turns[number], order, answers)
    rerun.turns[number] = turn = replace(rerun.turns[number], state="running", dropped=outgoing.dropped)
    resend = resends.start(outgoing, order.key, session=rerun.session)
    try:
        while resend.state == "running" and resend.call_id is None:
            await asyncio.sleep(0.03)
        rerun.turns[number] = turn = replace(turn, call_id=resend.call_id)
        await resends.wait(resend)
        if resend.call_id is None:
            raise ReplayStopped(resend.problem or "no answer came")
        after = await _stored(recorded, resend.call_id)
    finally:
        resends.cancel(resend.id)  # only where it still runs: this was broken off
    before = await recorded.call(turn.before.id)
    problem = went_wrong(before.call, after.call) or (_add(answers, before, after) if order.renew else "")
    rerun.turns[number] = turn = replace(turn, state="failed" if problem else "done", after=after.call, problem=problem)
    return Sent(turn=turn, before=before, after=after)


def _add(answers: NewAnswers, before: CallDetail, after: CallDetail) -> str:
    """Go on from the new answer; why that cannot be."""
    said, says = (detail.messages[detail.request_message_count :] for detail in (before, after))
    try:
        answers.add(said, says)
    except ResendError as error:
        return str(error)
    return ""


async def _outgoing(recorded: Recorded, turn: Turn, order: Order, answers: NewAnswers) -> Outgoing:
    """What to send for a turn. Raises ResendError, NoSuchSubject, StoreUnavailable."""
    events = await recorded.call_events(turn.before.id)
    origin = origin_of(turn.before.id, turn.before.session_id or "", events)
    outgoing = plan(origin, replace(order.edit, fields={}, values={}))
    return with_values(answers.put_into(outgoing) if order.renew else outgoing, order.edit)


async def _stored(recorded: Recorded, call_id: CallId) -> CallDetail:
    deadline = time.monotonic() + _STORED_SECONDS
    while True:
        try:
            found = await recorded.call(call_id)
            if found.call.state != "running":
                return found
        except NoSuchSubject:
            pass  # on its way
        if time.monotonic() > deadline:
            raise ReplayStopped(f"call {call_id} did not come into the store; is the projector running?")
        await asyncio.sleep(0.1)


@dataclass(slots=True)
class Reruns:
    """The sessions that are being sent again, and the last ones that were. For one event loop."""

    recorded: Recorded
    resends: Resends
    _known: OrderedDict[str, Rerun] = field(default_factory=OrderedDict[str, Rerun])
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, "asyncio.Task[None]"])

    async def start(self, order: Order) -> Rerun:
        """Begin; it goes on by itself. Raises NoRecording, StoreUnavailable."""
        rerun = await open_rerun(self.recorded, order)
        self._known[rerun.session] = rerun
        while len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        task = asyncio.create_task(self._run(rerun, order))
        self._tasks[rerun.session] = task
        task.add_done_callback(lambda _: self._tasks.pop(rerun.session, None))
        return rerun

    def get(self, session: str) -> Rerun | None:
        """The one that sends into that (new) session."""
        return self._known.get(session)

    def newest_of(self, subject: str) -> Rerun | None:
        """The last one of a recorded session."""
        return next((rerun for rerun in reversed(self._known.values()) if rerun.subject == subject), None)

    def stop(self, session: str) -> Rerun | None:
        """Break it off, the running call too. None = not known."""
        task, found = self._tasks.get(session), self._known.get(session)
        if task is not None and found is not None and found.state == "running":
            found.state = "cancelled"
            task.cancel()
        return found

    async def close(self) -> None:
        """Break off all that run."""
        tasks = list(self._tasks.values())
        for session in list(self._tasks):
            self.stop(session)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, rerun: Rerun, order: Order) -> None:
        try:
            async for _ in send_rerun(self.recorded, self.resends, rerun, order):
                continue
        except StoreUnavailable as error:
            rerun.state, rerun.problem = "stopped", f"the database did not answer ({error}); nothing more was sent"
        except Exception:
            rerun.state, rerun.problem = "stopped", "something failed that should not have; the log says what"
            logging.getLogger(__name__).exception("a session could not be sent again")
        finally:
            rerun.turns[:] = [_settled(turn) for turn in rerun.turns]


def _settled(turn: Turn) -> Turn:
    """A turn after the end: what had not been sent stays so, what was on its way was broken off."""
    match turn.state:
        case "waiting":
            return replace(turn, state="left_out")
        case "running":
            return replace(turn, state="failed", problem="broken off")
        case "done" | "failed" | "left_out":
            return turn
