"""Which recorded call answers a request.

Strict: the one that asks the same (`replaying.asking` says what the same is); a request that differs only in dates,
times and UUIDs within texts is the same where there is none that is equal.
Loose: the one that was told the same since the model spoke last (the user's message, the tools' results), else the next
of its kind in the recorded order.

Every recorded call answers once, in the recorded order; where repeats are allowed, the last that matches goes on
answering.

Must not: do I/O.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from typing import Literal

from union_square.replaying.asking import Asked

Mode = Literal["strict", "loose"]

MOST_DIFF_LINES = 60
MOST_COMPARED = 200
"""Recorded requests that the nearest is looked for among."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The recorded call number `index` answers."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """Nothing recorded answers. `nearest` is the number of the recorded call whose request is most like it (None: there
    is none), and `diff` how the request differs from that one, line by line; empty where it is the same and has
    been answered already."""

    asked: Asked
    nearest: int | None
    diff: tuple[str, ...]

    @property
    def is_used_up(self) -> bool:
        return self.nearest is not None and not self.diff


class Matcher:
    """Keeps which recorded calls have answered. For one thread."""

    def __init__(self, recorded: Sequence[Asked], *, mode: Mode = "strict", repeat: bool = False) -> None:
        self._recorded = tuple(recorded)
        self._mode: Mode = mode
        self._repeat = repeat
        self._times = [0] * len(recorded)
        self.unmatched: list[Unmatched] = []

    def match(self, asked: Sequence[Asked]) -> Answered | Unmatched:
        """What answers a request, which is given in every way in which its path may be read (at least one)."""
        for key in _STRICT if self._mode == "strict" else _LOOSE:
            index = self._find(key, asked)
            if index is not None:
                self._times[index] += 1
                return Answered(index=index)
        found = self._explain(asked)
        self.unmatched.append(found)
        return found

    def reset(self) -> None:
        """As if nothing had been asked."""
        self._times = [0] * len(self._recorded)
        self.unmatched.clear()

    @property
    def answered(self) -> int:
        """How many requests were answered, repeats included."""
        return sum(self._times)

    @property
    def unused(self) -> tuple[int, ...]:
        """The numbers of the recorded calls that have not answered."""
        return tuple(index for index, times in enumerate(self._times) if not times)

    def _find(self, key: Callable[[Asked], Hashable], asked: Sequence[Asked]) -> int | None:
        wanted = {key(one) for one in asked} - {None}
        same = [index for index, recorded in enumerate(self._recorded) if key(recorded) in wanted]
        fresh = next((index for index in same if not self._times[index]), None)
        return same[-1] if fresh is None and same and self._repeat else fresh

    def _explain(self, asked: Sequence[Asked]) -> Unmatched:
        best: tuple[float, int, Asked] | None = None
        for index, recorded in _with_number(self._recorded, self._times):
            for one in asked:
                alike = _likeness(one, recorded)
                if best is None or alike > best[0]:
                    best = (alike, index, one)
        if best is None:
            return Unmatched(asked=asked[0], nearest=None, diff=())
        _, index, one = best
        return Unmatched(asked=one, nearest=index, diff=_diff(self._recorded[index], one))


def _with_number(recorded: Sequence[Asked], times: Sequence[int]) -> Iterable[tuple[int, Asked]]:
    """Those that have not answered first."""
    order = sorted(range(len(recorded)), key=lambda index: times[index] > 0)
    return [(index, recorded[index]) for index in order[:MOST_COMPARED]]


def _likeness(one: Asked, other: Asked) -> float:
    alike = SequenceMatcher(None, one.facet_keys, other.facet_keys, autojunk=False).ratio()
    last = SequenceMatcher(None, one.lines[-1], other.lines[-1], autojunk=False).ratio()
    return alike + last / 2 + (one.path == other.path) + (one.request.stream == other.request.stream) / 4


def _diff(recorded: Asked, asked: Asked) -> tuple[str, ...]:
    """Of two requests as people read them; where those look alike, of what is compared."""
    if recorded.steady_key == asked.steady_key:
        return ()
    pair = (recorded.lines, asked.lines)
    if pair[0] == pair[1]:
        pair = (recorded.key, asked.key)
    lines = list(unified_diff(*pair, "recorded", "asked", n=1, lineterm=""))
    left = len(lines) - MOST_DIFF_LINES
    return tuple(lines if left <= 0 else [*lines[:MOST_DIFF_LINES], f"… and {left} more lines"])


def _exact(asked: Asked) -> Hashable:
    return asked.key


def _steady(asked: Asked) -> Hashable:
    return asked.steady_key


def _last(asked: Asked) -> Hashable:
    return (asked.kind, asked.last) if asked.last else None


def _kind(asked: Asked) -> Hashable:
    return asked.kind


_STRICT = (_exact, _steady)
_LOOSE = (_exact, _steady, _last, _kind)
