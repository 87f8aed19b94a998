"""Hostile HTTP, raw on a socket: refused, or forwarded as one request, never two. The upstream counts what came."""

import asyncio
import contextlib
import json
import re
import socket
from pathlib import Path

import pytest

from tests.proxy.conftest import LocalProxy, proxying
from tests.support.hostile import (
    BROKEN,
    CLIMBING,
    END,
    LOCAL,
    MAX_HEAD,
    ONE,
    REFUSED,
    SMUGGLED,
    head,
    to,
)
from tests.support.upstream import CLOSE, READ_HEAD, chunk, eventually, response, scripted

AFTER = b"GET /t/after HTTP/1.1\r\nHost: p\r\n\r\n"


def answers_in(data: bytes) -> list[bytes]:
    """The whole final answers that `data` begins with; each has a length."""
    found, at = list[bytes](), 0
    while (end := data.find(END, at)) > 0:
        begin = data[at:end].lower()
        length = re.search(rb"\r\ncontent-length: (\d+)", begin)
        stop = end + 4 + (int(length[1]) if length else 0)
        if len(data) < stop:
            break
        if not begin.startswith(b"http/1.1 1"):
            found.append(data[at:stop])
        at = stop
    return found


async def said(proxy: LocalProxy, data: bytes, *, count: int = 2) -> list[bytes]:
    """The answers to `data` and to an innocent request behind it, `count` of them, or until the proxy closes."""
    client = await proxy.connect()
    await client.send(data + AFTER)
    answer = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(15):
            while len(answers_in(answer)) < count and (piece := await client.reader.read(1 << 16)):
                answer += piece
    client.close()
    return answers_in(answer)


async def test_what_is_refused_reaches_no_upstream_and_neither_does_what_follows(tmp_path: Path) -> None:
    async with (
        scripted([[response(b"ok")]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}, max_head_bytes=MAX_HEAD) as proxy,
    ):
        for what, data in REFUSED.items():
            answer, *more = await said(proxy, data + SMUGGLED)
            assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 505 ")), (what, answer)
            assert not more, what
            assert json.loads(answer.partition(END)[2])["error"]["type"] == "union_square_proxy_error", what
            assert upstream.connections == 0, what
        assert proxy.events() == []


async def test_no_path_leads_out_of_an_upstreams_own(tmp_path: Path) -> None:
    async with (
        scripted([[response(b"ok")]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url, "own": f"{upstream.base_url}/of/its/own"}) as proxy,
    ):
        for path in CLIMBING:
            answer, *more = await said(proxy, to(b"/own" + path))
            assert answer.startswith(b"HTTP/1.1 400 "), path
            assert not more, path
        assert upstream.connections == 0
        for path in (b"/a..b", b"/...", b"/a?x=../..", b"/%2525", b"/.well-known"):
            assert len(await said(proxy, to(b"/own" + path))) == 2
            assert upstream.received[-2].lines[0] == b"POST /of/its/own" + path + b" HTTP/1.1"


async def test_a_body_that_breaks_its_framing_ends_the_connection(tmp_path: Path) -> None:
    async with scripted([[READ_HEAD, 15.0]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        for what, data in BROKEN.items():
            before = len(upstream.received)
            answer, *more = await said(proxy, data + SMUGGLED)
            assert answer.startswith(b"HTTP/1.1 400 "), (what, answer)
            assert not more, what
            assert len(upstream.received) - before <= 1, what
        assert all(request.lines[0] == b"POST /v1 HTTP/1.1" for request in upstream.received)


async def test_what_is_forwarded_is_one_request(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        for what, data in ONE.items():
            before = len(upstream.received)
            answers = await said(proxy, data)
            assert all(answer.startswith(b"HTTP/1.1 200 OK") for answer in answers), (what, answers)
            request, *after = upstream.received[before:]
            # After HTTP/1.0 the connection is closed, and what stands behind is nobody's.
            assert [r.lines[0] for r in after] == [b"GET /after HTTP/1.1"] * (what != "HTTP/1.0"), what
            assert SMUGGLED in request.body, what
            assert f"127.0.0.1:{upstream.port}".encode() in next(
                line for line in request.lines if line.lower().startswith(b"host:")
            ), what
            low = request.head.lower()
            assert b"h2c" not in low, what
            assert b"http2-settings" not in low, what
            assert b"\nx-evil" not in low, what


async def test_what_is_answered_here_is_answered_once_and_goes_nowhere(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        for number, (what, data) in enumerate(LOCAL.items(), 1):
            answer, after = await said(proxy, data)
            assert answer.startswith(b"HTTP/1.1 4"), (what, answer)
            assert after.endswith(b"ok"), (what, after)
            assert [r.lines[0] for r in upstream.received] == [b"GET /after HTTP/1.1"] * number, what


async def test_pipelined_requests_are_as_many_as_were_sent_and_answered_in_order(tmp_path: Path) -> None:
    async with (
        scripted([[response(b"%d" % i)] for i in range(6)]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        sent = b"".join(head(b"Content-Length: 1") + b"%d" % i for i in range(5))
        answers = await said(proxy, sent, count=6)
        assert [r.body for r in upstream.received] == [b"0", b"1", b"2", b"3", b"4", b""]
        assert [answer[-1:] for answer in answers] == [b"0", b"1", b"2", b"3", b"4", b"5"]


@pytest.mark.parametrize(
    "status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
async def test_a_redirect_is_the_clients_to_follow(tmp_path: Path, status: str) -> None:
    async with scripted([[response(b"trap")]]) as trap:
        moved = response(b"", status=status, headers=[("Location", f"{trap.base_url}/elsewhere")])
        async with scripted([[moved]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
            host = f"127.0.0.1:{trap.port}".encode()
            answer, _ = await said(proxy, b"GET /t/v1 HTTP/1.1\r\nHost: " + host + END)
            assert answer.startswith(b"HTTP/1.1 " + status.encode())
            assert b"Location: " + trap.base_url.encode() in answer
            assert (trap.connections, len(upstream.received)) == (0, 2)


BAD_ANSWERS = {
    "a bare line feed that splits it": b"HTTP/1.1 200 OK\r\nX: 1\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n",
    "a bare carriage return": b"HTTP/1.1 200 OK\r\nX: 1\rContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000,
    "a switch that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
}


async def test_an_upstreams_unsound_answer_becomes_one_502(tmp_path: Path) -> None:
    scripts = [script for data in BAD_ANSWERS.values() for script in ([data, CLOSE], [response(b"ok")])]
    async with scripted(scripts) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        for what in BAD_ANSWERS:
            answer, after = await said(proxy, head(b"Content-Length: 0"))
            assert answer.startswith(b"HTTP/1.1 502 "), (what, answer[:200])
            assert after.endswith(b"ok"), what
            assert b"evil" not in answer + after, what


async def test_an_answer_with_another_behind_it_is_one_and_its_connection_is_not_used_again(
    tmp_path: Path,
) -> None:
    split = response(b"one") + response(b"evil")
    async with (
        scripted([[split], [response(b"two")]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        one, two = await said(proxy, head(b"Content-Length: 0"))
        assert (one[-3:], two[-3:]) == (b"one", b"two")
        assert {r.connection for r in upstream.received} == {0, 1}


async def test_any_number_of_interim_answers_leaves_one_final_answer(tmp_path: Path) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2000
    async with (
        scripted([[interim, response(b"ok")], [response(b"after")]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        one, after = await said(proxy, head(b"Content-Length: 0"))
        assert (one[-2:], after[-5:]) == (b"ok", b"after")


async def test_a_slow_head_holds_nobody_up_and_is_told_that_it_was_too_slow(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        slow = [await proxy.connect() for _ in range(50)]
        idle = await proxy.connect()
        for client in slow:
            await client.send(b"POST /t/v1 HTTP/1.1\r\nHost")
        await eventually(lambda: len(proxy.plane.clients) == 51)
        assert len(await said(proxy, head(b"Content-Length: 0"))) == 2
        for client in list(proxy.plane.clients):
            client.sweep(asyncio.get_running_loop().time())
        for client in slow:
            await client.send(b": p")  # a byte now and then gives it no more time
        await asyncio.sleep(0.05)
        for client in list(proxy.plane.clients):
            client.sweep(asyncio.get_running_loop().time() + 31)  # as if half a minute had passed
        for client in slow:
            assert (await client.rest()).startswith(b"HTTP/1.1 408 ")
        await idle.send(head(b"Content-Length: 0"))
        assert (await idle.until(b"ok")).startswith(b"HTTP/1.1 200 ")
        assert len(upstream.received) == 3


async def test_a_client_that_leaves_in_a_half_handshake_takes_its_upstream_with_it(tmp_path: Path) -> None:
    async with scripted([[READ_HEAD, "hang"]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(head(b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 0"))
            await eventually(lambda: upstream.received)
        await eventually(lambda: upstream.closed)
        (call,) = await proxy.ended()
        assert call.state in {"failed", "cut_off"}


def test_a_chunk_is_what_the_tables_say_it_is() -> None:
    assert chunk(SMUGGLED) == b"26\r\n" + SMUGGLED + b"\r\n"
