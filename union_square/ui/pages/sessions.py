"""`/sessions`: all sessions, newest first, narrowed and paged by the address (so it can be kept and shared)."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from collections.abc import Mapping
from urllib.parse import urlencode

import reflex as rx

from union_square.store.ports import CallFilter
from union_square.ui import failures, frame, routes
from union_square.ui.components.elements import empty_note, page_link, phases
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.components.selection import selection_bar
from union_square.ui.components.sessions import session_table
from union_square.ui.present_sessions import present_session_line
from union_square.ui.services import services
from union_square.ui.views import SessionLine

_PER_PAGE = 50
_FIELDS = ("text", "model", "state", "tag")


def filter_of(query: Mapping[str, str]) -> CallFilter:
    """The filter that the address asks for."""
    text, model, state, tag = (query.get(name, "").strip() or None for name in _FIELDS)
    return CallFilter(text=text, model=model, state=state, tag=tag)


def address_of(fields: Mapping[str, str], cursor: str = "") -> str:
    """The address of the listing with those fields."""
    given = {name: fields[name].strip() for name in _FIELDS if fields.get(name, "").strip()}
    if cursor:
        given["cursor"] = cursor
    return routes.SESSIONS.path + ("?" + urlencode(given) if given else "")


class SessionsState(rx.State):
    phase: str = "loading"
    failure: str = ""
    lines: list[SessionLine] = []
    text: str = ""
    model: str = ""
    state_is: str = ""
    tag: str = ""
    narrowed: bool = False
    older: str = ""  # the address of the next page; "" = this is the last
    newest: str = ""  # the address of the first page; "" = this is it
    tag_names: list[str] = []

    @rx.event
    async def load(self) -> None:
        """Fetch the page that the address asks for."""
        query = self.router.url.query_parameters
        fields = {name: query.get(name, "") for name in _FIELDS}
        cursor = query.get("cursor", "")
        self.text, self.model, self.state_is, self.tag = (fields[name] for name in _FIELDS)
        self.narrowed = any(fields.values())
        watching = services().watching
        try:
            page = await watching.sessions(limit=_PER_PAGE, cursor=cursor or None, where=filter_of(fields))
            self.tag_names = await watching.tag_names()
        except failures.EXPECTED as error:
            self.phase, self.failure = failures.phase_of(error)
            return
        self.lines = [present_session_line(session) for session in page.items]
        self.older = address_of(fields, page.next_cursor) if page.next_cursor else ""
        self.newest = address_of(fields) if cursor else ""
        self.phase = "ready"

    @rx.event
    def narrow(self, form: dict[str, str]) -> rx.event.EventSpec:
        """Go to the address of what the form says."""
        return rx.redirect(address_of(form))


def _filters() -> rx.Component:
    state_options = (
        ("", "any state"),
        ("running", "running"),
        ("done", "done"),
        ("failed", "failed"),
        ("cut_off", "cut off"),
    )
    return el.form(
        el.input(
            name="text",
            type="search",
            placeholder="Text",
            default_value=SessionsState.text,
            key="text-" + SessionsState.text,
            custom_attrs={"aria-label": "text", "data-search": "", "data-testid": "filter-text"},
        ),
        el.input(
            name="model",
            placeholder="Model",
            default_value=SessionsState.model,
            key="model-" + SessionsState.model,
            custom_attrs={"aria-label": "model", "data-testid": "filter-model"},
        ),
        el.select(
            *(el.option(word, value=value) for value, word in state_options),
            name="state",
            default_value=SessionsState.state_is,
            key="state-" + SessionsState.state_is,
            custom_attrs={"aria-label": "state", "data-testid": "filter-state"},
        ),
        el.input(
            name="tag",
            placeholder="Tag",
            list="all-tags",
            default_value=SessionsState.tag,
            key="tag-" + SessionsState.tag,
            custom_attrs={"aria-label": "tag", "data-testid": "filter-tag"},
        ),
        el.datalist(foreach(SessionsState.tag_names, lambda name: el.option(value=name)), id="all-tags"),
        el.button("Filter", type="submit", class_name="button"),
        cond(SessionsState.narrowed, page_link("Clear", href=routes.SESSIONS.path, class_name="button quiet")),
        on_submit=SessionsState.narrow,
        class_name="filters",
        role="search",
    )


def page() -> rx.Component:
    nothing = cond(
        SessionsState.narrowed,
        empty_note("No session matches", "Loosen the filter, or look for the text in single calls on the search page."),
        empty_note("No sessions yet", "The live page says how to connect an application."),
    )
    listing = fragment(
        session_table(SessionsState.lines, "sessions", pick=True),
        selection_bar(SessionsState.load),
        el.nav(
            cond(SessionsState.newest, page_link("Newest", href=SessionsState.newest, class_name="button")),
            cond(SessionsState.older, page_link("Older", href=SessionsState.older, class_name="button")),
            class_name="pager",
            custom_attrs={"aria-label": "more pages"},
        ),
    )
    return frame.shell(
        "Sessions",
        frame.page_head("Sessions", _filters()),
        phases(SessionsState.phase, SessionsState.failure, cond(SessionsState.lines, listing, nothing), 10),
    )
