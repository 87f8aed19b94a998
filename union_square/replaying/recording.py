"""A recording: the recorded calls that a mock answers with, in the order they began.

It is made of events, whatever it was read from (the store, a file), so nothing of a call is lost on the way.

Must not: do I/O.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from union_square.domain import events as ev
from union_square.domain.call import CallRecording, fold
from union_square.domain.ids import CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One call: its events in their order, and what they amount to."""

    events: tuple[ev.Event, ...]
    call: CallRecording  # folded from them; read only

    @property
    def id(self) -> CallId:
        return self.call.call_id

    @property
    def left_out(self) -> str:
        """Why it cannot be answered with; "" = it can."""
        if not self.call.request_head:
            return "its request was not recorded"
        if not self.call.recorded:
            return "the client asked not to record it"
        if any(gap.bytes for gap in self.call.gaps):
            return "bytes of it were not recorded (a gap)"
        if not self.call.ended:
            return "it had not ended"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    calls: tuple[RecordedCall, ...]

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The names of those that answered, each once."""
        return tuple(dict.fromkeys(recorded.call.upstream for recorded in self.calls if recorded.call.upstream))


def recorded_call(call_id: CallId, events: Sequence[ev.Event]) -> RecordedCall:
    """One call from its events."""
    return RecordedCall(events=tuple(events), call=fold(call_id, events))


def recording_of(calls: Iterable[RecordedCall]) -> Recording:
    """The calls in the order they began, each once."""
    once = {call.id: call for call in calls}
    return Recording(calls=tuple(sorted(once.values(), key=lambda each: (each.call.started_at, each.id))))
