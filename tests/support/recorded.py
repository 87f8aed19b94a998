"""Recorded calls for tests: made from their parts, or from recorded provider traffic."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.support.calls import JSON, SSE, events_of
from tests.support.cassettes import Exchange
from union_square.domain.ids import CallId
from union_square.replaying.recording import RecordedCall, Recording, recorded_call, recording_of

_NOT_SENT = {"content-length", "transfer-encoding", "content-encoding", "connection"}


def call_number(number: int) -> CallId:
    return CallId(f"0192f0c1a2b37c4d8e5f{number:012x}")


def recorded(
    number: int,
    path: str,
    request: bytes | dict[str, Any],
    response: bytes | dict[str, Any],
    *,
    streamed: bool = False,
    **more: Any,
) -> RecordedCall:
    """Call `number`, which began that many seconds after the first. A streamed answer comes in pieces of 40 bytes."""
    sent = request if isinstance(request, bytes) else json.dumps(request).encode()
    answer = response if isinstance(response, bytes) else json.dumps(response).encode()
    headers = [SSE if streamed else JSON, ("x-request-id", f"req_{number}")]
    more.setdefault("response_headers", [*headers, _framing(answer, chunked=streamed)])
    if streamed:
        more.setdefault("cuts", range(40, len(answer), 40))
    call_id = call_number(number)
    events = events_of(path, sent, answer, **more)
    return recorded_call(
        call_id, [replace(event, call_id=call_id, at=event.at + number * 1_000_000) for event in events]
    )


def recorded_exchange(number: int, exchange: Exchange) -> RecordedCall:
    """An exchange of recorded traffic as a call."""
    headers = [pair for pair in exchange.response_headers if pair[0].lower() not in _NOT_SENT]
    body = exchange.response_body
    is_stream = "event-stream" in exchange.header("content-type") or "ndjson" in exchange.header("content-type")
    sent = [pair for pair in exchange.request_headers if pair[0].lower() not in _NOT_SENT]
    return recorded(
        number,
        exchange.path,
        exchange.request_body,
        body,
        method=exchange.method,
        upstream=exchange.provider,
        status=exchange.status,
        request_headers=sent,
        response_headers=[*headers, _framing(body, chunked=is_stream)],
        cuts=range(97, len(body), 97),
    )


def recording(*calls: RecordedCall) -> Recording:
    return recording_of(calls)


def stream_of(*values: Any, named: bool = False, done: bool = True) -> bytes:
    """Server-sent events."""
    pieces = [(f"event: {value['type']}\n" if named else "") + f"data: {json.dumps(value)}\n\n" for value in values]
    return "".join([*pieces, *(["data: [DONE]\n\n"] if done else [])]).encode()


def bodies(calls: Iterable[RecordedCall]) -> list[bytes]:
    return [bytes(each.call.response.data) for each in calls]


def _framing(body: bytes, *, chunked: bool) -> tuple[str, str]:
    return ("transfer-encoding", "chunked") if chunked else ("content-length", str(len(body)))
