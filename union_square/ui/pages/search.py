"""`/search`: a text in every recorded message, model, path and id."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from urllib.parse import urlencode

import reflex as rx

from union_square.store.ports import CallFilter
from union_square.ui import failures, frame, routes, wording
from union_square.ui.components.elements import empty_note, page_link, phases
from union_square.ui.components.reflex import cond, el, fragment
from union_square.ui.components.sessions import call_table
from union_square.ui.present_sessions import present_call_line
from union_square.ui.services import services
from union_square.ui.views import CallLine

_PER_PAGE = 50


class SearchState(rx.State):
    phase: str = "loading"
    failure: str = ""
    text: str = ""
    lines: list[CallLine] = []
    found: str = ""
    older: str = ""

    @rx.event
    async def load(self) -> None:
        """Search for what the address asks for."""
        query = self.router.url.query_parameters
        self.text = query.get("text", "").strip()
        self.lines, self.found, self.older = [], "", ""
        if not self.text:
            self.phase = "ready"
            return
        try:
            page = await services().watching.calls(
                limit=_PER_PAGE, cursor=query.get("cursor") or None, where=CallFilter(text=self.text)
            )
        except failures.EXPECTED as error:
            self.phase, self.failure = failures.phase_of(error)
            return
        self.lines = [present_call_line(call) for call in page.items]
        more = " and more" if page.next_cursor else ""
        self.found = f"{wording.plural(len(self.lines), 'call')}{more}, newest first" if self.lines else ""
        if page.next_cursor:
            address = urlencode({"text": self.text, "cursor": page.next_cursor})
            self.older = f"{routes.SEARCH.path}?{address}"
        self.phase = "ready"

    @rx.event
    def search(self, form: dict[str, str]) -> rx.event.EventSpec:
        """Go to the address of this search."""
        return rx.redirect(f"{routes.SEARCH.path}?{urlencode({'text': form.get('text', '').strip()})}")


def page() -> rx.Component:
    box = el.form(
        el.input(
            name="text",
            type="search",
            placeholder="Words in any message, a model, a path or an id",
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
            call_table(SearchState.lines, "calls found"),
            cond(
                SearchState.older,
                el.nav(page_link("Older", href=SearchState.older, class_name="button"), class_name="pager"),
            ),
        ),
        cond(
            SearchState.text,
            empty_note("Nothing found", "No recorded call holds these words."),
            empty_note("Search all calls", "Words are looked for in what was asked and what was answered."),
        ),
    )
    return frame.shell(
        "Search", frame.page_head("Search"), box, phases(SearchState.phase, SearchState.failure, results)
    )
