"""The page for an address where there is none."""

import reflex as rx

from union_square.ui import frame
from union_square.ui.components.elements import empty_note, page_link


def page() -> rx.Component:
    return frame.shell(
        "",
        empty_note(
            "There is no page here",
            "The address may be mistyped, or from an older version.",
            page_link("To the live page", href="/", class_name="button"),
            test_id="not-found",
        ),
    )
