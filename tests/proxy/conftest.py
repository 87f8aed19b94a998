"""The proxy's own tests run it in this process on real sockets, under the loop it is run with; what needs a process
of its own (signals, a killed proxy, several workers) uses `tests.support.proxy`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from proxy_app.app import control_app
from proxy_app.counters import SharedCounts
from proxy_app.forward import ClientConnection
from proxy_app.main import build_plane
from proxy_app.plane import Plane
from tests.support.proxy import fold_calls, read_events
from union_square.domain.call import CallRecording
from union_square.domain.events import Event
from union_square.settings import Settings, Upstream


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@dataclass(slots=True)
class LocalProxy:
    plane: Plane
    port: int
    home: Path
    clients: "list[RawClient]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def events(self) -> list[Event]:
        return read_events(self.home / "log")

    def recordings(self) -> list[CallRecording]:
        return fold_calls(self.events())

    async def ended(self, count: int = 1) -> list[CallRecording]:
        """The recordings, when `count` calls have ended."""
        deadline = asyncio.get_running_loop().time() + 15
        while sum(r.ended for r in self.recordings()) < count:
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"not {count} calls ended: {self.recordings()}")
            await asyncio.sleep(0.01)
        return self.recordings()

    async def connect(self) -> "RawClient":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        self.clients.append(RawClient(reader, writer))
        return self.clients[-1]


@dataclass(slots=True)
class RawClient:
    """A client that says exactly what it is told, and hears every byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 15)

    async def exactly(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), 15)

    async def until(self, end: bytes) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(end), 15)

    async def rest(self) -> bytes:
        """All until the connection is closed by the other side."""
        return await asyncio.wait_for(self.reader.read(), 15)

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def proxying(folder: Path, upstreams: Mapping[str, str | Upstream], **settings: Any) -> AsyncIterator[LocalProxy]:
    """The proxy on an ephemeral port, with `upstreams` by name and its data in `folder`/home."""
    configured = {n: u if isinstance(u, Upstream) else Upstream(base_url=u) for n, u in upstreams.items()}
    chosen = Settings(home=folder / "home", upstreams=configured, **settings)
    chosen.home.mkdir(exist_ok=True)
    plane = build_plane(chosen, SharedCounts(1), 0)
    control = control_app(plane, {"home": "…"}, [])
    plane.start()
    server = await asyncio.get_running_loop().create_server(
        lambda: ClientConnection(plane, control, set()), "127.0.0.1", 0
    )
    proxy = LocalProxy(plane, server.sockets[0].getsockname()[1], chosen.home, [])
    try:
        yield proxy
    finally:
        for client in proxy.clients:
            client.close()
            with contextlib.suppress(ConnectionError):
                await client.writer.wait_closed()
        server.close()
        await plane.stop()
        await asyncio.sleep(0.01)  # the loop closes the transports' handles
