"""`/review`: the review queues, how far each is, and a new one out of a filter."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

import reflex as rx

from union_square.domain import edits
from union_square.ui import failures, frame
from union_square.ui.components.elements import empty_note, page_link, phases
from union_square.ui.components.finding import filter_input, filter_problem
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.components.toast import reloader
from union_square.ui.doing import people_of
from union_square.ui.present_people import present_queue
from union_square.ui.queueing import NewQueueState
from union_square.ui.services import services
from union_square.ui.views import QueueLine


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
    state = NewQueueState

    def field(word: str, name: str, placeholder: str) -> rx.Component:
        return el.label(word, el.input(name=name, placeholder=placeholder, auto_complete="off"))

    return el.section(
        el.h2("New queue from a filter"),
        el.form(
            el.label(
                "Calls",
                filter_input(state.text, on_change=state.look.debounce(250)),  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
                class_name="wide",
            ),
            field("Name", "name", "as the filter"),
            field("Labels, by keys 1 to 9", "labels", "good, bad, unsure"),
            el.button("Make queue", type="submit", class_name="button", custom_attrs={"data-testid": "queue-add"}),
            on_submit=[state.make, ReviewState.load],
            class_name="queue-form",
            custom_attrs={"data-reset": ""},
        ),
        filter_problem(state.problem),
        el.p(state.holds, class_name="holds", role="status", custom_attrs={"data-testid": "holds"}),
        el.p(
            "The same comes from “Review these” beside a search or a saved view. Or select lines of a list and choose "
            "“Add to review”.",
            class_name="muted",
        ),
        class_name="panel",
        custom_attrs={"aria-label": "new queue"},
    )


def page() -> rx.Component:
    heads = (("Queue", ""), ("", ""), ("Judged", "num"), ("Left", ""), ("Keys", ""), ("", ""))
    table = el.div(
        el.table(
            el.thead(el.tr(*(el.th(name, scope="col", class_name=css) for name, css in heads))),
            el.tbody(foreach(ReviewState.queues, _queue)),
            class_name="list totals queue-list",
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
