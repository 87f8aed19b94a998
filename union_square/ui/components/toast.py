"""What was done last, with the way back; in every page's frame."""

from typing import Any

import reflex as rx

from union_square.ui.components.reflex import cond, el
from union_square.ui.doing import PeopleState


def _close() -> rx.Component:
    return el.button(
        "×",
        type="button",
        class_name="toast-close",
        on_click=PeopleState.close,
        custom_attrs={"aria-label": "close this message"},
    )


def toast() -> rx.Component:
    """Ctrl+Z presses its Undo, wherever the focus is but in a field."""
    return el.div(
        cond(
            PeopleState.trouble,
            el.div(
                el.span(PeopleState.trouble),
                _close(),
                class_name="toast bad",
                role="alert",
                custom_attrs={"data-testid": "refused"},
            ),
        ),
        cond(
            PeopleState.said,
            el.div(
                el.span(PeopleState.said),
                el.button("Undo", type="button", class_name="toast-undo", on_click=PeopleState.undo),
                _close(),
                class_name="toast",
                role="status",
                custom_attrs={"data-testid": "toast"},
            ),
        ),
        el.button(
            type="button",
            hidden=True,
            on_click=PeopleState.undo,
            custom_attrs={"data-undo": "", "aria-label": "undo", "tabindex": "-1"},
        ),
        el.span(
            hidden=True,
            custom_attrs={
                "data-tag-colours": PeopleState.colours,
                "data-changes": PeopleState.changes,
                "data-kept": PeopleState.kept,
                "data-overtaken": PeopleState.overtaken,
            },
        ),
        class_name="toasts",
    )


def reloader(load: Any) -> rx.Component:
    """On a page that does not follow by itself what is changed: `load` happens after each change made in this tab."""
    return el.button(
        type="button",
        hidden=True,
        on_click=load,
        custom_attrs={"data-reload": "", "aria-label": "load again", "tabindex": "-1"},
    )
