"""A call, folded from its events: what was sent and received, byte for byte, with the time of every chunk.

`CallRecording` is the one fold that the projector, the live feed and `rebuild` share. It takes no time and does no
I/O; feeding it the same events always gives the same recording, and a prefix then the rest gives the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from union_square.domain import events as ev
from union_square.domain.ids import CallId
from union_square.domain.lifecycle import CallState, state_after_failure, state_after_response


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """When payload bytes came (microseconds since the call began) and how many."""

    offset_us: int
    size: int


@dataclass(slots=True)
class Body:
    """One side's payload. `data` is shorter than `total` where a gap, or a wish not to be recorded, left bytes out."""

    data: bytearray = field(default_factory=bytearray)
    chunks: list[Chunk] = field(default_factory=list[Chunk])
    total: int = 0
    ended_at: int | None = None  # microseconds since the epoch


@dataclass(slots=True)
class CallRecording:
    """The fold of one call's events. Read its fields; change it only through `apply`."""

    call_id: CallId
    started_at: int = 0  # microseconds since the epoch
    last_at: int = 0
    upstream: str = ""
    fingerprint: str = ""
    recorded: bool = True
    request_head: bytes = b""
    response_head: bytes = b""  # the final one; empty until it came
    informational: list[bytes] = field(default_factory=list[bytes])  # heads of 1xx answers
    request: Body = field(default_factory=Body)
    response: Body = field(default_factory=Body)
    status: int | None = None  # the status the client was given
    state: CallState = "running"
    ended_at: int | None = None
    failure: ev.Failure | None = None
    gaps: list[ev.Gap] = field(default_factory=list[ev.Gap])

    def apply(self, event: ev.Event) -> None:
        """Take one more event of this call. Never raises, whatever comes in whatever order."""
        if not self.started_at:
            self.started_at = event.at
        self.last_at = max(self.last_at, event.at)
        match event:
            case ev.RequestHead():
                self.started_at = event.at
                self.upstream = event.upstream
                self.fingerprint = event.fingerprint
                self.recorded = event.recorded
                self.request_head = event.head
            case ev.RequestChunk():
                self._add(self.request, event)
            case ev.RequestEnd():
                self.request.total = event.total
                self.request.ended_at = event.at
            case ev.ResponseHead():
                self._respond(event)
            case ev.ResponseChunk():
                self._add(self.response, event)
            case ev.ResponseEnd():
                self.response.total = event.total
                self.response.ended_at = event.at
                self._end(state_after_response(self.status or 0), event.at)
            case ev.Failure():
                self._fail(event)
            case ev.Gap():
                self.gaps.append(event)
            case ev.Unknown():
                return
            case _:
                assert_never(event)

    @property
    def ended(self) -> bool:
        return self.state != "running"

    @property
    def time_to_first_chunk_us(self) -> int | None:
        """From the call's begin to the first payload byte of its response; None until it came."""
        return self.response.chunks[0].offset_us if self.response.chunks else None

    @property
    def duration_us(self) -> int | None:
        """From the call's begin to its end; None while it runs."""
        return None if self.ended_at is None else max(0, self.ended_at - self.started_at)

    def _add(self, body: Body, event: ev.RequestChunk | ev.ResponseChunk) -> None:
        body.data += event.data
        body.total += len(event.data)
        body.chunks.append(Chunk(offset_us=max(0, event.at - self.started_at), size=len(event.data)))

    def _respond(self, event: ev.ResponseHead) -> None:
        status = status_of(event.head)
        if 100 <= status < 200 and status != 101:
            self.informational.append(event.head)
            return
        self.response_head = event.head
        self.status = status or None

    def _fail(self, event: ev.Failure) -> None:
        self.failure = event
        answered = self.status is not None
        self.status = self.status if answered else event.status or None
        self.request.total = max(self.request.total, event.request_total)
        self.response.total = max(self.response.total, event.response_total)
        self._end(state_after_failure(event.code, answered=answered), event.at)

    def _end(self, state: CallState, at: int) -> None:
        if not self.ended:
            self.state, self.ended_at = state, at


def status_of(head: bytes) -> int:
    """The status code in a response head's first line; 0 where it has none."""
    parts = head.split(b"\r\n", 1)[0].split(b" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() and len(parts[1]) == 3 else 0


def fold(call_id: CallId, events: Iterable[ev.Event]) -> CallRecording:
    """The recording that one call's events amount to."""
    recording = CallRecording(call_id=call_id)
    for event in events:
        recording.apply(event)
    return recording
