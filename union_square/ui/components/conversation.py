"""A conversation: turns, their messages, and the parts of these."""

from collections.abc import Callable

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
from union_square.ui.components.notes import message_notes
from union_square.ui.components.reflex import cond, el, foreach, fragment, match
from union_square.ui.doing import PlacedNotes
from union_square.ui.views import BlockView, MessageView, TurnView


def _thinking(block: BlockView) -> rx.Component:
    return el.details(
        el.summary(block.title, el.span(block.note, class_name="muted")),
        cond(block.html, safe_html(block.html)),
        class_name="thinking",
        custom_attrs={"data-testid": "thinking"},
    )


def _tool_call(block: BlockView) -> rx.Component:
    return el.div(
        el.div(
            icon("tool"),
            el.span(block.title, class_name="tool-name"),
            el.span(block.note, class_name="tool-id"),
            class_name="tool-head",
        ),
        cond(block.html, safe_html(block.html, "tool-body")),
        match(
            block.result_state,
            ("waiting", el.div("no result yet", class_name="tool-result-head")),
            ("", fragment()),
            el.details(
                el.summary(block.result_title, class_name="tool-result-head"),
                safe_html(block.result_html, "tool-body"),
                open=True,
                custom_attrs={"data-state": block.result_state, "data-testid": "tool-result"},
            ),
        ),
        class_name="tool",
        custom_attrs={"data-testid": "tool-call"},
    )


def _tool_result(block: BlockView) -> rx.Component:
    return el.div(
        el.div(
            el.span(block.title, class_name="tool-name"),
            el.span(block.note, class_name="tool-id"),
            class_name="tool-head",
        ),
        safe_html(block.html, "tool-body"),
        class_name="tool",
        custom_attrs={"data-state": block.result_state},
    )


def _media(block: BlockView) -> rx.Component:
    elsewhere = el.a(
        "Open it in a new tab",
        href=block.href,
        target="_blank",
        rel="noopener noreferrer nofollow",
        class_name="md-link",
        custom_attrs={"data-testid": "elsewhere"},
    )
    return el.div(
        el.span(block.title, class_name="chip"),
        el.span(block.note, class_name="muted"),
        cond(block.href, elsewhere),
        class_name="media",
    )


def _picture(block: BlockView) -> rx.Component:
    return el.div(
        el.img(src=block.source, alt=block.note, loading="lazy", custom_attrs={"data-testid": "picture"}),
        el.span(block.note, class_name="muted"),
        class_name="media-shown",
    )


def _sound(block: BlockView) -> rx.Component:
    return el.div(
        el.audio(
            src=block.source,
            controls=True,
            preload="metadata",
            custom_attrs={"aria-label": block.note, "data-testid": "sound"},
        ),
        el.span(block.note, class_name="muted"),
        class_name="media-shown",
    )


def _other(block: BlockView) -> rx.Component:
    return el.details(el.summary(block.title), safe_html(block.html, "tool-body"), class_name="other")


def block(view: BlockView) -> rx.Component:
    return match(
        view.kind,
        ("text", safe_html(view.html)),
        ("thinking", _thinking(view)),
        ("tool_call", _tool_call(view)),
        ("tool_result", _tool_result(view)),
        ("media", _media(view)),
        ("image", _picture(view)),
        ("audio", _sound(view)),
        ("refusal", el.div(el.strong(view.title), safe_html(view.html), class_name="refusal")),
        _other(view),
    )


def message(view: MessageView) -> rx.Component:
    blocks = foreach(
        view.blocks, lambda one: el.div(block(one), class_name="part", custom_attrs={"data-part": one.part})
    )
    return el.div(
        el.div(view.role_word, class_name="role"),
        cond(
            view.folded,
            el.details(el.summary(view.summary), el.div(blocks, class_name="blocks")),
            el.div(blocks, class_name="blocks"),
        ),
        message_notes(view, PlacedNotes.remove),
        class_name="message",
        key=view.key,
        custom_attrs={
            "data-role": view.role,
            "data-testid": "message",
            "data-call": view.call_id,
            "data-message": view.number,
        },
    )


def _turn_head(turn: TurnView) -> rx.Component:
    return el.header(
        page_link(turn.number, href=turn.href, class_name="turn-number", title="open this call"),
        state_mark(turn.state, turn.state_word),
        cond(
            turn.status,
            el.span(turn.status, class_name="status num", custom_attrs={"data-status": turn.status_class}),
        ),
        el.span(turn.model, class_name="turn-model"),
        el.span(turn.tokens, title=turn.tokens_title, class_name="num"),
        cond(turn.cost, el.span(turn.cost, class_name="num")),
        cond(turn.since, elapsed(turn.since), el.span(turn.duration, class_name="num")),
        cond(turn.first_token, el.span("first token ", turn.first_token, class_name="num muted wide-only")),
        cond(turn.speed, el.span(turn.speed, class_name="num muted wide-only")),
        cond(turn.link, el.span(turn.link, title=turn.link_title, class_name="turn-link muted wide-only")),
        tag_chips(turn.tags),
        local_time(turn.started, "clock", class_name="num muted push"),
        class_name="turn-head",
    )


def turn(view: TurnView, acting: Callable[[TurnView], rx.Component] = lambda _: fragment()) -> rx.Component:
    """One turn; `acting` builds what stands below it."""
    return el.section(
        cond(
            view.branch,
            el.div(icon("branch"), view.branch_note, class_name="branch", custom_attrs={"data-testid": "branch"}),
        ),
        _turn_head(view),
        foreach(view.messages, message),
        cond(view.error, el.p(icon("warn"), view.error, class_name="turn-error", role="note")),
        cond(view.gap, el.p(icon("warn"), view.gap, class_name="turn-gap", role="note")),
        acting(view),
        class_name="turn",
        key=view.id,
        id=view.anchor,
        custom_attrs={"data-state": view.state, "data-testid": "turn", "aria-label": view.number},
    )


def copy_id(text: str) -> rx.Component:
    return copy_button(text, "Copy id")
