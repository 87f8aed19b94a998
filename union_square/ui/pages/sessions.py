"""`/sessions`: all sessions, newest first, narrowed and paged by the address (so it can be kept and shared)."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from typing import Any, Literal

import reflex as rx

from union_square.ui import failures, frame, routes
from union_square.ui.components.elements import empty_note, page_link, phases
from union_square.ui.components.finding import narrowing
from union_square.ui.components.reflex import cond, el, fragment
from union_square.ui.components.selection import selection_bar
from union_square.ui.components.sessions import order_menu, session_table
from union_square.ui.narrowing import Narrowed
from union_square.ui.present_finding import address_of, query_of
from union_square.ui.present_sessions import present_session_line
from union_square.ui.services import services
from union_square.ui.views import SessionLine

_PER_PAGE = 50


class SessionsState(Narrowed, rx.State):
    phase: str = "loading"
    failure: str = ""
    lines: list[SessionLine] = []
    older: str = ""  # the address of the next page; "" = this is the last
    newest: str = ""  # the address of the first page; "" = this is it

    def _page(self) -> Literal["search", "sessions"]:
        return "sessions"

    @rx.event
    async def load(self) -> Any:
        """Fetch the page that the address asks for: sessions that have such a call."""
        query = self.router.url.query_parameters
        cursor = query.get("cursor", "")
        where = self._where(query_of(query))
        sort = self._sort(query.get("sort", ""))
        self.older = self.newest = ""
        if where is None:
            self.lines, self.phase = [], "ready"
            return SessionsState.look_closer
        try:
            page = await services().watching.sessions(limit=_PER_PAGE, cursor=cursor or None, where=where, sort=sort)
        except failures.EXPECTED as error:
            self.phase, self.failure = failures.phase_of(error)
            self.counting = False
            return None
        self.lines = [present_session_line(session) for session in page.items]
        path = routes.SESSIONS.path
        self.older = address_of(path, self.text, page.next_cursor, sort) if page.next_cursor else ""
        self.newest = address_of(path, self.text, sort=sort) if cursor else ""
        self.phase = "ready"
        return SessionsState.look_closer


def page() -> rx.Component:
    nothing = cond(
        SessionsState.text,
        cond(
            SessionsState.problem.message,
            fragment(),
            empty_note("No session matches", "No recorded session has a call like this: loosen the filter."),
        ),
        empty_note("No sessions yet", "The live page says how to connect an application."),
    )
    listing = fragment(
        el.div(order_menu(SessionsState.heads), class_name="list-head"),
        session_table(SessionsState.lines, "sessions", SessionsState.heads, pick=True),
        selection_bar(SessionsState.load),
        el.nav(
            cond(SessionsState.newest, page_link("First page", href=SessionsState.newest, class_name="button")),
            cond(SessionsState.older, page_link("Next page", href=SessionsState.older, class_name="button")),
            class_name="pager",
            custom_attrs={"aria-label": "more pages"},
        ),
    )
    rows = phases(SessionsState.phase, SessionsState.failure, cond(SessionsState.lines, listing, nothing), 10)
    return frame.shell("Sessions", frame.page_head("Sessions"), narrowing(SessionsState, rows, routes.SESSIONS.path))
