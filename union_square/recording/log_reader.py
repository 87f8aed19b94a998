"""Reads the event logs below one folder, while they are written and after (the format: `recording.segments`).

Nothing that is found on the disk raises: what cannot be read is told by `problems` and reading goes on behind it.
One thread at a time. Idle reads cost a few system calls: the segment being read stays open, a listing is kept until
its folder changes.
"""

import fcntl
import os
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from union_square.domain.ids import IdError, WriterId, parse_writer_id
from union_square.domain.records import FORMAT_VERSION, TornRecord, decode
from union_square.recording.ports import Logged, LogProblem
from union_square.recording.segments import (
    HEADER_BYTES,
    LOCK_NAME,
    NewerVersion,
    OpenSegment,
    parse_header,
    parse_segment_name,
    segment_name,
)

PATIENCE_SECONDS = 1.0
"""How long a record of a live writer may look broken before it is called so: some file systems let a reader see the
new length of a file before its bytes."""

YOUNG_SECONDS = 60.0
"""A folder without segments that is younger than this is not removed: its writer may not have taken its lock yet."""

_SETTLED_NS = 100_000_000  # a folder's time stamp is as coarse as a kernel tick: a younger one proves nothing
_MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class _Listing:
    bases: list[int]
    changed_ns: int  # the folder's time stamp then; 0: not to be trusted


class FolderLogReader:
    """Fulfils `recording.ports.LogReader` for `<folder>/<writer id>/`."""

    def __init__(self, folder: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._open: dict[WriterId, OpenSegment] = {}
        self._listings: dict[WriterId, _Listing] = {}
        self._born: dict[WriterId, int] = {}
        self._doubts: dict[tuple[WriterId, int], float] = {}
        self._problems: dict[tuple[WriterId, int], LogProblem] = {}

    def writers(self) -> list[WriterId]:
        """Those that have a log now, oldest first."""
        found: list[WriterId] = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(IdError, OSError):
                    writer = parse_writer_id(entry.name)
                    if writer not in self._born:
                        if not entry.is_dir(follow_symlinks=False):
                            continue
                        self._born[writer] = self._birth_ns(writer)
                    found.append(writer)
        for gone in self._born.keys() - set(found):
            self._forget(gone)
        return sorted(found, key=lambda writer: (self._born[writer], writer))

    def read(self, writer: WriterId, position: int, limit_bytes: int = 4 << 20) -> Iterator[Logged]:
        """The events at `position` and after it, at most about `limit_bytes` of them (at least one, if there is one).

        Never raises because of what is on the disk; see `problems`.
        """
        budget = limit_bytes
        while budget > 0:
            try:
                segment = self._segment_at(writer, position)
                if segment is None:
                    return
                position = max(position, segment.base)
                block = segment.read(position, budget)
            except OSError as error:
                self._note(writer, position, 0, f"the event log could not be read: {error}")
                return
            start, torn = position, ""
            try:
                for event, end in decode(block):
                    after = start + end
                    yield Logged(writer=writer, position=position, after=after, event=event)
                    position = after
            except TornRecord as error:
                torn = str(error)
            budget -= position - start
            if torn or position == start:
                onward = self._behind(writer, segment, position, torn)
                if onward is None:
                    return
                position = onward

    def is_alive(self, writer: WriterId) -> bool:
        """Whether the process that writes it still runs: not even a shared lock can be had while it holds its own."""
        try:
            fd = os.open(self._folder / writer / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(fd)
        return False

    def remove_before(self, writer: WriterId, position: int) -> int:
        """Remove segments wholly before `position`, and a dead writer's folder once nothing is left to read.

        Returns the bytes freed. A segment of a later version is never removed.
        """
        alive = self.is_alive(writer)  # asked first: what it wrote before it died is then seen by the reads below
        freed = 0
        for base, following in pairwise(self._bases(writer)):
            if following <= position:
                freed += _unlink(self._folder / writer / segment_name(base))
        if not alive and self._is_settled(writer) and self._is_read_up(writer, position):
            freed += sum(_unlink(self._folder / writer / segment_name(base)) for base in self._bases(writer))
            _unlink(self._folder / writer / LOCK_NAME)
            with suppress(OSError):  # a foreign file in it: the folder stays
                (self._folder / writer).rmdir()
            self._forget(writer)
        return freed

    def problems(self) -> tuple[LogProblem, ...]:
        """What could not be read so far, oldest first; the newest hundred."""
        return tuple(self._problems.values())

    def close(self) -> None:
        """Close the open segments. Reading may go on afterwards."""
        for segment in self._open.values():
            segment.close()
        self._open.clear()

    def _birth_ns(self, writer: WriterId) -> int:
        for path in (self._folder / writer / LOCK_NAME, self._folder / writer):
            with suppress(OSError):
                return path.stat().st_mtime_ns
        return 0

    def _is_settled(self, writer: WriterId) -> bool:
        return bool(self._bases(writer)) or time.time() - self._birth_ns(writer) / 1e9 > YOUNG_SECONDS

    def _is_read_up(self, writer: WriterId, position: int) -> bool:
        if next(self.read(writer, position, 1), None) is not None:
            return False
        segment = self._open.get(writer)
        return segment is None or not segment.newer

    def _bases(self, writer: WriterId) -> list[int]:
        """The positions at which the writer's segments begin, in order."""
        folder = self._folder / writer
        try:
            changed = folder.stat().st_mtime_ns
            kept = self._listings.get(writer)
            if kept is not None and kept.changed_ns == changed:
                return kept.bases
            names = [path.name for path in folder.iterdir()]
        except OSError:
            self._listings.pop(writer, None)
            return []
        bases = sorted(base for base in map(parse_segment_name, names) if base is not None)
        settled = time.time_ns() - changed > _SETTLED_NS
        self._listings[writer] = _Listing(bases, changed if settled else 0)
        return bases

    def _following(self, writer: WriterId, base: int) -> int | None:
        """Where the next segment begins; None: that was the last."""
        bases = self._bases(writer)
        index = bisect_right(bases, base)
        return bases[index] if index < len(bases) else None

    def _segment_at(self, writer: WriterId, position: int) -> OpenSegment | None:
        """The segment that holds `position`, else the next that can be read, its header checked; None: none yet."""
        here: int | None = position
        while here is not None:
            bases = self._bases(writer)
            wanted = bases[max(0, bisect_right(bases, here) - 1)] if bases else None
            segment = self._open.get(writer)
            # What is open may be gone from the folder: it is read to its end all the same.
            if segment is None or segment.base > here or (wanted is not None and segment.base < wanted <= here):
                if wanted is None:
                    return None
                segment = self._reopen(writer, wanted)
            if segment is None:  # it vanished after the listing
                self._listings.pop(writer, None)
                here = self._following(writer, wanted or 0)
            elif segment.header_right or self._check(writer, segment):
                return segment
            else:
                here = None if segment.newer else self._following(writer, segment.base)
        return None

    def _reopen(self, writer: WriterId, base: int) -> OpenSegment | None:
        kept = self._open.get(writer)
        if kept is not None and kept.base == base:
            return kept
        path = self._folder / writer / segment_name(base)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        if kept is not None:
            kept.close()
        self._open[writer] = OpenSegment(base, path, fd)
        return self._open[writer]

    def _check(self, writer: WriterId, segment: OpenSegment) -> bool:
        """Whether the segment's header is there and right."""
        alive = self.is_alive(writer)
        raw = segment.header()
        if len(raw) < HEADER_BYTES:
            if raw and not (alive and self._following(writer, segment.base) is None):
                self._note(writer, segment.base, len(raw), f"{segment.path}: its header is cut short")
            return False
        match parse_header(raw, writer, segment.base):
            case None:
                segment.header_right = True
            case NewerVersion(version=version):
                segment.newer = True
                why = f"it has format version {version}, this program reads {FORMAT_VERSION}"
                advice = "update Union Square; the log is kept until then"
                self._note(writer, segment.base, 0, f"{segment.path} cannot be read: {why}; {advice}")
            case wrong:
                self._note(writer, segment.base, segment.size(), f"{segment.path} was passed over: {wrong.why}")
        return segment.header_right

    def _behind(self, writer: WriterId, segment: OpenSegment, position: int, torn: str) -> int | None:
        """Where to go on when no sound record stands at `position`; None: nothing more for now.

        What the writer does last is asked for first: it may write, begin the next segment, or die at any moment."""
        alive = self.is_alive(writer) if segment.size() > position - segment.base else True
        following = self._following(writer, segment.base)
        left = segment.size() - (position - segment.base)
        if left > 0 and not torn and segment.has_record(position):
            return position
        if left > 0 and (following is not None or not alive or (torn and self._is_past_patience(writer, position))):
            why = torn or "it ends inside a record: the writer was stopped in the middle of a write"
            place = f"{segment.path}, position {position}"
            self._note(writer, position, left, f"{place}: {why}; {left} bytes were passed over")
        return None if following is None else max(following, position)

    def _is_past_patience(self, writer: WriterId, position: int) -> bool:
        now = self._monotonic()
        return now - self._doubts.setdefault((writer, position), now) > PATIENCE_SECONDS

    def _note(self, writer: WriterId, position: int, lost: int, message: str) -> None:
        self._problems[writer, position] = LogProblem(
            writer=writer, position=position, lost_bytes=lost, message=message
        )
        while len(self._problems) > _MOST_PROBLEMS:
            del self._problems[next(iter(self._problems))]

    def _forget(self, writer: WriterId) -> None:
        segment = self._open.pop(writer, None)
        if segment is not None:
            segment.close()
        self._listings.pop(writer, None)
        self._born.pop(writer, None)
        self._doubts = {key: since for key, since in self._doubts.items() if key[0] != writer}


def _unlink(path: Path) -> int:
    """Remove a file; the bytes freed, 0 where another was faster or the folder is not ours to change."""
    try:
        size = path.stat().st_size
        path.unlink()
    except OSError:
        return 0
    return size
