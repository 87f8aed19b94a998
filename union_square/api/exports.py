"""/api/v1/…/export: a session or a call to take along; /api/v1/import: a recording from elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import anyio.to_thread
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from union_square.api.errors import ERRORS
from union_square.domain.ids import parse_call_id, parse_session_id
from union_square.exporting.formats import Format
from union_square.exporting.gathering import gather
from union_square.exporting.importing import Importer
from union_square.replaying.failures import ReplayFailure
from union_square.watching.ports import Watching

MOST_BYTES = 512 << 20
"""Of a file to import: it is read whole."""

_HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}
FormatName = Annotated[str, Query(alias="format", description="One of /export-formats")]


class FormatShape(BaseModel):
    name: str
    words: str
    media_type: str
    suffix: str


class ImportedShape(BaseModel):
    calls: int
    left_out: int


def export_routes(
    watching: Watching, formats: Sequence[Format], base_urls: Mapping[str, str], importer: Importer | None
) -> APIRouter:
    """The routes of exports, and of imports where there is an importer."""
    routes = APIRouter(tags=["exports"], responses=ERRORS)
    known = {one.name: one for one in formats}

    async def export(subject: str, kind: Literal["session", "call"], name: str) -> Response:
        if name not in known:
            raise HTTPException(422, f"there is no format {name[:40]!r}; there are {', '.join(known)}")
        exported = await gather(watching, subject, base_urls, kind)
        text = await anyio.to_thread.run_sync(known[name].write, exported)
        file = f"{subject}{known[name].suffix}"
        headers = _HEADERS | {"content-disposition": f'attachment; filename="{file}"'}
        return Response(text.encode("utf-8", "replace"), media_type=known[name].media_type, headers=headers)

    @routes.get("/export-formats")
    async def list_formats() -> list[FormatShape]:
        """What sessions and calls can be exported as."""
        return [
            FormatShape(name=one.name, words=one.words, media_type=one.media_type, suffix=one.suffix) for one in formats
        ]

    @routes.get("/sessions/{session_id}/export", response_class=Response)
    async def export_session(session_id: str, name: FormatName = "jsonl") -> Response:
        """A session's ended calls in that format."""
        return await export(parse_session_id(session_id), "session", name)

    @routes.get("/calls/{call_id}/export", response_class=Response)
    async def export_call(call_id: str, name: FormatName = "jsonl") -> Response:
        """One ended call in that format."""
        return await export(parse_call_id(call_id), "call", name)

    _ = (list_formats, export_session, export_call)
    if importer is None:
        return routes

    @routes.post("/import", status_code=202)
    async def import_file(request: Request) -> ImportedShape:
        """A recording (JSONL) or a HAR log as the request's body; the projector then reads it like what was recorded
        here. Calls that are there already are not doubled."""
        data = bytearray()
        async for piece in request.stream():
            data += piece
            if len(data) > MOST_BYTES:
                raise HTTPException(
                    413, f"the file is larger than {MOST_BYTES >> 20} MiB; `union-square import` has no limit"
                )
        try:
            text = bytes(data).decode("utf-8")
            done = await anyio.to_thread.run_sync(importer.take, text, "the file")
        except UnicodeDecodeError as error:
            raise HTTPException(422, f"the file is not UTF-8 text: byte {error.start}") from error
        except ReplayFailure as error:
            raise HTTPException(422, str(error)) from error
        return ImportedShape(calls=done.calls, left_out=done.left_out)

    _ = import_file
    return routes
