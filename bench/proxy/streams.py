"""Streams of server-sent events: their upstream and their clients are one process on the last core, so that both take
the time from one clock; what is measured stands between them.

A paced stream sends an event at fixed times, spread evenly over the streams; an event's delay is from its sending to
the arrival of its last byte. At full speed an upstream sends as fast as it is read from.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import uvloop

from bench.machine import pinned
from bench.proxy.nginx import last_core
from bench.proxy.results import Results
from bench.proxy.subjects import Subject

_ROOT = Path(__file__).resolve().parents[2]
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
_FIRST = b'data: {"id":"c","object":"chat.completion.chunk","created":'
_LAST = b',"model":"gpt-4o","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n'
_MARK = b'"created":'
PATIENCE_SECONDS = 300
_BURST = 32  # events in one write at full speed: what a socket's buffers make of it, they do for all subjects
_END = b"0\r\n\r\n"
"""Events are told apart by their empty lines, not by their chunks: a proxy may frame them anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """So many streams of so many events each, one every `every_ms` of each stream; 0 = at full speed."""

    streams: int
    events: int
    every_ms: float


def measure(
    results: Results, scenario: str, subjects: Sequence[Subject], what: Streams, *, upstream: "Load", rounds: int
) -> None:
    """Each subject in turn, round by round."""
    for number in range(rounds):
        for subject in reversed(subjects) if number % 2 else subjects:
            results.add(scenario, subject.name, number, **run(subject, what, upstream))


def run(subject: Subject, what: Streams, upstream: "Load") -> dict[str, float]:
    before = subject.cpu_us()
    found = upstream.ask(subject, what)
    spent = subject.cpu_us() - before
    return found | {"cpu_us": spent / (what.streams * what.events)}


class Load:
    """The process with upstream and clients; `port` is the upstream's."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.port = int(self._line())

    def ask(self, subject: Subject, what: Streams) -> dict[str, float]:
        """Run the streams through a subject. Raises SystemExit when an event was lost."""
        assert self._process.stdin is not None
        asked = asdict(what) | {"port": subject.port, "path": subject.path}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._line())
        if "error" in answer:
            raise SystemExit(f"{subject.name}: {answer['error']}")
        return answer

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the load of the streams ended; see above")
        return line


@contextmanager
def load() -> Generator[Load]:
    command = pinned(last_core(), [sys.executable, "-m", "bench.proxy.streams"])
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Load(process)
    finally:
        process.kill()
        process.wait()


# the other process


def _event() -> bytes:
    data = _FIRST + b"%d" % time.monotonic_ns() + _LAST
    return b"%x\r\n%s\r\n" % (len(data), data)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection of the upstream, call after call."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].split(b"\r")[0])
            asked = json.loads(await reader.readexactly(length))
            writer.write(_HEAD)
            await (_paced if asked["every_ms"] else _full_speed)(writer, asked)
            writer.write(_END)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _paced(writer: asyncio.StreamWriter, asked: dict[str, float]) -> None:
    loop, every = asyncio.get_running_loop(), asked["every_ms"] / 1000
    due = loop.time() + every * asked["number"] / asked["streams"]
    for _ in range(int(asked["events"])):
        due += every
        await asyncio.sleep(max(0.0, due - loop.time()))
        writer.write(_event())


async def _full_speed(writer: asyncio.StreamWriter, asked: dict[str, float]) -> None:
    left = int(asked["events"])
    event = _event()
    while left:
        now = min(left, _BURST)
        writer.write(event * now)
        await writer.drain()
        left -= now


class _Heard(asyncio.Protocol):
    """One client: asks, and notes when what came. Fails unless the stream ends as it should."""

    def __init__(self, ask: dict[str, float | str], delays: list[int], firsts: list[int]) -> None:
        self._ask, self._delays, self._firsts = ask, delays, firsts
        self._rest = b""
        self.done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._events = 0
        self._asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = sent = cast("asyncio.Transport", transport)
        body = json.dumps(self._ask | {"stream": True}).encode()
        head = f"POST {self._ask['path']} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        self._asked = time.monotonic_ns()
        sent.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self._events and not self._rest:
            self._firsts.append(now - self._asked)
        text = self._rest + data
        *whole, self._rest = text.split(b"\n\n")
        self._events += len(whole)
        if self._ask["every_ms"]:
            for event in whole:
                sent = event.rpartition(_MARK)[2].partition(b",")[0]
                self._delays.append(now - int(sent))
        if self._rest == b"\r\n" + _END:
            self._transport.close()
            self.done.set_result(self._events)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"a stream broke off after {self._events} events: {exc}"))


async def _listen(asked: dict[str, float | str]) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    delays, firsts = list[int](), list[int]()
    began = time.monotonic()
    heard = list[_Heard]()
    for number in range(int(asked["streams"])):
        one = _Heard(asked | {"number": number}, delays, firsts)
        await loop.create_connection(lambda one=one: one, "127.0.0.1", int(asked["port"]))
        heard.append(one)
    counts = await asyncio.gather(*(one.done for one in heard))
    took = time.monotonic() - began
    if set(counts) != {asked["events"]}:
        raise ConnectionError(f"of {asked['events']} events of each stream there came {sorted(set(counts))}")
    found = {"events_per_s": sum(counts) / took}
    found |= {"ttfb_p50_ms": _percentile(firsts, 50), "ttfb_p99_ms": _percentile(firsts, 99)}
    if delays:
        found |= {"delay_p50_ms": _percentile(delays, 50), "delay_p99_ms": _percentile(delays, 99)}
    return found


def _percentile(nanoseconds: list[int], percent: int) -> float:
    ordered = sorted(nanoseconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] / 1e6


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            answer = await asyncio.wait_for(_listen(json.loads(line)), PATIENCE_SECONDS)
        except (OSError, TimeoutError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    argparse.ArgumentParser(description="The load of the streams; started by the benchmark.").parse_args()
    uvloop.run(_serve())
