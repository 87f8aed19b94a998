"""Tags, annotations and history, alike for sessions and calls: …/tags, …/annotations and …/changes."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.exceptions import HTTPException

from union_square.api.errors import ERRORS
from union_square.api.people_shapes import ChangeQuery, EditedAnnotation, NewAnnotation, NewTag, Tags, refusing
from union_square.api.shapes import Listing
from union_square.domain import edits
from union_square.domain.edits import ChangeView, Target
from union_square.domain.ids import parse_call_id, parse_session_id
from union_square.domain.views import AnnotationView, Subject
from union_square.store.ports import NoSuchSubject
from union_square.watching.ports import Watching

Author = Annotated[str, Query(max_length=200, description="Who does it, for the history")]


def note_routes(watching: Watching, subject: Subject) -> APIRouter:
    """The routes of one subject, below /sessions/{id} or /calls/{id}."""
    routes = APIRouter(prefix=f"/{subject}s/{{subject_id}}", tags=[f"{subject}s"], responses=ERRORS)
    named = f"{{}}_{subject}_{{}}".format
    people = watching.people

    def target_of(text: str) -> Target:
        return Target(subject=subject, id=parse_call_id(text) if subject == "call" else parse_session_id(text))

    async def read(subject_id: str) -> tuple[tuple[str, ...], tuple[AnnotationView, ...]]:
        if subject == "call":
            call = await watching.call(parse_call_id(subject_id))
            return call.call.tags, call.annotations
        session = await watching.session(parse_session_id(subject_id))
        return session.session.tags, session.annotations

    async def find(subject_id: str, annotation_id: int) -> AnnotationView:
        found = next((one for one in (await read(subject_id))[1] if one.id == annotation_id), None)
        if found is None:
            raise NoSuchSubject(f"no annotation {annotation_id} on {subject} {subject_id[:128]}")
        return found

    @routes.get("/tags", operation_id=named("read", "tags"))
    async def read_tags(subject_id: str) -> Tags:
        return Tags(tags=list((await read(subject_id))[0]))

    @routes.post("/tags", operation_id=named("add", "tag"), status_code=201)
    async def add_tag(subject_id: str, new: NewTag) -> Tags:
        """Put a tag on it; a tag that it has already is no error. Gives all its tags."""
        with refusing("body.tag"):
            await people.change(edits.AddTag(targets=(target_of(subject_id),), tag=new.tag), new.author)
        return await read_tags(subject_id)

    @routes.delete("/tags/{tag:path}", operation_id=named("remove", "tag"))
    async def remove_tag(subject_id: str, tag: str, author: Author = "") -> Tags:
        """Take a tag off it; one that it does not have is no error. Gives the tags left."""
        await people.change(edits.RemoveTag(targets=(target_of(subject_id),), tag=tag), author)
        return await read_tags(subject_id)

    @routes.get("/annotations", operation_id=named("read", "annotations"))
    async def read_annotations(subject_id: str) -> Listing[AnnotationView]:
        return Listing(items=list((await read(subject_id))[1]), next_cursor=None)

    @routes.post("/annotations", operation_id=named("add", "annotation"), status_code=201)
    async def annotate(subject_id: str, new: NewAnnotation) -> AnnotationView:
        """Put a text, a label or a number on it; on a call also, with an anchor, on a message or a span of its text."""
        if new.anchor is not None and subject != "call":
            raise HTTPException(422, "body.anchor: an anchor is a place in a call; annotate the call")
        with refusing("body"):
            return await people.annotate(target_of(subject_id), new.note(), new.author)

    @routes.patch("/annotations/{annotation_id}", operation_id=named("edit", "annotation"))
    async def edit(subject_id: str, annotation_id: int, new: EditedAnnotation) -> AnnotationView:
        """Say it otherwise; what is left out stays as it is, and so does its place."""
        before = await find(subject_id, annotation_id)
        with refusing("body"):
            change = edits.EditAnnotation(id=annotation_id, note=new.note(before))
            await people.change(change, new.author)
        return await people.annotation(annotation_id)

    @routes.delete("/annotations/{annotation_id}", operation_id=named("remove", "annotation"), status_code=204)
    async def remove_annotation(subject_id: str, annotation_id: int, author: Author = "") -> Response:
        await people.change(edits.RemoveAnnotation(id=annotation_id, target=target_of(subject_id)), author)
        return Response(status_code=204)

    @routes.get("/changes", operation_id=named("read", "changes"))
    async def read_changes(subject_id: str, query: Annotated[ChangeQuery, Query()]) -> Listing[ChangeView]:
        """What was changed on it, newest first."""
        await read(subject_id)
        return await query.listing(people, (subject_id,))

    _ = (read_tags, add_tag, remove_tag, read_annotations, annotate, edit, remove_annotation, read_changes)
    return routes
