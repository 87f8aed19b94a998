"""Tags and notes of a session or a call: shown, added, removed."""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import local_time
from union_square.ui.components.reflex import cond, el, foreach
from union_square.ui.views import NoteView


def tag_editor(tags: list[str], names: list[str], add: Any, remove: Any) -> rx.Component:
    """Chips with a cross, and a line to add one. `names` are suggested. `remove` takes the tag."""

    def chip(tag: str) -> rx.Component:
        return el.span(
            tag,
            el.button("×", type="button", on_click=remove(tag), custom_attrs={"aria-label": f"remove the tag {tag}"}),
            class_name="chip removable",
            custom_attrs={"data-testid": "tag"},
        )

    return el.div(
        foreach(tags, chip),
        el.form(
            el.input(
                name="tag",
                placeholder="add a tag",
                max_length=64,
                auto_complete="off",
                list="tag-names",
                custom_attrs={"aria-label": "add a tag", "data-testid": "tag-input"},
            ),
            el.datalist(foreach(names, lambda name: el.option(value=name)), id="tag-names"),
            on_submit=add,
            reset_on_submit=True,
        ),
        class_name="tags",
    )


def notes(items: list[NoteView], add: Any, remove: Any) -> rx.Component:
    """The notes, newest last, and a box to write one. `remove` takes the note's id."""

    def note(view: NoteView) -> rx.Component:
        return el.li(
            el.p(view.text),
            el.div(
                cond(view.author, el.span(view.author)),
                local_time(view.at, "date"),
                el.button("Remove", type="button", class_name="quiet", on_click=remove(view.id)),
                class_name="note-foot",
            ),
            key=view.id,
            custom_attrs={"data-testid": "note"},
        )

    return el.section(
        el.h2("Notes"),
        el.ul(foreach(items, note), class_name="notes"),
        el.form(
            el.textarea(
                name="note",
                placeholder="Write a note",
                rows="2",
                max_length=10000,
                custom_attrs={"aria-label": "write a note", "data-testid": "note-input"},
            ),
            el.button("Add note", type="submit", class_name="button", custom_attrs={"data-testid": "note-add"}),
            on_submit=add,
            reset_on_submit=True,
            class_name="note-form",
        ),
        class_name="panel",
        custom_attrs={"aria-label": "notes"},
    )
