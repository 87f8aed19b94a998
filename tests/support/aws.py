"""AWS event streams, made by hand, and calls of Bedrock that bring them."""

import json
import struct
import zlib
from typing import Any

from tests.support.calls import JSON, events_of, every, understand
from union_square.wire.understanding import Understanding

AWS_EVENTS = ("content-type", "application/vnd.amazon.eventstream")


def aws_headers(headers: dict[str, str | bytes | bool]) -> bytes:
    """Headers as they go over the wire: text, bytes, or a flag."""
    out = b""
    for name, value in headers.items():
        out += bytes([len(name)]) + name.encode()
        if isinstance(value, bool):
            out += b"\0" if value else b"\1"
        else:
            data = value.encode() if isinstance(value, str) else value
            out += (b"\7" if isinstance(value, str) else b"\6") + struct.pack(">H", len(data)) + data
    return out


def aws_message(
    name: str, payload: Any, headers: dict[str, Any] | None = None, *, raw_headers: bytes | None = None
) -> bytes:
    """One message, its checksums right; a payload that is not bytes goes as JSON."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    told = {":message-type": "event", ":event-type": name, ":content-type": "application/json"} | (headers or {})
    head = aws_headers(told) if raw_headers is None else raw_headers
    lengths = struct.pack(">II", 16 + len(head) + len(data), len(head))
    message = lengths + struct.pack(">I", zlib.crc32(lengths)) + head + data
    return message + struct.pack(">I", zlib.crc32(message))


def bedrock_call(
    path: str,
    request: Any,
    response: Any,
    *,
    size: int = 0,
    headers: tuple[tuple[str, str], ...] = (),
    status: int = 200,
) -> Understanding:
    """A call whose answer is an AWS event stream where it is bytes."""
    answer = response if isinstance(response, bytes) else json.dumps(response).encode()
    kind = AWS_EVENTS if isinstance(response, bytes) else JSON
    return understand(
        events_of(
            path,
            json.dumps(request).encode(),
            answer,
            upstream="bedrock",
            response_headers=(kind, *headers),
            status=status,
            cuts=every(size, answer) if size else (),
        )
    )
