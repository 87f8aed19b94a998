"""A new review queue out of a filter: how many calls it would hold is told while the filter is written."""

from datetime import UTC, datetime
from typing import Any

import reflex as rx

from union_square.domain import edits
from union_square.domain.edits import Target
from union_square.domain.finding import FilterError, parse_filter, settle
from union_square.store.ports import CallFilter
from union_square.ui import failures, wording
from union_square.ui.doing import people_of, reason
from union_square.ui.present_finding import present_problem
from union_square.ui.present_people import MOST_QUEUED, present_holds, queue_name
from union_square.ui.services import services
from union_square.ui.views import FilterProblem

_PAGE = 200
_STEP_US = 366 * 24 * 3600 * 1_000_000


def ended_where(text: str) -> CallFilter:
    """The calls to be judged: those of the filter that have ended. Raises FilterError, with places in `text`."""
    parse_filter(text)
    query = f"({text}) state:ended" if text.strip() else "state:ended"
    return CallFilter(query=settle(parse_filter(query), datetime.now(UTC)))


async def calls_of(where: CallFilter) -> edits.Targets:
    """The newest calls that the filter finds, oldest first."""
    found, cursor = list[Target](), None
    while len(found) < MOST_QUEUED:
        page = await services().watching.calls(limit=_PAGE, cursor=cursor, where=where)
        found += [Target(subject="call", id=call.id) for call in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    return tuple(reversed(found[:MOST_QUEUED]))


class NewQueueState(rx.State):
    text: str = ""  # the filter that the address asks for
    problem: FilterProblem = FilterProblem()
    holds: str = ""  # how many calls it would hold; "" = not known yet

    @rx.event
    def open(self) -> Any:
        """Begin with the filter of the address, which search and saved views give."""
        self.text = self.router.url.query_parameters.get("q", "").strip()
        return NewQueueState.look(self.text)

    @rx.event(background=True, supersedes=True)
    async def look(self, text: str) -> None:
        """Say how many calls the filter finds, or what is wrong with it."""
        problem, holds = FilterProblem(), ""
        try:
            figures = await services().watching.figures(ended_where(text), step_us=_STEP_US)
            holds = present_holds(figures.total.calls)
        except FilterError as error:
            problem = present_problem(text, error)
        except failures.EXPECTED as error:
            holds = failures.phase_of(error)[1]
        async with self:
            self.problem, self.holds = problem, holds

    @rx.event
    async def make(self, form: dict[str, Any]) -> Any:
        """Make the queue, and go to work."""
        people = await people_of(self)
        text = str(form.get("text") or "").strip()
        try:
            labels = edits.parse_labels(str(form.get("labels") or "").strip() or "good, bad, unsure")
            targets = await calls_of(ended_where(text))
        except FilterError as error:
            self.problem = present_problem(text, error)
            return None
        except (*failures.EXPECTED, ValueError) as error:
            people.said, people.trouble = "", f"No queue was made: {reason(error)}"
            return None
        if not targets:
            self.holds = present_holds(0)
            return None
        edit = edits.SaveQueue(name=queue_name(str(form.get("name") or ""), text), labels=labels, targets=targets)
        change = await people.do(edit, f"Made a queue of {wording.plural(len(targets), 'call')}.")
        if change is None:
            return None
        self.text, self.holds = "", ""
        return NewQueueState.look("")
