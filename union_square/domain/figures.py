"""What calls amounted to: sums, and how long they took, by time and by one field. PURE.

Times are kept to three leading digits, the rest cut off (12,345 µs counts as 12,300), so that what is held does not
grow with the calls: a percentile is never above the true one, and less than a hundredth of it below.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Dimension = Literal["model", "upstream", "application", "tag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The calls of one span of time and one value; their times as `three_digits` has them, in no order."""

    bucket: int
    value: str
    durations: Sequence[int]  # of those that have ended
    firsts: Sequence[int]  # to the first token, of those that had one
    calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int  # of the input, read from the provider's cache
    cost_pico: int
    unpriced: int


@dataclass(slots=True)
class Sums:
    """Added up. Durations are microseconds → calls."""

    calls: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_pico: int = 0
    unpriced: int = 0
    durations: Counter[int] = field(default_factory=Counter[int])
    firsts: Counter[int] = field(default_factory=Counter[int])

    def add(self, one: Tally) -> None:
        self.calls += one.calls
        self.errors += one.errors
        self.input_tokens += one.input_tokens
        self.output_tokens += one.output_tokens
        self.cached_tokens += one.cached_tokens
        self.cost_pico += one.cost_pico
        self.unpriced += one.unpriced
        self.durations.update(one.durations)
        self.firsts.update(one.firsts)


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


def three_digits(us: int) -> int:
    """As the databases cut: 12,345 → 12,300."""
    return us if us < 1000 else us - us % 10 ** (len(str(us)) - 3)
