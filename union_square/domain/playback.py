"""A recorded session on a time line: what came when, and where in it one is. Pure.

Times are microseconds since the session's first call began. *Recorded* time is what the clock showed; *played* time is
the same with every wait (a span in which nothing came, of any call) cut down to a longest one, so that an hour between
two turns need not be sat through. Without a longest wait the two are equal.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from union_square.domain.ids import CallId
from union_square.domain.views import CallDetail

LONGEST_WAIT_US = 1_500_000
"""A wait that is jumped over still lasts this long: a pause is seen, not lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedCall:
    """A call on the time line, in recorded time."""

    call_id: CallId
    begin: int
    first: int | None  # the first byte of its answer; None = none came
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Everything that happened, in order. `marks[i]` (recorded) is played at `played[i]`; both begin with 0."""

    calls: tuple[PlayedCall, ...]  # in the order they began
    marks: tuple[int, ...]  # ascending, each once: every begin, piece and end of a call
    played: tuple[int, ...]

    @property
    def length(self) -> int:
        """Played time from the first begin to the last end."""
        return self.played[-1]

    def to_recorded(self, at: int) -> int:
        """What the clock showed when `at` is played. Beyond the ends: the ends."""
        return _between(self.played, self.marks, at)

    def to_played(self, at: int) -> int:
        """When that moment is played. Beyond the ends: the ends."""
        return _between(self.marks, self.played, at)

    def step(self, at: int, by: int) -> int:
        """The next (`by` = 1) or previous (-1) moment in played time at which anything came."""
        return _neighbour(self.played, at, by)

    def step_call(self, at: int, by: int) -> int:
        """The begin of the next or previous call in played time; past the last one, the end."""
        begins = sorted({0, self.length, *(self.to_played(call.begin) for call in self.calls)})
        return _neighbour(begins, at, by)

    def running(self, at: int) -> tuple[PlayedCall, ...]:
        """The calls that have begun and not ended at that recorded time."""
        return tuple(call for call in self.calls if call.begin <= at < call.end)

    def next_mark(self, at: int) -> int | None:
        """The recorded time of what comes next after that recorded time; None = nothing does."""
        index = bisect_right(self.marks, at)
        return self.marks[index] if index < len(self.marks) else None


def score_of(calls: Sequence[CallDetail], longest_wait_us: int | None = LONGEST_WAIT_US) -> Score:
    """The time line of a session's calls. A call that still runs ends with the last that is known of it."""
    if not calls:
        return Score(calls=(), marks=(0,), played=(0,))
    began = min(detail.call.started_at for detail in calls)
    placed = [
        (round((detail.call.started_at - began).total_seconds() * 1e6), detail)
        for detail in sorted(calls, key=lambda detail: (detail.call.started_at, detail.call.id))
    ]
    played_calls = tuple(_place(begin, detail) for begin, detail in placed)
    marks = {0}
    for call, (begin, detail) in zip(played_calls, placed, strict=True):
        marks |= {call.begin, call.end, *(begin + _us(chunk.offset_ms) for chunk in detail.chunks)}
    ordered = tuple(sorted(marks))
    return Score(calls=played_calls, marks=ordered, played=tuple(_squeezed(ordered, longest_wait_us)))


def _us(ms: float) -> int:
    return max(0, round(ms * 1000))


def _place(begin: int, detail: CallDetail) -> PlayedCall:
    offsets = [_us(chunk.offset_ms) for chunk in detail.chunks]
    last = max(offsets, default=0)
    lasted = last if detail.call.duration_ms is None else max(last, _us(detail.call.duration_ms))
    return PlayedCall(
        call_id=detail.call.id,
        begin=begin,
        first=begin + offsets[0] if offsets else None,
        end=begin + max(lasted, 1),  # a call is never over before it began
    )


def _squeezed(marks: Sequence[int], longest: int | None) -> Iterable[int]:
    at = 0
    yield at
    for before, mark in pairwise(marks):
        span = mark - before
        at += span if longest is None else min(span, longest)
        yield at


def _between(from_: Sequence[int], to: Sequence[int], at: int) -> int:
    index = bisect_right(from_, at)
    if index == 0:
        return to[0]
    if index == len(from_):
        return to[-1]
    begin, end = from_[index - 1], from_[index]
    return to[index - 1] + (at - begin) * (to[index] - to[index - 1]) // (end - begin)


def _neighbour(moments: Sequence[int], at: int, by: int) -> int:
    if by > 0:
        index = bisect_right(moments, at)
        return moments[index] if index < len(moments) else moments[-1]
    index = bisect_left(moments, at) - 1
    return moments[index] if index >= 0 else moments[0]
