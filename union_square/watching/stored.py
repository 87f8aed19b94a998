"""The store, asked from an event loop: blocking calls go to threads, what is asked again and again is kept a moment.

A session page that watches a running answer reads its conversation several times a second; what is stored of it changes
far less often.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread

from union_square.domain.ids import CallId, SessionId
from union_square.domain.views import CallDetail, SessionDetail, SessionView
from union_square.store.ports import CallFilter, NoSuchSubject, StoreReader, StoreUnavailable

KEEP_SECONDS = 0.7
KEEP_CALLS_SECONDS = 10.0
"""What a session's calls said is read again after that long, even where figures, states and tags are as they were."""

MOST_KEPT = 16
MOST_THREADS = 4
MOST_ASKED_ALONE = 20  # sessions asked for one by one, of one look at the live page

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session and its newest calls, oldest first."""

    detail: SessionDetail
    calls: list[CallDetail]


class AsyncStore:
    """Raises what the store raises."""

    def __init__(self, reader: StoreReader, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.reader = reader
        self._monotonic = monotonic
        self._limiter = anyio.CapacityLimiter(MOST_THREADS)
        self._sessions: dict[tuple[str, int], tuple[float, float, StoredSession]] = {}  # asked, read whole, what was
        self._views: dict[SessionId, tuple[float, SessionView]] = {}

    async def ask(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What the blocking `function` gives."""
        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), limiter=self._limiter)

    async def links(self, call_ids: Sequence[CallId]) -> dict[CallId, SessionId]:
        return await self.ask(self.reader.session_of_calls, call_ids)

    async def session_calls(self, session_id: str, limit: int) -> StoredSession:
        """A session with the newest `limit` of its calls, at most a moment old. The same object as long as the same
        is found: of a session of hundreds of calls the figures are read in a tenth of the time of all that was said."""
        now = self._monotonic()
        asked_at, read_at, kept = self._sessions.get((session_id, limit), (0.0, 0.0, None))
        if kept is not None and now - asked_at < KEEP_SECONDS:
            return kept

        def read() -> StoredSession:
            detail = self.reader.session(session_id)
            if kept is not None and kept.detail == detail and now - read_at < KEEP_CALLS_SECONDS:
                return kept
            return StoredSession(detail, self.reader.session_calls(session_id, limit=limit))

        found = await self.ask(read)
        self._sessions.pop((session_id, limit), None)
        self._sessions[session_id, limit] = (self._monotonic(), read_at if found is kept else now, found)
        while len(self._sessions) > MOST_KEPT:
            del self._sessions[next(iter(self._sessions))]
        return found

    async def session_views(self, wanted: set[SessionId]) -> dict[SessionId, SessionView]:
        """What the store says of those sessions, a moment old; with the store away, what it said last."""
        now = self._monotonic()
        stale = {one for one in wanted if one not in self._views or now - self._views[one][0] >= KEEP_SECONDS}
        if stale:
            try:
                for view in await self.ask(self._read_views, stale):
                    self._views[view.id] = (now, view)
            except StoreUnavailable:
                pass  # the page says so by its banner; what was known is better than nothing
            self._views = {one: kept for one, kept in self._views.items() if one in wanted or now - kept[0] < 60}
        return {one: self._views[one][1] for one in wanted if one in self._views}

    def forget(self) -> None:
        """Keep nothing: somebody has just changed something and wants to see it."""
        self._sessions.clear()
        self._views.clear()

    def _read_views(self, wanted: set[SessionId]) -> list[SessionView]:
        running = self.reader.sessions(limit=200, where=CallFilter(state="running")).items
        found = {view.id: view for view in running if view.id in wanted}
        for missing in sorted(wanted - found.keys())[:MOST_ASKED_ALONE]:
            try:
                found[missing] = self.reader.session(missing).session
            except NoSuchSubject:
                continue
        return list(found.values())
