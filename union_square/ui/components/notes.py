"""Tags and notes of a session or a call: shown, added, removed."""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import local_time
from union_square.ui.views import NoteView


def tag_editor(tags: list[str], names: list[str], add: Any, remove: Any) -> rx.Component:
    """Chips with a cross, and a line to add one. `names` are suggested. `remove` takes the tag."""

    def chip(tag: str) -> rx.Component:
        return rx.el.span(
            tag,
            rx.el.button(
                "×", type="button", on_click=remove(tag), custom_attrs={"aria-label": f"remove the tag {tag}"}
            ),
            class_name="chip removable",
            custom_attrs={"data-testid": "tag"},
        )

    return rx.el.div(
        rx.foreach(tags, chip),
        rx.el.form(
            rx.el.input(
                name="tag",
                placeholder="add a tag",
                max_length=64,
                auto_complete="off",
                list="tag-names",
                custom_attrs={"aria-label": "add a tag", "data-testid": "tag-input"},
            ),
            rx.el.datalist(rx.foreach(names, lambda name: rx.el.option(value=name)), id="tag-names"),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
            on_submit=add,
            reset_on_submit=True,
        ),
        class_name="tags",
    )


def notes(items: list[NoteView], add: Any, remove: Any) -> rx.Component:
    """The notes, newest last, and a box to write one. `remove` takes the note's id."""

    def note(view: NoteView) -> rx.Component:
        return rx.el.li(
            rx.el.p(view.text),
            rx.el.div(
                rx.cond(view.author, rx.el.span(view.author)),
                local_time(view.at, "date"),
                rx.el.button("Remove", type="button", class_name="quiet", on_click=remove(view.id)),
                class_name="note-foot",
            ),
            key=view.id,
            custom_attrs={"data-testid": "note"},
        )

    return rx.el.section(
        rx.el.h2("Notes"),
        rx.el.ul(rx.foreach(items, note), class_name="notes"),
        rx.el.form(
            rx.el.textarea(
                name="note",
                placeholder="Write a note",
                rows="2",
                max_length=10000,
                custom_attrs={"aria-label": "write a note", "data-testid": "note-input"},
            ),
            rx.el.button("Add note", type="submit", class_name="button", custom_attrs={"data-testid": "note-add"}),
            on_submit=add,
            reset_on_submit=True,
            class_name="note-form",
        ),
        class_name="panel",
        custom_attrs={"aria-label": "notes"},
    )
