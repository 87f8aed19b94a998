"""Memory: idle, after many calls, and over a long stream of chunks."""

from pathlib import Path

from bench.proxy import calls, goals, streams
from bench.proxy.results import Results
from bench.proxy.subjects import Subject

CALLS = 100_000
EARLY, LATE = 10_000, 1_000_000
_STREAMS = 64


def over_calls(results: Results, subject: Subject, *, calls_wanted: int, folder: Path) -> None:
    """Resident megabytes before any call, and after so many from 64 clients."""
    results.add(goals.MEMORY, subject.name, 0, idle_mb=subject.resident_mb())
    done = 0.0
    while done < calls_wanted:
        found = calls.run(subject, clients=64, seconds=2, folder=folder)
        done += found["requests_per_s"] * 2
    results.add(goals.MEMORY, subject.name, 0, after_100000_calls_mb=subject.resident_mb())


def over_chunks(results: Results, subject: Subject, upstream: streams.Load, *, late: int = LATE) -> None:
    """Resident megabytes after the first chunks, and after a million."""
    metric = f"after_{LATE}_chunks_mb"  # both under one name, so that their ratio can be taken
    _relay(subject, upstream, EARLY)
    results.add(goals.MEMORY, f"{subject.name}, early", 0, **{metric: subject.resident_mb()})
    _relay(subject, upstream, late - EARLY)
    results.add(goals.MEMORY, subject.name, 0, **{metric: subject.resident_mb()})


def _relay(subject: Subject, upstream: streams.Load, chunks: int) -> None:
    upstream.ask(subject, streams.Streams(streams=_STREAMS, events=max(1, chunks // _STREAMS), every_ms=0))
