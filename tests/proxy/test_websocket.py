"""WebSockets through the running proxy, with the `websockets` library at both ends: nothing of what they agree on, say
or end with is changed, and the record can be read."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.typing import Subprotocol

from tests.support.certificates import make_certificates
from tests.support.proxy import ProxyProcess, running_proxy
from tests.support.upstream import eventually
from union_square.domain.views import CallDetail
from union_square.wire.understanding import Understanding

Handler = Callable[[ServerConnection], Awaitable[None]]
KEY = "k3y-of-nobody-at-all"


@asynccontextmanager
async def proxied(folder: Path, handler: Handler, **how: Any) -> AsyncIterator[ProxyProcess]:
    """The proxy before a WebSocket server; `env` of `how` is the proxy's, the rest the server's."""
    env = how.pop("env", {})
    async with serve(handler, "127.0.0.1", 0, **how) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with running_proxy(folder, {"openai": f"http://127.0.0.1:{port}"}, env=env) as proxy:
            yield proxy


def address(proxy: ProxyProcess, path: str = "/openai/v1/realtime?model=m") -> str:
    return proxy.url.replace("http", "ws", 1) + path


async def ended(proxy: ProxyProcess) -> CallDetail:
    """The one call as readers see it, once it has ended."""
    await eventually(lambda: any(call.ended for call in proxy.recordings()))
    (call,) = proxy.recordings()
    understanding = Understanding(call.call_id)
    for event in proxy.events():
        understanding.apply(event)
    return understanding.detail()


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_messages_pass_both_ways_and_are_recorded(tmp_path: Path, compression: str | None) -> None:
    sent: list[str | bytes] = ["Grüß Gott", b"\x00\xff" * 70_000, "", "x" * 70_000, random.Random(1).randbytes(3 << 20)]
    async with proxied(tmp_path, echo, compression=compression, max_size=None) as proxy:
        async with connect(address(proxy, "/openai/echo"), compression=compression, max_size=None) as client:
            for message in sent:
                await client.send(message)
                assert await client.recv() == message
        detail = await ended(proxy)
    (call,) = proxy.recordings()
    assert (detail.call.state, detail.call.status_code, detail.problems) == ("done", 101, ())
    assert detail.parameters["websocket"] == {
        "messages_sent": 5, "messages_received": 5, "close_code": 1000, "close_reason": "", "closed_by": "client",
    }  # fmt: skip
    assert not call.gaps
    if compression is None:
        assert sent[4] in bytes(call.response.data)
    else:
        assert call.response.total < 3 << 20 | 100_000
        assert (
            "permessage-deflate" in dict(detail.response.headers if detail.response else ())["Sec-WebSocket-Extensions"]
        )


async def test_compression_without_a_kept_context_and_with_a_small_window_is_read(tmp_path: Path) -> None:
    agreed = ClientPerMessageDeflateFactory(
        server_no_context_takeover=True, client_no_context_takeover=True, client_max_window_bits=10
    )
    async with proxied(tmp_path, echo) as proxy:
        async with connect(address(proxy, "/openai/echo"), compression=None, extensions=[agreed]) as client:
            for number in range(4):
                await client.send(f'{{"text": "the same again {number}"}}')
                await client.recv()
        detail = await ended(proxy)
    assert [str(message.parts).count("the same again") for message in detail.messages] == [1] * 8
    assert detail.problems == ()


async def test_the_head_reaches_the_server_and_subprotocols_are_agreed_on(tmp_path: Path) -> None:
    seen: list[tuple[str, dict[str, str]]] = []

    async def handler(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append((connection.request.path, dict(connection.request.headers.raw_items())))
        await connection.send(str(connection.subprotocol))

    protocols = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{KEY}"), Subprotocol("v1")]
    async with proxied(tmp_path, handler, subprotocols=[Subprotocol("v1"), Subprotocol("realtime")]) as proxy:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with connect(address(proxy), subprotocols=protocols, additional_headers=headers) as client:
            assert await client.recv() == client.subprotocol
        await ended(proxy)
    ((path, received),) = seen
    assert path == "/v1/realtime?model=m"
    assert received["Authorization"] == f"Bearer {KEY}"
    assert received["Sec-WebSocket-Protocol"].split(", ") == protocols
    written = b"".join(file.read_bytes() for file in proxy.log_folder.rglob("*.uslog"))
    assert KEY.encode() not in written, "a key reached the log"


@pytest.mark.parametrize(
    ("code", "reason", "state"),
    [(1000, "", "done"), (1001, "going away", "done"), (1011, "späte Störung", "failed"), (4008, "too long", "failed")],
)
async def test_the_servers_close_code_and_reason_reach_the_client_and_the_record(
    tmp_path: Path, code: int, reason: str, state: str
) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send("hello")
        await connection.close(code, reason)

    async with proxied(tmp_path, handler) as proxy:
        async with connect(address(proxy)) as client:
            await client.recv()
            with pytest.raises(websockets.ConnectionClosed):
                await client.recv()
            assert (client.close_code, client.close_reason) == (code, reason)
        detail = await ended(proxy)
    assert detail.call.state == state
    about = detail.parameters["websocket"]
    assert (about["close_code"], about["close_reason"], about["closed_by"]) == (code, reason, "provider")


async def test_the_clients_close_code_reaches_the_server(tmp_path: Path) -> None:
    closed: list[tuple[int | None, str | None]] = []

    async def handler(connection: ServerConnection) -> None:
        await connection.wait_closed()
        closed.append((connection.close_code, connection.close_reason))

    async with proxied(tmp_path, handler) as proxy:
        client = await connect(address(proxy))
        await client.close(4999, "enough")
        await eventually(lambda: closed)
        detail = await ended(proxy)
    assert closed == [(4999, "enough")]
    assert detail.parameters["websocket"]["closed_by"] == "client"


async def test_pings_are_answered_by_the_other_end_and_not_by_the_proxy(tmp_path: Path) -> None:
    async def handler(connection: ServerConnection) -> None:
        answered = await connection.ping(b"from the server")
        await connection.send(str(await asyncio.wait_for(answered, 15) >= 0))
        await connection.wait_closed()

    async with proxied(tmp_path, handler, ping_interval=None) as proxy:
        async with connect(address(proxy), ping_interval=None) as client:
            assert await client.recv() == "True"
            assert await asyncio.wait_for(await client.ping(b"from the client"), 15) >= 0
        detail = await ended(proxy)
    (call,) = proxy.recordings()
    assert b"from the server" in call.response.data
    assert b"from the client" in call.response.data  # its pong; the ping itself is masked
    assert detail.parameters["websocket"]["messages_received"] == 1


async def test_a_client_that_vanishes_ends_the_servers_connection(tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.wait_closed()
        gone.set()

    async with proxied(tmp_path, handler) as proxy:
        client = await connect(address(proxy))
        await client.send("here")
        client.transport.abort()
        await asyncio.wait_for(gone.wait(), 15)
        detail = await ended(proxy)
    assert detail.call.state in {"failed", "cut_off"}


async def test_a_refused_upgrade_is_the_servers_own_answer(tmp_path: Path) -> None:
    def refuse(connection: ServerConnection, request: Any) -> Any:
        return connection.respond(401, "who are you?\n")

    async with proxied(tmp_path, echo, process_request=refuse) as proxy:
        with pytest.raises(websockets.InvalidStatus) as refused:
            await connect(address(proxy))
        assert refused.value.response.status_code == 401
        assert refused.value.response.body == b"who are you?\n"
        detail = await ended(proxy)
    assert (detail.call.state, detail.call.status_code) == ("failed", 401)


async def test_the_same_by_wss(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    env = {
        "UNION_SQUARE_TLS_CERTIFICATE": str(certificates.certificate),
        "UNION_SQUARE_TLS_KEY": str(certificates.key),
    }
    trusted = ssl.create_default_context(cafile=str(certificates.ca_file))
    message = "x" * 300_000
    async with proxied(tmp_path, echo, env=env) as proxy:
        assert address(proxy).startswith("wss://")
        async with connect(address(proxy), ssl=trusted) as client:
            await client.send(message)
            assert await client.recv() == message
        assert (await ended(proxy)).call.state == "done"
