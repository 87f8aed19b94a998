"""What an event log's folder looks like to its readers: names, headers, and a segment opened for reading.

    <log>/<writer id>/lock                    held with flock for the life of the writer
    <log>/<writer id>/<position>.uslog        20 decimal digits: the position of the segment's first record
    header = "USQLOG"  version:u16  writer:16 bytes  position:u64        32 bytes, little endian; records follow

Positions count record bytes only, over all segments of a writer (the whole format: docs/event-log.md).
"""

import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from union_square.domain.ids import WriterId
from union_square.domain.records import FORMAT_VERSION, FRAME_BYTES, MAX_RECORD_BYTES, TornRecord, decode

MAGIC = b"USQLOG"
LOCK_NAME = "lock"
HEADER = struct.Struct("<6sH16sQ")
HEADER_BYTES = HEADER.size
_NAME = re.compile(r"(\d{20})\.uslog\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewerVersion:
    """A later version wrote the segment. It is left alone: nothing of it may be skipped or removed."""

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BadHeader:
    """A file with a segment's name that is no segment of this log."""

    why: str


def segment_name(position: int) -> str:
    return f"{position:020d}.uslog"


def parse_segment_name(name: str) -> int | None:
    """The position of the segment's first record; None: not a segment's name."""
    found = _NAME.match(name)
    return int(found[1]) if found else None


def parse_header(raw: bytes, writer: WriterId, base: int) -> NewerVersion | BadHeader | None:
    """What is wrong with the 32 bytes a segment begins with; None: nothing."""
    magic, version, written_by, position = HEADER.unpack(raw)
    if magic != MAGIC:
        return BadHeader(why="it does not begin like a segment of an event log")
    if version > FORMAT_VERSION:
        return NewerVersion(version=version)
    if version != FORMAT_VERSION:
        return BadHeader(why=f"its format version is {version}")
    if written_by.hex() != writer:
        return BadHeader(why=f"it belongs to writer {written_by.hex()}")
    if position != base:
        return BadHeader(why=f"it says that it begins at position {position}")
    return None


@dataclass(slots=True)
class OpenSegment:
    """A segment opened for reading. It can be read to its end even when it was removed from its folder meanwhile."""

    base: int
    path: Path
    fd: int
    header_right: bool = False
    newer: bool = False  # of a later version

    def size(self) -> int:
        """Record bytes in it."""
        return max(0, os.fstat(self.fd).st_size - HEADER_BYTES)

    def header(self) -> bytes:
        """The first 32 bytes, or what there is of them."""
        return os.pread(self.fd, HEADER_BYTES, 0)

    def read(self, position: int, limit: int) -> bytes:
        """From `position` on about `limit` bytes, but one whole record where that is longer and there."""
        offset = position - self.base
        there = self.size() - offset
        data = os.pread(self.fd, max(0, min(there, max(limit, FRAME_BYTES))), HEADER_BYTES + offset)
        if len(data) >= FRAME_BYTES:
            record = FRAME_BYTES + int.from_bytes(data[:4], "little")
            if len(data) < record <= min(there, MAX_RECORD_BYTES + FRAME_BYTES):
                data += os.pread(self.fd, record - len(data), HEADER_BYTES + offset + len(data))
        return data

    def has_record(self, position: int) -> bool:
        """Whether the bytes of a record, sound or not, are all there."""
        try:
            return next(iter(decode(self.read(position, FRAME_BYTES))), None) is not None
        except TornRecord:
            return True

    def close(self) -> None:
        os.close(self.fd)
