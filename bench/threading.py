"""What it costs to follow an agent: CPU time of the projector per call, as its session and the store grow.

    python -m bench threading [--turns 500] [--stored 100000]

Two measurements, both on SQLite: one session of many turns, of which every call repeats the whole history, projected
as a backlog (all of it at once) and live (a transaction for each call); and the same calls live beside many stored
ones. "read" is decoding the request and the answer, "link" what finds the parent: digesting the history and asking the
store. Requests hold as many messages as twice the turns so far.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from bench.agents import AgentCall, AgentSession, RecordedLog
from union_square.domain.ids import CallId, SessionId
from union_square.domain.threads_kept import Memory
from union_square.projecting.batch import Batch
from union_square.projecting.open_call import OpenCall
from union_square.projecting.projector import Projector
from union_square.store.migrate import migrate
from union_square.store.ports import Projection
from union_square.store.sql import SqlStore

AT_ONCE = 500
SHOWN = (10, 50, 100, 200, 300, 400, 500)


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
    for stored in (0, options.stored):
        with tempfile.TemporaryDirectory() as folder:
            store = _new_store(Path(folder))
            try:
                fill(store, stored)
                session = AgentSession(1, streamed=False)
                print(f"\none session, live, beside {stored:,} stored calls; CPU ms per call")
                print(f"{'turn':>6}{'request kB':>12}{'read':>8}{'digest':>8}{'ask':>8}{'write':>8}")
                if not _follow(store, session, options.turns):
                    return 1
            finally:
                store.close()
    for turns in (50, 200):
        print(
            f"\na backlog of one session of {turns} turns, streamed: {catch_up(turns):,.0f} calls a second of CPU time"
        )
    return 0


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


def fill(store: SqlStore, count: int) -> None:
    """So many calls in sessions of their own, ten calls each, of the same credential; their bodies are left out."""
    call = OpenCall(CallId("f" * 32))
    for event in AgentSession(9, streamed=False).call().events:
        call.apply(event)
    call.link = Batch(store.writer).link(call)
    model = call.project()
    for start in range(0, count, AT_ONCE):
        store.writer.write([_another(model, number) for number in range(start, min(start + AT_ONCE, count))], {})


def _another(model: Projection, number: int) -> Projection:
    """Another call, as small as it can be: what matters is that it is there and has digests of its own."""
    id_ = CallId(f"e{number:031x}")
    view = replace(
        model.detail.call,
        id=id_,
        session_id=SessionId(f"e{number // 10:031x}"),
        parent_id=CallId(f"e{number - 1:031x}") if number % 10 else None,
        started_at=model.detail.call.started_at - timedelta(days=1) + timedelta(milliseconds=number),
    )
    digests = tuple(f"{number:024x}{kind:08x}" for kind in range(4))
    return replace(
        model, detail=replace(model.detail, call=view), thread_digests=digests, response_id=f"r{number}", archive=None
    )


def _follow(store: SqlStore, session: AgentSession, turns: int) -> bool:
    """Project the session's calls one by one; whether each was linked to the one before."""
    memory, before = Memory(), None
    for turn in range(1, turns + 1):
        cost, parent = _project(store, session.call(), memory, turn)
        if turn in SHOWN:
            print(
                f"{turn:>6}{cost.request_bytes / 1000:>12,.0f}{cost.read:>8.1f}{cost.digest:>8.1f}{cost.ask:>8.1f}"
                f"{cost.write:>8.1f}"
            )
        if parent != before:
            print(f"turn {turn} was linked to {parent} instead of {before}", file=sys.stderr)
            return False
        before = _last(store)
    return True


def _project(store: SqlStore, made: AgentCall, memory: Memory, turn: int) -> tuple[CallCost, CallId | None]:
    times = [time.process_time()]
    call, batch = OpenCall(made.events[0].call_id, memory), Batch(store.writer)
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


def _last(store: SqlStore) -> CallId:
    return store.reader.calls(limit=1).items[0].id


def _new_store(folder: Path) -> SqlStore:
    url = f"sqlite:///{folder / 'store.db'}"
    migrate(url)
    return SqlStore(url)


if __name__ == "__main__":
    sys.exit(main())
