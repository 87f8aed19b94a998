"""WebSocket frames made by hand, and recorded conversations over WebSocket.

The recordings are those cassettes that hold frames (`kind: message`), each with its direction.
"""

import json
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from tests.support.cassettes import ROOT

MASK = b"\x13\x9a\x00\xfe"


def frame(data: bytes, *, opcode: int = 1, masked: bool = False, fin: bool = True, rsv1: bool = False) -> bytes:
    """One frame (RFC 6455 section 5.2)."""
    first = (0x80 if fin else 0) | (0x40 if rsv1 else 0) | opcode
    size, bit = len(data), 0x80 if masked else 0
    if size < 126:
        head = struct.pack(">BB", first, bit | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", first, bit | 126, size)
    else:
        head = struct.pack(">BBQ", first, bit | 127, size)
    if masked:
        head += MASK
        data = bytes(byte ^ MASK[i % 4] for i, byte in enumerate(data))
    return head + data


def close_frame(code: int, reason: str = "", *, masked: bool = False) -> bytes:
    return frame(struct.pack(">H", code) + reason.encode(), opcode=8, masked=masked)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTalk:
    """`messages` are (direction, JSON value) in their order; direction "sent" or "received"."""

    name: str
    messages: tuple[tuple[str, Any], ...]

    @property
    def is_gemini(self) -> bool:
        return any("setup" in value for _, value in self.messages)


@cache
def recorded_talks() -> tuple[RecordedTalk, ...]:
    """Every recorded conversation; none where the folder is not there."""
    found: list[RecordedTalk] = []
    for path in sorted(ROOT.rglob("*.yaml")) if ROOT.is_dir() else []:
        text = path.read_text("utf-8")
        if "kind: message" not in text:
            continue
        items = yaml.load(text, yaml.CSafeLoader)["interactions"]
        messages = tuple(
            (item["direction"], json.loads(item["data"]) if isinstance(item["data"], str) else item["data"])
            for item in items
            if item["kind"] == "message"
        )
        found.append(RecordedTalk(name=path.stem, messages=messages))
    return tuple(found)
