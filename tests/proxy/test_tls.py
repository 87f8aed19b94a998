"""TLS to the upstream with its certificate checked, and the way through a forward proxy."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.proxy.conftest import proxying
from tests.support.certificates import Certificates, make_certificates
from tests.support.upstream import ScriptedUpstream, response, scripted
from union_square.settings import Upstream

GET = b"GET /t/v1/models HTTP/1.1\r\nHost: p\r\n\r\n"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@asynccontextmanager
async def forward_proxy(target: ScriptedUpstream, asked: list[bytes]) -> AsyncIterator[int]:
    """A proxy that connects everything to `target`; `asked` gets the heads it was sent."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", target.port)
        if head.startswith(b"CONNECT "):
            writer.write(b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n")
        else:
            up_writer.write(head)
        await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_an_upstream_with_an_authority_of_its_own_is_reached(tmp_path: Path, certificates: Certificates) -> None:
    async with scripted([[response(b"ok")]], tls=certificates.server) as upstream:
        configured = Upstream(base_url=upstream.base_url, ca_file=certificates.ca_file)
        async with proxying(tmp_path, {"t": configured}) as proxy:
            client = await proxy.connect()
            for _ in range(3):
                await client.send(GET)
                assert b"200 OK" in await client.until(b"ok")
            assert upstream.connections == 1


async def test_ssl_cert_file_is_honoured(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    async with (
        scripted([[response(b"ok")]], tls=certificates.server) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        client = await proxy.connect()
        await client.send(GET)
        assert b"200 OK" in await client.until(b"ok")


async def test_a_certificate_of_nobody_known_is_a_502_that_says_so(tmp_path: Path, certificates: Certificates) -> None:
    async with (
        scripted([[response(b"ok")]], tls=certificates.server) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
    ):
        client = await proxy.connect()
        await client.send(GET)
        assert b"502 Bad Gateway" in await client.head()
        assert b"certificate" in await client.until(b"}}")
        assert upstream.received == []


async def test_a_certificate_for_another_name_is_a_502_that_says_so(tmp_path: Path) -> None:
    other = make_certificates(tmp_path, names="DNS:other.test")
    async with scripted([[response(b"ok")]], tls=other.server) as upstream:
        configured = Upstream(base_url=upstream.base_url, ca_file=other.ca_file)
        async with proxying(tmp_path, {"t": configured}) as proxy:
            client = await proxy.connect()
            await client.send(GET)
            assert b"502 Bad Gateway" in await client.head()
            assert b"not valid for '127.0.0.1'" in await client.until(b"}}")
            assert upstream.received == []


async def test_https_proxy_is_asked_to_connect(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    async with (
        scripted([[response(b"ok")]], tls=certificates.server) as upstream,
        forward_proxy(upstream, asked) as port,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@127.0.0.1:{port}")
        configured = Upstream(base_url="https://upstream.test/base", ca_file=certificates.ca_file)
        async with proxying(tmp_path, {"t": configured}) as proxy:
            client = await proxy.connect()
            for _ in range(2):
                await client.send(GET)
                assert b"200 OK" in await client.until(b"ok")
    credential = base64.b64encode(b"user:p@ss")
    head = b"CONNECT upstream.test:443 HTTP/1.1\r\nHost: upstream.test:443\r\nProxy-Authorization: Basic "
    assert asked == [head + credential + b"\r\n\r\n"]
    assert upstream.received[0].lines[:2] == [b"GET /base/v1/models HTTP/1.1", b"Host: upstream.test"]
    assert credential not in b"".join(r.head for r in upstream.received)


async def test_http_proxy_is_asked_for_the_whole_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    async with scripted([[response(b"ok")]]) as upstream, forward_proxy(upstream, asked) as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        async with proxying(tmp_path, {"t": "http://upstream.test/base"}) as proxy:
            client = await proxy.connect()
            await client.send(GET)
            assert b"200 OK" in await client.until(b"ok")
    assert asked[0].startswith(b"GET http://upstream.test/base/v1/models HTTP/1.1\r\nHost: upstream.test\r\n")


async def test_no_proxy_and_loopback_go_straight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "upstream.invalid")
    async with scripted([[response(b"ok")]]) as upstream:
        names = {"t": upstream.base_url, "u": "http://upstream.invalid"}
        async with proxying(tmp_path, names) as proxy:
            client = await proxy.connect()
            await client.send(GET)
            assert b"200 OK" in await client.until(b"ok")
            await client.send(GET.replace(b"/t/", b"/u/"))
            await client.head()
            assert b"no such host" in await client.until(b"}}")
