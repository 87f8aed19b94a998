"""`python -m bench proxy`: what the proxy adds, beside nginx and other proxies, on this machine.

What is measured has one core, load and upstream the last one. Subjects are measured in turn, round by round, so that
what else the machine does hits all of them. nginx and wrk must be there (Debian: nginx-light, wrk); other proxies are
installed into `.bench` and skipped with a word where that is not possible.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.proxy import calls, goals, memory, nginx, peers, report, streams
from bench.proxy.results import Results, read_results
from bench.proxy.subjects import Subject, direct, ours, through_nginx

RESULTS = Path(__file__).resolve().parents[1] / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured: rounds and their seconds."""

    rounds: int
    seconds: float
    peer_rounds: int
    peer_seconds: float
    stream_rounds: int
    stream_events: int
    memory_calls: int
    memory_chunks: int


SIZES = {
    "quick": Size(rounds=2, seconds=1, peer_rounds=0, peer_seconds=1, stream_rounds=1, stream_events=200,
                  memory_calls=0, memory_chunks=0),
    "standard": Size(rounds=5, seconds=2, peer_rounds=3, peer_seconds=3, stream_rounds=3, stream_events=600,
                     memory_calls=memory.CALLS, memory_chunks=memory.LATE),
    "long": Size(rounds=15, seconds=4, peer_rounds=5, peer_seconds=8, stream_rounds=7, stream_events=2_000,
                 memory_calls=memory.CALLS, memory_chunks=memory.LATE),
}  # fmt: skip
CLIENTS = (1, 8, 64, 512)
PACE_MS = 10.0
STREAMS = 64


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, keep; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench proxy", description=(__doc__ or "").splitlines()[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--quick", action="store_const", dest="size", const="quick", help="two minutes: no other proxies, no memory"
    )
    size.add_argument("--long", action="store_const", dest="size", const="long", help="about forty minutes")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="some of the measurements")
    parser.add_argument("--from", type=Path, dest="table", help="measure nothing: report on the CSV of an earlier run")
    parser.add_argument("--write", type=Path, help="put the figures into this document, its picture beside it")
    asked = parser.parse_args(argv)
    missing = [name for name in ("nginx", "wrk") if shutil.which(name) is None]
    if missing and not asked.table:
        print(f"skipped: {' and '.join(missing)} not found (Debian: apt-get install nginx-light wrk)")
        return 0
    if asked.table:
        results = read_results(asked.table)
        table, about = asked.table, asked.table.with_suffix(".txt").read_text().strip()
    else:
        results, table = Results(), RESULTS / "proxy.csv"
        began, load = time.monotonic(), os.getloadavg()[0]
        _measure(results, SIZES[asked.size or "standard"], asked.only)
        minutes = (time.monotonic() - began) / 60
        about = f"{machine()}. The run took {minutes:.0f} minutes; the machine's load before it was {load:.1f}."
        results.write(table)
        table.with_suffix(".txt").write_text(about + "\n")
    text = report.markdown(results, about)
    print(f"\n{text}\n\nevery round: {table}")
    table.with_suffix(".md").write_text(text + "\n")
    said = report.plot(table, table.with_suffix(".svg"))
    print(said or f"picture: {table.with_suffix('.svg')}")
    if asked.write:
        report.write_into(asked.write, text)
        if not said:
            shutil.copyfile(table.with_suffix(".svg"), report.picture_of(asked.write.resolve()))
    return 0 if report.is_reached(results) else 1


def _measure(results: Results, size: Size, parts: Sequence[str]) -> None:
    for name, part in PARTS.items():
        if name in parts:
            print(f"· {name}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix="union-square-bench-") as folder, ExitStack() as stack:
                part(results, size, Path(folder), stack)


def _four(folder: Path, stack: ExitStack, to: int) -> list[Subject]:
    """The direct way, nginx, and ours with recording off and on."""
    return [
        direct(to),
        stack.enter_context(through_nginx(goals.NGINX, folder, to)),
        stack.enter_context(ours(goals.OFF, folder, to, record=False)),
        stack.enter_context(ours(goals.ON, folder, to, record=True)),
    ]


def _calls(results: Results, size: Size, folder: Path, stack: ExitStack) -> None:
    to = stack.enter_context(nginx.upstream(folder, nginx.last_core()))
    subjects = _four(folder, stack, to)
    for clients in CLIENTS:
        calls.measure(
            results, goals.calls(clients), subjects, clients=clients, rounds=size.rounds, seconds=size.seconds,
            folder=folder,
        )  # fmt: skip


def _tls(results: Results, size: Size, folder: Path, stack: ExitStack) -> None:
    try:
        certificate = nginx.make_certificate(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"· TLS is skipped: no certificate could be made with openssl: {error}", flush=True)
        return
    to = stack.enter_context(nginx.upstream(folder, nginx.last_core(), certificate))
    subjects = [
        stack.enter_context(through_nginx(goals.NGINX_TLS, folder, to, certificate)),
        stack.enter_context(ours(goals.OFF_TLS, folder, to, record=False, certificate=certificate)),
        stack.enter_context(ours(goals.ON_TLS, folder, to, record=True, certificate=certificate)),
    ]
    for clients in (1, 64):
        calls.measure(
            results, goals.tls(clients), subjects, clients=clients, rounds=min(3, size.rounds), seconds=size.seconds,
            folder=folder,
        )  # fmt: skip


def _peers(results: Results, size: Size, folder: Path, stack: ExitStack) -> None:
    if not size.peer_rounds:
        return
    to = stack.enter_context(nginx.upstream(folder, nginx.last_core()))
    subjects = [
        direct(to),
        stack.enter_context(through_nginx(goals.NGINX, folder, to)),
        stack.enter_context(ours(goals.ON, folder, to, record=True)),
    ]
    for name, start in peers.PEERS.items():
        try:
            found = stack.enter_context(start(folder, 0, to))
        except peers.NotHad as error:
            print(f"· {name} is skipped: {error}", flush=True)
            continue
        subject = Subject(name=name, port=found.port, path=found.path, pid=found.pid, headers=found.headers)
        try:
            calls.first(subject)
        except calls.Failed as error:
            print(f"· {name} is skipped: {error}", flush=True)
            continue
        subjects.append(subject)
    for clients in (1, 8, 64):
        calls.measure(
            results, goals.peers(clients), subjects, clients=clients, rounds=size.peer_rounds,
            seconds=size.peer_seconds, folder=folder,
        )  # fmt: skip


def _streams(results: Results, size: Size, folder: Path, stack: ExitStack) -> None:
    load = stack.enter_context(streams.load())
    subjects = _four(folder, stack, load.port)
    paced = streams.Streams(streams=STREAMS, events=size.stream_events, every_ms=PACE_MS)
    streams.measure(results, goals.PACED, subjects, paced, upstream=load, rounds=size.stream_rounds)
    burst = streams.Streams(streams=STREAMS, events=size.stream_events * 5, every_ms=0)
    streams.measure(results, goals.BURST, subjects, burst, upstream=load, rounds=size.stream_rounds)


def _memory(results: Results, size: Size, folder: Path, stack: ExitStack) -> None:
    if not size.memory_calls:
        return
    to = stack.enter_context(nginx.upstream(folder, nginx.last_core()))
    for subject in (
        stack.enter_context(through_nginx(goals.NGINX, folder, to)),
        stack.enter_context(ours(goals.ON, folder, to, record=True)),
    ):
        memory.over_calls(results, subject, calls_wanted=size.memory_calls, folder=folder)
    load = stack.enter_context(streams.load())
    subject = stack.enter_context(ours(goals.ON, folder / "chunks", load.port, record=True))
    memory.over_chunks(results, subject, load, late=size.memory_chunks)


def _workers(results: Results, size: Size, folder: Path, stack: ExitStack) -> None:
    """Calls per second of CPU time: with load and upstream on the same cores that is what more workers could lose."""
    to = stack.enter_context(nginx.upstream(folder, nginx.last_core()))
    subjects = [
        stack.enter_context(ours(goals.ON, folder, to, record=True, core=None)),
        stack.enter_context(ours(goals.TWO_WORKERS, folder, to, record=True, workers=2, core=None)),
    ]
    calls.measure(results, goals.WORKERS, subjects, clients=64, rounds=size.rounds, seconds=size.seconds, folder=folder)


PARTS = {
    "calls": _calls,
    "tls": _tls,
    "peers": _peers,
    "streams": _streams,
    "memory": _memory,
    "workers": _workers,
}


def machine() -> str:
    """The machine and what ran on it, in a line."""
    cpu = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.processor(),
    )  # fmt: skip
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr.strip()
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} cores of {cpu}, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, {said.rpartition(' ')[2]}"
    )
