"""A recorded call as a request to send again: to the same or another upstream and model, edited if wanted.

Where the upstream speaks the recorded dialect, the recorded body is sent with nothing changed but what was asked for;
elsewhere what it says is written in a dialect that the upstream speaks (`wire.writing`), and what that cannot say is
named.

Must not: do I/O, hold a key.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from union_square.domain.events import Event
from union_square.domain.ids import CallId
from union_square.domain.messages import Request
from union_square.domain.redaction import is_credential_name, is_credential_parameter
from union_square.replaying.failures import ReplayFailure
from union_square.wire.content import ContentDecoder
from union_square.wire.dialects.registry import read_request
from union_square.wire.headers import Target, parse_content_type
from union_square.wire.jsonplaces import PlaceError, with_value_at
from union_square.wire.jsontext import obj_of, parse_json
from union_square.wire.understanding import Understanding
from union_square.wire.writing.fields import FieldError, write_field
from union_square.wire.writing.registry import WRITERS, choose_dialect, path_at

_NOT_SENT_AGAIN = frozenset(
    {"host", "content-length", "transfer-encoding", "content-encoding", "connection", "keep-alive", "te", "upgrade",
     "expect", "accept-encoding", "proxy-connection", "trailer"}
)  # fmt: skip
_GEMINI_MODEL = re.compile(r"(?<=/models/)[^/:?]+")


class ResendError(ReplayFailure):
    """The call cannot be sent so. The message says why, and what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The recorded call: what was sent, decoded."""

    call_id: CallId
    session_id: str
    upstream: str
    target: Target
    headers: tuple[tuple[str, str], ...]
    body: bytes
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be different; empty = as recorded. `fields`: texts by the name of a field (`temperature`, `system`),
    put where the dialect has it. `values`: by path into the body (`messages.0.content`), JSON values. `body`: a whole
    body instead."""

    upstream: str = ""
    model: str = ""
    dialect: str = ""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    body: str = ""


AS_RECORDED = Edit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request to the proxy: `path` begins with the upstream's name. No credential is in it."""

    origin: Origin
    upstream: str
    dialect: str
    model: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    dropped: tuple[str, ...]


def origin_of(call_id: CallId, session_id: str, events: list[Event]) -> Origin:
    """The call from its events. Raises ResendError where it was not recorded whole."""
    understanding = Understanding(call_id)
    for event in events:
        understanding.apply(event)
    recording = understanding.recording
    if not recording.request_head or not recording.recorded:
        raise ResendError("the request was not recorded, so it cannot be sent again")
    if recording.status == 101:
        raise ResendError("a WebSocket cannot be sent again; `union-square mock` plays it")
    if len(recording.request.data) < recording.request.total:
        raise ResendError("a part of the request was not recorded (a gap), so it cannot be sent again")
    head = understanding.request_headers
    content = ContentDecoder(",".join(head.get_all("content-encoding")))
    return Origin(
        call_id=call_id,
        session_id=session_id,
        upstream=recording.upstream,
        target=understanding.target,
        headers=head.headers,
        body=content.feed(bytes(recording.request.data)) + content.end(),
        request=understanding.request,
    )


def with_body(origin: Origin, text: str) -> Origin:
    """The call as if that body had been sent. Raises ResendError."""
    body = _json(read_body(text))
    request, _ = read_request(origin.target, body, parse_content_type("application/json"))
    return replace(origin, body=body, request=request)


def plan(origin: Origin, edit: Edit = AS_RECORDED) -> Outgoing:
    """The request to send. Raises ResendError."""
    upstream = edit.upstream or origin.upstream
    recorded = origin.request.dialect
    dialect = edit.dialect or (recorded if upstream == origin.upstream else choose_dialect(upstream, recorded))
    model = edit.model or origin.request.model
    if dialect == recorded:
        path, body, dropped = _path_as_recorded(origin, upstream, edit.model), _body_as_recorded(origin, edit), ()
    else:
        path, body, dropped = _translated(origin, upstream, dialect, model)
    if edit.body:
        body = read_body(edit.body)
    outgoing = Outgoing(
        origin=origin,
        upstream=upstream,
        dialect=dialect,
        model=model,
        method=origin.target.method,
        path=f"/{upstream}{path}",
        headers=_headers(origin, dialect),
        body=body if isinstance(body, bytes) else _json(body),
        dropped=dropped,
    )
    return with_values(outgoing, edit)


def body_text(outgoing: Outgoing) -> str:
    """The body for an editor: JSON set out over lines, "" where it is none."""
    value = parse_json(outgoing.body).value if outgoing.body else None
    return json.dumps(value, ensure_ascii=False, indent=2) if isinstance(value, dict | list) else ""


def _path_as_recorded(origin: Origin, upstream: str, model: str) -> str:
    path, _, query = origin.target.raw.partition("?")
    if origin.request.dialect == "gemini-generate" and model:
        path = _GEMINI_MODEL.sub(model, path)
    if upstream != origin.upstream and origin.request.dialect in WRITERS:
        written = WRITERS[origin.request.dialect](replace(origin.request, model=model or origin.request.model))
        return path_at(upstream, written.path)
    kept = "&".join(pair for pair in query.split("&") if pair and not _is_credential(pair))
    return path + (f"?{kept}" if kept else "")


def _is_credential(pair: str) -> bool:
    return is_credential_parameter(pair.partition("=")[0].encode())


def _body_as_recorded(origin: Origin, edit: Edit) -> Any:
    """The very bytes, but where the model stands in them and is to be another."""
    if not edit.model or origin.request.dialect == "gemini-generate":
        return origin.body
    value = obj_of(parse_json(origin.body).value)
    if not value:
        raise ResendError("the body is not JSON, so its model cannot be changed")
    return value | {"model": edit.model}


def _translated(origin: Origin, upstream: str, dialect: str, model: str) -> tuple[str, Any, tuple[str, ...]]:
    writer = WRITERS.get(dialect)
    if writer is None or origin.request.dialect not in WRITERS:
        spoken = ", ".join(WRITERS)
        raise ResendError(
            f"{origin.request.dialect} cannot be written as {dialect}; between these a request can be: {spoken}"
        )
    written = writer(replace(origin.request, model=model))
    return path_at(upstream, written.path), written.body, written.dropped


def read_body(text: str) -> dict[str, Any]:
    """The body that somebody wrote. Raises ResendError, which says in which line and column it is wrong."""
    try:
        read: Any = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")
        raise ResendError(f"the body is not JSON: line {error.lineno}, column {error.colno}: {what}") from error
    except (ValueError, RecursionError) as error:
        raise ResendError(f"the body {parse_json(text).problem or 'cannot be read'}") from error
    if not isinstance(read, dict):
        raise ResendError("the body is not a JSON object: it must begin with { and end with }")
    return cast("dict[str, Any]", read)


def with_values(outgoing: Outgoing, edit: Edit) -> Outgoing:
    """The request with what the edit says of single fields and places. Raises ResendError."""
    if not edit.fields and not edit.values:
        return outgoing
    body: Any = obj_of(parse_json(outgoing.body).value)
    if not body:
        raise ResendError("the body is not JSON, so nothing in it can be changed")
    try:
        for name, text in edit.fields.items():
            body = write_field(outgoing.dialect, body, name, text)
        for where, value in edit.values.items():
            body = with_value_at(body, where, value)
    except (FieldError, PlaceError) as error:
        raise ResendError(str(error)) from error
    return replace(outgoing, body=_json(body))


def check_fields(fields: Mapping[str, str]) -> None:
    """Whether those texts fit their fields, in whatever dialect. Raises ResendError."""
    try:
        for name, text in fields.items():
            write_field("openai-chat", {}, name, text)
    except FieldError as error:
        raise ResendError(str(error)) from error


def parse_values(settings: Iterable[str]) -> Mapping[str, Any]:
    """`path=value` each; a value that is not JSON is a text. Raises ResendError."""
    found = dict[str, Any]()
    for text in settings:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise ResendError(f"say what to set as path=value, not {text!r}")
        try:
            found[path.strip()] = json.loads(value)
        except ValueError:
            found[path.strip()] = value
    return found


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _headers(origin: Origin, dialect: str) -> tuple[tuple[str, str], ...]:
    """The recorded ones without credentials and what belonged to the connection; of another dialect, its own."""
    own = (("anthropic-version", "2023-06-01"),) if dialect == "anthropic-messages" else ()
    if dialect != origin.request.dialect:
        return (("content-type", "application/json"), *own)
    kept = tuple((name, value) for name, value in origin.headers if _is_kept(name))
    names = {name.lower() for name, _ in kept}
    return (*kept, *(pair for pair in own if pair[0] not in names))


def _is_kept(name: str) -> bool:
    low = name.lower()
    ours = low.startswith(("x-union-square-", "x-stainless-"))
    return not ours and low not in _NOT_SENT_AGAIN and not is_credential_name(low.encode())
