"""What calls amounted to: sums, and how long they took, by time and by one field. PURE.

Times are told to two leading digits (1,234 µs counts as 1,200), so that a database can count them in groups: a
percentile is at most a twentieth off.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Dimension = Literal["model", "upstream", "application", "tag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Calls of one span of time and one value that took about as long, all of it and to the first token."""

    bucket: int
    value: str
    duration_us: int | None
    first_us: int | None
    calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost_pico: int
    unpriced: int


@dataclass(slots=True)
class Sums:
    """Added up. Durations are microseconds → calls."""

    calls: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_pico: int = 0
    unpriced: int = 0
    durations: Counter[int] = field(default_factory=Counter[int])
    firsts: Counter[int] = field(default_factory=Counter[int])

    def add(self, one: Tally) -> None:
        self.calls += one.calls
        self.errors += one.errors
        self.input_tokens += one.input_tokens
        self.output_tokens += one.output_tokens
        self.cost_pico += one.cost_pico
        self.unpriced += one.unpriced
        if one.duration_us is not None:
            self.durations[one.duration_us] += one.calls
        if one.first_us is not None:
            self.firsts[one.first_us] += one.calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`step_us` wide spans of time from the epoch on, by their number."""

    step_us: int
    total: Sums
    spans: dict[int, Sums]
    values: dict[str, Sums]


def add_up(tallies: Iterable[Tally], by_value: Iterable[Tally], step_us: int) -> Figures:
    """`by_value`: the same calls by the dimension, where one call may have several values of it."""
    total, spans, values = Sums(), dict[int, Sums](), dict[str, Sums]()
    for one in tallies:
        total.add(one)
        spans.setdefault(one.bucket, Sums()).add(one)
    for one in by_value:
        values.setdefault(one.value, Sums()).add(one)
    return Figures(step_us=step_us, total=total, spans=spans, values=values)


def percentile(counts: Counter[int], share: float) -> int | None:
    """The smallest time that at least this share of the calls stayed within; None = there are none."""
    rest = share * counts.total()
    for time in sorted(counts):
        rest -= counts[time]
        if rest <= 1e-9:
            return time
    return max(counts, default=None)


def two_digits(us: int) -> int:
    """As the databases round: 1,234 → 1,200."""
    unit = 10 ** max(0, len(str(us)) - 2)
    return us - us % unit
