"""`/`: what is running now, and what ran last."""

from dataclasses import dataclass

import anyio
import reflex as rx

from union_square.ui import failures, frame, routes
from union_square.ui.components.connect import connect
from union_square.ui.components.elements import page_link, phases
from union_square.ui.components.sessions import live_card, session_table
from union_square.ui.following import follow
from union_square.ui.present_pages import present_snippets
from union_square.ui.present_sessions import present_live, present_session_line
from union_square.ui.services import services
from union_square.ui.views import LiveCard, SessionLine, Snippet
from union_square.watching.ports import Watching

_ENDED_SHOWN = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    running: list[LiveCard]
    ended: list[SessionLine]
    banner: str
    phase: str
    failure: str


async def _look(watching: Watching) -> _Look:
    snapshot = await watching.live()
    running = present_live(snapshot.running)
    phase, failure, ended = "ready", "", list[SessionLine]()
    try:
        page = await watching.sessions(limit=_ENDED_SHOWN)
        now = {card.session.id for card in running}
        ended = [present_session_line(s) for s in page.items if s.id not in now]
    except failures.EXPECTED as error:
        phase, failure = failures.phase_of(error)
    return _Look(running=running, ended=ended, banner=snapshot.recording_problem, phase=phase, failure=failure)


class LiveState(rx.State):
    phase: str = "loading"
    failure: str = ""
    banner: str = ""
    running: list[LiveCard] = []
    ended: list[SessionLine] = []
    snippets: list[Snippet] = []

    @rx.event(background=True)
    async def watch(self) -> None:
        """Follow what is running until the page is left or the client is gone."""
        found = services()
        async with self:
            self.snippets = present_snippets(found.values.proxy_url)
        shown: _Look | None = None
        async for look in follow(found.watching, lambda: _look(found.watching)):
            if look != shown:
                async with self:
                    self._show(look)
                shown = look
            if look.phase != "ready":
                await anyio.sleep(failures.RETRY_SECONDS)

    def _show(self, look: _Look) -> None:
        if self.running != look.running:
            self.running = look.running
        if self.ended != look.ended:
            self.ended = look.ended
        if self.banner != look.banner:
            self.banner = look.banner
        if (self.phase, self.failure) != (look.phase, look.failure):
            self.phase, self.failure = look.phase, look.failure


def _banner() -> rx.Component:
    return rx.cond(
        LiveState.banner,
        rx.el.div(LiveState.banner, class_name="banner", role="alert", custom_attrs={"data-testid": "banner"}),
    )


def _running() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Running now", rx.el.span(LiveState.running.length(), class_name="count num")),  # pyright: ignore
        rx.foreach(LiveState.running, live_card),
        custom_attrs={"aria-label": "running now", "data-testid": "running"},
    )


def _ended() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Ended", page_link("All sessions", href=routes.SESSIONS.path, class_name="more")),
        session_table(LiveState.ended, "ended sessions"),
        custom_attrs={"aria-label": "ended", "data-testid": "ended"},
    )


def page() -> rx.Component:
    something = LiveState.running | LiveState.ended  # pyright: ignore
    ready = rx.cond(
        something,
        rx.fragment(
            rx.cond(
                LiveState.running,
                _running(),
                rx.el.p("Nothing is running right now.", class_name="quiet-line", role="status"),
            ),
            rx.cond(LiveState.ended, _ended()),
        ),
        connect(LiveState.snippets),
    )
    body = rx.cond(
        LiveState.phase == "failed",
        rx.fragment(rx.cond(LiveState.running, _running()), phases(LiveState.phase, LiveState.failure, rx.fragment())),
        phases(LiveState.phase, LiveState.failure, ready),
    )
    return frame.shell("Live", frame.page_head("Live"), _banner(), body)
