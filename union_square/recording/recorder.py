"""The recorder: takes the batches off the tap's stream and appends them to the event log, one plain write a flush.

It runs in the proxy's loop (handing each batch to a thread cost 20–50 % of the throughput), sleeps until something is
offered, and lets it gather for the flush interval, or until the tap is full to the brim. When the log cannot be written
it keeps what fits in the stream's bound, says so through `problem`, and tries again; what does not fit is missed, and
recorded as Gaps when writing works.

Must not: raise into the data plane, drop anything without counting it.
"""

import errno
import logging
from collections.abc import Callable
from typing import Protocol

import anyio

from union_square.domain.records import GAP, frame_all, gap_payload, pack
from union_square.recording.tap import Missed, Tap

RETRY_SECONDS = 0.25
_log = logging.getLogger(__name__)


class Log(Protocol):
    """Where records go; `log_writer.LogWriter` is the real one."""

    position: int

    def append(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Recorder:
    """The receiving half of a tap. `run` it as one task; `now` gives microseconds since the epoch."""

    def __init__(self, tap: Tap, log: Log, *, flush_seconds: float, now: Callable[[], int]) -> None:
        self._tap = tap
        self._log = log
        self._flush_seconds = flush_seconds
        self._now = now
        self._held: list[bytes] = []
        self.problem = ""
        """Why the log cannot be written now, for a person; empty when it can."""
        self._reason = "stream_full"
        self.gaps = 0
        tap.on_brim = self._flush_early

    @property
    def written_bytes(self) -> int:
        return self._log.position

    async def run(self) -> None:
        """Record until the tap is closed and all it gave was tried to be written. `finish` comes after it."""
        async for _ in self._tap.batches:
            await anyio.sleep(self._flush_seconds)
            self.flush()
            while self.problem and not self._tap.closed:
                await anyio.sleep(RETRY_SECONDS)
                self.flush()

    def finish(self) -> None:
        """Write what is left, for the last time, and close the log. What cannot be written is named in the log of the
        program."""
        self.flush()
        if self._held or self._tap.missed:
            _log.error(
                "the event log could not be completed: %d bytes of records and the gaps of %d calls are lost (%s)",
                sum(map(len, self._held)),
                len(self._tap.missed),
                self.problem or "it is full",
            )
        self._tap.batches.close()
        self._log.close()

    def _flush_early(self) -> None:
        """Called by the tap. A log that cannot be written is tried again at its time only."""
        if not self.problem:
            self.flush()

    def flush(self) -> None:
        """Write what has gathered now."""
        self._held += frame_all(self._tap.take())
        self._append_held()
        if self._tap.missed and not self.problem:
            self._append_missed()

    def _append_held(self) -> None:
        if not self._held:
            self.problem = ""
            return
        data = b"".join(self._held)
        written = self._append(data)
        self._held = [data[written:]] if written < len(data) else []
        self._tap.written(written)

    def _append(self, data: bytes) -> int:
        """Append, and say how many bytes were written: whole records, all of them unless there is a problem."""
        before = self._log.position
        try:
            self._log.append(data)
        except OSError as error:
            if not self.problem:
                _log.error("the event log cannot be written, calls go on: %s", error)
            # `/-/ready` tells it to whoever reaches the port: what is wrong, not where.
            self.problem = f"the event log cannot be written: {error.strerror or type(error).__name__}"
            full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
            self._reason = "disk_full" if full else "write_failed"
            return self._log.position - before
        if self.problem:
            _log.warning("the event log can be written again")
        self.problem = ""
        return len(data)

    def _append_missed(self) -> None:
        missed = self._tap.take_missed()
        at = self._now()
        data = b"".join(r for call, entry in missed.items() for r in self._records_of(call, entry, at))
        written = self._append(data)
        if written < len(data):
            self._held = [data[written:]]
            self._tap.in_flight += len(data) - written
        self.gaps += sum(1 for entry in missed.values() if entry.observations)
        if not self.problem:
            self._reason = "stream_full"

    def _records_of(self, call: bytes, entry: Missed, at: int) -> list[bytes]:
        if not entry.observations:
            return entry.ends
        gap = pack(GAP, call, at, gap_payload(entry.observations, entry.payload_bytes, self._reason))
        return [gap, *entry.ends]
