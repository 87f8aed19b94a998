"""Tags and annotations, alike for sessions and calls: …/tags and …/annotations."""

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from union_square.api.errors import ERRORS
from union_square.api.shapes import Listing, NewAnnotation, NewTag, Tags
from union_square.domain.ids import parse_call_id, parse_session_id
from union_square.domain.views import AnnotationView, Subject
from union_square.watching.ports import Watching


def note_routes(watching: Watching, subject: Subject) -> APIRouter:
    """The routes of one subject, below /sessions/{id} or /calls/{id}."""
    routes = APIRouter(prefix=f"/{subject}s/{{subject_id}}", tags=[f"{subject}s"], responses=ERRORS)
    named = f"{{}}_{subject}_{{}}".format

    def parse(text: str) -> str:
        return parse_call_id(text) if subject == "call" else parse_session_id(text)

    async def read(subject_id: str) -> tuple[tuple[str, ...], tuple[AnnotationView, ...]]:
        if subject == "call":
            call = await watching.call(parse_call_id(subject_id))
            return call.call.tags, call.annotations
        session = await watching.session(parse_session_id(subject_id))
        return session.session.tags, session.annotations

    @routes.get("/tags", operation_id=named("read", "tags"))
    async def read_tags(subject_id: str) -> Tags:
        return Tags(tags=list((await read(subject_id))[0]))

    @routes.post("/tags", operation_id=named("add", "tag"), status_code=201)
    async def add_tag(subject_id: str, new: NewTag) -> Tags:
        """Put a tag on it; a tag that it has already is no error. Gives all its tags."""
        try:
            return Tags(tags=list(await watching.add_tag(subject, parse(subject_id), new.tag)))
        except ValueError as error:
            raise HTTPException(422, f"body.tag: {error}") from error

    @routes.delete("/tags/{tag:path}", operation_id=named("remove", "tag"))
    async def remove_tag(subject_id: str, tag: str) -> Tags:
        """Take a tag off it; one that it does not have is no error. Gives the tags left."""
        try:
            return Tags(tags=list(await watching.remove_tag(subject, parse(subject_id), tag)))
        except ValueError as error:
            raise HTTPException(422, f"path.tag: {error}") from error

    @routes.get("/annotations", operation_id=named("read", "annotations"))
    async def read_annotations(subject_id: str) -> Listing[AnnotationView]:
        return Listing(items=list((await read(subject_id))[1]), next_cursor=None)

    @routes.post("/annotations", operation_id=named("add", "annotation"), status_code=201)
    async def annotate(subject_id: str, new: NewAnnotation) -> AnnotationView:
        """Put a note on it."""
        return await watching.annotate(subject, parse(subject_id), new.text, new.author)

    @routes.delete("/annotations/{annotation_id}", operation_id=named("remove", "annotation"), status_code=204)
    async def remove_annotation(subject_id: str, annotation_id: int) -> Response:
        await watching.remove_annotation(subject, parse(subject_id), annotation_id)
        return Response(status_code=204)

    _ = (read_tags, add_tag, remove_tag, read_annotations, annotate, remove_annotation)
    return routes
