"""`/`: what is running now, and what ran last; `/?view=wall`: several sessions side by side."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

import time
from collections.abc import Sequence
from dataclasses import dataclass

import reflex as rx

from union_square.domain.views import SessionView
from union_square.ui import failures, frame
from union_square.ui.components.connect import connect
from union_square.ui.components.elements import phases
from union_square.ui.components.live import banner, ended_list, running_cards, view_bar, wall
from union_square.ui.components.reflex import cond, fragment
from union_square.ui.following import follow, while_shown
from union_square.ui.present_pages import present_snippets
from union_square.ui.present_sessions import (
    MOST_CARDS,
    present_card,
    present_ended_card,
    present_live,
    present_session_line,
)
from union_square.ui.services import services
from union_square.ui.values import real_proxy_url
from union_square.ui.views import LiveCard, SessionLine, Snippet
from union_square.ui.wall import arrange, left_out
from union_square.ui.wording import plural
from union_square.watching.ports import LiveSession, Watching

_ENDED_SHOWN = 25
_ENDED_SECONDS = 2.0  # how old the list of ended sessions may be, while none begins or ends
_LIST_TAIL, _WALL_TAIL = 300, 1600  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    running: list[LiveCard]
    ended: list[SessionLine]
    banner: str
    phase: str
    failure: str
    count: str
    more: str  # that more are running than are shown

    @property
    def nothing(self) -> bool:
        return not self.running and not self.ended


class _Looker:
    """Looks at what runs each time, and at what has ended only when that can have changed, or now and then."""

    def __init__(self, watching: Watching, view: str) -> None:
        self._watching = watching
        self._wall = _Wall() if view == "wall" else None
        self._ended: list[SessionView] = []
        self._phase, self._failure = "ready", ""
        self._ran: frozenset[str] | None = None
        self._next = 0.0

    async def look(self) -> _Look:
        snapshot = await self._watching.live(_WALL_TAIL if self._wall else _LIST_TAIL)
        live = snapshot.running
        ids = frozenset(one.session.id for one in live)
        if ids != self._ran or time.monotonic() >= self._next:
            await self._read_ended()
            self._ran, self._next = ids, time.monotonic() + _ENDED_SECONDS
        running, more = self._wall.look(live) if self._wall else (present_live(live), max(0, len(live) - MOST_CARDS))
        return _Look(
            running=running,
            ended=[present_session_line(s) for s in self._ended if s.id not in ids],
            banner=snapshot.recording_problem,
            phase=self._phase,
            failure=self._failure,
            count=str(sum(one.session.state == "running" for one in live)),
            more=f"{plural(more, 'more session')} running" if more else "",
        )

    def close(self, session_id: str) -> None:
        """Take an ended session off the wall."""
        if self._wall:
            self._wall.close(session_id)

    async def _read_ended(self) -> None:
        try:
            page = await self._watching.sessions(limit=_ENDED_SHOWN)
        except failures.EXPECTED as error:
            self._phase, self._failure = failures.phase_of(error)
        else:
            self._ended, self._phase, self._failure = list(page.items), "ready", ""


class _Wall:
    """What stands on the wall, with the last that was seen of each."""

    def __init__(self) -> None:
        self._places: list[str] = []
        self._cards: dict[str, LiveCard] = {}

    def look(self, live: Sequence[LiveSession]) -> tuple[list[LiveCard], int]:
        """The cards by their places, and how many that run have none."""
        oldest_first = list(reversed(live))
        ids = [str(one.session.id) for one in oldest_first]
        self._places = arrange(self._places, ids)
        now = {str(one.session.id): present_card(one) for one in oldest_first if one.session.id in self._places}
        self._cards = {id_: now.get(id_) or present_ended_card(self._cards[id_]) for id_ in self._places}
        return [self._cards[id_] for id_ in self._places], left_out(self._places, ids)

    def close(self, session_id: str) -> None:
        self._places = [id_ for id_ in self._places if id_ != session_id]


class LiveState(rx.State):
    phase: str = "loading"
    failure: str = ""
    banner: str = ""
    view: str = "list"
    held: bool = False
    held_words: str = ""
    running: list[LiveCard] = []
    count: str = ""
    more: str = ""
    nothing: bool = False
    ended: list[SessionLine] = []
    snippets: list[Snippet] = []
    _closed: list[str] = []

    @rx.event(background=True, supersedes=True)
    async def watch(self) -> None:
        """Follow what is running until the page is left or the client is gone."""
        found = services()
        wanted = while_shown(self.router.session.client_token, self.router.url.path)
        async with self:
            self.snippets = present_snippets(real_proxy_url(found.values))
            self.view = "wall" if self.router.url.query_parameters.get("view") == "wall" else "list"
            self.held, self.held_words, self.running = False, "", []
        shown: _Look | None = None
        looker = _Looker(found.watching, self.view)

        async def look() -> _Look:
            if self._closed:
                async with self:
                    closed, self._closed = self._closed, []
                for session_id in closed:
                    looker.close(session_id)
            return await looker.look()

        async for seen in follow(found.watching, look, wanted):
            if self.held:
                async with self:
                    self._hold(seen)
            elif seen != shown:
                async with self:
                    self._show(seen)
                shown = seen

    @rx.event
    def hold(self) -> None:
        """Hold the view still, or let it go on; what is recorded does not depend on it."""
        self.held, self.held_words = not self.held, ""

    @rx.event
    def close(self, session_id: str) -> None:
        """Take an ended session off the wall."""
        self._closed.append(session_id)
        self.running = [card for card in self.running if card.session.id != session_id]

    def _hold(self, look: _Look) -> None:
        if self.held:
            running = plural(int(look.count), "session")
            self.held_words = f"Held still. Recording goes on, nothing is lost: {running} running now."

    def _show(self, look: _Look) -> None:
        if self.running != look.running:
            self.running = look.running
        if self.count != look.count:
            self.count = look.count
        if self.more != look.more:
            self.more = look.more
        if self.ended != look.ended:
            self.ended = look.ended
        if self.nothing != look.nothing:
            self.nothing = look.nothing
        if self.banner != look.banner:
            self.banner = look.banner
        if (self.phase, self.failure) != (look.phase, look.failure):
            self.phase, self.failure = look.phase, look.failure


def page() -> rx.Component:
    state = LiveState
    cards = cond(
        state.view == "wall",
        wall(state.running, state.count, state.more, state.close),
        fragment(
            running_cards(state.running, state.count, state.more),
            cond(state.ended, ended_list(state.ended)),
        ),
    )
    ready = cond(state.nothing, connect(state.snippets), cards)
    body = cond(
        state.phase == "failed",
        fragment(
            cond(state.running, running_cards(state.running, state.count, state.more)),
            phases(state.phase, state.failure, fragment()),
        ),
        phases(state.phase, state.failure, ready),
    )
    head = frame.page_head("Live", view_bar(state.view, state.held, state.hold))
    return frame.shell("Live", head, banner(state.banner), banner(state.held_words, test_id="held"), body)
