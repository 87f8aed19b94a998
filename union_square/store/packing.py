"""A call's records without what can be told from the rest: what is compressed for the archive. Pure.

    packed = call:16 bytes  head_length:u32  head  payloads
    head   = for each record: kind:u8  step:varint  length:varint      step: microseconds since the record before

Every record repeats its call and carries a checksum (`domain.records`). Neither compresses, and a streamed answer has
hundreds of records; taken together, the payloads are also closer to what the next call repeats of them.
"""

import struct
import zlib
from itertools import accumulate

from union_square.domain.records import pack

_FRAME = struct.Struct("<II")
_BODY = struct.Struct("<B16sQ")
_U32 = struct.Struct("<I")
_CALL_BYTES = 16


def pack_records(data: bytes) -> bytes | None:
    """The records packed; None where `unpack_records` could not make them again, being of several calls or harmed."""
    here, before, call = 0, 0, data[_FRAME.size + 1 : _FRAME.size + 1 + _CALL_BYTES]
    head, payloads = bytearray(), list[bytes]()
    while here < len(data):
        if here + _FRAME.size + _BODY.size > len(data):
            return None
        length, crc = _FRAME.unpack_from(data, here)
        body = data[here + _FRAME.size : here + _FRAME.size + length]
        if length < _BODY.size or len(body) != length or zlib.crc32(body) != crc:
            return None
        kind, whose, at = _BODY.unpack_from(body)
        if whose != call:
            return None
        head.append(kind)
        head += _varint(_unsigned(at - before)) + _varint(length - _BODY.size)
        payloads.append(body[_BODY.size :])
        before, here = at, here + _FRAME.size + length
    return b"".join((call, _U32.pack(len(head)), head, *payloads)) if payloads else None


def unpack_records(packed: bytes) -> bytes:
    """The records, byte for byte as they were."""
    call, (head_length,) = packed[:_CALL_BYTES], _U32.unpack_from(packed, _CALL_BYTES)
    start = _CALL_BYTES + _U32.size
    head, here = packed[start : start + head_length], start + head_length
    found, place, at = list[bytes](), 0, 0
    while place < len(head):
        kind = head[place]
        step, place = _read_varint(head, place + 1)
        length, place = _read_varint(head, place)
        at += _signed(step)
        found.append(pack(kind, call, at, packed[here : here + length]))
        here += length
    return b"".join(found)


def pack_numbers(numbers: list[int]) -> bytes:
    """Whole numbers as the steps between them, compressed: numbers given one after the other take next to nothing."""
    steps, before = bytearray(), 0
    for number in numbers:
        steps += _varint(_unsigned(number - before))
        before = number
    return zlib.compress(bytes(steps), 6)


def unpack_numbers(packed: bytes) -> list[int]:
    steps = zlib.decompress(packed)
    numbers, place, number = list[int](), 0, 0
    while place < len(steps):
        step, place = _read_varint(steps, place)
        number += _signed(step)
        numbers.append(number)
        if len(numbers) == 1 and (rest := steps[place:]).isascii():
            # Mostly all but the first are short, a byte each; a call's history is thousands of them.
            return list(accumulate(map(_SHORT_STEPS.__getitem__, rest), initial=number))
    return numbers


def _unsigned(step: int) -> int:
    """Steps to and fro as numbers from 0: 0, -1, 1, -2, 2, …"""
    return step << 1 if step >= 0 else (-step << 1) - 1


def _signed(number: int) -> int:
    return -((number + 1) >> 1) if number & 1 else number >> 1


_SHORT_STEPS = tuple(map(_signed, range(0x80)))


def _varint(number: int) -> bytes:
    """A number of 0 or more in as many bytes as it needs, seven bits each, the lowest first."""
    if number < 0x80:
        return bytes((number,))
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number there, and where the next one begins."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
