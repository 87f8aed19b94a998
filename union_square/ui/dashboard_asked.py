"""What the dashboard's address asks for: a slice of the calls, a range of time, a dimension; and addresses. PURE.

`?from=…&to=…&by=…&q=…`. A time is an instant or, for `from`, how long ago (24h). Without either it is all there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args
from urllib.parse import urlencode

from union_square.domain.figures import Dimension
from union_square.domain.finding.spelling import spell_began
from union_square.domain.finding.values import parse_instant, spell_instant
from union_square.ui import routes
from union_square.ui.present_finding import address_of

PRESETS = (("1h", "1 h"), ("24h", "24 h"), ("7d", "7 d"), ("30d", "30 d"), ("", "All"))
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
MOST_SPANS = 61  # the last hour, which begins within a minute, is shown in minutes

_SECOND = 1_000_000  # µs
_YEAR = 31_536_000 * _SECOND
_STEPS = tuple(
    seconds * _SECOND
    for seconds in (1, 5, 10, 30, 60, 120, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000)
)
_SHORTEST = 30 * _SECOND
_EARLIEST, _LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """None = open at that side."""

    query: str = ""
    by: Dimension = "model"
    since: datetime | timedelta | None = None
    until: datetime | None = None

    @property
    def address(self) -> str:
        given = {
            "from": "" if self.since is None else spell_instant(self.since),
            "to": "" if self.until is None else spell_instant(self.until),
            "by": "" if self.by == "model" else self.by,
            "q": self.query,
        }
        kept = {name: value for name, value in given.items() if value}
        return routes.DASHBOARD.path + ("?" + urlencode(kept) if kept else "")


def read_asked(parameters: Mapping[str, str]) -> Asked:
    """What an address asks for; a part that cannot be read is left out."""
    by = parameters.get("by", "model")
    since, until = parse_instant(parameters.get("from", "")), parse_instant(parameters.get("to", ""))
    return Asked(
        query=parameters.get("q", "").strip(),
        by=by if by in DIMENSIONS else "model",
        since=_clipped(since) if isinstance(since, datetime) else since,
        until=_clipped(until) if isinstance(until, datetime) else None,
    )


def _clipped(at: datetime) -> datetime:
    return min(max(at, _EARLIEST), _LATEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time that is shown: `begin` to `end` (µs since the epoch), cut into spans of `step`; both are whole steps."""

    begin: int
    end: int
    step: int

    @property
    def numbers(self) -> range:
        return range(self.begin // self.step, self.end // self.step)


def since_when(asked: Asked, now: datetime) -> datetime | None:
    """The begin that is asked for, as an instant."""
    return _clipped(now - asked.since) if isinstance(asked.since, timedelta) else asked.since


def choose_window(asked: Asked, now: datetime, span: tuple[int, int] | None) -> Window:
    """`span`: the first and the last begin of a call that was found, µs."""
    since = since_when(asked, now)
    first, last = span or (to_us(now), to_us(now))
    begin = first if since is None else to_us(since)
    end = to_us(asked.until) if asked.until else last + 1 if since is None else to_us(now) + 1
    end = max(end, begin + _SHORTEST)
    step = next(
        (one for one in _STEPS if _spans(begin, end, one) <= MOST_SPANS), _YEAR * (1 + (end - begin) // (50 * _YEAR))
    )
    low = begin // step
    return Window(begin=low * step, end=(low + _spans(begin, end, step)) * step, step=step)


def _spans(begin: int, end: int, step: int) -> int:
    """How many spans the time touches."""
    return -(-end // step) - begin // step


def to_us(at: datetime) -> int:
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def instant(us: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us)


def search_address(query: str, terms: Sequence[str], since: datetime | None, until: datetime | None) -> str:
    """The address of the search page that lists the calls of that filter and time that fulfil the terms too."""
    times: list[tuple[Literal["after", "before"], datetime | None]] = [("after", since), ("before", until)]
    more = [*terms, *(spell_began(side, at) for side, at in times if at is not None)]
    if more and " OR " in f" {query} ":
        query = f"({query})"
    return address_of(routes.SEARCH.path, " ".join([query, *more]))


def moved(asked: Asked, window: Window, way: Literal["in", "out", "earlier", "later"]) -> Asked:
    """The range half as long around its middle, twice as long, or half its length to a side."""
    half, quarter = (window.end - window.begin) // 2, (window.end - window.begin) // 4
    begin, end = {
        "in": (window.begin + quarter, window.end - quarter),
        "out": (window.begin - half, window.end + half),
        "earlier": (window.begin - half, window.end - half),
        "later": (window.begin + half, window.end + half),
    }[way]
    whole = max(end - begin, _SECOND)
    begin -= begin % _SECOND
    return replace(asked, since=_clipped(instant(begin)), until=_clipped(instant(begin + whole - whole % _SECOND)))
