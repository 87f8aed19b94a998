"""The whole product: how long a start takes, and how soon an ended call is in the store.

    python -m bench whole [--starts 5] [--calls 40]

A start is `union-square up`, from the command to the words that it runs, on free ports and data of its own; the
first one, which makes the database, is not counted. A call is a plain request to the demo's upstream; it counts from
the moment its client has the whole answer until the store's reader gives it as ended.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import httpx

from union_square.domain.ids import CallId, parse_call_id
from union_square.store.ports import NoSuchSubject
from union_square.store.sql import SqlStore

GOAL_START_SECONDS = 5.0
GOAL_STORED_MS = 1000.0
_PATIENCE_SECONDS = 120.0


@contextmanager
def started(home: Path, *arguments: str) -> Generator[tuple[str, float]]:
    """The product, running: the proxy's address, and how many seconds it took to start."""
    began = time.monotonic()
    free = {"UNION_SQUARE_HOME": str(home), "UNION_SQUARE_PROXY_PORT": "0", "UNION_SQUARE_UI_PORT": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "union_square.cli", "up", *arguments],
        env=os.environ | free,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        proxy = ""
        for line in process.stdout:
            proxy = proxy or next(iter(re.findall(r"Proxy +(http://\S+)", line)), "")
            if "Stop with" in line:
                break
        if not proxy:
            raise SystemExit("`union-square up` did not start; try it by hand")
        yield proxy, time.monotonic() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE_SECONDS)


def is_ended(store: SqlStore, call_id: CallId) -> bool:
    try:
        return store.reader.call(call_id).call.state != "running"
    except NoSuchSubject:
        return False


def stored_after_ms(proxy: str, store: SqlStore, client: httpx.Client) -> float:
    """Milliseconds from a call's whole answer at its client to its end in the store."""
    answer = client.post(f"{proxy}/demo/v1/chat/completions", json={"model": "gpt-6-luna", "messages": []})
    ended = time.monotonic()
    call_id = parse_call_id(answer.headers["x-union-square-call-id"])
    while time.monotonic() - ended < _PATIENCE_SECONDS:
        if is_ended(store, call_id):
            return (time.monotonic() - ended) * 1000
        time.sleep(0.002)
    raise SystemExit(f"call {call_id} was not in the store after {_PATIENCE_SECONDS:g} s")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench whole", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--calls", type=int, default=40)
    asked = parser.parse_args(argv)
    starts: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with started(home):
            pass
        for _ in range(asked.starts):
            with started(home) as (_, seconds):
                starts.append(seconds)
        with started(home, "--demo") as (proxy, _), httpx.Client(timeout=30, trust_env=False) as client:
            store = SqlStore(f"sqlite:///{home / 'demo' / 'union-square.db'}")
            times = [stored_after_ms(proxy, store, client) for _ in range(asked.calls)]
            store.close()
    p95 = quantiles(times, n=20)[-1]
    print(f"start        median {median(starts):.2f} s, slowest {max(starts):.2f} s   (goal {GOAL_START_SECONDS:g} s)")
    figures = f"median {median(times):.0f} ms, p95 {p95:.0f} ms, slowest {max(times):.0f} ms"
    print(f"in the store {figures}   (goal {GOAL_STORED_MS:g} ms)")
    return int(median(starts) > GOAL_START_SECONDS or max(times) > GOAL_STORED_MS)


if __name__ == "__main__":
    sys.exit(main())
