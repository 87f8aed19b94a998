"""/api/v1/tags, /rules, /queues and /changes: what people keep beside sessions and calls."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from union_square.api.errors import ERRORS
from union_square.api.notes import Author
from union_square.api.people_shapes import (
    Apply,
    ChangedTag,
    ChangeQuery,
    NewQueue,
    NewRule,
    Tagging,
    UndoShape,
    Verdict,
    refusing,
)
from union_square.api.shapes import Listing
from union_square.domain import edits
from union_square.domain.edits import Applied, Change, ChangeView, Queue, TagUse
from union_square.domain.rules import Rule
from union_square.store.ports import NoSuchSubject
from union_square.watching.people import People
from union_square.watching.ports import Watching


def people_routes(watching: Watching) -> APIRouter:
    """All of them."""
    routes = APIRouter(responses=ERRORS)
    for part in (_tags, _rules, _queues, _changes):
        part(routes, watching.people)
    return routes


def _tags(routes: APIRouter, people: People) -> None:
    @routes.get("/tags", tags=["tags"])
    async def list_tags() -> Listing[TagUse]:
        """Every tag in use with its colour, and how many calls and sessions have it."""
        return Listing(items=await people.tag_uses(), next_cursor=None)

    @routes.post("/tags", tags=["tags"])
    async def tag_several(new: Tagging) -> Change:
        """Put one tag on several sessions and calls, or take it off: one change."""
        kind = edits.RemoveTag if new.remove else edits.AddTag
        with refusing("body.tag"):
            targets = tuple(one.target() for one in new.targets)
            return await people.change(kind(targets=targets, tag=new.tag), new.author)

    @routes.patch("/tags/{tag:path}", tags=["tags"])
    async def change_tag(tag: str, new: ChangedTag) -> Listing[TagUse]:
        """Rename it everywhere, merge it into another, colour it."""
        with refusing("body"):
            if new.colour is not None:
                await people.change(edits.ColourTag(tag=tag, colour=new.colour), new.author)
            if new.name is not None:
                await people.change(edits.RenameTag(tag=tag, to=new.name), new.author)
        return await list_tags()

    @routes.delete("/tags/{tag:path}", tags=["tags"])
    async def delete_tag(tag: str, author: Author = "") -> Change:
        """Take it off everything that has it."""
        with refusing("path.tag"):
            return await people.change(edits.DeleteTag(tag=tag), author)

    _ = (list_tags, tag_several, change_tag, delete_tag)


def _rules(routes: APIRouter, people: People) -> None:
    async def read(rule_id: int) -> Rule:
        found = next((rule for rule in await people.rules() if rule.id == rule_id), None)
        if found is None:
            raise NoSuchSubject(f"no rule {rule_id}")
        return found

    @routes.get("/rules", tags=["rules"])
    async def list_rules() -> Listing[Rule]:
        return Listing(items=await people.rules(), next_cursor=None)

    @routes.post("/rules", tags=["rules"], status_code=201)
    async def add_rule(new: NewRule) -> Rule:
        """A rule tags calls that end from now on; `/apply` tags those that have ended."""
        with refusing("body"):
            made = (await people.change(edits.SaveRule(rule=new.rule()), new.author)).created
        return await read(made or 0)

    @routes.put("/rules/{rule_id}", tags=["rules"])
    async def change_rule(rule_id: int, new: NewRule) -> Rule:
        with refusing("body"):
            await people.change(edits.SaveRule(rule=new.rule(rule_id)), new.author)
        return await read(rule_id)

    @routes.delete("/rules/{rule_id}", tags=["rules"], status_code=204)
    async def remove_rule(rule_id: int, author: Author = "") -> Response:
        """The tags that it has put on stay."""
        await people.change(edits.RemoveRule(id=rule_id), author)
        return Response(status_code=204)

    @routes.post("/rules/{rule_id}/apply", tags=["rules"])
    async def apply_rule(rule_id: int, where: Apply) -> Applied:
        """Tag the calls that have ended, a few hundred at a time. A tag that somebody took off stays off."""
        return await people.apply_rule(rule_id, after=where.after, change_id=where.change_id)

    _ = (list_rules, add_rule, change_rule, remove_rule, apply_rule)


def _queues(routes: APIRouter, people: People) -> None:
    @routes.get("/queues", tags=["queues"])
    async def list_queues() -> Listing[Queue]:
        """Review queues and how far they are, without their items."""
        return Listing(items=await people.queues(), next_cursor=None)

    @routes.post("/queues", tags=["queues"], status_code=201)
    async def add_queue(new: NewQueue) -> Queue:
        with refusing("body"):
            made = (await people.change(new.edit(), new.author)).created
        return await people.queue(made or 0)

    @routes.get("/queues/{queue_id}", tags=["queues"])
    async def read_queue(queue_id: int) -> Queue:
        """One queue with its items, in order."""
        return await people.queue(queue_id)

    @routes.put("/queues/{queue_id}", tags=["queues"])
    async def change_queue(queue_id: int, new: NewQueue) -> Queue:
        """Name and labels become these; `targets` are added to what is in it."""
        with refusing("body"):
            await people.change(new.edit(queue_id), new.author)
        return await people.queue(queue_id)

    @routes.delete("/queues/{queue_id}", tags=["queues"], status_code=204)
    async def remove_queue(queue_id: int, author: Author = "") -> Response:
        """What was said of its items stays."""
        await people.change(edits.RemoveQueue(id=queue_id), author)
        return Response(status_code=204)

    @routes.post("/queues/{queue_id}/verdicts", tags=["queues"])
    async def judge(queue_id: int, new: Verdict) -> Change:
        """Say that an item is done, skipped or open again; a label becomes an annotation of the queue's name."""
        edit = edits.Judge(queue_id=queue_id, target=new.target.target(), state=new.state, label=new.label)
        return await people.change(edit, new.author)

    _ = (list_queues, add_queue, read_queue, change_queue, remove_queue, judge)


def _changes(routes: APIRouter, people: People) -> None:
    @routes.get("/changes", tags=["changes"])
    async def list_changes(query: Annotated[ChangeQuery, Query()]) -> Listing[ChangeView]:
        """Everything that people and rules changed, newest first."""
        return await query.listing(people)

    @routes.post("/changes/{change_id}/undo", tags=["changes"])
    async def undo(change_id: int, who: UndoShape) -> Change:
        """Take a change back, which is a change itself. What has been changed since is left alone and counted."""
        return await people.change(edits.Undo(change_id=change_id), who.author)

    _ = (list_changes, undo)
