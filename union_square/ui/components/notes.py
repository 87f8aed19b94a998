"""Tags, notes and history of a session or a call; notes beside a message; the sheet by which all are written."""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import local_time
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.doing import PlacedNotes
from union_square.ui.views import ChangeLine, MessageView, NoteView


def tag_editor(tags: list[str], names: list[str], add: Any, remove: Any) -> rx.Component:
    """Chips with a cross, and a line to add one. `names` are suggested. `remove` takes the tag."""

    def chip(tag: str) -> rx.Component:
        return el.span(
            tag,
            el.button("×", type="button", on_click=remove(tag), custom_attrs={"aria-label": f"remove the tag {tag}"}),
            class_name="chip removable",
            custom_attrs={"data-testid": "tag", "data-tag": tag},
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


def _verdict(view: NoteView) -> rx.Component:
    return cond(
        view.verdict,
        el.span(
            cond(view.name, el.span(view.name, class_name="muted")),
            el.strong(view.verdict),
            class_name="verdict",
            custom_attrs={"data-kind": view.kind},
        ),
    )


def note(view: NoteView, remove: Any) -> rx.Component:
    """One annotation. The script marks its quote in the text beside it, strongly while the note has the focus."""
    return el.li(
        cond(view.quote, el.q(view.quote_shown, class_name="quote")),
        cond(view.lost, el.span(view.lost, class_name="problem")),
        _verdict(view),
        cond(view.text, el.p(view.text)),
        el.div(
            cond(view.author, el.span(view.author)),
            local_time(view.at),
            el.button("Edit", type="button", class_name="quiet", custom_attrs={"data-note-edit": ""}),
            el.button("Remove", type="button", class_name="quiet", on_click=remove(view.id)),
            class_name="note-foot",
        ),
        key=view.id,
        tab_index=0,
        class_name="note",
        custom_attrs={
            "data-testid": "note",
            "data-note": view.id,
            "data-version": view.version,
            "data-kind": view.kind,
            "data-name": view.name,
            "data-value": view.value,
            "data-text": view.text,
            "data-quote": view.quote,
            "data-prefix": view.prefix,
            "data-note-part": view.part,
        },
    )


def message_notes(view: MessageView, remove: Any) -> rx.Component:
    """What was said of one message, beside it, and the button to say more."""
    return cond(
        view.call_id,
        el.aside(
            cond(view.notes, el.ul(foreach(view.notes, lambda one: note(one, remove)), class_name="notes")),
            el.button(
                "Note",
                type="button",
                class_name="note-button",
                title="Note, label or score this message; select words first to mean just these",
                custom_attrs={"data-note-button": "", "data-testid": "message-note"},
            ),
            class_name="message-notes",
            custom_attrs={"aria-label": "notes on this message"},
        ),
        fragment(),
    )


def _kinds() -> rx.Component:
    kinds = (("text", "Note"), ("label", "Label"), ("number", "Score"))
    return el.select(
        *(el.option(word, value=value) for value, word in kinds),
        name="kind",
        custom_attrs={"aria-label": "what kind", "data-testid": "note-kind"},
    )


def _fields(test_id: str, *, kinds: bool = True) -> tuple[rx.Component, ...]:
    """The inputs of a note form; the style sheet hides those of another kind."""
    return (
        *((_kinds(),) if kinds else ()),
        el.input(name="judged", placeholder="of what (tone, …)", custom_attrs={"aria-label": "what is judged"}),
        el.input(name="verdict", placeholder="label or score", custom_attrs={"aria-label": "label or score"}),
        el.textarea(
            name="note",
            placeholder="Write a note",
            rows="2",
            max_length=10000,
            custom_attrs={"aria-label": "write a note", "data-testid": test_id},
        ),
    )


def _hidden(*names: str) -> list[rx.Component]:
    return [
        el.input(type="hidden", name=name, default_value="", custom_attrs={"data-field": name}, key=name)
        for name in names
    ]


def _sheet_foot(test_id: str) -> rx.Component:
    return el.div(
        el.button("Keep", type="submit", class_name="button", custom_attrs={"data-testid": test_id}),
        el.button("Cancel", type="button", class_name="button quiet", custom_attrs={"data-sheet-close": ""}),
        class_name="sheet-foot",
    )


def _edit_sheet() -> rx.Component:
    """Over a note that is there; its kind stays, and so does its place."""
    return el.form(
        *_hidden("id", "version", "kind"),
        el.p(custom_attrs={"data-about": ""}, class_name="quote", role="status"),
        *_fields("edit-note", kinds=False),
        _sheet_foot("edit-keep"),
        on_submit=PlacedNotes.edit,
        class_name="note-sheet",
        hidden=True,
        role="dialog",
        custom_attrs={"aria-label": "edit the note", "data-edit-sheet": "", "data-testid": "edit-sheet"},
    )


def note_sheet(add: Any) -> rx.Component:
    """The small sheets over a selection, a message or a note. The script says where they open and what they are about,
    and puts them away once what they say is kept."""
    new = el.form(
        *_hidden("call", "message", "part", "quote", "prefix", "suffix"),
        el.p(custom_attrs={"data-about": ""}, class_name="quote"),
        *_fields("sheet-note"),
        _sheet_foot("sheet-keep"),
        on_submit=add,
        class_name="note-sheet",
        hidden=True,
        role="dialog",
        custom_attrs={"aria-label": "annotate", "data-note-sheet": "", "data-testid": "note-sheet"},
    )
    return fragment(new, _edit_sheet())


def notes(items: list[NoteView], add: Any, remove: Any) -> rx.Component:
    """What stands on the whole, newest last, and a box to write more. `remove` takes the note's id."""
    return el.section(
        el.h2("Notes"),
        el.ul(foreach(items, lambda one: note(one, remove)), class_name="notes"),
        el.form(
            *_fields("note-input"),
            el.button("Add note", type="submit", class_name="button", custom_attrs={"data-testid": "note-add"}),
            on_submit=add,
            class_name="note-form",
            custom_attrs={"data-reset": ""},
        ),
        class_name="panel",
        custom_attrs={"aria-label": "notes"},
    )


def change_line(line: ChangeLine, undo: Any) -> rx.Component:
    return el.li(
        el.span(line.author, class_name="change-author"),
        el.span(line.words, class_name="change-words"),
        local_time(line.at),
        cond(
            line.undone,
            el.span(line.undone, class_name="muted"),
            el.button("Undo", type="button", class_name="quiet", on_click=undo(line.id)),
        ),
        key=line.id,
        custom_attrs={"data-testid": "change"},
    )


def history(lines: list[ChangeLine], is_open: Any, toggle: Any, undo: Any) -> rx.Component:
    """What was changed here, by whom and when; each can be taken back. `undo` takes a change's id."""
    return el.section(
        el.button(
            "History",
            type="button",
            class_name="history-button",
            on_click=toggle,
            custom_attrs={"aria-expanded": cond(is_open, "true", "false"), "data-testid": "history-button"},
        ),
        cond(
            is_open,
            cond(
                lines,
                el.ul(foreach(lines, lambda line: change_line(line, undo)), class_name="changes"),
                el.p("Nothing has been changed here.", class_name="muted"),
            ),
        ),
        class_name="panel history",
        custom_attrs={"aria-label": "history", "data-testid": "history"},
    )
