"""Several lines of a list at once: a box for each line, and a bar that does something to those that are ticked.

The boxes belong to the bar's form by its id, so what is ticked is known to the browser alone until it is sent: a list
needs nothing but `pick_box` in each row and `selection_bar` on its page. Shift-click ticks a range, `x` ticks the line
that has the focus, Escape unticks all (`assets/annotating.js`).
"""

from typing import Any

import reflex as rx

from union_square.domain import edits
from union_square.domain.edits import Target
from union_square.domain.views import Subject
from union_square.ui import failures, wording
from union_square.ui.components.reflex import el, foreach
from union_square.ui.doing import PeopleState, people_of
from union_square.ui.note_forms import NOTE_LIMIT
from union_square.ui.services import services

FORM = "selection"
_PICK = "pick:"


def pick_box(subject: Subject, subject_id: Any) -> rx.Component:
    """The box of a line."""
    return el.input(
        type="checkbox",
        name=f"{_PICK}{subject}:" + subject_id,
        form=FORM,
        class_name="pick",
        custom_attrs={"aria-label": f"select this {subject}", "data-pick": "", "data-testid": "pick"},
    )


def picked(form: dict[str, Any]) -> edits.Targets:
    """What is ticked, out of what the form sent."""
    found = list[Target]()
    for name in form:
        if name.startswith(_PICK):
            subject, _, subject_id = name.removeprefix(_PICK).partition(":")
            found.append(Target(subject="call" if subject == "call" else "session", id=subject_id))
    return tuple(found[: edits.MOST_TARGETS])


class SelectionState(rx.State):
    """Does to what is ticked what the bar's button says."""

    @rx.event
    async def act(self, form: dict[str, Any]) -> None:
        """One change for all of them."""
        targets, text = picked(form), str(form.get("words", "")).strip()
        people = await people_of(self)
        count = wording.plural(len(targets), "line")
        match str(form.get("action", "")):
            case _ if not targets:
                people.said, people.trouble = "", "Nothing is selected."
            case "note":
                await people.do(
                    edits.Annotate(targets=targets, note=edits.Note(text=text[:NOTE_LIMIT])), f"Noted on {count}."
                )
            case "untag":
                await people.do(edits.RemoveTag(targets=targets, tag=text), f"Took “{text}” off {count}.")
            case "review":
                await self._enqueue(targets, text, people)
            case _:
                await people.do(edits.AddTag(targets=targets, tag=text), f"Tagged {count} “{text}”.")

    async def _enqueue(self, targets: edits.Targets, name: str, people: PeopleState) -> None:
        """Into the queue of that name, which is made where there is none."""
        name = name or "Review"
        try:
            known = next((q for q in await services().watching.people.queues() if q.name == name), None)
        except failures.EXPECTED as error:
            people.trouble = failures.phase_of(error)[1]
            return
        labels = known.labels if known else edits.parse_labels("good, bad, unsure")
        edit = edits.SaveQueue(id=known.id if known else None, name=name, labels=labels, targets=targets)
        await people.do(edit, f"Added {wording.plural(len(targets), 'line')} to the review “{name}”.")


def _action(value: str, word: str) -> rx.Component:
    return el.button(
        word,
        type="submit",
        class_name="button",
        custom_attrs={"data-action": value, "data-testid": f"bulk-{value}"},
    )


def selection_bar(refresh: Any) -> rx.Component:
    """Shown while something is ticked. Once on a page that has lines with boxes; `refresh` loads these again."""
    return el.form(
        el.span("0 selected", custom_attrs={"data-count": "", "data-testid": "selected"}, class_name="num"),
        el.input(type="hidden", name="action", default_value="tag", custom_attrs={"data-action-field": ""}),
        el.input(
            name="words",
            placeholder="tag, note, or review queue",
            auto_complete="off",
            max_length=10_000,
            list="selection-tags",
            custom_attrs={"aria-label": "tag, note, or name of a review queue", "data-testid": "bulk-words"},
        ),
        el.datalist(foreach(PeopleState.tag_names, lambda name: el.option(value=name)), id="selection-tags"),
        _action("tag", "Tag"),
        _action("untag", "Untag"),
        _action("note", "Note"),
        _action("review", "Add to review"),
        el.button("Clear", type="button", class_name="button quiet", custom_attrs={"data-pick-none": ""}),
        on_submit=[SelectionState.act, refresh],
        id=FORM,
        class_name="selection-bar",
        hidden=True,
        custom_attrs={"aria-label": "do this to all selected", "data-selection": ""},
    )
