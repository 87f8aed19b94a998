"""Sessions and calls in lists."""

import reflex as rx

from union_square.ui.components.elements import elapsed, local_time, page_link, state_mark, tag_chips
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.components.selection import pick_box
from union_square.ui.present_order import SESSION_COLUMNS
from union_square.ui.views import CallLine, Heads, HeadView, LiveCard, OrderLink, SessionLine, TailLine


def lasted(line: SessionLine) -> rx.Component:
    """How long a session took, or has been running."""
    return cond(line.since, elapsed(line.since), fragment(line.duration))


def session_row(line: SessionLine, pick: bool = False) -> rx.Component:
    """`pick`: with a box, for a page that has a selection bar."""
    return el.tr(
        el.td(state_mark(line.state, line.state_word), class_name="c-state"),
        el.td(
            el.div(
                pick_box("session", line.id) if pick else fragment(),
                page_link(line.title, href=line.href, class_name="row-link", custom_attrs={"data-row": ""}),
                cond(line.problem, el.span(line.problem, class_name="problem")),
                tag_chips(line.tags),
                class_name="cell",
            ),
            class_name="c-title",
        ),
        el.td(line.models, class_name="c-model"),
        el.td(line.calls, class_name="num c-calls"),
        el.td(line.tokens, title=line.tokens_title, class_name="num c-tokens"),
        el.td(line.cost, title=line.cost_title, class_name="num c-cost"),
        el.td(lasted(line), class_name="num c-duration"),
        el.td(line.first, class_name="num c-first"),
        el.td(local_time(line.last), class_name="num c-when"),
        key=line.id,
        custom_attrs={"data-testid": "session-row"},
    )


def _order_link(one: OrderLink) -> rx.Component:
    return page_link(
        one.word,
        cond(one.arrow, el.span(one.arrow, custom_attrs={"aria-hidden": "true"})),
        href=one.href,
        title=one.title,
    )


def _head(head: HeadView) -> rx.Component:
    inner = cond(head.word, fragment(head.word), el.span(foreach(head.links, _order_link), class_name="orders"))
    return el.th(inner, scope="col", class_name=head.css, custom_attrs={"aria-sort": head.sorted})


def _table(heads: rx.Component, rows: rx.Component, label: str, shown: str = "") -> rx.Component:
    attributes = {"aria-label": label, "data-shown": shown}
    table = el.table(el.thead(el.tr(heads)), el.tbody(rows), custom_attrs=attributes, class_name="list")
    return el.div(table, class_name="table-frame")


def order_menu(heads: Heads) -> rx.Component:
    """In what order the listing is, and all others: also those by what has no column, or none on a narrow screen."""

    def one(order: OrderLink) -> rx.Component:
        return el.li(_order_link(order), key=order.word, custom_attrs={"data-current": cond(order.arrow, "true", "")})

    return el.details(
        el.summary(heads.words, class_name="button quiet", custom_attrs={"aria-label": "order: " + heads.words}),
        el.ul(foreach(heads.orders, one)),
        class_name="menu order-menu",
        key=heads.words,
        custom_attrs={"data-testid": "order"},
    )


def session_table(
    lines: list[SessionLine], label: str, heads: Heads | None = None, *, pick: bool = False
) -> rx.Component:
    """`heads`: those of a listing that can be ordered."""
    plain = fragment(*(el.th(one.word or one.keys[0][1], scope="col", class_name=one.css) for one in SESSION_COLUMNS))
    rows = foreach(lines, lambda line: session_row(line, pick))
    return (
        _table(foreach(heads.heads, _head), rows, label, heads.shown)
        if heads is not None
        else _table(plain, rows, label)
    )


def call_row(line: CallLine, pick: bool = False) -> rx.Component:
    return el.tr(
        el.td(state_mark(line.state, line.state_word), class_name="c-state"),
        el.td(
            el.div(
                pick_box("call", line.id) if pick else fragment(),
                page_link(line.preview, href=line.href, class_name="row-link", custom_attrs={"data-row": ""}),
                tag_chips(line.tags),
                class_name="cell",
            ),
            cond(
                line.hit_href,
                page_link(
                    el.span(line.hit_before),
                    el.mark(line.hit),
                    el.span(line.hit_after),
                    href=line.hit_href,
                    class_name="hit",
                    title="open this message",
                    custom_attrs={"data-testid": "hit"},
                ),
            ),
            class_name="c-title",
        ),
        el.td(line.model, class_name="c-model"),
        el.td(line.status, class_name="num c-calls"),
        el.td(line.tokens, title=line.tokens_title, class_name="num c-tokens"),
        el.td(line.cost, class_name="num c-cost"),
        el.td(line.duration, class_name="num c-duration"),
        el.td(line.first, class_name="num c-first"),
        el.td(local_time(line.started), class_name="num c-when"),
        key=line.id,
        custom_attrs={"data-testid": "call-row"},
    )


def call_table(lines: list[CallLine], label: str, heads: Heads, *, pick: bool = False) -> rx.Component:
    return _table(foreach(heads.heads, _head), foreach(lines, lambda line: call_row(line, pick)), label, heads.shown)


def tail_line(tail: TailLine) -> rx.Component:
    """What a call is saying: the newest words at the bottom."""
    return el.div(
        el.div(
            el.span(tail.model, class_name="tail-model"),
            el.span(tail.kind_word, class_name="tail-kind"),
            cond(
                tail.silence,
                el.span(tail.silence, class_name="silence", custom_attrs={"data-testid": "stalled"}),
            ),
            cond(tail.pulse, _pulse(tail)),
            class_name="tail-head",
        ),
        cond(
            tail.text,
            el.div(el.p(tail.text, custom_attrs={"data-testid": "tail"}), class_name="tail-text"),
        ),
        class_name="tail",
        custom_attrs={"data-kind": tail.kind, "data-state": tail.state},
    )


def _pulse(tail: TailLine) -> rx.Component:
    """The waits before its last chunks; what came late stands out."""
    return el.svg(
        el.title(cond(tail.late_words, tail.late_words, "the waits before its last chunks")),
        el.path(d=tail.pulse, class_name="pulse-usual"),
        el.path(d=tail.late, class_name="pulse-late"),
        view_box="0 0 96 14",
        class_name="pulse",
        role="img",
        custom_attrs={"data-late": tail.late_words, "data-testid": "pulse"},
    )


def live_card(card: LiveCard) -> rx.Component:
    line = card.session
    return el.article(
        el.header(
            state_mark(line.state, line.state_word),
            page_link(line.title, href=line.href, class_name="card-title", custom_attrs={"data-row": ""}),
            cond(line.problem, el.span(line.problem, class_name="problem")),
            tag_chips(line.tags),
            el.div(
                el.span(line.models, class_name="card-model"),
                el.span(line.calls, class_name="num"),
                el.span(line.tokens, title=line.tokens_title, class_name="num"),
                el.span(line.cost, title=line.cost_title, class_name="num"),
                el.span(lasted(line), class_name="num"),
                class_name="card-facts",
            ),
        ),
        foreach(card.tails, tail_line),
        class_name="card",
        custom_attrs={"data-testid": "live-card"},
    )
