"""The parts of the page on which a call is sent again."""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import icon, local_time, page_link, state_mark
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.present_resend import ComparedView, DifferenceView, ResendLine, SideView, SpanView

_WAITING = "Waiting for the answer to begin …"


def _named(test_id: str) -> dict[str, str]:
    return {"data-testid": test_id}


def resend_form(state: Any) -> rx.Component:
    """Where to, which model, the body, and a key for this once. The key's field is emptied when it has been sent."""
    choices = el.div(
        el.label(
            "Upstream",
            el.select(
                foreach(state.upstreams, lambda name: el.option(name, value=name)),
                name="upstream",
                value=state.upstream,
                on_change=state.choose_upstream,
                custom_attrs=_named("upstream"),
            ),
        ),
        el.label(
            "Model",
            el.input(
                name="model",
                value=state.model,
                on_change=state.type_model,
                on_blur=state.choose_model,
                auto_complete="off",
                spell_check=False,
                custom_attrs=_named("model"),
            ),
        ),
        el.label(
            "Speaks",
            el.select(
                foreach(state.dialects, lambda name: el.option(name, value=name)),
                name="dialect",
                value=state.dialect,
                on_change=state.choose_dialect,
                custom_attrs=_named("dialect"),
            ),
        ),
        el.label(
            "Key",
            el.input(
                name="key",
                type="password",
                auto_complete="off",
                placeholder="for this once",
                custom_attrs={"data-testid": "key", "aria-describedby": "key-words"},
            ),
        ),
        class_name="resend-choices",
    )
    return el.form(
        choices,
        el.p(state.key_words, id="key-words", class_name="muted"),
        cond(
            state.dropped,
            el.p(icon("warn"), state.dropped, class_name="turn-gap", custom_attrs=_named("dropped")),
        ),
        el.details(
            el.summary("Body ", el.code(state.path)),
            el.textarea(
                name="body",
                value=state.body,
                on_change=state.type_body,
                rows="14",
                spell_check=False,
                class_name="resend-body",
                custom_attrs={"aria-label": "the request's body, JSON", "data-testid": "body"},
            ),
            open=state.body_open,
            custom_attrs=_named("body-fold"),
        ),
        el.div(
            el.button(
                cond(state.is_running, "Sending…", "Send"),
                type="submit",
                class_name="button primary",
                disabled=state.is_running,
                custom_attrs=_named("send"),
            ),
            cond(
                state.is_running,
                el.button(
                    "Cancel",
                    type="button",
                    class_name="button",
                    on_click=state.cancel,
                    custom_attrs=_named("cancel"),
                ),
            ),
            cond(
                state.said,
                el.span(state.said, class_name="turn-error", role="alert", custom_attrs=_named("said")),
            ),
            class_name="resend-send",
        ),
        on_submit=state.send,
        reset_on_submit=True,
        class_name="panel resend-form",
    )


def compared(view: ComparedView, is_running: Any) -> rx.Component:
    """Both answers side by side, what differs marked, and what they took."""
    return fragment(
        el.div(
            _side("Recorded", view.before, "recorded"),
            cond(
                view.after.href,
                _side("Sent again", view.after, "resent"),
                el.section(
                    el.h2("Sent again"),
                    el.p(
                        cond(is_running, "Waiting for the answer to begin …", "Nothing has been sent again yet."),
                        class_name="muted",
                    ),
                    class_name="panel",
                    custom_attrs=_named("resent-empty"),
                ),
            ),
            class_name="resend-sides",
        ),
        cond(
            view.differences,
            el.table(
                el.thead(el.tr(el.th(""), el.th("Recorded"), el.th("Sent again"), el.th("Change"))),
                el.tbody(foreach(view.differences, _difference)),
                class_name="table resend-differences",
                custom_attrs=_named("differences"),
            ),
        ),
    )


def _side(name: str, side: SideView, test_id: str) -> rx.Component:
    return el.section(
        el.h2(name),
        el.p(
            page_link(side.title, href=side.href), " ", state_mark(side.state, side.state_word), class_name="sub-line"
        ),
        el.div(foreach(side.spans, _span), class_name="resend-text", custom_attrs=_named(f"{test_id}-text")),
        cond(side.error, el.p(icon("warn"), side.error, class_name="turn-error", role="note")),
        class_name="panel",
        custom_attrs={"data-testid": test_id, "aria-label": name},
    )


def _span(span: SpanView) -> rx.Component:
    return el.span(span.text, custom_attrs={"data-kind": span.kind})


def _difference(view: DifferenceView) -> rx.Component:
    return el.tr(
        el.th(view.name, scope="row"),
        el.td(view.before, class_name="num"),
        el.td(view.after, class_name="num"),
        el.td(view.change, class_name="num", custom_attrs={"data-trend": view.trend}),
    )


def resend_table(lines: list[ResendLine], shown: Any, show: Any) -> rx.Component:
    """The original and everything it was sent again as; a click compares."""

    def row(line: ResendLine) -> rx.Component:
        return el.tr(
            el.td(page_link(local_time(line.at, "date"), href=line.href)),
            el.td(line.title),
            el.td(state_mark(line.state, line.state_word)),
            el.td(line.duration, class_name="num"),
            el.td(line.tokens, class_name="num"),
            el.td(line.cost, class_name="num"),
            el.td(el.button("Compare", type="button", class_name="quiet", on_click=show(line.id))),
            custom_attrs={"data-testid": "resend-row", "data-shown": cond(line.id == shown, "true", "false")},
            key=line.id,
        )

    heads = ("When", "Upstream and model", "State", "Took", "Tokens", "Cost", "")
    return el.section(
        el.h2("Original and re-sends"),
        el.div(
            el.table(
                el.thead(el.tr(*[el.th(name) for name in heads])), el.tbody(foreach(lines, row)), class_name="table"
            ),
            class_name="resend-scroll",
        ),
        class_name="panel",
    )
