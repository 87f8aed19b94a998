"""`/review`: the review queues, how far each is, and a new one out of a filter."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from typing import Any

import reflex as rx

from union_square.domain import edits
from union_square.domain.edits import Target
from union_square.store.ports import CallFilter
from union_square.ui import failures, frame, wording
from union_square.ui.components.elements import empty_note, page_link, phases
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.components.toast import reloader
from union_square.ui.doing import people_of, reason
from union_square.ui.present_people import present_queue
from union_square.ui.services import services
from union_square.ui.views import QueueLine

MOST_FOUND = 1000
_PAGE = 200


async def calls_of(where: CallFilter) -> edits.Targets:
    """The newest calls that the filter finds, oldest first."""
    found, cursor = list[Target](), None
    while len(found) < MOST_FOUND:
        page = await services().watching.calls(limit=_PAGE, cursor=cursor, where=where)
        found += [Target(subject="call", id=call.id) for call in page.items if call.state != "running"]
        cursor = page.next_cursor
        if cursor is None:
            break
    return tuple(reversed(found[:MOST_FOUND]))


class ReviewState(rx.State):
    phase: str = "loading"
    failure: str = ""
    queues: list[QueueLine] = []

    @rx.event
    async def load(self) -> None:
        try:
            self.queues = [present_queue(queue) for queue in await services().watching.people.queues()]
        except failures.EXPECTED as error:
            self.phase, self.failure = failures.phase_of(error)
            return
        self.phase = "ready"

    @rx.event
    async def add(self, form: dict[str, Any]) -> None:
        """A queue of the calls that the form's filter finds."""
        people = await people_of(self)

        def field(name: str) -> str | None:
            return str(form.get(name) or "").strip() or None

        where = CallFilter(text=field("text"), tag=field("tag"), model=field("model"), state=field("state"))
        try:
            labels = edits.parse_labels(field("labels") or "good, bad, unsure")
            targets = await calls_of(where)
        except (*failures.EXPECTED, ValueError) as error:
            people.said, people.trouble = "", f"No queue was made: {reason(error)}"
            return
        if not targets:
            people.said, people.trouble = "", "No queue was made: no call fits this filter."
            return
        edit = edits.SaveQueue(name=field("name") or "Review", labels=labels, targets=targets)
        if await people.do(edit, f"Made a queue of {wording.plural(len(targets), 'call')}.") is not None:
            await self.load()

    @rx.event
    async def remove(self, queue_id: int) -> None:
        if await (await people_of(self)).do(edits.RemoveQueue(id=queue_id), "Removed the queue.") is not None:
            await self.load()


def _queue(line: QueueLine) -> rx.Component:
    return el.tr(
        el.td(page_link(line.name, href=line.href, class_name="row-link", custom_attrs={"data-row": ""})),
        el.td(
            el.div(el.span(style={"width": line.width}), class_name="progress"),
            custom_attrs={"aria-hidden": "true"},
        ),
        el.td(line.progress, class_name="num"),
        el.td(line.left, class_name="muted"),
        el.td(line.labels, class_name="muted"),
        el.td(
            el.button("Remove", type="button", class_name="button quiet", on_click=ReviewState.remove(line.id)),
        ),
        key=line.id,
        custom_attrs={"data-testid": "queue-row"},
    )


def _new() -> rx.Component:
    def field(word: str, name: str, placeholder: str) -> rx.Component:
        return el.label(word, el.input(name=name, placeholder=placeholder, auto_complete="off"))

    states = (("", "any"), ("done", "done"), ("failed", "failed"), ("cut_off", "cut off"))
    return el.section(
        el.h2("New queue from a filter"),
        el.form(
            field("Name", "name", "Review"),
            field("Labels, by keys 1 to 9", "labels", "good, bad, unsure"),
            field("Text", "text", "any"),
            field("Tag", "tag", "any"),
            field("Model", "model", "any"),
            el.label("State", el.select(*(el.option(word, value=value) for value, word in states), name="state")),
            el.button("Make queue", type="submit", class_name="button", custom_attrs={"data-testid": "queue-add"}),
            on_submit=ReviewState.add,
            reset_on_submit=True,
            class_name="queue-form",
        ),
        el.p("Or select lines of a list and choose “Add to review”.", class_name="muted"),
        class_name="panel",
        custom_attrs={"aria-label": "new queue"},
    )


def page() -> rx.Component:
    heads = (("Queue", ""), ("", ""), ("Judged", "num"), ("Left", ""), ("Keys", ""), ("", ""))
    table = el.div(
        el.table(
            el.thead(el.tr(*(el.th(name, scope="col", class_name=css) for name, css in heads))),
            el.tbody(foreach(ReviewState.queues, _queue)),
            class_name="list totals",
            custom_attrs={"aria-label": "review queues"},
        ),
        class_name="table-frame",
    )
    nothing = empty_note(
        "Nothing to review",
        "A queue holds calls or sessions to be judged one after the other, by keyboard.",
    )
    ready = fragment(cond(ReviewState.queues, table, nothing), _new(), reloader(ReviewState.load))
    return frame.shell("Review", frame.page_head("Review"), phases(ReviewState.phase, ReviewState.failure, ready))
