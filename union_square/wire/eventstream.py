"""AWS event streams: bytes in, whole messages out, in the shape of server-sent events so that drafts read both.

https://smithy.io/2.0/aws/amazon-eventstream.html: every message is its length, the length of its headers, a checksum of
those two, headers, payload, and a checksum of it all. A message whose own checksum is wrong is given all the same, with
a problem; after wrong lengths nobody can tell where the next one begins, so what follows is left out.

Two envelopes are opened here, for they say nothing: `{"bytes": …}`, in which Bedrock puts each event of a model's own
format, and the failure that a message is, which becomes an error object as the other formats write one.
"""

import base64
import binascii
import json
import struct
import zlib

from union_square.wire.jsontext import obj_of, parse_json, text_of
from union_square.wire.sse import MAX_EVENT_BYTES, ServerSentEvent

PRELUDE_BYTES = 12
_AROUND_BYTES = PRELUDE_BYTES + 4  # of a message without headers and payload
_PRELUDE = struct.Struct(">III")
# The sizes of the values of headers, by type; 6 and 7 are bytes and text with their size in front.
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


def is_event_stream(start: bytes) -> bool:
    """Whether bytes begin with a whole and sound prelude."""
    return _prelude(start[:PRELUDE_BYTES])[2] if len(start) >= PRELUDE_BYTES else False


def _prelude(data: bytes) -> tuple[int, int, bool]:
    """The length of a message, of its headers, and whether their checksum is right."""
    total, headers, checksum = _PRELUDE.unpack(data)
    return total, headers, zlib.crc32(data[:8]) == checksum


class AwsEventStream:
    """Feed it bytes as they come, cut anywhere. `problem` says what was left out or broken, and where."""

    def __init__(self, max_message_bytes: int = MAX_EVENT_BYTES) -> None:
        self.problem = ""
        self._max = max_message_bytes
        self._held = bytearray()
        self._at = 0  # of the first byte held, in the stream
        self._skip = 0  # bytes of a message that is too long, still to come
        self._number = 0
        self._lost = False

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The messages that those bytes complete."""
        events: list[ServerSentEvent] = []
        if self._lost:
            return events
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            self._at += skipped
            data = data[skipped:]
        self._held += data
        start = 0
        while not self._lost:
            size = self._size(start)
            if not size or len(self._held) - start < size:
                break
            events += self._take(bytes(self._held[start : start + size]))
            start += size
            self._at += size
        del self._held[:start]
        if self._lost:
            self._held.clear()
        return events

    def end(self) -> list[ServerSentEvent]:
        """Notes a message that the stream's end cut off; there is no reading half of one."""
        if not self._lost and (self._held or self._skip):
            self._note(f"the stream ends inside message {self._number + 1}, which begins at byte {self._at:,}")
        self._held.clear()
        return []

    def _size(self, start: int) -> int:
        """The size of the message that begins there; 0 = not known yet, or never."""
        while len(self._held) - start >= PRELUDE_BYTES:
            total, headers, sound = _prelude(bytes(self._held[start : start + PRELUDE_BYTES]))
            where = f"message {self._number + 1} at byte {self._at:,}"
            if not sound or total < _AROUND_BYTES + headers:
                what = (
                    "has a wrong checksum over its lengths" if not sound else "has lengths that contradict each other"
                )
                self._note(f"{where} {what}; it and what follows were left out")
                self._lost = True
                return 0
            if total <= self._max:
                return total
            self._number += 1
            self._note(f"{where} is longer than {self._max:,} bytes and was left out")
            here = min(total, len(self._held) - start)
            del self._held[start : start + here]
            self._skip = total - here
            self._at += here
        return 0

    def _take(self, message: bytes) -> list[ServerSentEvent]:
        self._number += 1
        if zlib.crc32(message[:-4]) != int.from_bytes(message[-4:]):
            self._note(f"message {self._number} at byte {self._at:,} has a wrong checksum")
        end = PRELUDE_BYTES + int.from_bytes(message[4:8])
        headers = _headers(message[PRELUDE_BYTES:end])
        if headers is None:
            self._note(f"message {self._number} at byte {self._at:,} has headers that cannot be read")
            headers = {}
        name, data = _opened(headers, message[end:-4])
        return [ServerSentEvent(name=name, data=data, number=self._number)]

    def _note(self, problem: str) -> None:
        self.problem = self.problem or problem


def _headers(data: bytes) -> dict[str, str] | None:
    """The headers that are text; None where they cannot be read to their end."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        if name_end >= len(data):
            return None
        kind, value_at = data[name_end], name_end + 1
        if kind in {6, 7}:
            size = int.from_bytes(data[value_at : value_at + 2])
            value_at += 2
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            return None
        if value_at + size > len(data):
            return None
        if kind == 7:
            name = data[at + 1 : name_end].decode("utf-8", "replace")
            found[name] = data[value_at : value_at + size].decode("utf-8", "replace")
        at = value_at + size
    return found


def _opened(headers: dict[str, str], payload: bytes) -> tuple[str, str]:
    """The name and the data of a message, without its envelope."""
    text = payload.decode("utf-8", "replace")
    match headers.get(":message-type", "event"):
        case "exception":
            name = headers.get(":exception-type", "exception")
            fields = obj_of(parse_json(text).value)
            message = text_of(fields.get("message")) or text_of(fields.get("Message")) or text
            return name, _failure(name, message)
        case "error":
            name = headers.get(":error-code", "error")
            return name, _failure(name, headers.get(":error-message", ""))
        case _:
            name = headers.get(":event-type", "")
            inner = _unwrapped(text) if name == "chunk" else None
            return name, text if inner is None else inner


def _failure(kind: str, message: str) -> str:
    return json.dumps({"type": "error", "error": {"type": kind, "message": message or kind}})


def _unwrapped(text: str) -> str | None:
    """What Bedrock's `{"bytes": …}` holds; None where it is no such thing."""
    encoded = obj_of(parse_json(text).value).get("bytes")
    if not isinstance(encoded, str):
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
