"""What the viewer does: every edit that a page makes goes through here, under the viewer's name, and can be taken back.

The name is kept in the browser. What was done in this tab is remembered here, newest last, for Ctrl+Z.
"""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

import json
from typing import Any

import reflex as rx

from union_square.domain import edits
from union_square.store.ports import NoSuchSubject
from union_square.ui import failures, wording
from union_square.ui.note_forms import edit_of
from union_square.ui.present_notes import overtaken
from union_square.ui.services import services

EXPECTED = (*failures.EXPECTED, ValueError)
MOST_REMEMBERED = 50
NAME_LIMIT = 60


class PeopleState(rx.State):
    """`said`: what was done last, for the toast; `trouble`: why something could not be done."""

    author: str = rx.LocalStorage("", name="union-square-author", sync=True)
    default_author: str = "me"
    said: str = ""
    trouble: str = ""
    done: list[int] = []
    kept: int = 0  # edits that were not refused: a form that grew one is put away
    overtaken: str = ""  # what a note says that was edited elsewhere while it was edited here, as JSON for the script
    changes: int = 0  # made in this tab: when it grows, pages load again what they show
    tag_names: list[str] = []
    colours: str = "{}"  # of tags, as JSON, for the script that paints the chips

    def _who(self) -> str:
        return self.author or self.default_author

    @rx.event
    async def opened(self) -> None:
        """A page was opened: the last toast is past, and tags may have come."""
        self.said, self.trouble = "", ""
        self.default_author = services().values.author
        await self.load_tags()

    async def load_tags(self) -> None:
        try:
            uses = await services().watching.people.tag_uses()
        except failures.EXPECTED:
            return  # only suggestions and colours
        self.tag_names = [use.tag for use in uses]
        self.colours = json.dumps({use.tag: use.colour for use in uses if use.colour})

    async def do(self, edit: edits.Edit, words: str) -> edits.Change | None:
        """Do it and say so; None where it could not be done, which is said too."""
        try:
            change = await services().watching.people.change(edit, self._who())
        except edits.EditedSinceError as error:
            self.said, self.trouble = "", ""
            self.overtaken = json.dumps(overtaken(error.now, self.kept))
            return None
        except EXPECTED as error:
            self.said, self.trouble = "", f"This was not done: {reason(error)}"
            return None
        self.trouble, self.overtaken = "", ""
        self.kept += 1
        self.said = words if change.id is not None else "That is how it was already."
        if change.id is not None:
            self.done = [*self.done, change.id][-MOST_REMEMBERED:]
            self.changes += 1
        await self.load_tags()
        return change

    @rx.event
    async def undo(self) -> None:
        """Take back what was done last in this tab."""
        if not self.done:
            self.said = "Nothing to undo in this tab. A history has what was done before."
            return
        last, self.done = self.done[-1], self.done[:-1]
        await self.undo_change(last)

    @rx.event
    async def undo_change(self, change_id: int) -> None:
        """Take any change back."""
        change = await self.do(edits.Undo(change_id=change_id), "Undone.")
        self.done = [id_ for id_ in self.done if change is None or id_ not in {change_id, change.id}]
        if change is not None and change.skipped:
            self.said = (
                f"Undone, but for {wording.plural(change.skipped, 'thing')} that somebody has changed since."
                if change.count
                else "Not undone: it has been changed since."
            )

    @rx.event
    def close(self) -> None:
        """Put the toast away."""
        self.said, self.trouble = "", ""

    @rx.event
    def name_viewer(self, form: dict[str, Any]) -> None:
        """From now on this browser's viewer has that name."""
        self.author = " ".join(str(form.get("name", "")).split())[:NAME_LIMIT]
        self.said, self.trouble = f"You are “{self._who()}” here.", ""


def reason(error: Exception) -> str:
    """Why something could not be done, in words."""
    match error:
        case NoSuchSubject():
            return f"there is {error.args[0]} any more. Somebody removed it in the meantime."
        case ValueError() if not isinstance(error, failures.EXPECTED):
            return str(error)
        case _:
            return failures.phase_of(error)[1]


async def people_of(state: rx.State) -> PeopleState:
    """The viewer's, out of a page's handler."""
    return await state.get_state(PeopleState)


class PlacedNotes(rx.State):
    """Changing notes, wherever they stand and on whatever page they are shown."""

    @rx.event
    async def edit(self, form: dict[str, Any]) -> None:
        """Let a note say what the form says, unless somebody has edited it since the form was opened."""
        people = await people_of(self)
        try:
            edit = edit_of(form)
        except ValueError as error:
            people.said, people.trouble = "", f"This was not kept: {error}"
            return
        await people.do(edit, "Changed the note.")

    @rx.event
    async def remove(self, note_id: int) -> None:
        await (await people_of(self)).do(edits.RemoveAnnotation(id=note_id), "Removed the note.")
