"""`/pieces/{call}/{message}/{part}/…`: what a page leaves out of a long part, a step at a time, as HTML that does
nothing; and the whole of it as text. `message` may also be `tools` (`part` is the number of the offer), `request` or
`response` (the body).

A page's script asks for these when somebody presses a button; nothing here is a part of the REST API.
"""

from collections.abc import Callable
from typing import Literal, cast

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from union_square.domain.anchors import part_text
from union_square.domain.ids import CallId, parse_call_id
from union_square.domain.messages import MediaPart, Part
from union_square.ui import failures
from union_square.ui.jsontree import Way, branch_html, json_at, string_html
from union_square.ui.longtext import Take, find_html, piece_html, start_html
from union_square.ui.present_body import body_text, decoded
from union_square.watching.ports import Watching

_SIDES = frozenset({"request", "response"})
_HEADERS = {"content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'"}


def create_pieces(watching: Watching) -> Starlette:
    """The routes over `watching`."""

    async def answer(request: Request) -> Response:
        try:
            text = await _text(watching, request)
            write = _WRITERS[request.path_params["what"]]
            return await to_thread.run_sync(write, text, request)
        except (*failures.EXPECTED, LookupError, ValueError, RecursionError):
            return PlainTextResponse("not here", 404, headers=_HEADERS)

    return Starlette(routes=[Route("/pieces/{call}/{message}/{part:int}/{what}", answer, methods=["GET"])])


async def _text(watching: Watching, request: Request) -> str:
    """The text that the address names. Raises LookupError, and what `watching` raises."""
    call_id, message = parse_call_id(request.path_params["call"]), request.path_params["message"]
    if message in _SIDES:
        return await _body(watching, call_id, cast(Literal["request", "response"], message))
    detail = await watching.call(call_id)
    number = int(request.path_params["part"])
    if message == "tools":
        return detail.tools[number].schema
    if not message.isdecimal():
        raise LookupError(message)
    return text_of_part(detail.messages[int(message)].parts[number])


async def _body(watching: Watching, call_id: CallId, side: Literal["request", "response"]) -> str:
    data, _ = await to_thread.run_sync(decoded, await watching.body(call_id, side))
    text = body_text(data)
    if text is None:
        raise LookupError(side)
    return text


def text_of_part(part: Part) -> str:
    """A part's own text. Raises LookupError where it has none."""
    match part:
        case MediaPart():
            raise LookupError(part.type)
        case _:
            return part_text(part)


def _source(request: Request) -> str:
    return request.url.path.rpartition("/")[0]


def _number(request: Request, name: str) -> int:
    return max(0, int(request.query_params.get(name, "0")))


def _way(request: Request) -> Way:
    return tuple(int(one) for one in request.query_params.get("at", "").split(".") if one)


def _html(html: str) -> Response:
    return Response(html, media_type="text/html", headers=_HEADERS)


def _start(text: str, request: Request) -> Response:
    return _html(start_html(text, _source(request), as_tree=request.path_params["message"] not in _SIDES))


def _piece(text: str, request: Request) -> Response:
    take: Take = "end" if request.query_params.get("take") == "end" else "begin"
    return _html(piece_html(text, _source(request), _number(request, "begin"), _number(request, "end"), take))


def _find(text: str, request: Request) -> Response:
    words, since = request.query_params.get("words", ""), _number(request, "since")
    return _html(find_html(text, _source(request), words, since, as_tree=request.path_params["message"] not in _SIDES))


def _tree(text: str, request: Request) -> Response:
    return _html(branch_html(text, _source(request), _way(request), _number(request, "first")))


def _string(text: str, request: Request) -> Response:
    return _html(string_html(text, _source(request), _way(request), _number(request, "first")))


def _json(text: str, request: Request) -> Response:
    return PlainTextResponse(json_at(text, _way(request)), headers=_HEADERS)


def _whole(text: str, request: Request) -> Response:
    name = "-".join(str(request.path_params[part]) for part in ("call", "message", "part"))
    kind = "json" if text[:1] in {"{", "["} else "txt"
    return PlainTextResponse(text, headers=_HEADERS | {"content-disposition": f'attachment; filename="{name}.{kind}"'})


_WRITERS: dict[str, Callable[[str, Request], Response]] = {
    "start": _start,
    "text": _piece,
    "find": _find,
    "tree": _tree,
    "string": _string,
    "json": _json,
    "whole": _whole,
}
