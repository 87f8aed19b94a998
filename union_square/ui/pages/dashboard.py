"""`/dashboard`: what it all amounted to, by model."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

import reflex as rx

from union_square.ui import failures, frame
from union_square.ui.components.elements import empty_note, phases
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.present_pages import present_figures, present_totals
from union_square.ui.services import services
from union_square.ui.views import Figure, TotalsLine


class DashboardState(rx.State):
    phase: str = "loading"
    failure: str = ""
    figures: list[Figure] = []
    lines: list[TotalsLine] = []

    @rx.event
    async def load(self) -> None:
        try:
            totals = await services().watching.totals()
        except failures.EXPECTED as error:
            self.phase, self.failure = failures.phase_of(error)
            return
        self.figures, self.lines = present_figures(totals), present_totals(totals)
        self.phase = "ready"


def _figure(figure: Figure) -> rx.Component:
    return el.div(
        el.dt(figure.name),
        el.dd(figure.value, class_name="num"),
        el.dd(figure.note, class_name="muted"),
        class_name="figure",
    )


def _line(line: TotalsLine) -> rx.Component:
    return el.tr(
        el.td(
            el.span(line.model),
            el.span(class_name="bar", style={"width": line.bar}, custom_attrs={"aria-hidden": "true"}),
            class_name="c-title",
        ),
        el.td(line.upstream),
        el.td(line.calls, class_name="num"),
        el.td(line.errors, cond(line.error_share, el.span(line.error_share, class_name="muted")), class_name="num"),
        el.td(line.input_tokens, class_name="num"),
        el.td(line.output_tokens, class_name="num"),
        el.td(line.cost, class_name="num"),
        custom_attrs={"data-testid": "totals-row"},
    )


def page() -> rx.Component:
    heads = (
        ("Model", "c-title"),
        ("Upstream", ""),
        ("Calls", "num"),
        ("Errors", "num"),
        ("Input tokens", "num"),
        ("Output tokens", "num"),
        ("Cost", "num"),
    )
    table = el.div(
        el.table(
            el.thead(el.tr(*(el.th(name, scope="col", class_name=css) for name, css in heads))),
            el.tbody(foreach(DashboardState.lines, _line)),
            class_name="list totals",
            custom_attrs={"aria-label": "totals by model"},
        ),
        class_name="table-frame",
        role="region",
        custom_attrs={"aria-label": "totals by model", "tabindex": "0"},
    )
    ready = cond(
        DashboardState.lines,
        fragment(el.dl(foreach(DashboardState.figures, _figure), class_name="figures"), table),
        empty_note("Nothing to add up yet", "The live page says how to connect an application."),
    )
    return frame.shell(
        "Dashboard",
        frame.page_head("Dashboard", el.span("all recorded calls", class_name="muted")),
        phases(DashboardState.phase, DashboardState.failure, ready),
    )
