"""The time line of a session's calls, and what filled their requests."""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import fact, page_link
from union_square.ui.components.reflex import cond, el, foreach
from union_square.ui.session_views import (
    BarView,
    BreakView,
    ContextBar,
    ContextView,
    WaterfallRow,
    WaterfallView,
)
from union_square.ui.views import ShareView

_KEYS = (("waiting", "waiting"), ("thinking", "until the first token"), ("stream", "streaming"), ("tools", "tools"))


def waterfall(view: WaterfallView, width: str, zoom_in: Any, zoom_out: Any, show_table: Any) -> rx.Component:
    """`width` is a CSS length: how much wider than the page the line is drawn. `show_table` brings the table's rows."""
    legend = [el.span(el.i(class_name=f"key {key}"), word, class_name="legend") for key, word in _KEYS]
    return el.section(
        el.h2("Time line"),
        cond(view.note, el.p(view.note, class_name="banner", role="note")),
        el.div(
            el.span(view.summary, custom_attrs={"data-testid": "waterfall-summary"}),
            *legend,
            el.div(
                el.button(
                    "−", type="button", class_name="button", on_click=zoom_out, custom_attrs={"aria-label": "zoom out"}
                ),
                el.button(
                    "+", type="button", class_name="button", on_click=zoom_in, custom_attrs={"aria-label": "zoom in"}
                ),
                class_name="actions",
            ),
            class_name="waterfall-head muted",
        ),
        el.dl(foreach(view.totals, lambda pair: fact(pair.name, pair.value)), class_name="facts"),
        el.div(
            el.div(
                el.div(
                    foreach(view.breaks, _break),
                    foreach(view.bars, _bar),
                    class_name="lanes",
                    style={"height": view.height},
                ),
                el.div(
                    foreach(view.scale, lambda mark: el.span(mark.word, style={"left": mark.left})),
                    class_name="marks num",
                    custom_attrs={"aria-hidden": "true"},
                ),
                class_name="waterfall-inner",
                style={"width": width},
            ),
            class_name="waterfall",
            role="group",
            custom_attrs={"aria-label": view.summary, "data-testid": "waterfall"},
        ),
        el.details(
            el.summary("The same as a table", on_click=show_table),
            el.div(_table(view.rows), class_name="table-frame"),
            custom_attrs={"data-testid": "waterfall-table"},
        ),
        class_name="panel",
        custom_attrs={"aria-label": "time line"},
    )


def _bar(bar: BarView) -> rx.Component:
    return page_link(
        el.span(class_name="part waiting", style={"width": bar.waiting}),
        el.span(class_name="part thinking", style={"width": bar.thinking}),
        el.span(class_name="part stream", style={"width": bar.streaming}),
        el.span(bar.number, class_name="bar-number"),
        el.span(bar.title, class_name="bar-words", role="tooltip"),
        href=bar.href,
        class_name="bar",
        key=bar.id,
        style={"left": bar.left, "width": bar.width, "top": bar.top},
        custom_attrs={"aria-label": bar.title, "data-state": bar.state, "data-testid": "bar", "data-row": ""},
    )


def _break(view: BreakView) -> rx.Component:
    return el.span(
        title=view.title,
        class_name="between",
        key=view.key,
        style={"left": view.left, "width": view.width, "top": view.top},
        custom_attrs={"data-kind": view.kind, "data-testid": "between"},
    )


def _table(rows: list[WaterfallRow]) -> rx.Component:
    heads = ("call", "began after", "tools before", "waited", "first token", "streamed", "in all")

    def line(row: WaterfallRow) -> rx.Component:
        return el.tr(
            el.td(page_link(row.number, href=row.href)),
            *(
                el.td(cell, class_name="num")
                for cell in (row.began, row.tools, row.waiting, row.first_token, row.streaming, row.total)
            ),
            key=row.id,
        )

    return el.table(
        el.thead(el.tr(*(el.th(head, scope="col") for head in heads))),
        el.tbody(foreach(rows, line)),
        class_name="list times",
        custom_attrs={"aria-label": "the calls and their times"},
    )


def context_shares(shares: list[ShareView], note: Any) -> rx.Component:
    """One request's parts: a bar, and the figures."""

    def line(share: ShareView) -> rx.Component:
        return el.tr(
            el.th(el.i(class_name="key", custom_attrs={"data-kind": share.kind}), share.name, scope="row"),
            el.td(share.share, class_name="num"),
            el.td(share.tokens, class_name="num"),
            el.td(share.characters, class_name="num muted"),
            key=share.kind,
        )

    return el.div(
        el.div(foreach(shares, _segment), class_name="stack lying", custom_attrs={"aria-hidden": "true"}),
        el.table(
            el.tbody(foreach(shares, line)),
            class_name="shares",
            custom_attrs={"aria-label": "what fills the request", "data-testid": "shares"},
        ),
        el.p(note, class_name="muted"),
    )


def _segment(share: ShareView) -> rx.Component:
    return el.span(
        class_name="segment", key=share.kind, style={"flexBasis": share.width}, custom_attrs={"data-kind": share.kind}
    )


def context_bars(view: ContextView) -> rx.Component:
    """How the request grew over the session, and the newest in figures."""

    def bar(one: ContextBar) -> rx.Component:
        return page_link(
            el.span(foreach(one.shares, _segment), class_name="stack", style={"height": one.height}),
            el.span(one.title, class_name="bar-words", role="tooltip"),
            href=one.href,
            key=one.id,
            class_name="context-bar",
            custom_attrs={"aria-label": one.title, "data-testid": "context-bar"},
        )

    return el.section(
        el.h2("What fills the context"),
        cond(
            view.bars,
            el.div(
                foreach(view.bars, bar),
                class_name="context-bars",
                role="group",
                custom_attrs={"aria-label": "requests turn by turn"},
            ),
        ),
        cond(view.latest_word, el.h3(view.latest_word)),
        context_shares(view.latest, view.note),
        class_name="panel",
        custom_attrs={"aria-label": "what fills the context", "data-testid": "context"},
    )
