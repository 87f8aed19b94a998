"""A conversation: turns, their messages, and the parts of these."""

import reflex as rx

from union_square.ui.components.elements import (
    copy_button,
    elapsed,
    icon,
    local_time,
    page_link,
    safe_html,
    state_mark,
    tag_chips,
)
from union_square.ui.views import BlockView, MessageView, TurnView


def _thinking(block: BlockView) -> rx.Component:
    return rx.el.details(
        rx.el.summary(block.title, rx.el.span(block.note, class_name="muted")),
        rx.cond(block.html, safe_html(block.html)),
        class_name="thinking",
        custom_attrs={"data-testid": "thinking"},
    )


def _tool_call(block: BlockView) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            icon("tool"),
            rx.el.span(block.title, class_name="tool-name"),
            rx.el.span(block.note, class_name="tool-id"),
            class_name="tool-head",
        ),
        rx.cond(block.html, safe_html(block.html, "tool-body")),
        rx.match(
            block.result_state,
            ("waiting", rx.el.div("no result yet", class_name="tool-result-head")),
            ("", rx.fragment()),
            rx.el.details(
                rx.el.summary(block.result_title, class_name="tool-result-head"),
                safe_html(block.result_html, "tool-body"),
                open=True,
                custom_attrs={"data-state": block.result_state, "data-testid": "tool-result"},
            ),
        ),
        class_name="tool",
        custom_attrs={"data-testid": "tool-call"},
    )


def _tool_result(block: BlockView) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.span(block.title, class_name="tool-name"),
            rx.el.span(block.note, class_name="tool-id"),
            class_name="tool-head",
        ),
        safe_html(block.html, "tool-body"),
        class_name="tool",
        custom_attrs={"data-state": block.result_state},
    )


def _media(block: BlockView) -> rx.Component:
    return rx.el.div(
        rx.el.span(block.title, class_name="chip"), rx.el.span(block.note, class_name="muted"), class_name="media"
    )


def _other(block: BlockView) -> rx.Component:
    return rx.el.details(rx.el.summary(block.title), safe_html(block.html, "tool-body"), class_name="other")


def block(view: BlockView) -> rx.Component:
    return rx.match(
        view.kind,
        ("text", safe_html(view.html)),
        ("thinking", _thinking(view)),
        ("tool_call", _tool_call(view)),
        ("tool_result", _tool_result(view)),
        ("media", _media(view)),
        ("refusal", rx.el.div(rx.el.strong(view.title), safe_html(view.html), class_name="refusal")),
        _other(view),
    )


def message(view: MessageView) -> rx.Component:
    blocks = rx.foreach(view.blocks, block)
    return rx.el.div(
        rx.el.div(view.role_word, class_name="role"),
        rx.cond(
            view.folded,
            rx.el.details(rx.el.summary(view.summary), rx.el.div(blocks, class_name="blocks")),
            rx.el.div(blocks, class_name="blocks"),
        ),
        class_name="message",
        key=view.key,
        custom_attrs={"data-role": view.role, "data-testid": "message"},
    )


def _turn_head(turn: TurnView) -> rx.Component:
    return rx.el.header(
        page_link(turn.number, href=turn.href, class_name="turn-number", title="open this call"),
        state_mark(turn.state, turn.state_word),
        rx.cond(
            turn.status,
            rx.el.span(turn.status, class_name="status num", custom_attrs={"data-status": turn.status_class}),
        ),
        rx.el.span(turn.model, class_name="turn-model"),
        rx.el.span(turn.tokens, title=turn.tokens_title, class_name="num"),
        rx.cond(turn.cost, rx.el.span(turn.cost, class_name="num")),
        rx.cond(turn.since, elapsed(turn.since), rx.el.span(turn.duration, class_name="num")),
        rx.cond(turn.first_token, rx.el.span("first token ", turn.first_token, class_name="num muted wide-only")),
        rx.cond(turn.speed, rx.el.span(turn.speed, class_name="num muted wide-only")),
        rx.cond(turn.link, rx.el.span(turn.link, title=turn.link_title, class_name="turn-link muted wide-only")),
        tag_chips(turn.tags),
        local_time(turn.started, "clock", class_name="num muted push"),
        class_name="turn-head",
    )


def turn(view: TurnView) -> rx.Component:
    return rx.el.section(
        rx.cond(
            view.branch,
            rx.el.div(icon("branch"), view.branch_note, class_name="branch", custom_attrs={"data-testid": "branch"}),
        ),
        _turn_head(view),
        rx.foreach(view.messages, message),
        rx.cond(view.error, rx.el.p(icon("warn"), view.error, class_name="turn-error", role="note")),
        rx.cond(view.gap, rx.el.p(icon("warn"), view.gap, class_name="turn-gap", role="note")),
        class_name="turn",
        key=view.id,
        id=view.anchor,
        custom_attrs={"data-state": view.state, "data-testid": "turn", "aria-label": view.number},
    )


def copy_id(text: str) -> rx.Component:
    return copy_button(text, "Copy id")
