"""`/review/{id}`: one queue, worked by keyboard: see an item, give it a label, have the next one."""

from typing import Any, Literal

import reflex as rx
from anyio import to_thread

from union_square.domain import edits
from union_square.domain.edits import Note, Queue, Target
from union_square.domain.ids import parse_call_id
from union_square.store.ports import NoSuchSubject
from union_square.ui import failures, frame
from union_square.ui.components.conversation import message, turn
from union_square.ui.components.elements import icon, page_link, phases, tag_chips
from union_square.ui.components.notes import note, note_sheet
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.components.toast import reloader
from union_square.ui.doing import PlacedNotes, people_of
from union_square.ui.note_forms import NOTE_LIMIT, note_of
from union_square.ui.present_people import next_open, present_call_item, present_queue, present_session_item
from union_square.ui.services import services
from union_square.ui.views import LabelKey, QueueLine, ReviewItem


async def _item(queue: Queue, number: int, author: str) -> ReviewItem:
    """The item as it is judged. One whose recording is gone says so, and can be skipped."""
    target, watching = queue.items[number].target, services().watching
    try:
        if target.subject == "session":
            conversation = await watching.conversation(target.id)
            return await to_thread.run_sync(present_session_item, queue, number, conversation, author)
        detail = await watching.call(parse_call_id(target.id))
        return await to_thread.run_sync(present_call_item, queue, number, detail, author)
    except NoSuchSubject:
        return ReviewItem(id=target.id, subject=target.subject, title="This recording is not there any more")


class QueueState(rx.State):
    phase: str = "loading"
    failure: str = ""
    queue_id: int = 0
    number: int = 0
    line: QueueLine = QueueLine()
    item: ReviewItem = ReviewItem()
    finished: bool = False

    @rx.event
    async def open(self) -> None:
        """Begin with the first item that nobody has judged."""
        name = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        self.queue_id = int(name) if name.isdecimal() and len(name) < 18 else 0
        self.phase = "loading"
        await self._show(None)

    async def _show(self, number: int | None) -> None:
        """Show that item; None: the next one to judge."""
        people = await people_of(self)
        try:
            queue = await services().watching.people.queue(self.queue_id)
            self.line = present_queue(queue)
            found = next_open(queue, self.number if self.phase == "ready" else -1) if number is None else number
            self.finished = found is None
            if found is not None and queue.items:
                self.number = max(0, min(found, len(queue.items) - 1))
                self.item = await _item(queue, self.number, people.author or people.default_author)
        except failures.EXPECTED as error:
            self.phase, self.failure = failures.phase_of(error)
            return
        self.phase = "ready"

    def _target(self) -> Target:
        return Target(subject="call" if self.item.subject == "call" else "session", id=self.item.id)

    async def _judge(self, state: Literal["open", "done", "skipped"], label: str, words: str) -> None:
        edit = edits.Judge(queue_id=self.queue_id, target=self._target(), state=state, label=label)
        if await (await people_of(self)).do(edit, words) is not None:
            await self._show(None)

    @rx.event
    async def label(self, label: str) -> None:
        await self._judge("done", label, f"Labelled “{label}”.")

    @rx.event
    async def done(self) -> None:
        await self._judge("done", "", "Done.")

    @rx.event
    async def skip(self) -> None:
        await self._judge("skipped", "", "Skipped; it comes again at the end.")

    @rx.event
    async def step(self, by: int) -> None:
        await self._show(self.number + by)

    @rx.event
    async def undo(self) -> None:
        """Take back what was done last, and show what it was done to."""
        people = await people_of(self)
        last = people.done[-1] if people.done else None
        await people.undo()
        number = await self._number_of(last)
        await self._show(self.number if number is None else number)

    async def _number_of(self, change_id: int | None) -> int | None:
        """The item that the change was about."""
        try:
            changes = await services().watching.people.changes(limit=20)
            queue = await services().watching.people.queue(self.queue_id)
        except failures.EXPECTED:
            return None
        about = {change.subject_id for change in changes if change.undoes == change_id and change_id is not None}
        return next((n for n, item in enumerate(queue.items) if item.target.id in about), None)

    @rx.event
    async def reload(self) -> None:
        """Something was changed or taken back: show it."""
        if self.phase == "ready":
            await self._show(None if self.finished else self.number)

    @rx.event
    async def write(self, form: dict[str, Any]) -> None:
        """A note on the item; the queue stays where it is."""
        text = str(form.get("text", "")).strip()[:NOTE_LIMIT]
        if text:
            edit = edits.Annotate(targets=(self._target(),), note=Note(text=text))
            if await (await people_of(self)).do(edit, "Noted.") is not None:
                await self._show(self.number)

    @rx.event
    async def annotate(self, form: dict[str, Any]) -> None:
        """A note on a message or on selected words."""
        people = await people_of(self)
        try:
            target, said = note_of(form, self._target())
        except ValueError as error:
            people.said, people.trouble = "", f"This was not kept: {error}"
            return
        if await people.do(edits.Annotate(targets=(target,), note=said), "Noted.") is not None:
            await self._show(self.number)


def _key(view: LabelKey) -> rx.Component:
    return el.button(
        el.kbd(view.key),
        view.label,
        type="button",
        class_name="button",
        on_click=QueueState.label(view.label),
        custom_attrs={
            "data-hotkey": view.key,
            "data-testid": "label-key",
            "aria-pressed": cond(view.chosen, "true", "false"),
        },
    )


def _button(keys: str, shown: str, word: str, press: Any, **attributes: str) -> rx.Component:
    return el.button(
        el.kbd(shown),
        word,
        type="button",
        class_name="button",
        on_click=press,
        custom_attrs={"data-hotkey": keys} | attributes,
    )


def _head() -> rx.Component:
    line, item = QueueState.line, QueueState.item
    return el.div(
        el.h1(line.name),
        el.span(line.progress, class_name="num", custom_attrs={"data-testid": "progress"}),
        el.div(el.span(style={"width": line.width}), class_name="progress", custom_attrs={"aria-hidden": "true"}),
        el.span(line.left, class_name="muted", custom_attrs={"data-testid": "left"}),
        el.div(
            foreach(item.labels, _key),
            _button("d", "d", "Done", QueueState.done),
            _button("s", "s", "Skip", QueueState.skip),
            _button("k p", "k", "Back", QueueState.step(-1)),
            _button("j n", "j", "Next", QueueState.step(1)),
            _button("u", "u", "Undo", QueueState.undo),
            class_name="keys",
            role="group",
            custom_attrs={"aria-label": "judge this item"},
        ),
        class_name="review-head",
    )


def _item_view() -> rx.Component:
    item = QueueState.item
    return el.article(
        el.header(
            el.div(
                el.h2(page_link(item.title, href=item.href), custom_attrs={"data-testid": "item-title"}),
                el.span(item.position, class_name="num muted"),
                el.span(item.state_word, class_name="review-state", custom_attrs={"data-testid": "item-state"}),
                tag_chips(item.tags),
                class_name="title-line",
            ),
            el.p(item.facts, class_name="muted"),
            cond(item.shown, el.p(item.shown, class_name="muted", role="note")),
        ),
        el.ul(foreach(item.notes, lambda one: note(one, PlacedNotes.remove)), class_name="notes"),
        el.form(
            el.textarea(
                name="text",
                rows="1",
                placeholder="Note (e to write, Enter to keep)",
                custom_attrs={"aria-label": "note on this item", "data-hotkey": "e", "data-testid": "review-note"},
            ),
            el.button("Add note", type="submit", class_name="button"),
            on_submit=QueueState.write,
            class_name="review-note",
            custom_attrs={"data-reset": "", "data-enter": ""},
        ),
        cond(item.messages, el.div(foreach(item.messages, message), class_name="panel")),
        foreach(item.turns, lambda one: turn(one)),
        class_name="review-item",
        key=item.id,
        custom_attrs={"data-state": item.state, "data-testid": "review-item"},
    )


def page() -> rx.Component:
    finished = el.div(
        icon("review"),
        el.h2("Nothing left to judge"),
        el.p("Every item of this queue is done. Undo takes the last one back; the keys j and k look at them again."),
        page_link("All queues", href="/review", class_name="button"),
        class_name="empty",
        custom_attrs={"data-testid": "finished"},
    )
    ready = fragment(
        _head(),
        cond(QueueState.finished, finished, _item_view()),
        note_sheet(QueueState.annotate),
        reloader(QueueState.reload),
    )
    return frame.shell("Review", phases(QueueState.phase, QueueState.failure, ready))
