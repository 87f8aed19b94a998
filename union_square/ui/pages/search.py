"""`/search`: the calls that a filter describes; the address holds the filter, so that it can be kept and shared."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from typing import Any, Literal

import reflex as rx

from union_square.domain.ids import parse_call_id
from union_square.store.ports import CallFilter
from union_square.ui import failures, frame, routes, wording
from union_square.ui.components.elements import empty_note, page_link, phases
from union_square.ui.components.finding import narrowing
from union_square.ui.components.reflex import cond, el, fragment
from union_square.ui.components.selection import selection_bar
from union_square.ui.components.sessions import call_table, order_menu
from union_square.ui.narrowing import Narrowed
from union_square.ui.present_finding import address_of, with_hits
from union_square.ui.present_sessions import present_call_line
from union_square.ui.services import services
from union_square.ui.views import CallLine

_PER_PAGE = 50


class SearchState(Narrowed, rx.State):
    phase: str = "loading"
    failure: str = ""
    lines: list[CallLine] = []
    found: str = ""
    older: str = ""
    review: str = ""  # where a queue of what was found is made

    def _page(self) -> Literal["search", "sessions"]:
        return "search"

    @rx.event
    async def load(self) -> Any:
        """Search for what the address asks for."""
        query = self.router.url.query_parameters
        where = self._where((query.get("q", "") or query.get("text", "")).strip())
        sort = self._sort(query.get("sort", ""))
        self.lines, self.found, self.older = [], "", ""
        if where is None:
            self.phase = "ready"
            return SearchState.look_closer
        try:
            page = await services().watching.calls(
                limit=_PER_PAGE, cursor=query.get("cursor") or None, where=where, sort=sort
            )
        except failures.EXPECTED as error:
            self.phase, self.failure = failures.phase_of(error)
            self.counting = False
            return None
        self.lines = [present_call_line(call) for call in page.items]
        more = " and more" if page.next_cursor else ""
        self.found = f"{wording.plural(len(self.lines), 'call')}{more}" if self.lines else ""
        self.review = address_of(routes.REVIEW.path, self.text)
        if page.next_cursor:
            self.older = address_of(routes.SEARCH.path, self.text, page.next_cursor, sort)
        self.phase = "ready"
        return SearchState.look_closer

    async def _closer(self, where: CallFilter) -> None:
        """Under each call, the words that were looked for."""
        hits = await services().watching.hits([parse_call_id(line.id) for line in self.lines], where.query)
        if hits:
            self.lines = with_hits(self.lines, hits)


def page() -> rx.Component:
    results = cond(
        SearchState.lines,
        fragment(
            el.div(
                el.p(SearchState.found, class_name="muted", role="status"),
                page_link(
                    "Review these",
                    el.kbd("r", custom_attrs={"aria-hidden": "true"}),
                    href=SearchState.review,
                    class_name="button push",
                    custom_attrs={"data-hotkey": "r", "data-testid": "review-these"},
                ),
                order_menu(SearchState.heads),
                class_name="found-line",
            ),
            call_table(SearchState.lines, "calls found", SearchState.heads, pick=True),
            selection_bar(SearchState.load),
            cond(
                SearchState.older,
                el.nav(page_link("Next page", href=SearchState.older, class_name="button"), class_name="pager"),
            ),
        ),
        cond(
            SearchState.text,
            cond(
                SearchState.problem.message, fragment(), empty_note("Nothing found", "No recorded call is like this.")
            ),
            empty_note("No calls yet", "The live page says how to connect an application."),
        ),
    )
    return frame.shell(
        "Search",
        frame.page_head("Search"),
        narrowing(SearchState, phases(SearchState.phase, SearchState.failure, results), routes.SEARCH.path),
    )
