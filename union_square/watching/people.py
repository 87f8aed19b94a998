"""What people say and do, asked and told from an event loop: `store.ports.StoreAnnotator` with calls that run laid in.

A call that is only in the feed yet is waited for, an anchor is settled on what the call says at that moment, and every
page is told of what has changed.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ParamSpec, TypeVar

import anyio.to_thread

from union_square.domain import edits
from union_square.domain.anchors import settle
from union_square.domain.ids import CallId, parse_call_id
from union_square.domain.rules import Rule
from union_square.domain.views import AnnotationView, CallDetail, Subject
from union_square.store.ports import StoreAnnotator

AT_ONCE = 500  # calls that a rule is applied to in one transaction

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What `People` needs to know of the rest."""

    in_store: Callable[[Subject, str], Awaitable[str]]
    """The id under which the store has the subject, once it has it."""
    call: Callable[[CallId], Awaitable[CallDetail]]
    changed: Callable[[edits.Edit | None], Awaitable[None]]
    """Told after each change; None: a rule made it."""


class People:
    """Every method raises what the store raises: NoSuchSubject, StoreUnavailable, ValueError for what cannot be."""

    def __init__(self, store: StoreAnnotator, around: Surroundings) -> None:
        self._store = store
        self._around = around
        self._limiter = anyio.CapacityLimiter(2)

    async def change(self, edit: edits.Edit, author: str = "") -> edits.Change:
        """Do it. An annotation's anchor is settled first (raises AnchorError)."""
        change = await self._ask(self._store.change, await self._ready(edit), author)
        await self._around.changed(edit)
        return change

    async def annotate(self, target: edits.Target, note: edits.Note, author: str = "") -> AnnotationView:
        """Put a note on one subject. Raises AnchorError."""
        change = await self.change(edits.Annotate(targets=(target,), note=note), author)
        assert change.created is not None
        return await self.annotation(change.created)

    async def said(self, subject: Subject, subject_id: str) -> tuple[tuple[str, ...], tuple[AnnotationView, ...]]:
        """Its tags and its annotations, without all the rest of it."""
        return await self._ask(self._store.said, subject, subject_id)

    async def annotation(self, annotation_id: int) -> AnnotationView:
        return await self._ask(self._store.annotation, annotation_id)

    async def tag_uses(self) -> list[edits.TagUse]:
        return await self._ask(self._store.tag_uses)

    async def changes(
        self,
        *,
        subject_ids: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[edits.ChangeView]:
        return await self._ask(self._store.changes, subject_ids=subject_ids, kinds=kinds, before=before, limit=limit)

    async def rules(self) -> list[Rule]:
        return await self._ask(self._store.rules)

    async def count_calls(self) -> int:
        return await self._ask(self._store.count_calls)

    async def apply_rule(self, rule_id: int, *, after: str = "", change_id: int | None = None) -> edits.Applied:
        """The next piece of the past; go on with the `after` and the `change_id` that it gives."""
        applied = await self._ask(self._store.apply_rule, rule_id, after=after, limit=AT_ONCE, change_id=change_id)
        if applied.tagged:
            await self._around.changed(None)
        return applied

    async def queues(self) -> list[edits.Queue]:
        return await self._ask(self._store.queues)

    async def queue(self, queue_id: int) -> edits.Queue:
        return await self._ask(self._store.queue, queue_id)

    async def _ready(self, edit: edits.Edit) -> edits.Edit:
        match edit:
            case edits.Annotate(note=edits.Note(anchor=anchor)) if anchor is not None:
                (target,) = targets = await self._located(edit.targets)
                detail = await self._around.call(parse_call_id(target.id))
                return replace(edit, targets=targets, note=replace(edit.note, anchor=settle(anchor, detail.messages)))
            case edits.AddTag() | edits.RemoveTag() | edits.Annotate() | edits.SaveQueue():
                return replace(edit, targets=await self._located(edit.targets))
            case edits.RemoveAnnotation(target=target) if target is not None:
                return replace(edit, target=(await self._located((target,)))[0])
            case _:
                return edit

    async def _located(self, targets: edits.Targets) -> edits.Targets:
        return tuple([replace(one, id=await self._around.in_store(one.subject, one.id)) for one in targets])

    async def _ask(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), limiter=self._limiter)
