"""`/`: what is running now, and what ran last."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

import time
from dataclasses import dataclass

import reflex as rx

from union_square.domain.views import SessionView
from union_square.ui import failures, frame, routes
from union_square.ui.components.connect import connect
from union_square.ui.components.elements import page_link, phases
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.components.sessions import live_card, session_table
from union_square.ui.following import client_is_here, follow
from union_square.ui.present_pages import present_snippets
from union_square.ui.present_sessions import present_live, present_session_line
from union_square.ui.services import services
from union_square.ui.values import real_proxy_url
from union_square.ui.views import LiveCard, SessionLine, Snippet
from union_square.watching.ports import Watching

_ENDED_SHOWN = 25
_ENDED_SECONDS = 2.0  # how old the list of ended sessions may be, while none begins or ends


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    running: list[LiveCard]
    ended: list[SessionLine]
    banner: str
    phase: str
    failure: str

    @property
    def count(self) -> str:
        return str(sum(card.session.state == "running" for card in self.running))

    @property
    def nothing(self) -> bool:
        return not self.running and not self.ended


class _Looker:
    """Looks at what runs each time, and at what has ended only when that can have changed, or now and then."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self._ended: list[SessionView] = []
        self._phase, self._failure = "ready", ""
        self._ran: frozenset[str] | None = None
        self._next = 0.0

    async def look(self) -> _Look:
        snapshot = await self._watching.live()
        running = present_live(snapshot.running)
        ids = frozenset(card.session.id for card in running)
        if ids != self._ran or time.monotonic() >= self._next:
            await self._read_ended()
            self._ran, self._next = ids, time.monotonic() + _ENDED_SECONDS
        return _Look(
            running=running,
            ended=[present_session_line(s) for s in self._ended if s.id not in ids],
            banner=snapshot.recording_problem,
            phase=self._phase,
            failure=self._failure,
        )

    async def _read_ended(self) -> None:
        try:
            page = await self._watching.sessions(limit=_ENDED_SHOWN)
        except failures.EXPECTED as error:
            self._phase, self._failure = failures.phase_of(error)
        else:
            self._ended, self._phase, self._failure = list(page.items), "ready", ""


class LiveState(rx.State):
    phase: str = "loading"
    failure: str = ""
    banner: str = ""
    running: list[LiveCard] = []
    count: str = ""
    nothing: bool = False
    ended: list[SessionLine] = []
    snippets: list[Snippet] = []

    @rx.event(background=True, supersedes=True)
    async def watch(self) -> None:
        """Follow what is running until the page is left or the client is gone."""
        found = services()
        token = self.router.session.client_token
        async with self:
            self.snippets = present_snippets(real_proxy_url(found.values))
        shown: _Look | None = None
        looker = _Looker(found.watching)
        async for look in follow(found.watching, looker.look, lambda: client_is_here(token)):
            if look != shown:
                async with self:
                    self._show(look)
                shown = look

    def _show(self, look: _Look) -> None:
        if self.running != look.running:
            self.running, self.count = look.running, look.count
        if self.ended != look.ended:
            self.ended = look.ended
        if self.nothing != look.nothing:
            self.nothing = look.nothing
        if self.banner != look.banner:
            self.banner = look.banner
        if (self.phase, self.failure) != (look.phase, look.failure):
            self.phase, self.failure = look.phase, look.failure


def _banner() -> rx.Component:
    return cond(
        LiveState.banner,
        el.div(LiveState.banner, class_name="banner", role="alert", custom_attrs={"data-testid": "banner"}),
    )


def _running() -> rx.Component:
    return el.section(
        el.h2("Running now", el.span(LiveState.count, class_name="count num")),
        foreach(LiveState.running, live_card),
        custom_attrs={"aria-label": "running now", "data-testid": "running"},
    )


def _ended() -> rx.Component:
    return el.section(
        el.h2("Ended", page_link("All sessions", href=routes.SESSIONS.path, class_name="more")),
        session_table(LiveState.ended, "ended sessions"),
        custom_attrs={"aria-label": "ended", "data-testid": "ended"},
    )


def page() -> rx.Component:
    sessions = fragment(
        cond(
            LiveState.running,
            _running(),
            el.p("Nothing is running right now.", class_name="quiet-line", role="status"),
        ),
        cond(LiveState.ended, _ended()),
    )
    ready = cond(LiveState.nothing, connect(LiveState.snippets), sessions)
    body = cond(
        LiveState.phase == "failed",
        fragment(cond(LiveState.running, _running()), phases(LiveState.phase, LiveState.failure, fragment())),
        phases(LiveState.phase, LiveState.failure, ready),
    )
    return frame.shell("Live", frame.page_head("Live"), _banner(), body)
