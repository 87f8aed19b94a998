"""`/dashboard`: what calls amounted to, over time and by model, upstream, application or tag; any slice of them."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import reflex as rx

from union_square.domain.finding import FilterError, parse_filter, settle
from union_square.store.ports import CallFilter
from union_square.ui import failures, frame
from union_square.ui.components.dashboard import as_table, charts, figures, range_bar, values
from union_square.ui.components.elements import empty_note, page_link, phases
from union_square.ui.components.finding import filter_problem
from union_square.ui.components.reflex import cond, el, fragment
from union_square.ui.dashboard_asked import Asked, choose_window, read_asked, since_when
from union_square.ui.dashboard_views import DashboardView
from union_square.ui.present_dashboard import present_dashboard
from union_square.ui.present_finding import present_problem
from union_square.ui.services import services
from union_square.ui.views import FilterProblem

_REFRESH_SECONDS = 5.0
_SHARE = 20  # of the time a page may have the store busy: 1 part in 20


async def look(asked: Asked) -> DashboardView:
    """What the store has of it now. Raises FilterError and what `failures.EXPECTED` names."""
    now, watching = datetime.now(UTC), services().watching
    since = since_when(asked, now)
    where = CallFilter(query=settle(parse_filter(asked.query), now), since=since, until=asked.until)
    span = await watching.span(where) if asked.since is None else None
    window = choose_window(asked, now, span)
    return present_dashboard(await watching.figures(where, by=asked.by, step_us=window.step), asked, window, since)


class DashboardState(rx.State):
    phase: str = "loading"
    failure: str = ""
    text: str = ""
    refresh_seconds: str = ""  # "" = what is shown lies in the past
    problem: FilterProblem = FilterProblem()
    view: DashboardView = DashboardView()

    @rx.event
    async def load(self) -> None:
        """Show what the address asks for; asked again every few seconds while the page is seen."""
        asked = read_asked(self.router.url.query_parameters)
        began = time.monotonic()
        if self.text != asked.query:
            self.text = asked.query
        try:
            view = await look(asked)
        except FilterError as error:
            self.problem, self.refresh_seconds = present_problem(asked.query, error), ""
            return
        except failures.EXPECTED as error:
            self.phase, self.failure = failures.phase_of(error)
        else:
            if view != self.view:
                self.view = view
            self.phase, self.failure = "ready", ""
        if self.problem.message:
            self.problem = FilterProblem()
        spent = time.monotonic() - began
        every = "" if asked.until else f"{max(_REFRESH_SECONDS, _SHARE * spent):.0f}"
        if every != self.refresh_seconds:
            self.refresh_seconds = every

    @rx.event
    def search(self, form: dict[str, str]) -> rx.event.EventSpec:
        """Look at the slice that a filter describes."""
        asked = read_asked(self.router.url.query_parameters)
        return rx.redirect(replace(asked, query=form.get("text", "").strip()).address)

    @rx.event
    def zoom(self, form: dict[str, str]) -> rx.event.EventSpec:
        """Look at a range of time that was chosen on a chart."""
        asked = read_asked(self.router.url.query_parameters)
        chosen = read_asked({"from": form.get("from", ""), "to": form.get("to", "")})
        return rx.redirect(replace(asked, since=chosen.since, until=chosen.until).address)


def _box() -> rx.Component:
    return el.form(
        el.input(
            name="text",
            type="search",
            placeholder="Any slice: model:gpt-4o status:error application:billing -tag:seen",
            default_value=DashboardState.text,
            key="slice-" + DashboardState.text,
            custom_attrs={"aria-label": "which calls", "data-search": "", "data-testid": "slice"},
        ),
        el.button("Show", type="submit", class_name="button"),
        on_submit=DashboardState.search,
        class_name="search-box",
        role="search",
    )


def _silent() -> rx.Component:
    """What the script in assets fills in and presses."""
    return fragment(
        el.form(
            el.input(name="from", type="hidden"),
            el.input(name="to", type="hidden"),
            on_submit=DashboardState.zoom,
            hidden=True,
            custom_attrs={"data-zoom": ""},
        ),
        el.button(
            type="button",
            hidden=True,
            on_click=DashboardState.load,
            custom_attrs={"data-refresh": DashboardState.refresh_seconds, "aria-hidden": "true"},
        ),
    )


def page() -> rx.Component:
    view = DashboardState.view
    shown = fragment(
        range_bar(view),
        cond(
            view.nothing,
            empty_note(
                view.nothing,
                view.advice,
                cond(view.everything, page_link("Show all calls", href=view.everything, class_name="button")),
            ),
            fragment(figures(view.figures), charts(view), as_table(view), values(view)),
        ),
    )
    return frame.shell(
        "Dashboard",
        frame.page_head("Dashboard"),
        _box(),
        filter_problem(DashboardState.problem),
        _silent(),
        phases(DashboardState.phase, DashboardState.failure, shown, loading_rows=12),
    )
