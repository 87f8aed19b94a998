"""The event log's writing side: one folder a writer, append-only segments of framed records (docs/event-log.md).

`append` is one plain write. What the operating system has accepted survives the death of this process. A write that
fails leaves whole records only: what stands torn at the end is cut off again.

Must not: run in two processes for one writer; the folder's lock says that a writer lives.
"""

import fcntl
import os
import struct
from pathlib import Path

from union_square.domain.ids import WriterId
from union_square.domain.records import FORMAT_VERSION, FRAME_BYTES
from union_square.recording.segments import HEADER, LOCK_NAME, MAGIC, segment_name

_FRAME_LENGTH = struct.Struct("<I")


class LogWriter:
    """Appends to the log of one writer. Every method may raise OSError; `append` then has written whole records only,
    and how many bytes of them says `position`."""

    def __init__(self, folder: Path, writer: WriterId, *, segment_bytes: int) -> None:
        self.folder = folder / writer
        self._writer = bytes.fromhex(writer)
        self._segment_bytes = segment_bytes
        self._fd = -1
        self._segment_base = 0
        self.position = 0
        """The position behind the last record: counts record bytes of all segments, headers not."""
        self._lock = self._make_folder(folder, writer)

    def _make_folder(self, folder: Path, writer: WriterId) -> int:
        """The folder appears under its name only when it is locked, so that no reader takes it for a dead one's."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unborn = folder / f".{writer}.new"
        unborn.mkdir(mode=0o700)
        lock = os.open(unborn / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        unborn.rename(self.folder)
        return lock

    def append(self, data: bytes) -> None:
        """Write `data`, whole records, behind what is there. Raises OSError when not all of it could be written."""
        if self._fd < 0 or self.position - self._segment_base >= self._segment_bytes:
            self._next_segment()
        start = self.position
        try:
            self.position += os.write(self._fd, data)
            while self.position - start < len(data):
                self.position += os.write(self._fd, data[self.position - start :])
        except OSError:
            if self.position > start:
                self.position = start + whole_records(data, self.position - start)
                self._cut_torn_record()
            raise

    def _cut_torn_record(self) -> None:
        """Where even that fails the segment is left as it is, its end torn, and the next one goes on in its stead."""
        try:
            os.ftruncate(self._fd, HEADER.size + self.position - self._segment_base)
        except OSError:
            os.close(self._fd)
            self._fd = -1

    def _next_segment(self) -> None:
        """Begin a segment. It appears under its name only with its header whole."""
        name = segment_name(self.position)
        unborn = self.folder / f".{name}.new"
        fd = os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            header = HEADER.pack(MAGIC, FORMAT_VERSION, self._writer, self.position)
            if os.write(fd, header) != len(header):
                raise OSError(28, "no room for the header of a segment")
            unborn.rename(self.folder / name)
        except OSError:
            os.close(fd)
            raise
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd
        self._segment_base = self.position

    def close(self) -> None:
        """Close the segment and give the lock back. May be called again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def whole_records(data: bytes, written: int) -> int:
    """How many of the first `written` bytes of `data` (whole records) are whole records."""
    here = 0
    while here + FRAME_BYTES <= written:
        after = here + FRAME_BYTES + _FRAME_LENGTH.unpack_from(data, here)[0]
        if after > written:
            break
        here = after
    return here
