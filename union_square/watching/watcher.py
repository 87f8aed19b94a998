"""Fulfils `watching.ports.Watching`: the store's answers with the live feed laid over them.

What runs comes from the feed, what has ended from the store; a call that ended before the store has it is still the
feed's. With the store away, what the feed knows is served and the rest raises `StoreUnavailable`.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Literal

import anyio

from union_square.domain import edits
from union_square.domain.call import fold
from union_square.domain.conversation import Conversation
from union_square.domain.events import Event
from union_square.domain.figures import Dimension, Figures
from union_square.domain.finding import Filter
from union_square.domain.finding.facets import Facet
from union_square.domain.finding.hits import Hit
from union_square.domain.ids import CallId, IdError, parse_call_id
from union_square.domain.sorting import NEWEST, Sort
from union_square.domain.views import (
    CallDetail,
    CallView,
    HeadView,
    Page,
    SavedView,
    SessionDetail,
    SessionView,
    Subject,
)
from union_square.recording.ports import LogProblem
from union_square.store.ports import (
    HOUR_US,
    NO_FILTER,
    CallFilter,
    NoSuchSubject,
    StoreAnnotator,
    StoreReader,
    StoreUnavailable,
)
from union_square.watching.deltas import Follower
from union_square.watching.feed import LiveFeed
from union_square.watching.health import Heartbeat, present_problem, read_heartbeat
from union_square.watching.links import Links
from union_square.watching.live import LiveCalls
from union_square.watching.overlay import is_listed, lay_over, lay_over_detail
from union_square.watching.people import People, Surroundings
from union_square.watching.ports import LiveEvent, LiveSnapshot, RecordedBody, SessionCalls
from union_square.watching.sessions import Sessions
from union_square.watching.stored import AsyncStore

BACKGROUND_SECONDS = 0.3
WATCHED_SECONDS = 15.0  # the store is asked in the background only while somebody has looked of late
SOON_SECONDS = 3.0
"""A call that the feed knows is in the store within a second; a tag put on it waits that long."""


class Watcher:
    """See the module. Run `run` in a task for as long as it is used (`watching.opening` does)."""

    def __init__(
        self,
        feed: LiveFeed,
        reader: StoreReader,
        annotator: StoreAnnotator,
        *,
        problems: Callable[[], Sequence[LogProblem]],
        heartbeat: Path | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`heartbeat`: the projector's file; None: nobody is expected to project."""
        self._feed = feed
        self._store = AsyncStore(reader, monotonic=monotonic)
        self._annotator = annotator
        self._people = People(
            annotator, Surroundings(in_store=self._in_store, call=self.call, changed=self._people_changed)
        )
        self._links = Links(self._store.links, monotonic=monotonic)
        self._live = LiveCalls(feed, self._links, clock=clock, monotonic=monotonic)
        self._sessions = Sessions(self._store, self._live)
        self._problems = problems
        self._heartbeat_file = heartbeat
        self._heartbeat: Heartbeat | None = None
        self._clock = clock
        self._monotonic = monotonic
        self._began = self._looked_at = monotonic()

    async def run(self) -> None:
        """Follow the logs, the projector's heartbeat and its linking, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._feed.run)
            tasks.start_soon(self._run_background)

    @property
    def version(self) -> int:
        return self._feed.version

    async def changed(self, since: int, timeout_seconds: float = 10) -> int:
        self._looked_at = self._monotonic()
        return await self._feed.changed(since, timeout_seconds)

    async def live(self, tail_characters: int = 300) -> LiveSnapshot:
        self._looked_at = self._monotonic()
        version = self._feed.version
        groups = self._live.groups()
        linked = {one for one, calls in groups.items() if any(self._links.get(call.call_id) for call in calls)}
        stored = await self._store.session_views(linked)
        return LiveSnapshot(
            version=version,
            running=self._live.sessions(groups, stored, tail_characters),
            recording_problem=self.recording_problem(),
        )

    def recording_problem(self) -> str:
        """What is wrong with recording, in words for a banner; "" = nothing."""
        up = self._monotonic() - self._began
        return present_problem(self._feed.gaps(), self._problems(), self._heartbeat, up)

    async def follow(self) -> AsyncIterator[LiveEvent]:
        """Everything that runs now, then what changes, without end."""
        await self._feed.caught_up()
        follower, since = Follower(), self._feed.version
        calls = self._feed.running()
        while True:
            version = self._feed.version
            for call in calls:
                for event in follower.news(version, self._live.view(call), call.understanding.response.messages):
                    yield event
            ended, running = self._feed.ended(), self._feed.running()
            follower.keep_only({call.call_id for call in (*ended, *running)})
            await self._feed.changed(version, 10)
            fresh = [call for call in self._feed.ended() if not follower.has_told_end(call.call_id)]
            calls = [call for call in fresh if follower.knows(call.call_id) or call.version > since]
            calls += self._feed.running()

    async def sessions(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[SessionView]:
        if cursor is None:
            await self._refresh_links()
        return await self._sessions.page(limit, cursor, where, sort)

    async def session(self, session_id: str) -> SessionDetail:
        return await self._sessions.detail(session_id)

    async def conversation(self, session_id: str) -> Conversation:
        return await self._sessions.conversation(session_id)

    async def session_calls(self, session_id: str) -> SessionCalls:
        return await self._sessions.calls(session_id)

    async def calls(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[CallView]:
        extra: list[CallView] = []
        if cursor is None and sort == NEWEST:
            await self._refresh_links()
            found = (self._live.candidate(call) for call in self._live.unlinked())
            extra = [one.call for one in found if is_listed(one, where)][: limit - 1]
        page = await self._store.ask(
            self._store.reader.calls, limit=limit - len(extra), cursor=cursor, where=where, sort=sort
        )
        known = {view.id for view in extra}
        items = (*extra, *(self._current(view) for view in page.items if view.id not in known))
        return Page(items=items, next_cursor=page.next_cursor)

    async def call(self, call_id: CallId) -> CallDetail:
        live = self._feed.get(call_id)
        try:
            stored = await self._store.ask(self._store.reader.call, call_id)
        except (NoSuchSubject, StoreUnavailable):
            if live is None:
                raise
            return self._live.detail(live)
        if live is None or stored.call.state != "running":
            return stored
        return lay_over_detail(stored, self._live.detail(live))

    async def body(self, call_id: CallId, side: Literal["request", "response"]) -> RecordedBody:
        live = self._feed.get(call_id)
        if live is not None:
            detail, recording = live.understanding.detail(), live.understanding.recording
        else:
            detail = await self._store.ask(self._store.reader.call, call_id)
            recording = fold(call_id, await self._store.ask(self._store.reader.call_events, call_id))
        head = detail.request if side == "request" else detail.response
        body = recording.request if side == "request" else recording.response
        return RecordedBody(
            data=bytes(body.data),
            content_type=_header(head, "content-type"),
            content_encoding=_header(head, "content-encoding"),
        )

    async def call_events(self, call_id: CallId) -> list[Event]:
        return await self._store.ask(self._store.reader.call_events, call_id)

    async def facets(self, where: CallFilter = NO_FILTER) -> list[Facet]:
        return await self._store.ask(self._store.reader.facets, where)

    async def figures(
        self, where: CallFilter = NO_FILTER, *, by: Dimension = "model", step_us: int = HOUR_US
    ) -> Figures:
        return await self._store.ask(self._store.reader.figures, where, by=by, step_us=step_us)

    async def span(self, where: CallFilter = NO_FILTER) -> tuple[int, int] | None:
        return await self._store.ask(self._store.reader.span, where)

    async def saved_views(self) -> list[SavedView]:
        return await self._store.ask(self._annotator.saved_views)

    async def save_view(self, page: str, name: str, query: str) -> SavedView:
        return await self._store.ask(self._annotator.save_view, page, name, query)

    async def rename_view(self, view_id: int, name: str) -> SavedView:
        return await self._store.ask(self._annotator.rename_view, view_id, name)

    async def hits(self, call_ids: Sequence[CallId], query: Filter) -> dict[CallId, Hit]:
        return await self._store.ask(self._store.reader.hits, call_ids, query)

    async def values(self, field: str, begins: str = "") -> list[str]:
        return await self._store.ask(self._store.reader.values, field, begins)

    async def remove_view(self, view_id: int) -> None:
        await self._store.ask(self._annotator.remove_view, view_id)

    async def arrange(self, edit: edits.Edit, author: str = "") -> edits.Change:
        if isinstance(edit, edits.SplitSession | edits.MoveCall):
            await self._in_store("call", edit.call_id)  # a call that has just begun
        change = await self._store.ask(self._annotator.change, edit, author)
        self._links.forget()
        await self._refresh_links()
        self._changed()
        return change

    async def tag_names(self) -> list[str]:
        return await self._store.ask(self._store.reader.tag_names)

    @property
    def people(self) -> People:
        return self._people

    def _current(self, stored: CallView) -> CallView:
        live = self._feed.get(stored.id)
        return stored if live is None or stored.state != "running" else lay_over(stored, self._live.view(live))

    async def _people_changed(self, edit: edits.Edit | None) -> None:
        if isinstance(edit, edits.Undo):  # it may have been of a call's place
            self._links.forget()
            await self._refresh_links()
        self._changed()

    def _changed(self) -> None:
        """Let every page see at once what somebody has just done."""
        self._store.forget()
        self._feed.touch()

    async def _in_store(self, subject: Subject, subject_id: str) -> str:
        """The id under which the store has the subject; waits a little for a call that is only in the feed yet."""
        try:
            live = self._feed.get(parse_call_id(subject_id))
        except IdError:
            return subject_id
        deadline = self._monotonic() + SOON_SECONDS
        while live is not None and self._links.get(live.call_id) is None and self._monotonic() < deadline:
            await self._refresh_links()
            if self._links.get(live.call_id) is None:
                await anyio.sleep(0.1)
        return self._sessions.named(subject_id) if subject == "session" else subject_id

    async def _refresh_links(self) -> bool:
        return await self._links.refresh([call.call_id for call in (*self._feed.ended(), *self._feed.running())])

    async def _run_background(self) -> None:
        told: tuple[object, ...] = ()
        while True:
            self._look_at_heartbeat()
            try:
                await self.settle_doubts()
                if self._monotonic() - self._looked_at < WATCHED_SECONDS and await self._refresh_links():
                    self._feed.touch()
            except StoreUnavailable:
                pass  # the feed goes on; what the store would add is told by the banner
            now = (self.recording_problem(), *self._live.groups())
            if now != told:
                told = now
                self._feed.touch()
            await anyio.sleep(BACKGROUND_SECONDS)

    def _look_at_heartbeat(self) -> None:
        if self._heartbeat_file is not None:
            self._heartbeat = read_heartbeat(self._heartbeat_file, self._clock())

    async def settle_doubts(self) -> None:
        """Calls of a log of which a part was missed may have ended there: then the store knows."""
        for call in [call for call in self._feed.running() if call.doubtful]:
            try:
                stored = await self._store.ask(self._store.reader.call, call.call_id)
            except NoSuchSubject:
                continue
            if stored.call.state != "running":
                self._feed.forget(call.call_id)


def _header(head: HeadView | None, name: str) -> str:
    """The value of a header that may be there once; "" = it is not."""
    headers = head.headers if head else ()
    return next((value for key, value in headers if key.lower() == name), "")
