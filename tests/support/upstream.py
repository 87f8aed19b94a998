"""A scriptable upstream on loopback: plays given bytes in given pieces, and keeps what it received.

    async with scripted([[response(b"hello")]]) as upstream:
        ...  # upstream.port, upstream.base_url, upstream.received

Each request that arrives is answered by the next script (the last one again when they run out). A script is a list of
steps: bytes are sent as one piece, numbers are pauses in seconds, and the words below do what they say.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

CLOSE: Literal["close"] = "close"
"""End the connection in an orderly way."""
RESET: Literal["reset"] = "reset"
"""Break the connection off (RST)."""
READ: Literal["read"] = "read"
"""Read one request (head and body) now; a script that does not say so reads it before its first step."""
READ_HEAD: Literal["read_head"] = "read_head"
"""Read only the request's head."""
ECHO: Literal["echo"] = "echo"
"""From here on send back what comes, until the other side closes."""
HANG: Literal["hang"] = "hang"
"""Do nothing until the connection is closed from the other side or the upstream is stopped."""

Step = bytes | float | int | Literal["close", "reset", "read", "read_head", "echo", "hang"] | asyncio.Event
Script = Sequence[Step]


def response(
    body: bytes = b"", *, status: str = "200 OK", headers: Sequence[tuple[str, str]] = (), length: bool = True
) -> bytes:
    """A whole response with Content-Length."""
    lines = [f"HTTP/1.1 {status}", *(f"{n}: {v}" for n, v in headers)]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; `chunk(b"")` ends it."""
    return b"%x\r\n%s\r\n" % (len(data), data)


@dataclass(slots=True)
class Received:
    """One request as the upstream got it, byte for byte."""

    head: bytes
    body: bytes  # as sent, transfer framing included
    connection: int  # which connection it came on, counted from 0

    @property
    def lines(self) -> list[bytes]:
        return self.head[:-4].split(b"\r\n")


@dataclass(slots=True)
class ScriptedUpstream:
    port: int = 0
    scheme: str = "http"
    scripts: list[Script] = field(default_factory=list[Script])
    received: list[Received] = field(default_factory=list[Received])
    connections: int = 0
    closed: int = 0  # connections that ended, from whichever side
    served: int = 0

    @property
    def base_url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def next_script(self) -> Script:
        script = self.scripts[min(self.served, len(self.scripts) - 1)]
        self.served += 1
        return script


async def eventually(check: Callable[[], object], *, within: float = 30.0, what: str = "") -> None:
    """Wait until `check()` is true."""
    deadline = asyncio.get_running_loop().time() + within
    while not check():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(what or f"did not become true within {within} s")
        await asyncio.sleep(0.01)


@asynccontextmanager
async def scripted(scripts: Sequence[Script], *, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedUpstream]:
    """Run an upstream on an ephemeral port of loopback."""
    upstream = ScriptedUpstream(scripts=list(scripts), scheme="https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        number = upstream.connections
        upstream.connections += 1
        try:
            while await _serve_one(upstream, reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            return  # the other side, or the test, has had enough
        finally:
            upstream.closed += 1
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serve_one(
    upstream: ScriptedUpstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
) -> bool:
    head = await reader.readuntil(b"\r\n\r\n")
    request = Received(head=head, body=b"", connection=number)
    upstream.received.append(request)
    script = upstream.next_script()
    if READ not in script and READ_HEAD not in script:
        request.body = await _read_body(reader, head)
    for step in script:
        if not await _take(step, request, reader, writer):
            return False
    return True


async def _take(step: Step, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    match step:
        case bytes():
            writer.write(step)
            await writer.drain()
        case float() | int():
            await asyncio.sleep(step)
        case asyncio.Event():
            await step.wait()
        case "read":
            request.body += await _read_body(reader, request.head)
        case "read_head":
            pass
        case "echo":
            await _echo(reader, writer)
            return False
        case "hang":
            while await reader.read(1 << 16):
                pass
            return False
        case "close":
            return False
        case "reset":
            _reset(writer)
            return False
    return True


def _reset(writer: asyncio.StreamWriter) -> None:
    connected: socket.socket = writer.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
    }
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        return await _read_chunks(reader)
    return await reader.readexactly(int(fields.get(b"content-length", b"0")))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    raw = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        raw += line
        size = int(line.partition(b";")[0], 16)
        if not size:
            break
        raw += await reader.readexactly(size + 2)
    while True:
        line = await reader.readuntil(b"\r\n")
        raw += line
        if line == b"\r\n":
            return raw
