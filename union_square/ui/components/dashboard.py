"""The dashboard's pieces: a range of time, figures, charts whose columns are links, and the values of a dimension.

The charts are SVG paths that `present_dashboard` drew; a link for each column lies over them, so that a pointer, the
keyboard and a screen reader all find what a column says and where it leads.
"""

from collections.abc import Callable
from typing import Any

import reflex as rx

from union_square.ui.components.elements import local_time, page_link
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.dashboard_views import (
    AxisMark,
    BigFigure,
    ChartView,
    Choice,
    ColumnView,
    DashboardView,
    FigurePart,
    PathView,
    ValueRow,
)

_TIMES = (("p50", "p50"), ("p95", "p95"), ("p99", "p99"))


def choices(items: list[Choice], label: str, test_id: str) -> rx.Component:
    def one(choice: Choice) -> rx.Component:
        current = cond(choice.current, "true", "false")
        return page_link(choice.word, href=choice.href, key=choice.word, custom_attrs={"aria-current": current})

    return el.nav(foreach(items, one), class_name="choices", custom_attrs={"aria-label": label, "data-testid": test_id})


def range_bar(view: DashboardView) -> rx.Component:
    moves = (
        ("←", "earlier", view.earlier, "Shift+ArrowLeft"),
        ("→", "later", view.later, "Shift+ArrowRight"),
        ("−", "zoom out", view.zoom_out, "-"),
        ("+", "zoom in", view.zoom_in, "+"),
    )
    return el.div(
        choices(view.presets, "range of time", "presets"),
        el.nav(
            *(
                page_link(sign, href=href, title=word, custom_attrs={"aria-label": word, "data-hotkey": key})
                for sign, word, href, key in moves
            ),
            class_name="choices",
            custom_attrs={"aria-label": "move the range"},
        ),
        el.span(
            local_time(view.begin, "date"),
            " – ",
            local_time(view.end, "date"),
            " · ",
            view.step,
            class_name="shown num",
            custom_attrs={"data-testid": "shown"},
        ),
        class_name="range",
    )


def figures(items: list[BigFigure]) -> rx.Component:
    def part(one: FigurePart) -> rx.Component:
        return cond(
            one.href,
            page_link(el.b(one.value, class_name="num"), el.span(one.word), href=one.href, class_name="part"),
            el.span(el.b(one.value), el.span(one.word), class_name="part"),
        )

    def figure(one: BigFigure) -> rx.Component:
        note = cond(one.note_href, page_link(one.note, href=one.note_href), fragment(one.note))
        plain = fragment(
            el.dd(page_link(one.value, href=one.href), class_name="value num"), el.dd(note, class_name="note")
        )
        return el.div(
            el.dt(one.name),
            cond(one.parts, el.dd(foreach(one.parts, part), class_name="parts"), plain),
            class_name="big-figure",
            key=one.key,
            custom_attrs={
                "data-figure": one.key,
                "data-value": one.value,
                "data-wide": cond(one.parts, "true", "false"),
                "data-testid": "figure",
            },
        )

    return el.dl(foreach(items, figure), class_name="big-figures")


def charts(view: DashboardView) -> rx.Component:
    return el.div(
        _chart(
            view, view.calls, "Calls", (("good", "answered or running"), ("bad", "errors")), _says_calls, css="whole"
        ),
        _chart(view, view.durations, "Latency", _TIMES, lambda c: fragment("p50 · p95 · p99: ", c.duration)),
        _chart(view, view.firsts, "Time to first token", _TIMES, lambda c: fragment("p50 · p95 · p99: ", c.first)),
        _chart(
            view,
            view.tokens,
            "Tokens",
            (("one", "in"), ("two", "out")),
            lambda c: fragment("in ", c.inputs, ", out ", c.outputs),
        ),
        _chart(view, view.cost, "Cost", (("one", "US dollars"),), lambda c: fragment(c.cost)),
        class_name="charts",
    )


def _says_calls(column: ColumnView) -> rx.Component:
    return fragment("calls ", column.calls, ", errors ", column.errors)


def _chart(
    view: DashboardView,
    chart: ChartView,
    title: str,
    legend: tuple[tuple[str, str], ...],
    says: Callable[[ColumnView], rx.Component],
    css: str = "",
) -> rx.Component:
    def column(one: ColumnView) -> rx.Component:
        return page_link(
            el.span(local_time(one.at, "date"), "\n", says(one), class_name="says"),
            href=one.href,
            key=one.at,
            style={"left": one.left, "width": one.width},
            custom_attrs={"data-testid": "column", "tabIndex": one.tab, "draggable": "false"},
        )

    def path(one: PathView) -> rx.Component:
        return el.path(d=one.d, key=one.kind, custom_attrs={"data-kind": one.kind})

    def mark(one: AxisMark) -> rx.Component:
        return local_time(one.at, view.mode, style={"left": one.left}, key=one.at)

    drawing: dict[str, Any] = {"viewBox": "0 0 1000 100", "preserveAspectRatio": "none", "aria-hidden": "true"}
    return el.section(
        el.header(
            el.h2(title),
            *(el.span(el.i(custom_attrs={"data-kind": kind}), word, class_name="legend") for kind, word in legend),
        ),
        el.div(
            el.div(
                el.span(chart.top),
                el.span(chart.middle),
                el.span(cond(chart.top, "0", "")),
                class_name="scale num",
                custom_attrs={"aria-hidden": "true"},
            ),
            el.div(
                el.svg(foreach(chart.paths, path), custom_attrs=drawing),
                cond(chart.nothing, el.span(chart.nothing, class_name="nothing")),
                foreach(view.columns, column),
                class_name="plot",
                role="group",
                custom_attrs={
                    "data-plot": "",
                    "data-begin": view.begin,
                    "data-end": view.end,
                    "data-testid": "plot",
                    "aria-label": f"{title} over time: arrow keys go from column to column",
                },
            ),
            el.div(
                foreach(view.marks, mark),
                class_name="axis num",
                custom_attrs={"aria-hidden": "true", "data-testid": "axis"},
            ),
            class_name="chart-body",
        ),
        class_name=f"chart {css}",
        custom_attrs={"aria-label": title, "data-testid": "chart"},
    )


def values(view: DashboardView) -> rx.Component:
    heads = (
        "Calls",
        "Errors",
        "Tokens in",
        "Tokens out",
        "Cost",
        "Latency p50 · p95 · p99",
        "First token p50 · p95 · p99",
    )

    def row(one: ValueRow) -> rx.Component:
        def figure(word: str) -> rx.Component:  # the keyboard is taken there once, by the row's name
            return el.td(page_link(word, href=one.href, custom_attrs={"tabIndex": "-1"}), class_name="num")

        errors = cond(one.errors_href, page_link(one.errors, href=one.errors_href, class_name="bad"), one.errors)
        return el.tr(
            el.th(
                page_link(one.name, href=one.href, custom_attrs={"data-row": ""}),
                el.span(class_name="share", style={"width": one.bar}, custom_attrs={"aria-hidden": "true"}),
                scope="row",
            ),
            figure(one.calls),
            el.td(errors, class_name="num"),
            *(figure(word) for word in (one.inputs, one.outputs, one.cost, one.duration, one.first)),
            key=one.name,
            custom_attrs={"data-testid": "totals-row"},
        )

    return el.section(
        el.div(choices(view.dimensions, "by", "dimensions"), class_name="values-head"),
        cond(
            view.rows,
            _table((view.by, *heads), foreach(view.rows, row), "what the calls amounted to by value"),
            el.p("No call in this range has one.", class_name="quiet-line"),
        ),
        cond(view.more, el.p(view.more, class_name="muted")),
        custom_attrs={"aria-label": "by value"},
    )


def as_table(view: DashboardView) -> rx.Component:
    heads = ("From", "Calls", "Errors", "Tokens in", "Tokens out", "Cost", "Latency", "First token")

    def row(one: ColumnView) -> rx.Component:
        cells = (one.calls, one.errors, one.inputs, one.outputs, one.cost, one.duration, one.first)
        return el.tr(
            el.th(page_link(local_time(one.at, "date"), href=one.href), scope="row"),
            *(el.td(cell, class_name="num") for cell in cells),
            key=one.at,
        )

    table = _table(heads, foreach(view.columns, row), "the charts as a table")
    return el.details(el.summary("The charts as a table"), table, custom_attrs={"data-testid": "as-table"})


def _table(heads: tuple[Any, ...], rows: rx.Component, label: str) -> rx.Component:
    names = [el.th(head, scope="col", class_name="num" if place else "") for place, head in enumerate(heads)]
    return el.div(
        el.table(
            el.thead(el.tr(*names)),
            el.tbody(rows),
            class_name="list totals values",
            custom_attrs={"aria-label": label},
        ),
        class_name="table-frame",
        role="region",
        custom_attrs={"aria-label": label, "tabindex": "0"},
    )
