"""/api/v1/calls, /api/v1/search, and the recorded bytes."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from starlette.exceptions import HTTPException

from union_square.api.errors import ERRORS
from union_square.api.filters import read_filter
from union_square.api.shapes import Call, CallQuery, Listing, SearchQuery, present_call, present_calls
from union_square.domain.ids import CallId, parse_call_id
from union_square.domain.sorting import CALL_KEYS, parse_sort
from union_square.domain.views import CallView
from union_square.store.ports import CallFilter
from union_square.watching.ports import RecordedBody, Watching

_BODY_HEADERS = {
    # A recorded body is somebody else's page or script: opened by itself it must do nothing.
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}


def call_routes(watching: Watching) -> APIRouter:
    """The routes of calls."""
    routes = APIRouter(tags=["calls"], responses=ERRORS)

    @routes.get("/calls")
    async def list_calls(query: Annotated[CallQuery, Query()]) -> Listing[CallView]:
        """Calls, newest first or in the order asked for; every filter given must hold."""
        page = await watching.calls(
            limit=query.limit, cursor=query.cursor, where=query.filter(), sort=parse_sort(query.sort, CALL_KEYS)
        )
        return present_calls(page)

    @routes.get("/search")
    async def search(query: Annotated[SearchQuery, Query()]) -> Listing[CallView]:
        """The calls that `q` describes: words in what they said, and conditions on what they were."""
        where = CallFilter(query=read_filter(query.q))
        sort = parse_sort(query.sort, CALL_KEYS)
        page = await watching.calls(limit=query.limit, cursor=query.cursor, where=where, sort=sort)
        return present_calls(page)

    @routes.get("/calls/{call_id}")
    async def read_call(call_id: str) -> Call:
        """One call, running or ended: what was said, the heads, when each chunk came, what is missing."""
        return present_call(await watching.call(parse_call_id(call_id)))

    @routes.get("/calls/{call_id}/request", response_class=Response)
    async def read_request(call_id: str) -> Response:
        """The request's body as it was forwarded, with its own content type and encoding."""
        return await _read_body(watching, parse_call_id(call_id), "request")

    @routes.get("/calls/{call_id}/response", response_class=Response)
    async def read_response(call_id: str) -> Response:
        """The response's body as it was forwarded (so far, of a running call), with its own type and encoding."""
        return await _read_body(watching, parse_call_id(call_id), "response")

    _ = (list_calls, search, read_call, read_request, read_response)
    return routes


async def _read_body(watching: Watching, call_id: CallId, side: Literal["request", "response"]) -> Response:
    body = await watching.body(call_id, side)
    if not body.data:
        view = (await watching.call(call_id)).call
        if not view.recorded:
            raise HTTPException(404, "the body was not kept: the request asked not to be recorded")
    return present_body(body, f"{call_id}-{side}")


def present_body(body: RecordedBody, name: str) -> Response:
    """A recorded body as a download that no browser shows as a page."""
    headers = _BODY_HEADERS | {"content-disposition": f'attachment; filename="{name}"'}
    if body.content_type:
        headers["content-type"] = body.content_type if _is_plain(body.content_type) else "application/octet-stream"
    if body.content_encoding and _is_plain(body.content_encoding):
        headers["content-encoding"] = body.content_encoding
    return Response(body.data, headers=headers)


def _is_plain(value: str) -> bool:
    """Whether a recorded value may be sent as a header."""
    return value.isascii() and value.isprintable()
