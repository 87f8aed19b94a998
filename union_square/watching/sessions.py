"""Sessions and their conversations: what is stored of them with their live calls laid over it."""

from collections.abc import Awaitable, Callable
from operator import is_
from typing import TypeVar

from union_square.domain.conversation import Conversation, Turn, build_turns
from union_square.domain.ids import CallId, IdError, parse_call_id
from union_square.domain.sorting import NEWEST, Sort
from union_square.domain.views import CallDetail, CallView, Page, SessionDetail, SessionView
from union_square.store.ports import NO_FILTER, CallFilter, NoSuchSubject, StoreUnavailable
from union_square.watching.feedcall import FeedCall
from union_square.watching.live import LiveCalls
from union_square.watching.overlay import lay_over, lay_over_detail, overlay_session, session_of_live
from union_square.watching.ports import SessionCalls
from union_square.watching.stored import MOST_KEPT, AsyncStore

MOST_TURNS = 500

R = TypeVar("R")


class Sessions:
    """A session id is the store's, or the id of a live call that is not linked yet."""

    def __init__(self, store: AsyncStore, live: LiveCalls) -> None:
        self._store = store
        self._live = live
        self._turned: dict[str, tuple[tuple[CallDetail, ...], tuple[Turn, ...]]] = {}

    def named(self, session_id: str) -> str:
        """The id that a session has now: a page opened for a call that stood alone goes on with the call's session."""
        try:
            call = self._live.by_id(parse_call_id(session_id))
        except IdError:
            return session_id
        return session_id if call is None else self._live.session_of(call)

    async def page(self, limit: int, cursor: str | None, where: CallFilter, sort: Sort) -> Page[SessionView]:
        """A listing; newest first it begins with live calls that no session has yet. Raises what the store raises."""
        extra: list[SessionView] = []
        if cursor is None and where == NO_FILTER and sort == NEWEST:
            alone = self._live.unlinked()[: limit - 1]
            extra = [session_of_live([self._live.view(call)], self._live.last_at([call])) for call in alone]
        page = await self._store.ask(
            self._store.reader.sessions, limit=limit - len(extra), cursor=cursor, where=where, sort=sort
        )
        known = {view.id for view in extra}
        groups = self._live.by_session()
        items = [self._overlaid(view, groups.get(view.id, [])) for view in page.items if view.id not in known]
        return Page(items=(*extra, *items), next_cursor=page.next_cursor)

    async def detail(self, session_id: str) -> SessionDetail:
        """Raises NoSuchSubject, StoreUnavailable."""
        session_id = self.named(session_id)
        calls = self._live.of_session(session_id)

        async def read() -> SessionDetail:
            return await self._store.ask(self._store.reader.session, session_id)

        return self._detail(await self._stored(read, calls), calls)

    async def conversation(self, session_id: str) -> Conversation:
        """Raises NoSuchSubject, StoreUnavailable."""
        found = await self.calls(session_id)
        return Conversation(detail=found.detail, turns=self._turns(session_id, found.calls), truncated=found.truncated)

    def _turns(self, session_id: str, calls: tuple[CallDetail, ...]) -> tuple[Turn, ...]:
        """A page asks again and again while nothing changes; then the calls are the same objects."""
        known = self._turned.get(session_id)
        if known is not None and len(known[0]) == len(calls) and all(map(is_, known[0], calls)):
            return known[1]
        turns = build_turns(calls)
        self._turned.pop(session_id, None)
        self._turned[session_id] = (calls, turns)
        while len(self._turned) > MOST_KEPT:
            del self._turned[next(iter(self._turned))]
        return turns

    async def calls(self, session_id: str) -> SessionCalls:
        """Raises NoSuchSubject, StoreUnavailable."""
        session_id = self.named(session_id)
        calls = self._live.of_session(session_id)
        stored = await self._stored(lambda: self._store.session_calls(session_id, MOST_TURNS), calls)
        found: dict[CallId, CallDetail] = {one.call.id: one for one in stored.calls} if stored else {}
        for call in calls:
            before = found.get(call.call_id)
            if before is None:
                found[call.call_id] = self._live.detail(call)
            elif before.call.state == "running":
                found[call.call_id] = lay_over_detail(before, self._live.detail(call))
        ordered = sorted(found.values(), key=lambda one: (one.call.started_at, one.call.id))
        detail = self._detail(stored.detail if stored else None, calls)
        return SessionCalls(detail=detail, calls=tuple(ordered), truncated=len(detail.calls) > len(ordered))

    async def _stored(self, read: Callable[[], Awaitable[R]], calls: list[FeedCall]) -> R | None:
        """What the store has; None where it has nothing, or is away, and the feed knows the session."""
        try:
            return await read()
        except (NoSuchSubject, StoreUnavailable):
            if not calls:
                raise
            return None

    def _detail(self, stored: SessionDetail | None, calls: list[FeedCall]) -> SessionDetail:
        live = {call.call_id: self._live.view(call) for call in calls}
        if stored is None:
            views = tuple(live.values())
            return SessionDetail(session=session_of_live(views, self._live.last_at(calls)), calls=views)
        views = [lay_over(one, live[one.id]) if self._is_newer(one, live) else one for one in stored.calls]
        views += [view for call_id, view in live.items() if call_id not in {one.id for one in stored.calls}]
        return SessionDetail(
            session=self._overlaid(stored.session, calls),
            calls=tuple(sorted(views, key=lambda one: (one.started_at, one.id))),
            annotations=stored.annotations,
        )

    @staticmethod
    def _is_newer(stored: CallView, live: dict[CallId, CallView]) -> bool:
        return stored.id in live and stored.state == "running"

    def _overlaid(self, stored: SessionView, calls: list[FeedCall]) -> SessionView:
        if not calls:
            return stored
        running = [self._live.view(call) for call in calls if not call.ended]
        return overlay_session(stored, running, self._live.last_at(calls), ended=len(calls) - len(running))
