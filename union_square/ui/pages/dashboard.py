"""`/dashboard`: what it all amounted to, by model."""

import reflex as rx

from union_square.ui import failures, frame
from union_square.ui.components.elements import empty_note, phases
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
    return rx.el.div(
        rx.el.dt(figure.name),
        rx.el.dd(figure.value, class_name="num"),
        rx.el.dd(figure.note, class_name="muted"),
        class_name="figure",
    )


def _line(line: TotalsLine) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.span(line.model),
            rx.el.span(class_name="bar", style={"width": line.bar}, custom_attrs={"aria-hidden": "true"}),
            class_name="c-title",
        ),
        rx.el.td(line.upstream),
        rx.el.td(line.calls, class_name="num"),
        rx.el.td(line.errors, rx.cond(line.error_share, rx.el.span(line.error_share, class_name="muted")), class_name="num"),
        rx.el.td(line.input_tokens, class_name="num"),
        rx.el.td(line.output_tokens, class_name="num"),
        rx.el.td(line.cost, class_name="num"),
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
    table = rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*(rx.el.th(name, scope="col", class_name=css) for name, css in heads))),
            rx.el.tbody(rx.foreach(DashboardState.lines, _line)),
            class_name="list totals",
            custom_attrs={"aria-label": "totals by model"},
        ),
        class_name="table-frame",
    )
    ready = rx.cond(
        DashboardState.lines,
        rx.fragment(rx.el.dl(rx.foreach(DashboardState.figures, _figure), class_name="figures"), table),
        empty_note("Nothing to add up yet", "The live page says how to connect an application."),
    )
    return frame.shell(
        "Dashboard",
        frame.page_head("Dashboard", rx.el.span("all recorded calls", class_name="muted")),
        phases(DashboardState.phase, DashboardState.failure, ready),
    )
