"""Tags and notes put on a session or a call from its page: one mixin for both pages' states."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from typing import Any

import reflex as rx

from union_square.domain.views import Subject
from union_square.ui import failures
from union_square.ui.present_conversation import present_notes
from union_square.ui.services import services
from union_square.ui.views import NoteView

TAG_LIMIT = 64
NOTE_LIMIT = 10_000


class Annotated(rx.State, mixin=True):
    """`_subject` says what the page is about; `said` tells the person when something could not be kept."""

    tags: list[str] = []
    notes: list[NoteView] = []
    tag_names: list[str] = []
    said: str = ""

    def _subject(self) -> tuple[Subject, str]:
        raise NotImplementedError

    async def _fetch_notes(self) -> list[NoteView]:
        subject, subject_id = self._subject()
        watching = services().watching
        if subject == "session":
            return present_notes((await watching.session(subject_id)).annotations)
        from union_square.domain.ids import parse_call_id

        return present_notes((await watching.call(parse_call_id(subject_id))).annotations)

    async def _tagging(self, tag: str, *, add: bool) -> None:
        subject, subject_id = self._subject()
        watching = services().watching
        try:
            change = watching.add_tag if add else watching.remove_tag
            self.tags = list(await change(subject, subject_id, tag))
            self.tag_names = await watching.tag_names()
            self.said = ""
        except (*failures.EXPECTED, ValueError) as error:
            self.said = f"The tag was not kept: {failures.phase_of(error)[1]}"

    @rx.event
    async def add_tag(self, form: dict[str, Any]) -> None:
        tag = " ".join(str(form.get("tag", "")).split())[:TAG_LIMIT]
        if tag:
            await self._tagging(tag, add=True)

    @rx.event
    async def remove_tag(self, tag: str) -> None:
        await self._tagging(tag, add=False)

    @rx.event
    async def add_note(self, form: dict[str, Any]) -> None:
        text = str(form.get("note", "")).strip()[:NOTE_LIMIT]
        if not text:
            return
        subject, subject_id = self._subject()
        try:
            await services().watching.annotate(subject, subject_id, text)
            self.notes = await self._fetch_notes()
            self.said = ""
        except (*failures.EXPECTED, ValueError) as error:
            self.said = f"The note was not kept: {failures.phase_of(error)[1]}"

    @rx.event
    async def remove_note(self, note_id: int) -> None:
        subject, subject_id = self._subject()
        try:
            await services().watching.remove_annotation(subject, subject_id, note_id)
            self.notes = await self._fetch_notes()
            self.said = ""
        except (*failures.EXPECTED, ValueError) as error:
            self.said = f"The note was not removed: {failures.phase_of(error)[1]}"
