"""`/search`: the calls that a filter describes; the address holds the filter, so that it can be kept and shared."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from datetime import UTC, datetime

import reflex as rx

from union_square.domain.finding import FilterError, parse_filter, settle
from union_square.store.ports import CallFilter
from union_square.ui import failures, frame, routes, wording
from union_square.ui.components.elements import empty_note, page_link, phases
from union_square.ui.components.finding import facets, filter_problem
from union_square.ui.components.reflex import cond, el, fragment
from union_square.ui.components.selection import selection_bar
from union_square.ui.components.sessions import call_table
from union_square.ui.present_finding import address_of, present_facets, present_problem
from union_square.ui.present_sessions import present_call_line
from union_square.ui.services import services
from union_square.ui.views import CallLine, FacetLine, FilterProblem

_PER_PAGE = 50


class SearchState(rx.State):
    phase: str = "loading"
    failure: str = ""
    text: str = ""
    lines: list[CallLine] = []
    facet_lines: list[FacetLine] = []
    problem: FilterProblem = FilterProblem()
    found: str = ""
    older: str = ""

    @rx.event
    async def load(self) -> None:
        """Search for what the address asks for."""
        query = self.router.url.query_parameters
        self.text = (query.get("q", "") or query.get("text", "")).strip()
        self.lines, self.found, self.older = [], "", ""
        self.facet_lines, self.problem = [], FilterProblem()
        try:
            where = CallFilter(query=settle(parse_filter(self.text), datetime.now(UTC)))
        except FilterError as error:
            self.problem, self.phase = present_problem(self.text, error), "ready"
            return
        watching = services().watching
        try:
            page = await watching.calls(limit=_PER_PAGE, cursor=query.get("cursor") or None, where=where)
            self.facet_lines = present_facets(await watching.facets(where), routes.SEARCH.path, self.text)
        except failures.EXPECTED as error:
            self.phase, self.failure = failures.phase_of(error)
            return
        self.lines = [present_call_line(call) for call in page.items]
        more = " and more" if page.next_cursor else ""
        self.found = f"{wording.plural(len(self.lines), 'call')}{more}, newest first" if self.lines else ""
        if page.next_cursor:
            self.older = address_of(routes.SEARCH.path, self.text, page.next_cursor)
        self.phase = "ready"

    @rx.event
    def search(self, form: dict[str, str]) -> rx.event.EventSpec:
        """Go to the address of this search."""
        return rx.redirect(address_of(routes.SEARCH.path, form.get("text", "")))


def page() -> rx.Component:
    box = el.form(
        el.input(
            name="text",
            type="search",
            placeholder='Words, "a phrase", model:gpt-4o status:error cost>0.10 -tag:seen',
            default_value=SearchState.text,
            key="search-" + SearchState.text,
            auto_focus=True,
            custom_attrs={"aria-label": "search", "data-search": "", "data-testid": "search-input"},
        ),
        el.button("Search", type="submit", class_name="button"),
        on_submit=SearchState.search,
        class_name="search-box",
        role="search",
    )
    results = cond(
        SearchState.lines,
        fragment(
            el.p(SearchState.found, class_name="muted", role="status"),
            facets(SearchState.facet_lines),
            call_table(SearchState.lines, "calls found", pick=True),
            selection_bar(SearchState.load),
            cond(
                SearchState.older,
                el.nav(page_link("Older", href=SearchState.older, class_name="button"), class_name="pager"),
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
        box,
        filter_problem(SearchState.problem),
        phases(SearchState.phase, SearchState.failure, results),
    )
