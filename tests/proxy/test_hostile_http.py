"""Hostile HTTP, raw on a socket: refused, or forwarded as one request, never two. The upstream counts what came."""

import asyncio
import contextlib
import json
import re
import socket
from pathlib import Path

import pytest

from tests.proxy.conftest import LocalProxy, proxying
from tests.support.upstream import READ_HEAD, chunk, response, scripted

SMUGGLED = b"GET /t/smuggled HTTP/1.1\r\nHost: pp\r\n\r\n"
END = b"\r\n\r\n"


def head(*lines: bytes, first: bytes = b"POST /t/v1 HTTP/1.1") -> bytes:
    return b"\r\n".join([first, b"Host: p", *lines]) + END


def chunked(body: bytes) -> bytes:
    return head(b"Transfer-Encoding: chunked") + body


REFUSED = {
    "a length and an encoding": head(b"Content-Length: 4", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "an encoding, hidden by a space": head(b"Transfer-Encoding : chunked") + b"0\r\n\r\n",
    "an encoding, hidden by a control character": head(b"Transfer-Encoding: \x0cchunked") + b"0\r\n\r\n",
    "an encoding with a parameter": head(b"Transfer-Encoding: chunked;q=1") + b"0\r\n\r\n",
    "an encoding after a comma": head(b"Transfer-Encoding: ,chunked") + b"0\r\n\r\n",
    "an encoding in two lines": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "an encoding, folded": head(b"Transfer-Encoding:", b" chunked") + b"0\r\n\r\n",
    "two lengths": head(b"Content-Length: 0", b"Content-Length: 38"),
    "two lengths in one line": head(b"Content-Length: 0, 38"),
    "a length with a sign": head(b"Content-Length: +0"),
    "a length with a space inside": head(b"Content-Length: 3 8"),
    "a length in other digits": head("Content-Length: ٣".encode()),
    "a head with bare line feeds": b"POST /t/v1 HTTP/1.1\nHost: p\nContent-Length: 0\n\n",
    "a bare line feed between headers": head(b"A: 1\nContent-Length: 38"),
    "a bare carriage return between headers": head(b"A: 1\rContent-Length: 38"),
    "a NUL in a value": head(b"A: 1\0"),
    "a folded header": head(b"A: 1", b"\tContent-Length: 38"),
    "two hosts": head(b"Host: evil.test"),
    "no host": b"POST /t/v1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "a host that Connection takes off": head(b"Connection: Host"),
    "an absolute target": head(first=b"POST http://evil.test/t/v1 HTTP/1.1"),
    "an absolute target of another scheme": head(first=b"POST file:///t/v1 HTTP/1.1"),
    "a target that begins with two slashes": head(first=b"POST //evil.test/v1 HTTP/1.1"),
    "CONNECT": head(first=b"CONNECT evil.test:443 HTTP/1.1"),
    "CONNECT to a path": head(first=b"CONNECT /t/v1 HTTP/1.1"),
    "an asterisk": head(first=b"OPTIONS * HTTP/1.1"),
    "a target with a user": head(first=b"POST /t@evil.test/v1 HTTP/1.1"),
    "an upstream of dots": head(first=b"POST /../t/v1 HTTP/1.1"),
    "an upstream of encoded dots": head(first=b"POST /%2e%2e/t/v1 HTTP/1.1"),
    "an upstream with an encoded slash": head(first=b"POST /t%2fv1 HTTP/1.1"),
    "a line feed in the target": head(first=b"POST /t/v1\nX: HTTP/1.1"),
    "a tab in the target": head(first=b"POST /t/v1\tx HTTP/1.1"),
    "HTTP/0.9": b"GET /t/v1\r\n\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no method": head(first=b" /t/v1 HTTP/1.1"),
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",
}
"""Answered with 4xx or 505 on a connection that is then closed; the upstream sees nothing of it."""

BROKEN = {
    "a chunk size with a sign": chunked(b"+1\r\nx\r\n0\r\n\r\n"),
    "a chunk size with 0x": chunked(b"0x1\r\nx\r\n0\r\n\r\n"),
    "a chunk size with an underscore": chunked(b"1_0\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n"),
    "an empty chunk size": chunked(b"\r\nx\r\n0\r\n\r\n"),
    "a chunk size beyond all bounds": chunked(b"f" * 20 + b"\r\nx"),
    "a chunk size that ends in a bare line feed": chunked(b"1\nx\r\n0\r\n\r\n"),
    "a chunk extension with a bare line feed": chunked(b"1;a\nb\r\nx\r\n0\r\n\r\n"),
    "a chunk that is longer than it said": chunked(b"1\r\nxyz\r\n0\r\n\r\n"),
    "a chunk whose end is a bare line feed": chunked(b"1\r\nx\n0\r\n\r\n"),
}
"""Bodies that break their framing: the one request may have reached the upstream; what stands behind never does."""

ONE = {
    "a length": head(b"Content-Length: 38") + SMUGGLED,
    "a length with spaces around": head(b"Content-Length: \t38 ") + SMUGGLED,
    "chunks with a request inside": chunked(b"26\r\n" + SMUGGLED + b"\r\n0\r\n\r\n"),
    "chunk extensions": chunked(b'26;a="b;c"\r\n' + SMUGGLED + b"\r\n0;x\r\n\r\n"),
    "trailers": chunked(b"26\r\n" + SMUGGLED + b"\r\n0\r\nContent-Length: 5\r\nX: GET /t/smuggled\r\n\r\n"),
    "an upgrade to h2c with a body": head(
        b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk", b"Content-Length: 38"
    ) + SMUGGLED,
    "an upgrade to a WebSocket with a body": head(
        b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Content-Length: 38",
    ) + SMUGGLED,
    "dots behind the upstream": head(b"Content-Length: 38", first=b"POST /t/../../%2e%2e/x HTTP/1.1") + SMUGGLED,
    "another host": b"POST /t/v1 HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 38\r\n\r\n" + SMUGGLED,
    "X-Forwarded-Host and the like": head(
        b"X-Forwarded-Host: evil.test", b"Forwarded: host=evil.test", b"X-Original-URL: /t/other", b"Content-Length: 38"
    ) + SMUGGLED,
    "an encoded line feed in the path": head(
        b"Content-Length: 38", first=b"POST /t/v1%0d%0aX-Evil:%201 HTTP/1.1"
    ) + SMUGGLED,
}  # fmt: skip
"""Forwarded as the one request that it is, whatever its body looks like."""


def answers_in(data: bytes) -> int:
    return len(re.findall(rb"(?m)^HTTP/1\.1 \d{3} ", data))


async def said(proxy: LocalProxy, data: bytes) -> bytes:
    """All that comes back for `data`, until the proxy closes or is silent for a while."""
    client = await proxy.connect()
    await client.send(data)
    answer = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while piece := await asyncio.wait_for(client.reader.read(1 << 16), 1.5):
            answer += piece
    client.close()
    return answer


async def test_what_is_refused_reaches_no_upstream_and_neither_does_what_follows(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        for what, data in REFUSED.items():
            answer = await said(proxy, data + SMUGGLED)
            assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 505 ")), (what, answer)
            assert answers_in(answer) == 1, what
            assert json.loads(answer.partition(END)[2])["error"]["type"] == "union_square_proxy_error", what
            assert upstream.connections == 0, what
        assert proxy.events() == []


async def test_a_body_that_breaks_its_framing_ends_the_connection(tmp_path: Path) -> None:
    async with scripted([[READ_HEAD, 5.0]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        for what, data in BROKEN.items():
            before = len(upstream.received)
            answer = await said(proxy, data + SMUGGLED)
            assert answer.startswith(b"HTTP/1.1 400 "), (what, answer)
            assert answers_in(answer) == 1, what
            assert len(upstream.received) - before <= 1, what
        assert all(b"smuggled" not in request.head for request in upstream.received)


async def test_what_is_forwarded_is_one_request(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        for what, data in ONE.items():
            before = len(upstream.received)
            answer = await said(proxy, data)
            assert answer.count(b"HTTP/1.1 200 OK") == 1, (what, answer)
            (request,) = upstream.received[before:]
            assert SMUGGLED in request.body, what
            assert f"127.0.0.1:{upstream.port}".encode() in next(
                line for line in request.lines if line.lower().startswith(b"host:")
            ), what
            low = request.head.lower()
            assert b"h2c" not in low, what
            assert b"http2-settings" not in low, what
            assert b"\nx-evil" not in low, what


async def test_pipelined_requests_are_as_many_as_were_sent_and_answered_in_order(tmp_path: Path) -> None:
    async with (
        scripted([[response(b"%d" % i)] for i in range(5)]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        answer = await said(proxy, b"".join(head(b"Content-Length: 1") + b"%d" % i for i in range(5)))
        assert [r.body for r in upstream.received] == [b"0", b"1", b"2", b"3", b"4"]
        assert [part[:1] for part in answer.split(END)[1:]] == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize(
    "status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
async def test_a_redirect_is_the_clients_to_follow(tmp_path: Path, status: str) -> None:
    async with scripted([[response(b"trap")]]) as trap:
        moved = response(b"", status=status, headers=[("Location", f"{trap.base_url}/elsewhere")])
        async with scripted([[moved]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
            host = f"127.0.0.1:{trap.port}".encode()
            answer = await said(proxy, b"GET /t/v1 HTTP/1.1\r\nHost: " + host + END)
            assert answer.startswith(b"HTTP/1.1 " + status.encode())
            assert b"Location: " + trap.base_url.encode() in answer
            assert (trap.connections, len(upstream.received)) == (0, 1)


BAD_ANSWERS = {
    "a bare line feed that splits it": b"HTTP/1.1 200 OK\r\nX: 1\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n",
    "a bare carriage return": b"HTTP/1.1 200 OK\r\nX: 1\rContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000,
    "a switch that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
}


async def test_an_upstreams_unsound_answer_becomes_one_502(tmp_path: Path) -> None:
    for what, data in BAD_ANSWERS.items():
        async with scripted([[data, "close"]]) as upstream:
            folder = tmp_path / str(len(what))
            folder.mkdir()
            async with proxying(folder, {"t": upstream.base_url}) as proxy:
                answer = await said(proxy, head(b"Content-Length: 0"))
                assert answer.startswith(b"HTTP/1.1 502 "), (what, answer[:200])
                assert answers_in(answer) == 1, what
                assert b"evil" not in answer, what


async def test_an_answer_with_another_behind_it_is_one_and_its_connection_is_not_used_again(
    tmp_path: Path,
) -> None:
    split = response(b"one") + response(b"evil")
    async with (
        scripted([[split], [response(b"two")]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        answer = await said(proxy, head(b"Content-Length: 0") + head(b"Content-Length: 0"))
        assert b"evil" not in answer
        assert answer.count(b"HTTP/1.1 200 OK") == 2
        assert answer.endswith(b"two")
        assert {r.connection for r in upstream.received} == {0, 1}


async def test_any_number_of_interim_answers_leaves_one_final_answer(tmp_path: Path) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2000
    async with (
        scripted([[interim, response(b"ok")]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        answer = await said(proxy, head(b"Content-Length: 0"))
        assert answer.count(b"HTTP/1.1 200 OK") == 1
        assert answer.endswith(b"ok")


async def test_a_slow_head_holds_nobody_up(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        slow = [await proxy.connect() for _ in range(50)]
        for client in slow:
            await client.send(b"POST /t/v1 HTTP/1.1\r\nHost")
        assert (await said(proxy, head(b"Content-Length: 0"))).endswith(b"ok")
        assert len(upstream.received) == 1
        for seconds in (0, 31):  # as if half a minute had passed
            for client in list(proxy.plane.clients):
                client.sweep(asyncio.get_running_loop().time() + seconds)
        await asyncio.sleep(0.05)
        assert [await client.rest() for client in slow] == [b""] * 50
        assert len(upstream.received) == 1


async def test_a_client_that_leaves_in_a_half_handshake_takes_its_upstream_with_it(tmp_path: Path) -> None:
    async with scripted([[READ_HEAD, "hang"]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(head(b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 0"))
            while not upstream.received:
                await asyncio.sleep(0.01)
        while not upstream.closed:
            await asyncio.sleep(0.01)
        (call,) = await proxy.ended()
        assert call.state in {"failed", "cut_off"}


def test_a_chunk_is_what_the_tables_say_it_is() -> None:
    assert chunk(SMUGGLED) == b"26\r\n" + SMUGGLED + b"\r\n"
