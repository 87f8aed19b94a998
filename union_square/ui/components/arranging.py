"""Merging, splitting and moving: the forms, and the line that says what was done."""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import page_link
from union_square.ui.components.reflex import cond, el, foreach
from union_square.ui.views import SessionLine


def arranged_note(words: Any, href: Any, undo_id: Any, undo: Any) -> rx.Component:
    return cond(
        words,
        el.p(
            words,
            cond(href, page_link("Open it", href=href)),
            cond(
                undo_id,
                el.button(
                    "Undo", type="button", class_name="button", on_click=undo, custom_attrs={"data-testid": "undo"}
                ),
            ),
            class_name="branch-note",
            role="status",
            custom_attrs={"data-testid": "arranged"},
        ),
    )


def _sessions(offered: list[SessionLine], label: str, placeholder: str) -> list[rx.Component]:
    return [
        el.input(
            name="session",
            placeholder=placeholder,
            auto_complete="off",
            list="session-ids",
            custom_attrs={"aria-label": label, "data-testid": "to-session"},
        ),
        el.datalist(foreach(offered, lambda one: el.option(one.title, value=one.id)), id="session-ids"),
    ]


def merge_form(offered: list[SessionLine], submit: Any, close: Any) -> rx.Component:
    return el.form(
        el.strong("Merge this session into"),
        *_sessions(offered, "the session to merge into", "session id or address"),
        el.button("Merge", type="submit", class_name="button"),
        el.button("Cancel", type="button", class_name="quiet", on_click=close),
        on_submit=submit,
        class_name="arrange-form",
        custom_attrs={"data-testid": "merge-form"},
    )


def move_form(word: Any, offered: list[SessionLine], submit: Any, close: Any) -> rx.Component:
    return el.form(
        el.strong("Move ", word, " and what continues it"),
        *_sessions(offered, "the session to move to", "to session (empty: a new one)"),
        el.input(
            name="parent",
            placeholder="behind call (id or address; empty: none)",
            auto_complete="off",
            custom_attrs={"aria-label": "the call to continue", "data-testid": "to-parent"},
        ),
        el.button("Move", type="submit", class_name="button"),
        el.button("Cancel", type="button", class_name="quiet", on_click=close),
        on_submit=submit,
        class_name="arrange-form",
        custom_attrs={"data-testid": "move-form"},
    )
