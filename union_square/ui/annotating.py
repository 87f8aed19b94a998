"""Tags and annotations put on a session or a call, and on the messages of it: one mixin for both pages' states."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from typing import Any

import reflex as rx

from union_square.domain import edits
from union_square.domain.edits import Target
from union_square.domain.views import Subject
from union_square.ui import failures
from union_square.ui.doing import people_of
from union_square.ui.note_forms import note_of
from union_square.ui.present_notes import present_changes, present_notes
from union_square.ui.services import services
from union_square.ui.views import ChangeLine, NoteView

TAG_LIMIT = 64
CHANGES_SHOWN = 40


class Annotated(rx.State, mixin=True):
    """`_subject` says what the page is about."""

    said: str = ""  # why something that is not undone here could not be done; "" = nothing is wrong
    tags: list[str] = []
    notes: list[NoteView] = []
    history: list[ChangeLine] = []
    history_open: bool = False

    def _subject(self) -> tuple[Subject, str]:
        raise NotImplementedError

    def _target(self) -> Target:
        subject, subject_id = self._subject()
        return Target(subject=subject, id=subject_id)

    async def _do(self, edit: edits.Edit, words: str) -> None:
        people = await people_of(self)
        if await people.do(edit, words) is not None:
            await self._look_again()

    async def _look_again(self) -> None:
        """What is said of the whole subject; what stands on its messages comes with the page's next look."""
        subject, subject_id = self._subject()
        try:
            tags, notes = await services().watching.people.said(subject, subject_id)
        except failures.EXPECTED:
            return  # the page's next look says what is wrong
        self.tags, self.notes = list(tags), present_notes(notes)
        await self._load_history()

    @rx.event
    async def look_again(self) -> None:
        """Something was changed in this tab: show what is said now."""
        await self._look_again()

    async def _load_history(self) -> None:
        if self.history_open:
            changes = await services().watching.people.changes(subject_ids=[self._subject()[1]], limit=CHANGES_SHOWN)
            self.history = present_changes(changes)

    @rx.event
    async def show_history(self) -> None:
        """Show what was changed here, or put it away."""
        self.history_open = not self.history_open
        try:
            await self._load_history()
        except failures.EXPECTED as error:
            (await people_of(self)).trouble = failures.phase_of(error)[1]

    @rx.event
    async def add_tag(self, form: dict[str, Any]) -> None:
        tag = " ".join(str(form.get("tag", "")).split())[:TAG_LIMIT]
        if tag:
            await self._do(edits.AddTag(targets=(self._target(),), tag=tag), f"Tagged “{tag}”.")

    @rx.event
    async def remove_tag(self, tag: str) -> None:
        await self._do(edits.RemoveTag(targets=(self._target(),), tag=tag), f"Took off “{tag}”.")

    @rx.event
    async def add_note(self, form: dict[str, Any]) -> None:
        """A note, label or score on the whole subject, or on the place that the form names."""
        people = await people_of(self)
        try:
            target, note = note_of(form, self._target())
        except ValueError as error:
            people.said, people.trouble = "", f"This was not kept: {error}"
            return
        words = {"text": "Noted.", "label": f"Labelled “{note.label}”.", "number": f"Scored {note.score}."}[note.kind]
        await self._do(edits.Annotate(targets=(target,), note=note), words)

    @rx.event
    async def remove_note(self, note_id: int) -> None:
        await self._do(edits.RemoveAnnotation(id=note_id), "Removed the note.")
