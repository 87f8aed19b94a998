"""AWS event streams, made by hand."""

import json
import struct
import zlib
from typing import Any


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
