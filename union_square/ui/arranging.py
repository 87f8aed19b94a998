"""Merging, splitting and moving from a session's page: a mixin for its state."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from typing import Any

import reflex as rx

from union_square.domain import edits
from union_square.ui import failures, wording
from union_square.ui.present_sessions import present_session_line
from union_square.ui.services import services
from union_square.ui.views import SessionLine

MOST_OFFERED = 30


def named(text: str) -> str:
    """The id in what a person typed or pasted: an id, or the address of a session's or a call's page."""
    return text.strip().split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]


class Arranging(rx.State, mixin=True):
    """`moving` is the call whose form is open, `merging` says that the session's is. `arranged` tells what was done
    last, and `undo_id` takes it back."""

    moving: str = ""
    moving_word: str = ""
    merging: bool = False
    offered: list[SessionLine] = []
    arranged: str = ""
    arranged_href: str = ""
    arranged_from: str = ""
    undo_id: int = 0

    def _session_id(self) -> str:
        raise NotImplementedError

    async def _arrange(self, edit: edits.Edit, words: str) -> edits.Change | None:
        """Do it and say so; None where it could not be done, which is said too."""
        self.moving, self.merging = "", False
        try:
            change = await services().watching.arrange(edit)
        except (*failures.EXPECTED, ValueError) as error:
            known = isinstance(error, failures.EXPECTED)
            why = failures.phase_of(error)[1] if known else f"{error}."
            self.arranged, self.arranged_href, self.undo_id = f"Not done: {why}", "", 0
            return None
        self.arranged, self.undo_id = words, change.id or 0
        self.arranged_href = f"/sessions/{change.session_id}?view=tree" if change.session_id else ""
        self.arranged_from = f"/sessions/{self._session_id()}?view=tree"
        return change

    @rx.event
    async def split_off(self, call_id: str, number: str) -> None:
        await self._arrange(
            edits.SplitSession(call_id=call_id), f"{number} and what continues it are a session of their own now."
        )

    @rx.event
    async def open_move(self, call_id: str, number: str) -> None:
        self.moving = "" if self.moving == call_id else call_id
        self.moving_word = number
        await self._offer()

    @rx.event
    async def open_merge(self) -> None:
        self.merging = not self.merging
        await self._offer()

    async def _offer(self) -> None:
        try:
            page = await services().watching.sessions(limit=MOST_OFFERED)
        except failures.EXPECTED:
            return  # only suggestions
        own = self._session_id()
        self.offered = [present_session_line(one) for one in page.items if one.id != own]

    @rx.event
    async def move(self, form: dict[str, Any]) -> None:
        session, parent = named(str(form.get("session", ""))), named(str(form.get("parent", "")))
        edit = edits.MoveCall(call_id=self.moving, session_id=session or None, parent_id=parent or None)
        await self._arrange(edit, f"{self.moving_word} and what continues it were moved.")

    @rx.event
    async def merge(self, form: dict[str, Any]) -> Any:
        into = named(str(form.get("session", "")))
        if not into:
            return None
        edit = edits.MergeSession(session_id=self._session_id(), into=into)
        done = await self._arrange(edit, "The session was merged into this one; its later calls will come here too.")
        return rx.redirect(f"/sessions/{done.session_id}?view=tree") if done else None

    @rx.event
    async def undo_arranging(self) -> Any:
        back = self.arranged_from
        done = await self._arrange(edits.Undo(change_id=self.undo_id), "Taken back.")
        self.undo_id, self.arranged_href = 0, ""
        if done is not None and done.skipped:
            what = wording.plural(done.skipped, "thing")
            self.arranged = f"Taken back, but for {what} that somebody has changed since."
        return rx.redirect(back) if done is not None else None
