"""The one codec of events: framed, checksummed records (format version 1, described in docs/event-log.md).

    record   = length:u32  crc:u32  body           length counts body; crc is CRC-32 of body; little endian
    body     = kind:u8  call:16 bytes  at:u64  payload
    text     = length:u16  UTF-8 bytes             inside a payload

The same records stand in the event log and, by call, in the store's archive. `pack` is on the hot path: keep it flat.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import assert_never

from union_square.domain import events as ev
from union_square.domain.ids import CallId

FORMAT_VERSION = 1

REQUEST_HEAD = 1
REQUEST_CHUNK = 2
REQUEST_END = 3
RESPONSE_HEAD = 4
RESPONSE_CHUNK = 5
RESPONSE_END = 6
FAILURE = 7
GAP = 8
WHOLE_REQUEST = 9
WHOLE_RESPONSE = 10
"""A message that came in one piece: its head, its body as one chunk, and its end, in one record instead of three."""

_FRAME = struct.Struct("<II")
_BODY = struct.Struct("<B16sQ")
_WHOLE = struct.Struct("<B16sQI")
_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_FAILURE = struct.Struct("<HQQ")
_GAP = struct.Struct("<QQ")
_PARTS = {
    WHOLE_REQUEST: (REQUEST_HEAD, REQUEST_CHUNK, REQUEST_END),
    WHOLE_RESPONSE: (RESPONSE_HEAD, RESPONSE_CHUNK, RESPONSE_END),
}
FRAME_BYTES = _FRAME.size
RECORD_OVERHEAD = _FRAME.size + _BODY.size
Cut = tuple[bytes, bytes, bytes]
"""A text in three pieces, as a head that is known but for its length is put together."""
MAX_RECORD_BYTES = 1 << 30  # a longer length is a torn or foreign record, not a call's chunk


class TornRecord(ValueError):
    """The bytes at `offset` are not a whole, unharmed record: the tail of a write that did not finish."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(f"record at byte {offset}: {why}")
        self.offset = offset


def pack(kind: int, call: bytes, at: int, payload: bytes) -> bytes:
    """One record. `call` is the 16 bytes of a CallId, `at` microseconds since the epoch."""
    body = _BODY.pack(kind, call, at) + payload
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


body_head = _BODY.pack
"""(kind, call, at): a record's body is this and its payload."""
whole_head = _WHOLE.pack
"""(kind, call, at, length of the head): the body of a WHOLE_REQUEST or WHOLE_RESPONSE is this, the head and the body of
the message."""


def frame_all(bodies: list[bytes]) -> list[bytes]:
    """The pieces that joined are the records with these bodies. Framed all at once, and by C code that calls C code:
    one by one takes twice as long."""
    pieces = [b""] * (2 * len(bodies))
    pieces[0::2] = map(_FRAME.pack, map(len, bodies), map(zlib.crc32, bodies))
    pieces[1::2] = bodies
    return pieces


def _text(value: str) -> bytes:
    raw = value.encode()[:0xFFFF]
    return _U16.pack(len(raw)) + raw


def request_head_payload(upstream: str, fingerprint: str, *, recorded: bool, head: bytes) -> bytes:
    return _text(upstream) + _text(fingerprint) + (b"\x01" if recorded else b"\x00") + head


def total_payload(total: int) -> bytes:
    return _U64.pack(total)


def whole_payload(head: bytes, body: bytes) -> bytes:
    """Of a WHOLE_REQUEST or WHOLE_RESPONSE: `head` is the payload that its head alone would have."""
    return _U32.pack(len(head)) + head + body


def parts_of(kind: int, payload: bytes) -> list[tuple[int, bytes]]:
    """The records, as (kind, payload), that a whole message stands for. Raises struct.error when it is cut short."""
    end = _U32.size + _U32.unpack_from(payload)[0]
    if end > len(payload):
        raise struct.error("a whole message is shorter than its head")
    head, chunk, last = _PARTS[kind]
    body = payload[end:]
    chunks = [(chunk, body)] if body else []
    return [(head, payload[_U32.size : end]), *chunks, (last, total_payload(len(body)))]


def failure_payload(code: str, message: str, status: int, request_total: int, response_total: int) -> bytes:
    return _FAILURE.pack(status, request_total, response_total) + _text(code) + _text(message)


def gap_payload(observations: int, missed_bytes: int, reason: str) -> bytes:
    return _GAP.pack(observations, missed_bytes) + _text(reason)


def encode(event: ev.Event) -> bytes:
    """The record of an event."""
    call = bytes.fromhex(event.call_id)
    match event:
        case ev.RequestHead():
            kind = REQUEST_HEAD
            payload = request_head_payload(event.upstream, event.fingerprint, recorded=event.recorded, head=event.head)
        case ev.RequestChunk():
            kind, payload = REQUEST_CHUNK, event.data
        case ev.RequestEnd():
            kind, payload = REQUEST_END, total_payload(event.total)
        case ev.ResponseHead():
            kind, payload = RESPONSE_HEAD, event.head
        case ev.ResponseChunk():
            kind, payload = RESPONSE_CHUNK, event.data
        case ev.ResponseEnd():
            kind, payload = RESPONSE_END, total_payload(event.total)
        case ev.Failure():
            kind = FAILURE
            payload = failure_payload(
                event.code, event.message, event.status, event.request_total, event.response_total
            )
        case ev.Gap():
            kind, payload = GAP, gap_payload(event.observations, event.bytes, event.reason)
        case ev.Unknown():
            kind, payload = event.number, event.payload
        case _:
            assert_never(event)
    return pack(kind, call, event.at, payload)


def _take_text(payload: bytes, at: int) -> tuple[str, int]:
    (length,) = _U16.unpack_from(payload, at)
    start = at + _U16.size
    return payload[start : start + length].decode("utf-8", "replace"), start + length


def _decode_body(body: bytes) -> list[ev.Event]:
    kind, call, at = _BODY.unpack_from(body)
    call_id = CallId(call.hex())
    payload = body[_BODY.size :]
    if kind in _PARTS:
        return [_decode_payload(part, call_id, at, its) for part, its in parts_of(kind, payload)]
    return [_decode_payload(kind, call_id, at, payload)]


def _decode_payload(kind: int, call_id: CallId, at: int, payload: bytes) -> ev.Event:
    match kind:
        case 1:
            upstream, here = _take_text(payload, 0)
            fingerprint, here = _take_text(payload, here)
            return ev.RequestHead(
                call_id=call_id,
                at=at,
                upstream=upstream,
                fingerprint=fingerprint,
                recorded=payload[here] == 1,
                head=payload[here + 1 :],
            )
        case 2:
            return ev.RequestChunk(call_id=call_id, at=at, data=payload)
        case 3:
            return ev.RequestEnd(call_id=call_id, at=at, total=_U64.unpack_from(payload)[0])
        case 4:
            return ev.ResponseHead(call_id=call_id, at=at, head=payload)
        case 5:
            return ev.ResponseChunk(call_id=call_id, at=at, data=payload)
        case 6:
            return ev.ResponseEnd(call_id=call_id, at=at, total=_U64.unpack_from(payload)[0])
        case 7:
            status, request_total, response_total = _FAILURE.unpack_from(payload)
            code, here = _take_text(payload, _FAILURE.size)
            message, _ = _take_text(payload, here)
            return ev.Failure(
                call_id=call_id,
                at=at,
                code=code,
                message=message,
                status=status,
                request_total=request_total,
                response_total=response_total,
            )
        case 8:
            count, missed = _GAP.unpack_from(payload)
            reason, _ = _take_text(payload, _GAP.size)
            return ev.Gap(call_id=call_id, at=at, observations=count, bytes=missed, reason=reason)
        case _:
            return ev.Unknown(call_id=call_id, at=at, number=kind, payload=payload)


def decode(buffer: bytes | memoryview, start: int = 0) -> Iterator[tuple[ev.Event, int]]:
    """The events of each whole record in `buffer` from byte `start` on, with the offset where reading goes on: behind
    the record with its last event, at its beginning before that, so that a reader who stops between loses none.

    Stops without a word where the buffer ends inside a record (more may come). Raises TornRecord where a whole
    record's checksum is wrong or its length is impossible.
    """
    here, size = start, len(buffer)
    while here + FRAME_BYTES <= size:
        length, crc = _FRAME.unpack_from(buffer, here)
        if not _BODY.size <= length <= MAX_RECORD_BYTES:
            raise TornRecord(here, f"its length says {length}")
        end = here + FRAME_BYTES + length
        if end > size:
            return
        body = bytes(buffer[here + FRAME_BYTES : end])
        if zlib.crc32(body) != crc:
            raise TornRecord(here, "its checksum does not match")
        try:
            *before, last = _decode_body(body)
        except (struct.error, IndexError) as error:
            raise TornRecord(here, f"its payload is cut short ({error})") from error
        for event in before:
            yield event, here
        yield last, end
        here = end
