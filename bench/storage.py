"""What a session of an agent costs on disk, beside what its unique content costs.

    python -m bench storage [--turns 50 100 200]

The calls of made-up agents (`bench.agents`) go through the projector into SQLite. "alone" is the sum of the zstd sizes
of all calls, "content" that of the last request and all responses together (level 3, zstd's own default); "archive" is
what the recorded bytes take in the store, "all" the whole database after VACUUM, less an empty one. Every call is read
back and compared, three times; "read" is the slowest of them at its best.
"""

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import zstandard

from bench.agents import AgentCall, AgentSession, Dialect, RecordedLog
from union_square.projecting.projector import Projector
from union_square.store.migrate import migrate
from union_square.store.sql import SqlStore

GOAL = 1.5
GOAL_TURNS = 100
GOAL_READ_MS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFigures:
    """Bytes, and milliseconds."""

    calls: int
    sent: int  # all requests and responses
    alone: int  # the zstd sizes of all calls, each compressed on its own
    content: int
    archive: int
    database: int
    read_ms: float


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when an agent's archive takes more than 1.5 times its content (up to `GOAL_TURNS`; later
    calls begin a new group, and what is new in it is kept twice), or reading one call 20 ms."""
    parser = argparse.ArgumentParser(prog="python -m bench storage", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, nargs="+", default=[50, 100, 200])
    options = parser.parse_args(argv)
    print(
        f"{'':<28}{'':>6}{'kB: sent':>10}{'alone':>8}{'content':>9}{'archive':>9}{'ratio':>7}{'all':>8}{'read ms':>9}"
    )
    missed = False
    dialects: tuple[Dialect, ...] = ("openai", "anthropic")
    for turns, dialect, streamed in product(options.turns, dialects, (True, False)):
        session = AgentSession(1, dialect, streamed=streamed)
        figures = measure([session.call() for _ in range(turns)])
        show(f"{dialect}, {'streamed' if streamed else 'whole'}", figures)
        large = turns <= GOAL_TURNS and figures.archive > GOAL * figures.content
        missed = missed or large or figures.read_ms > GOAL_READ_MS
    return int(missed)


def show(name: str, figures: StorageFigures) -> None:
    sizes = (figures.sent, figures.alone, figures.content, figures.archive)
    sent, alone, content, archive = (f"{size / 1000:,.0f}" for size in sizes)
    ratio = f"{figures.archive / figures.content:.2f}"
    print(
        f"{name:<28}{figures.calls:>6}{sent:>10}{alone:>8}{content:>9}{archive:>9}{ratio:>7}"
        f"{figures.database / 1000:>8,.0f}{figures.read_ms:>9.1f}"
    )


def measure(calls: Sequence[AgentCall]) -> StorageFigures:
    """Record the calls into a database of their own. Raises SystemExit when one does not come back as it was."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        migrate(f"sqlite:///{path}")
        empty = path.stat().st_size
        store = SqlStore(f"sqlite:///{path}")
        projector = Projector(RecordedLog(event for call in calls for event in call.events), store.writer)
        while projector.step().more:
            pass
        store.close()
        store = SqlStore(f"sqlite:///{path}")
        read_ms = max(_read_ms(store, call) for call in calls)
        store.close()
        with sqlite3.connect(path) as connection:
            (archive,) = connection.execute("SELECT sum(length(data)) FROM archive_pieces").fetchone()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return StorageFigures(
            calls=len(calls),
            sent=sum(len(call.request) + len(call.response) for call in calls),
            alone=sum(_zstd_size((call.request, call.response)) for call in calls),
            content=_zstd_size((calls[-1].request, *(call.response for call in calls))),
            archive=archive,
            database=path.stat().st_size - empty,
            read_ms=read_ms,
        )


def _read_ms(store: SqlStore, call: AgentCall) -> float:
    took = list[float]()
    for _ in range(3):
        began = time.perf_counter()
        found = store.reader.call_events(call.events[0].call_id)
        took.append(time.perf_counter() - began)
        if tuple(found) != call.events:
            raise SystemExit(f"call {call.events[0].call_id} did not come back as it was recorded")
    return min(took) * 1000


def _zstd_size(texts: Iterable[bytes]) -> int:
    return len(zstandard.ZstdCompressor().compress(b"".join(texts)))


if __name__ == "__main__":
    sys.exit(main())
