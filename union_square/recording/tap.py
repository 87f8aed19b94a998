"""The tap: where the data plane puts what it saw. `offer` never waits and never raises.

What is offered gathers in a batch, one item on a memory stream, until the recorder takes it; so under load there is one
item per flush, not per observation. There is one batch at a time, and `take` gives it, whether its item still stands in
the stream or is on its way to a waiting receiver: so the order is kept. The stream is bounded by the bytes in flight
(offered and not yet in the log), not by items. What does not fit is counted per call and becomes a Gap once there is
room.

One turn of the event loop may bring more than a long flush interval should hold: every socket may be full. So the
recorder is called when `BRIM_BYTES` are in flight, and need not wait for its turn.

Must not: do I/O. Runs in the proxy's loop only; nothing here is locked.
"""

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from union_square.domain.records import (
    FAILURE,
    FRAME_BYTES,
    REQUEST_CHUNK,
    REQUEST_END,
    RESPONSE_CHUNK,
    RESPONSE_END,
    WHOLE_REQUEST,
    WHOLE_RESPONSE,
    Cut,
    body_head,
    pack,
    parts_of,
    whole_head,
    whole_payload,
)

BRIM_BYTES = 256 << 10
"""Large enough that its write costs little for each record, small enough to stay in the memory that is there anyway."""

MAX_MISSED_CALLS = 100_000
"""So many calls are counted each on its own; those beyond are summed, so that a full disk does not fill the memory."""

_ENDS = frozenset({REQUEST_END, RESPONSE_END, FAILURE})
_CHUNKS = frozenset({REQUEST_CHUNK, RESPONSE_CHUNK})
_WHOLES = frozenset({WHOLE_REQUEST, WHOLE_RESPONSE})


Batch = list[bytes]
"""Bodies of records (`domain.records`) of many calls in the order they were offered; framed when they are written."""


def _no_ends() -> list[bytes]:
    return []


def _nobody() -> None:
    """Takes what gathers before its time."""


@dataclass(slots=True)
class Missed:
    """What one call lost: observations and payload bytes. `ends` are its ends, which are small and never dropped."""

    observations: int = 0
    payload_bytes: int = 0
    ends: list[bytes] = field(default_factory=_no_ends)


class Tap:
    """The sending half. `limit_bytes` bounds the bytes in flight; see `recorder.Recorder` for the other half."""

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._send: MemoryObjectSendStream[Batch]
        self.batches: MemoryObjectReceiveStream[Batch]
        self._send, self.batches = anyio.create_memory_object_stream[Batch](math.inf)
        self._gathering: Batch = []
        self.closed = False
        self.in_flight = 0
        self.on_brim: Callable[[], None] = _nobody
        self.missed: dict[bytes, Missed] = {}
        self.missed_observations = 0
        self.missed_bytes = 0

    def offer(self, kind: int, call: bytes, at: int, payload: bytes) -> None:
        """Take one observation: a record kind of `domain.records`, the call's 16 bytes, microseconds, payload."""
        body = body_head(kind, call, at) + payload
        in_flight = self.in_flight + len(body) + FRAME_BYTES
        if (in_flight > self._limit or self.missed or self.closed) and self._must_miss(call, in_flight):
            for part, its in parts_of(kind, payload) if kind in _WHOLES else [(kind, payload)]:
                self._miss(part, call, at, its)
            return
        self._put(body, in_flight)

    def offer_whole(self, kind: int, call: bytes, at: int, head: Cut, data: bytes) -> None:
        """`offer` for a WHOLE_REQUEST or WHOLE_RESPONSE: the payload of its head, and its body."""
        before, digits, after = head
        size = len(before) + len(digits) + len(after)
        body = b"".join((whole_head(kind, call, at, size), before, digits, after, data))
        in_flight = self.in_flight + len(body) + FRAME_BYTES
        if in_flight > self._limit or self.missed or self.closed:
            self.offer(kind, call, at, whole_payload(b"".join(head), data))
            return
        self._put(body, in_flight)

    def _put(self, body: bytes, in_flight: int) -> None:
        self.in_flight = in_flight
        if not self._gathering:
            self._send.send_nowait(self._gathering)
        self._gathering.append(body)
        if in_flight >= BRIM_BYTES:
            self.on_brim()

    def _must_miss(self, call: bytes, in_flight: int) -> bool:
        """An empty stream takes anything, else a piece larger than the bound would never be recorded. A call that has
        lost something loses what follows too until its Gap stands in the log, so that the order stays exact."""
        return self.closed or call in self.missed or (self.in_flight > 0 and in_flight > self._limit)

    def take(self) -> Batch:
        """All that has gathered, in its order; what comes now goes into another batch."""
        with contextlib.suppress(anyio.WouldBlock, anyio.EndOfStream):
            self.batches.receive_nowait()
        batch, self._gathering = self._gathering, []
        return batch

    def written(self, size: int) -> None:
        """So many bytes have left for the log: there is room again."""
        self.in_flight -= size

    def take_missed(self) -> dict[bytes, Missed]:
        """What was missed since the last time, by call; the caller records it."""
        missed, self.missed = self.missed, {}
        return missed

    def close(self) -> None:
        """No more observations; the recorder ends when it has read what is there."""
        self.closed = True
        self._send.close()

    def _miss(self, kind: int, call: bytes, at: int, payload: bytes) -> None:
        entry = self.missed.get(call)
        if entry is None:
            if len(self.missed) >= MAX_MISSED_CALLS:
                call = next(reversed(self.missed))  # the sum of all beyond the bound stands at the last one
                entry = self.missed[call]
                kind = 0
            else:
                entry = self.missed[call] = Missed()
        if kind in _ENDS:
            entry.ends.append(pack(kind, call, at, payload))
            return
        lost = len(payload) if kind in _CHUNKS else 0
        entry.observations += 1
        entry.payload_bytes += lost
        self.missed_observations += 1
        self.missed_bytes += lost
