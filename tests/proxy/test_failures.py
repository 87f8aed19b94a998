"""What goes wrong is told as it is: the proxy's own errors name it, the upstream's are the upstream's."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.proxy.conftest import RawClient, proxying
from tests.support.upstream import CLOSE, HANG, RESET, chunk, eventually, response, scripted

GET = b"GET /t/v1/models HTTP/1.1\r\nHost: p\r\n\r\n"


async def own_error(client: RawClient) -> tuple[bytes, dict[str, Any]]:
    head = await client.head()
    size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    error = json.loads(await client.exactly(size))["error"]
    assert error["type"] == "union_square_proxy_error"
    assert error["proxy"] == "union-square"
    assert f"x-union-square-error: {error['code']}".encode() in head
    return head, error


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_an_unknown_upstream_is_a_404_that_lists_the_known(tmp_path: Path) -> None:
    async with proxying(tmp_path, {"mine": "http://127.0.0.1:1"}) as proxy:
        client = await proxy.connect()
        for target in (b"/nobody/v1", b"/", b"/%s" % (b"x" * 200)):
            await client.send(b"POST " + target + b" HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n\r\n{}")
            head, error = await own_error(client)
            assert head.startswith(b"HTTP/1.1 404 Not Found\r\n")
            assert {"mine", "openai", "anthropic"} <= set(error["known_upstreams"])
        assert proxy.events() == []


async def test_a_refused_connection_is_a_502_and_the_connection_lives_on(tmp_path: Path) -> None:
    async with proxying(tmp_path, {"t": f"http://127.0.0.1:{closed_port()}"}) as proxy:
        client = await proxy.connect()
        for _ in range(2):
            await client.send(b"POST /t/x HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n\r\n{}")
            head, error = await own_error(client)
            assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
            assert (error["code"], error["upstream"]) == ("connect_failed", "t")
        calls = await proxy.ended(2)
        assert [(c.state, c.status, c.failure and c.failure.code) for c in calls] == [
            ("failed", 502, "connect_failed")
        ] * 2
        assert calls[-1].call_id == error["call_id"]


async def test_a_host_that_does_not_exist_is_a_502(tmp_path: Path) -> None:
    async with proxying(tmp_path, {"t": "http://no-such-host.invalid"}) as proxy:
        client = await proxy.connect()
        await client.send(GET)
        head, error = await own_error(client)
        assert b" 502 " in head
        assert error["code"] == "connect_failed"


async def test_an_upstream_that_does_not_answer_is_a_504(tmp_path: Path) -> None:
    async with (
        scripted([[HANG]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}, response_timeout_seconds=0.3) as proxy,
    ):
        client = await proxy.connect()
        await client.send(GET)
        head, error = await own_error(client)
        assert head.startswith(b"HTTP/1.1 504 Gateway Timeout\r\n")
        assert error["code"] == "timeout"
        await eventually(lambda: upstream.closed == 1)
        (call,) = await proxy.ended()
        assert (call.state, call.status) == ("failed", 504)


async def test_an_upstream_that_does_not_let_itself_be_connected_to_is_a_504(tmp_path: Path) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        async with proxying(tmp_path, {"t": f"http://127.0.0.1:{port}"}, connect_timeout_seconds=0.3) as proxy:
            client = await proxy.connect()
            await client.send(GET)
            head, error = await own_error(client)
            assert b" 504 " in head
            assert error["code"] == "timeout"
        for filler in fillers:
            filler.close()


async def test_a_stream_that_falls_silent_is_broken_off(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with (
        scripted([[head + chunk(b"one"), HANG]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}, response_timeout_seconds=0.3) as proxy,
    ):
        client = await proxy.connect()
        await client.send(GET)
        await client.head()
        assert await client.rest() == chunk(b"one")
        (call,) = await proxy.ended()
        assert (call.state, call.failure and call.failure.code) == ("cut_off", "timeout")


@pytest.mark.parametrize("end", [CLOSE, RESET])
@pytest.mark.parametrize(
    ("head", "body"),
    [(b"Transfer-Encoding: chunked", chunk(b"one")), (b"Content-Length: 1000", b"x" * 10)],
    ids=["chunked", "length"],
)
async def test_an_upstream_that_breaks_off_breaks_the_client_off(
    tmp_path: Path, head: bytes, body: bytes, end: Any
) -> None:
    script = [b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body, 0.05, end]
    async with scripted([script]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(GET)
        await client.head()
        assert await client.rest() == body
        (call,) = await proxy.ended()
        assert (call.state, call.status) == ("cut_off", 200)
        assert call.failure is not None
        assert call.failure.code == "upstream_closed"
        assert call.failure.response_total == len(call.response.data) > 0


async def test_a_reset_of_an_open_ended_response_is_a_reset_for_the_client(tmp_path: Path) -> None:
    async with (
        scripted([[b"HTTP/1.1 200 OK\r\n\r\nhalf", 0.05, RESET]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        client = await proxy.connect()
        await client.send(GET)
        await client.until(b"half")
        with pytest.raises(ConnectionResetError):
            await client.rest()
        (call,) = await proxy.ended()
        assert call.state == "cut_off"


async def test_an_upstreams_error_is_the_clients_error(tmp_path: Path) -> None:
    sent = response(b'{"error":1}', status="429 Slow Down", headers=[("Retry-After", "7")])
    async with scripted([[sent]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(GET)
        head = await client.head()
        assert head.startswith(b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\n")
        assert await client.exactly(11) == b'{"error":1}'
        assert len(upstream.received) == 1
        (call,) = await proxy.ended()
        assert (call.state, call.status) == ("failed", 429)


@pytest.mark.parametrize("sent", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 101 Switch\r\n\r\n"])
async def test_an_answer_that_is_not_http_is_a_502(tmp_path: Path, sent: bytes) -> None:
    async with scripted([[sent, HANG]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(GET)
        head, error = await own_error(client)
        assert b" 502 " in head
        assert error["code"] == "upstream_protocol"


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_client_that_leaves_cancels_the_upstream(tmp_path: Path, streaming: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"one")
    async with (
        scripted([[head, HANG] if streaming else [HANG]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        client = await proxy.connect()
        await client.send(GET)
        if streaming:
            await client.until(chunk(b"one"))
        await eventually(lambda: upstream.received)
        client.close()
        await eventually(lambda: upstream.closed == 1, what="the upstream was not cancelled")
        (call,) = await proxy.ended()
        assert (call.state, call.failure and call.failure.code) == ("cut_off", "client_left")


async def test_a_client_that_breaks_its_own_framing_is_told_so(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(b"POST /t/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await eventually(lambda: upstream.received)
        await client.send(b"zz\r\n")
        head, error = await own_error(client)
        assert b" 400 " in head
        assert error["code"] == "client_protocol"
        await eventually(lambda: upstream.closed == 1)
        (call,) = await proxy.ended()
        assert (call.state, call.failure and call.failure.code) == ("cut_off", "client_protocol")


async def test_a_head_request_is_told_of_errors_without_a_body(tmp_path: Path) -> None:
    async with proxying(tmp_path, {"t": f"http://127.0.0.1:{closed_port()}"}) as proxy:
        client = await proxy.connect()
        await client.send(b"HEAD /t/x HTTP/1.1\r\nHost: p\r\n\r\nHEAD /nobody HTTP/1.1\r\nHost: p\r\n\r\n")
        assert (await client.head()).startswith(b"HTTP/1.1 502 ")
        assert (await client.head()).startswith(b"HTTP/1.1 404 ")


async def test_a_client_that_stops_reading_does_not_fill_the_memory_and_gets_everything(tmp_path: Path) -> None:
    piece, count = b"x" * (1 << 20), 100
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(piece) * count)
    async with (
        scripted([[head, *[piece] * count]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}, segment_bytes=1 << 30) as proxy,
    ):
        client = await proxy.connect()
        await client.send(GET)
        await client.head()
        await asyncio.sleep(0.5)  # does not read
        passed = proxy.plane.clients.copy().pop()._call.response_total  # type: ignore[attr-defined]
        assert passed < 40 * len(piece), "the proxy went on taking from the upstream"
        total = 0
        while total < len(piece) * count:
            total += len(await client.reader.read(1 << 20))
        (call,) = await proxy.ended()
        assert call.response.total == total
        assert sum(g.bytes for g in call.gaps) + len(call.response.data) == total


async def test_an_upstream_that_stops_reading_holds_the_client(tmp_path: Path) -> None:
    gate = asyncio.Event()
    size = 60 << 20
    script = ["read_head", gate, "read", response(b"ok")]
    async with scripted([script]) as upstream, proxying(tmp_path, {"t": upstream.base_url}, record=False) as proxy:
        client = await proxy.connect()
        await client.send(b"POST /t/x HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % size)
        sending = asyncio.create_task(client.send(b"y" * size))
        await asyncio.sleep(0.5)
        taken = proxy.plane.clients.copy().pop()._call.request_total  # type: ignore[attr-defined]
        assert taken < size // 2, "the proxy went on taking from the client"
        gate.set()
        await client.until(b"ok")
        await sending
        assert len(upstream.received[0].body) == size
