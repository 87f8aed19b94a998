"""What it costs to follow an agent: CPU time of the projector per call, as its session and the store grow.

    python -m bench threading [--turns 500] [--stored 100000]

On SQLite: one session of many turns, of which every call repeats the whole history, each call projected as it comes
(a transaction each); calls of other sessions beside many stored ones; and backlogs, read at once. "link" is threading:
"digest" digests the messages that are new, "ask" asks the store for the parent. Beside it stand "read", decoding the
request and the answer, and "write". Of the messages that an earlier request had none is decoded, made or compared
again (`wire.bodies`, `domain.threads_kept`); pointers to them are copied. What still grows with the bytes that were
sent is what every byte needs: being copied and checksummed, compared with those before, and compressed, which is most
of "write".
"""

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench.agents import AgentCall, AgentSession, RecordedLog
from union_square.domain.ids import CallId
from union_square.domain.threads_kept import Memory
from union_square.projecting.batch import Batch
from union_square.projecting.open_call import OpenCall
from union_square.projecting.projector import Projector
from union_square.store.migrate import migrate
from union_square.store.sql import SqlStore
from union_square.wire.bodies import Bodies

SHOWN = (10, 50, 100, 250, 500)
BESIDE_OTHERS = 100
"""Turns of the session beside many stored calls."""
OTHERS = 50

Kept = tuple[Memory, Bodies]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCost:
    """Milliseconds of CPU time."""

    turn: int
    request_bytes: int
    read: float
    digest: float
    ask: float
    write: float


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a call was not linked to the one before it."""
    parser = argparse.ArgumentParser(prog="python -m bench threading", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=500)
    parser.add_argument("--stored", type=int, default=100_000)
    options = parser.parse_args(argv)
    for stored, turns in ((0, options.turns), (options.stored, min(options.turns, BESIDE_OTHERS))):
        with tempfile.TemporaryDirectory() as folder:
            store = _new_store(Path(folder))
            try:
                fill(store, Path(folder), stored)
                if not _show(store, stored, turns):
                    return 1
            finally:
                store.close()
    for turns in (50, 200):
        print(
            f"\na backlog of one session of {turns} turns, streamed: {catch_up(turns):,.0f} calls a second of CPU time"
        )
    return 0


def _show(store: SqlStore, stored: int, turns: int) -> bool:
    print(f"\none session of {turns} turns beside {stored:,} stored calls; CPU ms per call")
    if stored:
        print("(the stored calls are rows, copied in the database: of a call, its threads and its session)")
    print(f"{'turn':>6}{'request kB':>12}{'digest':>8}{'ask':>8}{'= link':>8}{'read':>8}{'write':>8}")
    session, kept, before = AgentSession(1, streamed=False), (Memory(), Bodies()), None
    for turn in range(1, turns + 1):
        made = session.call()
        cost, parent = _project(store, made, kept, turn)
        if turn in SHOWN:
            print(_line(f"{turn}", cost))
        if parent != before:
            print(f"turn {turn} was linked to {parent} instead of {before}", file=sys.stderr)
            return False
        before = made.events[0].call_id
    others = [_second(store, AgentSession(100 + number, streamed=False), kept) for number in range(OTHERS)]
    print(_line("2", _middle(others)) + f"  (the median of {OTHERS} other sessions)")
    return True


def _second(store: SqlStore, session: AgentSession, kept: Kept) -> "CallCost":
    _project(store, session.call(), kept, 1)
    return _project(store, session.call(), kept, 2)[0]


def _line(name: str, cost: "CallCost") -> str:
    figures = (cost.digest, cost.ask, cost.digest + cost.ask, cost.read, cost.write)
    return f"{name:>6}{cost.request_bytes / 1000:>12,.0f}" + "".join(f"{figure:>8.1f}" for figure in figures)


def _middle(costs: Sequence["CallCost"]) -> "CallCost":
    names = ("request_bytes", "read", "digest", "ask", "write")
    return CallCost(turn=2, **{name: median(getattr(cost, name) for cost in costs) for name in names})


def catch_up(turns: int) -> float:
    """Calls that a second of CPU time projects, of a session that is there already."""
    session = AgentSession(2, streamed=True)
    log = RecordedLog(event for _ in range(turns) for event in session.call().events)
    with tempfile.TemporaryDirectory() as folder:
        store = _new_store(Path(folder))
        projector = Projector(log, store.writer)
        began = time.process_time()
        while projector.step().more:
            pass
        took = time.process_time() - began
        store.close()
    return turns / took


def fill(store: SqlStore, folder: Path, count: int) -> None:
    """So many calls in sessions of their own, ten calls each, of one credential: one is projected, its rows are copied
    with ids, times and digests of their own. Their messages, search words and bodies are left out."""
    if not count:
        return
    batch = Batch(store.writer)
    call = OpenCall(CallId("f" * 32))
    for event in AgentSession(9, streamed=False).call().events:
        call.apply(event)
    call.link = batch.link(call)
    batch.add(call.project())
    batch.flush()
    with sqlite3.connect(folder / "store.db") as connection:
        for table, others in _COPIES.items():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(others.get(name, f"t.{name}") for name in columns)
            connection.execute(
                "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ?)"
                f" INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM counted, {table} AS t",
                (count // 10 if table == "sessions" else count,),
            )
        connection.execute("ANALYZE")
    connection.close()


_COPIES = {
    "calls": {
        "id": "printf('e%031x', n)",
        "session_id": "printf('e%031x', n / 10)",
        "parent_id": "CASE WHEN n % 10 THEN printf('e%031x', n - 1) END",
        "started_at": "t.started_at - 86400000000 + n * 1000",
        "ended_at": "t.ended_at - 86400000000 + n * 1000",
        "answered_at": "t.answered_at - 86400000000 + n * 1000",
        "response_id": "printf('r%d', n)",
    },
    "threads": {"call_id": "printf('e%031x', n)", "digest": "printf('%016x', n) || substr(t.digest, 1, 16)"},
    "sessions": {"id": "printf('e%031x', n)"},
}
"""What is not copied as it is, in SQL; `n` counts the copies."""


def _project(store: SqlStore, made: AgentCall, kept: Kept, turn: int) -> tuple[CallCost, CallId | None]:
    times = [time.process_time()]
    call, batch = OpenCall(made.events[0].call_id, kept[0], bodies=kept[1]), Batch(store.writer)
    for event in made.events:
        call.apply(event)
    times.append(time.process_time())
    call.plan()
    times.append(time.process_time())
    call.link = batch.link(call)
    times.append(time.process_time())
    batch.add(call.project())
    batch.flush()
    times.append(time.process_time())
    read, digest, ask, write = ((after - before) * 1000 for before, after in pairwise(times))
    cost = CallCost(turn=turn, request_bytes=len(made.request), read=read, digest=digest, ask=ask, write=write)
    return cost, call.link.parent_id


def _new_store(folder: Path) -> SqlStore:
    url = f"sqlite:///{folder / 'store.db'}"
    migrate(url)
    return SqlStore(url)


if __name__ == "__main__":
    sys.exit(main())
