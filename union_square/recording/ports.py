"""The seams of recording. Each Protocol has one real implementation beside it; tests bring small fakes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from union_square.domain.events import Event
from union_square.domain.ids import WriterId


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """An event with its place in a log. `position` is the record's first byte, `after` the byte behind it, both
    counted over all segments of that writer since it began; `after` is where reading goes on."""

    writer: WriterId
    position: int
    after: int
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProblem:
    """What could not be read of a log. `lost_bytes` is what lies between the place and where reading went on."""

    writer: WriterId
    position: int
    lost_bytes: int
    message: str  # for a person: what, where, what to do


class LogReader(Protocol):
    """Follows every writer's log below one folder."""

    def writers(self) -> list[WriterId]:
        """Those that have a log now, oldest first."""
        ...

    def read(self, writer: WriterId, position: int, limit_bytes: int = 4 << 20) -> Iterator[Logged]:
        """The events at `position` and after it, at most about `limit_bytes` of them; none = nothing new yet.

        A position whose segment was removed reads on at the oldest that is there. A torn tail of a dead writer ends
        the log; of a live one it is a write in progress.
        """
        ...

    def is_alive(self, writer: WriterId) -> bool:
        """Whether the process that writes it still runs (it holds the lock of its folder)."""
        ...

    def remove_before(self, writer: WriterId, position: int) -> int:
        """Remove segments that lie wholly before `position`; a dead writer's folder once nothing is left to read.

        Returns the bytes freed."""
        ...

    def problems(self) -> Sequence[LogProblem]:
        """What could not be read so far, oldest first; the newest hundred."""
        ...
