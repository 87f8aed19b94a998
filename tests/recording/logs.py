"""Writes event logs byte by byte, for tests of their readers. Independent of the real writer, on purpose: it follows
the format's description, so a reader and a writer that agree on a mistake are found out."""

import fcntl
import os
import struct
from pathlib import Path

from union_square.domain import events as ev
from union_square.domain.ids import CallId, WriterId
from union_square.domain.records import encode

WRITER = WriterId("0190" + "a" * 28)
CALL = CallId("0190" + "b" * 28)


def header(writer: WriterId, position: int, *, magic: bytes = b"USQLOG", version: int = 1) -> bytes:
    return struct.pack("<6sH16sQ", magic, version, bytes.fromhex(writer), position)


def chunk(number: int, size: int = 4, call_id: CallId = CALL) -> ev.ResponseChunk:
    return ev.ResponseChunk(call_id=call_id, at=1_000_000 + number, data=bytes([number % 256]) * size)


class HandLog:
    """One writer's folder, written by hand."""

    def __init__(self, folder: Path, writer: WriterId = WRITER, *, alive: bool = True) -> None:
        self.writer = writer
        self.folder = folder / writer
        self.folder.mkdir(parents=True)
        self.lock = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR)
        self.position = 0
        self.path: Path | None = None
        if alive:
            fcntl.flock(self.lock, fcntl.LOCK_EX)

    def begin_segment(self, **changes: object) -> Path:
        self.path = self.folder / f"{self.position:020d}.uslog"
        self.path.write_bytes(header(self.writer, self.position, **changes))  # pyright: ignore[reportArgumentType]
        return self.path

    def write(self, data: bytes) -> None:
        """Append record bytes, whole records or pieces of them."""
        path = self.path or self.begin_segment()
        with path.open("ab") as file:
            file.write(data)
        self.position += len(data)

    def append(self, *events: ev.Event) -> None:
        self.write(b"".join(map(encode, events)))

    def die(self) -> None:
        os.close(self.lock)
