"""Bytes out are bytes in, both ways."""

import asyncio
import gzip
from pathlib import Path

import pytest

from tests.proxy.conftest import proxying
from tests.support.upstream import CLOSE, READ, READ_HEAD, chunk, eventually, response, scripted

GET = b"GET /t/v1/models HTTP/1.1\r\nHost: p\r\n\r\n"


def without_call_id(head: bytes) -> bytes:
    lines = head.split(b"\r\n")
    kept = [line for line in lines if not line.startswith(b"x-union-square-call-id: ")]
    assert len(lines) == len(kept) + 1, f"not exactly one call id in {head!r}"
    return b"\r\n".join(kept)


async def test_a_request_reaches_the_upstream_as_it_was_sent_but_for_host_and_hop_by_hop(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(
            b"POST /T/v1/a%2Fb//c/..%20?q=%C3%A9&q=1;x HTTP/1.1\r\nX-B: 2\r\nhOsT: proxy.test\r\nx-b:1\r\nX-Empty:\r\n"
            b"Connection: keep-alive, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\nX-Union-Square-Tags: a\r\n"
            b"X-B:  2 \r\nProxy-Authorization: Basic YTpi\r\nContent-LENGTH: 5\r\n\r\nhello"
        )
        await client.head()
        (request,) = upstream.received
        assert request.head == (
            b"POST /v1/a%2Fb//c/..%20?q=%C3%A9&q=1;x HTTP/1.1\r\nX-B: 2\r\nhOsT: "
            + upstream.base_url.removeprefix("http://").encode()
            + b"\r\nx-b:1\r\nX-Empty:\r\nX-B:  2 \r\nContent-LENGTH: 5\r\n\r\n"
        )
        assert request.body == b"hello"
        client.close()


async def test_a_response_reaches_the_client_as_it_was_sent_with_the_call_id_added(tmp_path: Path) -> None:
    sent = (
        b"HTTP/1.1 299 Odd  Reason\r\nX-A: 1\r\nx-a:2\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\n"
        b"Content-Length: 3\r\n\r\n"
    )
    async with scripted([[sent + b"\x00\xff\n"]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(GET)
        head = await client.head()
        assert without_call_id(head) == sent
        assert await client.exactly(3) == b"\x00\xff\n"
        (call,) = await proxy.ended()
        assert f"x-union-square-call-id: {call.call_id}".encode() in head
        client.close()


@pytest.mark.parametrize("pieces", [1, 2, 7])
async def test_odd_splits_of_a_chunked_request_change_nothing(tmp_path: Path, pieces: int) -> None:
    body = chunk(b"hello") + b"6;ext=1\r\n world\r\n" + b"0\r\nX-Trailer: 1\r\n\r\n"
    request = b"POST /t/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        for i in range(0, len(request), pieces):
            await client.send(request[i : i + pieces])
            await asyncio.sleep(0)
        await client.head()
        assert upstream.received[0].body == body
        (call,) = await proxy.ended()
        assert bytes(call.request.data) == b"hello world"
        assert call.request.total == 11
        client.close()


async def test_each_chunk_is_passed_on_before_the_next_one_comes(tmp_path: Path) -> None:
    gates = [asyncio.Event() for _ in range(3)]
    events = [b"data: one\n\n", b"data: two\n\n", b"data: [DONE]\n\n"]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    script = [
        head,
        *(step for gate, data in zip(gates, events, strict=True) for step in (gate, chunk(data))),
        chunk(b""),
    ]
    async with scripted([script]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(GET)
        assert without_call_id(await client.head()) == head
        for gate, data in zip(gates, events, strict=True):
            gate.set()
            assert await client.exactly(len(chunk(data))) == chunk(data)
        assert await client.exactly(5) == b"0\r\n\r\n"
        (call,) = await proxy.ended()
        assert bytes(call.response.data) == b"".join(events)
        assert [c.size for c in call.response.chunks][: len(events)] == [len(e) for e in events]
        client.close()


async def test_compressed_bytes_are_passed_on_compressed(tmp_path: Path) -> None:
    packed = gzip.compress(b"x" * 1000)
    sent = response(packed, headers=[("Content-Encoding", "gzip")])
    async with scripted([[sent]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(GET)
        await client.head()
        assert await client.exactly(len(packed)) == packed
        client.close()


@pytest.mark.parametrize(
    ("request_line", "sent"),
    [
        (b"HEAD /t/x HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        (b"GET /t/x HTTP/1.1", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET /t/x HTTP/1.1", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n"),
        (b"GET /t/x HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
async def test_a_response_without_a_body_ends_with_its_head(tmp_path: Path, request_line: bytes, sent: bytes) -> None:
    async with scripted([[sent]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        for _ in range(2):
            await client.send(request_line + b"\r\nHost: p\r\n\r\n")
            assert without_call_id(await client.head()) == sent
        assert upstream.connections == 1
        assert [call.state for call in await proxy.ended(2)] == ["done", "done"]
        client.close()


async def test_100_continue_is_the_upstreams_to_say(tmp_path: Path) -> None:
    script = [READ_HEAD, b"HTTP/1.1 100 Continue\r\n\r\n", READ, response(b"ok")]
    async with scripted([script]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(b"POST /t/x HTTP/1.1\r\nHost: p\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"hello")
        assert b"200 OK" in await client.head()
        assert upstream.received[0].body == b"hello"
        (call,) = await proxy.ended()
        assert call.informational == [b"HTTP/1.1 100 Continue\r\n\r\n"]
        client.close()


async def test_an_answer_before_the_end_of_the_request_reaches_the_client(tmp_path: Path) -> None:
    script = [READ_HEAD, response(b"too large", status="413 Content Too Large"), CLOSE]
    async with scripted([script]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(b"POST /t/x HTTP/1.1\r\nHost: p\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
        assert b"413" in await client.head()
        assert await client.rest() == b"too large"
        client.close()


async def test_trailers_are_passed_on(tmp_path: Path) -> None:
    body = chunk(b"hello") + b"0\r\nX-Checksum: 1\r\nX-Checksum: 2\r\n\r\n"
    sent = b"HTTP/1.1 200 OK\r\nTrailer: X-Checksum\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with scripted([[sent + body]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(b"GET /t/x HTTP/1.1\r\nHost: p\r\nTE: trailers\r\nConnection: TE\r\n\r\n")
        assert without_call_id(await client.head()) == sent
        assert await client.exactly(len(body)) == body
        assert b"TE: trailers" in upstream.received[0].lines
        client.close()


async def test_a_response_that_ends_with_its_connection_ends_the_clients(tmp_path: Path) -> None:
    sent = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
    async with (
        scripted([[sent, b"one", 0.05, b"two", CLOSE]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as p,
    ):
        client = await p.connect()
        await client.send(GET)
        assert without_call_id(await client.head()) == sent
        assert await client.rest() == b"onetwo"
        (call,) = await p.ended()
        assert (call.state, bytes(call.response.data)) == ("done", b"onetwo")


async def test_pipelined_requests_are_answered_in_order(tmp_path: Path) -> None:
    scripts = [[0.1, response(b"first")], [response(b"second")], [response(b"third")]]
    async with scripted(scripts) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        post = b"POST /t/2 HTTP/1.1\r\nHost: p\r\nContent-Length: 4\r\n\r\nbody"
        await client.send(b"GET /t/1 HTTP/1.1\r\nHost: p\r\n\r\n" + post)
        await client.send(b"GET /-/healthy HTTP/1.1\r\nHost: p\r\n\r\nGET /nobody/x HTTP/1.1\r\nHost: p\r\n\r\n")
        await client.send(b"GET /t/3 HTTP/1.1\r\nHost: p\r\n\r\n")
        assert (await client.until(b"first"))[:15] == b"HTTP/1.1 200 OK"
        assert b"200 OK" in await client.until(b"second")
        assert b"200 OK" in await client.until(b'{"status":"ok"}')
        assert b"404 Not Found" in await client.until(b"}}\n")
        assert b"200 OK" in await client.until(b"third")
        assert [r.lines[0].split()[1] for r in upstream.received] == [b"/1", b"/2", b"/3"]
        client.close()


async def test_many_pipelined_requests_that_go_nowhere_are_all_answered(tmp_path: Path) -> None:
    async with proxying(tmp_path, {}) as proxy:
        client = await proxy.connect()
        await client.send(b"GET /nobody HTTP/1.1\r\nHost: p\r\n\r\n" * 1500)
        for _ in range(1500):
            assert b"404 Not Found" in await client.until(b"}}\n")
        client.close()


async def test_connections_are_kept_on_both_sides(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        for _ in range(5):
            await client.send(GET)
            await client.until(b"ok")
        assert upstream.connections == 1
        client.close()


async def test_a_kept_connection_that_was_closed_is_replaced_before_anything_is_sent(tmp_path: Path) -> None:
    async with scripted([[response(b"ok"), CLOSE]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        for i in range(5):
            await client.send(GET)
            assert b"200 OK" in await client.until(b"ok")
            await eventually(lambda i=i: upstream.closed == i + 1)
        assert (upstream.connections, len(upstream.received)) == (5, 5)
        client.close()


async def test_a_request_that_was_sent_is_never_sent_again(tmp_path: Path) -> None:
    async with (
        scripted([[response(b"ok")], [CLOSE]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        client = await proxy.connect()
        await client.send(GET)
        await client.until(b"ok")
        await client.send(GET)
        assert b"502 Bad Gateway" in await client.head()
        assert len(upstream.received) == 2
        last = (await proxy.ended(2))[-1]
        assert last.failure is not None
        assert (last.failure.code, last.failure.status) == ("upstream_closed", 502)
        client.close()


async def test_bytes_after_a_responses_end_are_not_given_to_anyone(tmp_path: Path) -> None:
    sent = [response(b"ok") + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbogus!"]
    async with scripted([sent, [response(b"next")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(GET + GET)
        await client.until(b"ok")
        assert b"bogus" not in await client.until(b"next")
        assert upstream.connections == 2
        client.close()


async def test_an_http_1_0_client_is_answered_and_closed(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(b"GET /t/x HTTP/1.0\r\n\r\n")
        assert (await client.rest()).endswith(b"\r\n\r\nok")
        assert upstream.received[0].head == b"GET /x HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n" % upstream.port


async def test_a_base_url_with_a_path_comes_before_the_providers_own(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as up, proxying(tmp_path, {"t": up.base_url + "/pre/fix"}) as proxy:
        client = await proxy.connect()
        for target, seen in ((b"/t/v1?x=1", b"/pre/fix/v1?x=1"), (b"/t", b"/pre/fix"), (b"/t?x", b"/pre/fix?x")):
            await client.send(b"GET " + target + b" HTTP/1.1\r\nHost: p\r\n\r\n")
            await client.until(b"ok")
            assert up.received[-1].lines[0] == b"GET " + seen + b" HTTP/1.1"
        await client.send(b"GET /t/v1/%2e%2E/secret HTTP/1.1\r\nHost: p\r\n\r\n")
        assert b"400 Bad Request" in await client.rest()
        assert len(up.received) == 3


async def test_an_upgraded_connection_carries_raw_bytes_both_ways(tmp_path: Path) -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    async with scripted([[switch + b"hi", "echo"]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        await client.send(
            b"GET /t/v1/realtime HTTP/1.1\r\nHost: p\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: abc\r\n\r\n"
        )
        assert without_call_id(await client.head()) == switch
        assert await client.exactly(2) == b"hi"
        for data in (b"\x81\x85GET / HTTP/1.1\r\n\r\n", b"\x00" * 100_000):
            await client.send(data)
            assert await client.exactly(len(data)) == data
        client.close()
        (call,) = await proxy.ended()
        assert (call.state, call.status) == ("done", 101)
        assert call.request.total == call.response.total - 2 == len(call.request.data) == 100_020
        assert b"Upgrade: websocket" in upstream.received[0].lines
