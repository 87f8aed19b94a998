"""The parts of a call's page."""

from typing import Any

import reflex as rx

from union_square.ui.components.actions import call_actions
from union_square.ui.components.changes import changes_panel
from union_square.ui.components.conversation import copy_id, message
from union_square.ui.components.elements import (
    copy_button,
    download_link,
    elapsed,
    fact,
    icon,
    local_time,
    page_link,
    safe_html,
    state_mark,
)
from union_square.ui.components.reflex import cond, el, foreach, fragment, match
from union_square.ui.components.waterfall import context_shares
from union_square.ui.session_views import ChangesView
from union_square.ui.views import BodyView, CallPageView, Pair, TickView, TimelineView, ToolView


def call_head(view: CallPageView) -> rx.Component:
    return el.header(
        el.div(
            el.h1(view.title, custom_attrs={"data-testid": "call-title"}),
            state_mark(view.state, view.state_word),
            cond(
                view.status,
                el.span(view.status, class_name="status num", custom_attrs={"data-status": view.status_class}),
            ),
            copy_id(view.id),
            call_actions(view.id, view.session_href),
            class_name="title-line",
        ),
        el.p(
            el.code(view.method_path),
            el.span(view.model, cond(view.response_model, el.span(" → ", view.response_model))),
            el.span(view.upstream, class_name="muted"),
            local_time(view.started, "date", class_name="muted"),
            cond(
                view.session_href,
                page_link("Session", icon("arrow"), href=view.session_href, title=view.session_word),
                el.span(view.session_word, class_name="muted"),
            ),
            cond(view.resent_from, page_link("Re-send of", icon("arrow"), href=view.resent_from)),
            class_name="sub-line",
        ),
        cond(
            view.resent_as,
            el.p(
                el.span("Re-sent as", class_name="muted"),
                foreach(view.resent_as, lambda pair: page_link(pair.name, href=pair.value)),
                page_link("Compare", icon("arrow"), href=view.resent_compare),
                class_name="sub-line",
                custom_attrs={"data-testid": "resent-as"},
            ),
        ),
        el.dl(
            cond(view.since, fact("running for", elapsed(view.since))),
            foreach(view.headline, lambda pair: fact(pair.name, pair.value)),
            class_name="facts",
        ),
        cond(view.error, el.p(icon("warn"), view.error, class_name="turn-error", role="note")),
        cond(view.gap, el.p(icon("warn"), view.gap, class_name="turn-gap", role="note")),
        foreach(view.problems, lambda words: el.p(icon("warn"), words, class_name="turn-gap", role="note")),
        class_name="page-head stacked",
    )


def _pairs(pairs: list[Pair], class_name: str = "facts grid") -> rx.Component:
    return el.dl(foreach(pairs, lambda pair: fact(pair.name, pair.value)), class_name=class_name)


def _panel(title: str, *content: Any, test_id: str = "") -> rx.Component:
    return el.section(
        el.h2(title), *content, class_name="panel", custom_attrs={"data-testid": test_id, "aria-label": title}
    )


def _tick(tick: TickView) -> rx.Component:
    return el.span(
        title=tick.label, class_name="tick", style={"left": tick.left, "width": tick.width, "height": tick.height}
    )


def timeline(view: TimelineView) -> rx.Component:
    """Sending, waiting, streaming; below it the received bytes over time."""
    spans = el.div(
        el.span(class_name="span sent", title="sending the request", style={"width": view.request_width}),
        el.span(
            class_name="span waiting",
            title="waiting for the first byte",
            style={"left": view.waiting_left, "width": view.waiting_width},
        ),
        el.span(
            class_name="span stream",
            title="receiving",
            style={"left": view.stream_left, "width": view.stream_width},
        ),
        class_name="spans",
    )
    return el.div(
        el.p(
            view.summary,
            el.span(el.i(class_name="key waiting"), "waiting", class_name="legend"),
            el.span(el.i(class_name="key stream"), "receiving", class_name="legend"),
            class_name="muted",
        ),
        el.div(
            spans,
            el.div(foreach(view.ticks, _tick), class_name="ticks"),
            el.div(foreach(view.scale, lambda word: el.span(word)), class_name="scale num"),
            class_name="timeline",
            role="img",
            custom_attrs={"aria-label": view.summary},
        ),
        el.details(
            el.summary("Chunks"),
            cond(view.chunks_note, el.p(view.chunks_note, class_name="muted")),
            _headers_table(view.chunks, "chunks", ("since the call began", "bytes")),
        ),
    )


def _headers_table(pairs: list[Pair], label: str, heads: tuple[str, str] = ("header", "value")) -> rx.Component:
    return el.div(
        el.table(
            el.thead(el.tr(*(el.th(name, scope="col") for name in heads))),
            el.tbody(
                foreach(pairs, lambda p: el.tr(el.td(p.name, class_name="mono"), el.td(p.value, class_name="mono")))
            ),
            custom_attrs={"aria-label": label},
            class_name="pairs",
        ),
        class_name="table-frame",
    )


def _tool(view: ToolView) -> rx.Component:
    return el.details(
        el.summary(el.span(view.name, class_name="tool-name"), el.span(view.description, class_name="muted")),
        safe_html(view.schema_html, "tool-body"),
        class_name="tool",
    )


def _rendered(view: CallPageView, show_earlier: Any) -> rx.Component:
    return fragment(
        _panel(
            "Answer",
            cond(
                view.answered,
                foreach(view.answered, message),
                el.p("No message was read from the response; the raw tab shows its bytes.", class_name="muted"),
            ),
            test_id="answer",
        ),
        _panel(
            "Request",
            cond(
                view.asked_earlier,
                el.button(
                    view.asked_earlier,
                    type="button",
                    class_name="button",
                    on_click=show_earlier,
                    custom_attrs={"data-testid": "earlier"},
                ),
            ),
            cond(view.asked, foreach(view.asked, message), el.p("No messages.", class_name="muted")),
            test_id="asked",
        ),
        cond(view.tools, _panel("Tools offered", foreach(view.tools, _tool), test_id="tools")),
    )


def _raw_side(title: str, line: str, headers: list[Pair], body: BodyView, test_id: str) -> rx.Component:
    return _panel(
        title,
        el.pre(line, class_name="start-line", custom_attrs={"tabindex": "0"}),
        _headers_table(headers, title + " headers"),
        el.div(
            el.span(body.size, class_name="num"),
            el.span(body.kind, class_name="muted"),
            el.span(body.note, class_name="muted"),
            cond(
                body.href,
                download_link("Download", href=body.href, class_name="button quiet"),
            ),
            class_name="body-line",
        ),
        cond(body.html, safe_html(body.html, "raw-body")),
        test_id=test_id,
    )


def _raw(view: CallPageView, request: BodyView, response: BodyView) -> rx.Component:
    return el.div(
        _raw_side("Request", view.request_line, view.request_headers, request, "raw-request"),
        _raw_side("Response", view.response_line, view.response_headers, response, "raw-response"),
        class_name="columns",
    )


def _timing(view: CallPageView) -> rx.Component:
    return _panel("Timing", timeline(view.timeline), test_id="timing")


def _details(view: CallPageView) -> rx.Component:
    return el.div(
        _panel("Usage and cost", _pairs(view.usage), test_id="usage"),
        _panel("Facts", _pairs(view.facts), test_id="facts"),
        cond(view.parameters, _panel("Parameters", _pairs(view.parameters), test_id="parameters")),
        cond(view.metadata, _panel("Metadata", _pairs(view.metadata), test_id="metadata")),
        _panel(
            "Again with curl",
            el.div(el.pre(view.curl, custom_attrs={"tabindex": "0"}), copy_button(view.curl), class_name="curl"),
            test_id="curl",
        ),
    )


def _changes(view: CallPageView, changes: ChangesView) -> rx.Component:
    return _panel(
        "What changed against the request before",
        cond(
            view.parent_id,
            changes_panel(changes),
            el.p("It continues no recorded call, so there is nothing to compare it with.", class_name="muted"),
        ),
        test_id="changes-tab",
    )


def call_body(
    view: CallPageView,
    request: BodyView,
    response: BodyView,
    changes: ChangesView,
    tab: str,
    show: Any,
    show_earlier: Any,
) -> rx.Component:
    """The tabs and what they show. `show` takes a tab's name, `show_earlier` nothing."""
    names = (
        ("rendered", "Messages"),
        ("changes", "Changes"),
        ("context", "Context"),
        ("raw", "Raw"),
        ("details", "Details"),
    )
    tabs = [
        el.button(
            word,
            type="button",
            role="tab",
            on_click=show(name),
            custom_attrs={"aria-selected": cond(tab == name, "true", "false"), "data-testid": f"tab-{name}"},
        )
        for name, word in names
    ]
    return fragment(
        _timing(view),
        el.div(*tabs, role="tablist", class_name="tabs", custom_attrs={"aria-label": "views of this call"}),
        el.div(
            match(
                tab,
                ("raw", _raw(view, request, response)),
                ("details", _details(view)),
                ("changes", _changes(view, changes)),
                (
                    "context",
                    _panel("What fills the context", context_shares(view.shares, view.shares_note), test_id="context"),
                ),
                _rendered(view, show_earlier),
            ),
            role="tabpanel",
            custom_attrs={"aria-label": "the chosen view"},
        ),
    )
