"""Streaming calls through a real proxy, and what the clients saw of them with the time of every piece.

    async with numbered_upstream(pieces=50, size=200, pause=0.01) as upstream, Traffic(lambda: port) as traffic:
        traffic.begin(16)
        …
        await traffic.end()
        traffic.seen

Each call has a number, which stands in its request; its answer can be computed from it (`answer_to`), so that a record
is compared with what the upstream must have sent and not only with what somebody else kept.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

WAIT_SECONDS = 60.0


def answer_to(number: int, pieces: int, size: int) -> bytes:
    """The whole answer to a call: each piece says whose and which it is."""
    return b"".join(piece_of(number, piece, size) for piece in range(pieces))


def piece_of(number: int, piece: int, size: int) -> bytes:
    return (b"data: %d-%d " % (number, piece)).ljust(size - 2, b".") + b"\n\n"


@dataclass(slots=True)
class NumberedUpstream:
    """`asked` counts how often each call's request came; `sent` the payload bytes written so far. While `may_end` is
    not set (it is, unless a test clears it) every answer waits before its last piece, so that a test on a machine of
    whatever speed can look at calls that certainly run."""

    pieces: int
    size: int
    pause: float
    port: int = 0
    asked: Counter[int] = field(default_factory=Counter[int])
    sent: int = 0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer_to(self, number: int) -> bytes:
        return answer_to(number, self.pieces, self.size)


@asynccontextmanager
async def numbered_upstream(*, pieces: int, size: int, pause: float) -> AsyncIterator[NumberedUpstream]:
    """An upstream on loopback that answers each call with its pieces, `pause` seconds apart."""
    upstream = NumberedUpstream(pieces=pieces, size=size, pause=pause)
    upstream.may_end.set()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            while True:
                await _answer(upstream, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=2048)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(upstream: NumberedUpstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    number = number_in(await reader.readexactly(length))
    upstream.asked[number] += 1
    total = upstream.pieces * upstream.size
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n" % total)
    for piece in range(upstream.pieces):
        if piece == upstream.pieces - 1:
            await upstream.may_end.wait()
        if writer.is_closing():  # the proxy was killed: a write would raise what is no ConnectionError on every loop
            raise ConnectionResetError
        writer.write(piece_of(number, piece, upstream.size))
        upstream.sent += upstream.size
        await writer.drain()
        if upstream.pause:
            await asyncio.sleep(upstream.pause)


def request_of(number: int, path: str = "/t/v1/chat/completions") -> bytes:
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": f"call {number}"}]})
    head = f"POST {path} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def number_in(request_body: bytes) -> int:
    """The number of the call that has this request."""
    return int(json.loads(request_body)["messages"][0]["content"].removeprefix("call "))


@dataclass(slots=True)
class Seen:
    """One call as its client saw it. Times are of the monotonic clock."""

    number: int
    call_id: str = ""  # "" = no answer began
    status: int = 0
    pieces: list[tuple[float, bytes]] = field(default_factory=list[tuple[float, bytes]])
    whole: bool = False
    ended: bool = False  # whole or broken off

    def received(self, before: float = float("inf")) -> bytes:
        return b"".join(data for at, data in self.pieces if at < before)


async def call_once(port: int, seen: Seen) -> None:
    """Make the call; raises OSError, IncompleteReadError where it broke."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request_of(seen.number))
        head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        fields = dict(line.split(b": ", 1) for line in head[1:] if line)
        seen.status = int(head[0].split(b" ")[1])
        seen.call_id = fields[b"x-union-square-call-id"].decode()
        seen.pieces.append((time.monotonic(), b""))
        left = int(fields[b"content-length"])
        while left:
            data = await reader.read(1 << 16)
            if not data:
                raise ConnectionResetError("the proxy broke off")
            seen.pieces.append((time.monotonic(), data))
            left -= len(data)
        seen.whole = True
    finally:
        writer.close()


class Traffic:
    """Clients that call one time after another until they are told to end. `port` is asked before each call."""

    def __init__(self, port: Callable[[], int], *, first: int = 0) -> None:
        self.seen: list[Seen] = []
        self._longest = 0.0
        self._asked_at = 0.0  # when the proxy was asked a question that it has not answered yet; 0.0: none
        self._port = port
        self._number = first
        self._ending = False
        self._watching: list[asyncio.Task[None]] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._watching = [asyncio.create_task(self._watch_the_clock()), asyncio.create_task(self._watch_the_proxy())]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        tasks = [*self._watching, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def running(self) -> list[Seen]:
        """The calls that are being answered."""
        return [seen for seen in self.seen if seen.pieces and not seen.ended]

    def begin(self, clients: int) -> None:
        self._tasks += [asyncio.create_task(self._client()) for _ in range(clients)]

    async def end(self) -> None:
        """Let every client finish the call it is at."""
        self._ending = True
        async with asyncio.timeout(WAIT_SECONDS):
            await asyncio.gather(*self._tasks)

    def forget_lag(self) -> None:
        self._longest = 0.0

    def lag(self) -> float:
        """The longest that the machine kept this process or the proxy from running since `forget_lag`, seconds."""
        return max(self._longest, time.monotonic() - self._asked_at if self._asked_at else 0.0)

    async def _client(self) -> None:
        while not self._ending:
            seen = Seen(number=self._number)
            self._number += 1
            self.seen.append(seen)
            try:
                await call_once(self._port(), seen)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.02)
            finally:
                seen.ended = True

    async def _watch_the_clock(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            self._longest = max(self._longest, time.monotonic() - before - 0.005)

    async def _watch_the_proxy(self) -> None:
        while True:
            try:
                await self._ask_the_proxy(*await asyncio.open_connection("127.0.0.1", self._port()))
            except (OSError, asyncio.IncompleteReadError):  # killed, and not back yet
                self._asked_at = 0.0
                await asyncio.sleep(0.02)

    async def _ask_the_proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self._asked_at = time.monotonic()
                writer.write(b"HEAD /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                await reader.readuntil(b"\r\n\r\n")
                self._longest, self._asked_at = self.lag(), 0.0
                await asyncio.sleep(0.01)
        finally:
            writer.close()
