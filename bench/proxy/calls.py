"""Plain calls: so many clients, each asking again as soon as it has its answer. The load is `wrk`'s."""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import httpx

from bench.machine import pinned
from bench.proxy.nginx import last_core
from bench.proxy.peers import KEY
from bench.proxy.results import Results
from bench.proxy.subjects import Subject

_BODY = """'{"model":"gpt-4o","messages":[{"role":"user","content":"' .. string.rep("hello ", 30) .. '"}]}'"""
_HEADERS = {
    "Content-Type": "application/json",
    "Authorization": f"Bearer {KEY}",
    "User-Agent": "OpenAI/Python 3.54.0",
}
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


class Failed(Exception):
    """Not every request was answered with a success."""


def measure(
    results: Results, scenario: str, subjects: Sequence[Subject], *, clients: int, rounds: int, seconds: float,
    folder: Path,
) -> None:  # fmt: skip
    """Each subject in turn, round by round, every second round in the opposite order; the first round only warms up.
    One that fails is left out."""
    left = list(subjects)
    for number in range(-1, rounds):
        for subject in list(reversed(left) if number % 2 else left):
            try:
                found = run(subject, clients=clients, seconds=seconds, folder=folder)
            except Failed as error:
                print(f"· {subject.name} is left out of {scenario}: {error}", flush=True)
                left.remove(subject)
                continue
            if number >= 0:
                results.add(scenario, subject.name, number, **found)


def first(subject: Subject) -> None:
    """One call, however long it takes: some do much of their start with it. Raises Failed when it is not answered."""
    url = f"http://127.0.0.1:{subject.port}{subject.path}"
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]})
    try:
        httpx.post(url, content=body, headers=_HEADERS | subject.headers, timeout=60).raise_for_status()
    except httpx.HTTPError as error:
        raise Failed(f"its first call failed: {error}") from error


def run(subject: Subject, *, clients: int, seconds: float, folder: Path) -> dict[str, float]:
    """One measurement: requests a second, latencies in milliseconds, CPU time a request in microseconds."""
    script = folder / "request.lua"
    headers = "".join(f'wrk.headers["{n}"] = "{v}"\n' for n, v in (_HEADERS | subject.headers).items())
    script.write_text(f'wrk.method = "POST"\nwrk.body = {_BODY}\n{headers}')
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds:g}s", "--timeout", "30s", "--latency", "-s", str(script)]
    before = subject.cpu_us()
    done = subprocess.run(
        pinned(last_core(), [*command, f"http://127.0.0.1:{subject.port}{subject.path}"]),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    spent = subject.cpu_us() - before
    out = done.stdout
    requests = int(_found(r"(\d+) requests in", out)[0])
    wrong = [line.strip() for line in out.splitlines() if "Non-2xx" in line or "Socket errors" in line]
    if wrong or not requests:
        raise Failed(", ".join(wrong) or f"no request was answered within {seconds:g} s")
    return {
        "requests_per_s": float(_found(r"Requests/sec:\s+([\d.]+)", out)[0]),
        "p50_ms": _milliseconds("50%", out),
        "p99_ms": _milliseconds("99%", out),
        "cpu_us": spent / requests,
        "calls_per_cpu_s": requests / spent * 1e6 if spent else 0.0,
    }


def _found(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text)
    if found is None:
        raise Failed(f"wrk's output was not understood: {text[:200]!r}")
    return found.groups()


def _milliseconds(label: str, text: str) -> float:
    number, unit = _found(re.escape(label) + r"\s+([\d.]+)(us|ms|s|m)\b", text)
    return float(number) * _UNITS[unit]
