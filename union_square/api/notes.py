"""Tags, annotations and history, alike for sessions and calls: …/tags, …/annotations and …/changes."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.exceptions import HTTPException

from union_square.api.errors import EDITED_SINCE, ERRORS
from union_square.api.people_shapes import ChangeQuery, EditedAnnotation, NewAnnotation, NewTag, Tags, refusing
from union_square.api.shapes import Listing
from union_square.domain import edits
from union_square.domain.edits import ChangeView, Target
from union_square.domain.ids import parse_call_id, parse_session_id
from union_square.domain.views import AnnotationView, Subject
from union_square.store.ports import NoSuchSubject
from union_square.watching.ports import Watching

Author = Annotated[str, Query(max_length=200, description="Who does it, for the history")]


@dataclass(frozen=True, slots=True)
class _Kind:
    """All sessions, or all calls: what is said of one of them."""

    watching: Watching
    subject: Subject

    def named(self, verb: str, what: str) -> str:
        """An operation's id."""
        return f"{verb}_{self.subject}_{what}"

    def target(self, text: str) -> Target:
        return Target(
            subject=self.subject, id=parse_call_id(text) if self.subject == "call" else parse_session_id(text)
        )

    async def read(self, subject_id: str) -> tuple[tuple[str, ...], tuple[AnnotationView, ...]]:
        """Its tags and annotations. Raises NoSuchSubject."""
        if self.subject == "call":
            call = await self.watching.call(parse_call_id(subject_id))
            return call.call.tags, call.annotations
        session = await self.watching.session(parse_session_id(subject_id))
        return session.session.tags, session.annotations

    async def find(self, subject_id: str, annotation_id: int) -> AnnotationView:
        found = next((one for one in (await self.read(subject_id))[1] if one.id == annotation_id), None)
        if found is None:
            raise NoSuchSubject(f"no annotation {annotation_id} on {self.subject} {subject_id[:128]}")
        return found


def note_routes(watching: Watching, subject: Subject) -> APIRouter:
    """The routes of one subject, below /sessions/{id} or /calls/{id}."""
    routes = APIRouter(prefix=f"/{subject}s/{{subject_id}}", tags=[f"{subject}s"], responses=ERRORS)
    kind = _Kind(watching, subject)
    for part in (_tags, _annotations, _editing, _history):
        part(routes, kind)
    return routes


def _tags(routes: APIRouter, kind: _Kind) -> None:
    people = kind.watching.people

    @routes.get("/tags", operation_id=kind.named("read", "tags"))
    async def read_tags(subject_id: str) -> Tags:
        return Tags(tags=list((await kind.read(subject_id))[0]))

    @routes.post("/tags", operation_id=kind.named("add", "tag"), status_code=201)
    async def add_tag(subject_id: str, new: NewTag) -> Tags:
        """Put a tag on it; a tag that it has already is no error. Gives all its tags."""
        with refusing("body.tag"):
            await people.change(edits.AddTag(targets=(kind.target(subject_id),), tag=new.tag), new.author)
        return await read_tags(subject_id)

    @routes.delete("/tags/{tag:path}", operation_id=kind.named("remove", "tag"))
    async def remove_tag(subject_id: str, tag: str, author: Author = "") -> Tags:
        """Take a tag off it; one that it does not have is no error. Gives the tags left."""
        await people.change(edits.RemoveTag(targets=(kind.target(subject_id),), tag=tag), author)
        return await read_tags(subject_id)

    _ = (add_tag, remove_tag)


def _annotations(routes: APIRouter, kind: _Kind) -> None:
    @routes.get("/annotations", operation_id=kind.named("read", "annotations"))
    async def read_annotations(subject_id: str) -> Listing[AnnotationView]:
        return Listing(items=list((await kind.read(subject_id))[1]), next_cursor=None)

    @routes.post("/annotations", operation_id=kind.named("add", "annotation"), status_code=201)
    async def annotate(subject_id: str, new: NewAnnotation) -> AnnotationView:
        """Put a text, a label or a number on it; on a call also, with an anchor, on a message or a span of its text."""
        if new.anchor is not None and kind.subject != "call":
            raise HTTPException(422, "body.anchor: an anchor is a place in a call; annotate the call")
        with refusing("body"):
            return await kind.watching.people.annotate(kind.target(subject_id), new.note(), new.author)

    _ = (read_annotations, annotate)


def _editing(routes: APIRouter, kind: _Kind) -> None:
    people = kind.watching.people

    @routes.patch("/annotations/{annotation_id}", operation_id=kind.named("edit", "annotation"), responses=EDITED_SINCE)
    async def edit(subject_id: str, annotation_id: int, new: EditedAnnotation) -> AnnotationView:
        """Say it otherwise; what is left out stays as it is, and so does its place."""
        before = await kind.find(subject_id, annotation_id)
        with refusing("body"):
            await people.change(new.edit(before), new.author)
        return await people.annotation(annotation_id)

    @routes.delete("/annotations/{annotation_id}", operation_id=kind.named("remove", "annotation"), status_code=204)
    async def remove_annotation(subject_id: str, annotation_id: int, author: Author = "") -> Response:
        await people.change(edits.RemoveAnnotation(id=annotation_id, target=kind.target(subject_id)), author)
        return Response(status_code=204)

    _ = (edit, remove_annotation)


def _history(routes: APIRouter, kind: _Kind) -> None:
    @routes.get("/changes", operation_id=kind.named("read", "changes"))
    async def read_changes(subject_id: str, query: Annotated[ChangeQuery, Query()]) -> Listing[ChangeView]:
        """What was changed on it, newest first."""
        await kind.read(subject_id)
        return await query.listing(kind.watching.people, (subject_id,))

    _ = read_changes
