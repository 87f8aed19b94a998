"""TLS on the clients' side."""

import asyncio
import json
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from proxy_app.listener_tls import CertificateError, server_context
from tests.support.certificates import Certificates, make_certificates
from tests.support.proxy import ProxyProcess, running_proxy
from tests.support.upstream import HANG, READ_HEAD, RESET, chunk, eventually, response, scripted


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def env(certificates: Certificates) -> dict[str, str]:
    return {
        "UNION_SQUARE_TLS_CERTIFICATE": str(certificates.certificate),
        "UNION_SQUARE_TLS_KEY": str(certificates.key),
    }


def trusting(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificates.ca_file))


async def open_client(
    proxy: ProxyProcess, certificates: Certificates
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", proxy.port, ssl=trusting(certificates), limit=1 << 20)


async def test_calls_and_the_control_plane_are_served_by_https(
    tmp_path: Path, certificates: Certificates, env: dict[str, str]
) -> None:
    body = bytes(range(256)) * 4000
    async with scripted([[response(body)], [response(b"again")]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}, env=env) as proxy:
            said = json.loads((proxy.home / "run" / "proxy.json").read_text())
            assert (said["scheme"], proxy.url) == ("https", f"https://127.0.0.1:{proxy.port}")
            assert proxy.url in proxy.errors.read_text()
            async with httpx.AsyncClient(base_url=proxy.url, verify=trusting(certificates)) as client:
                assert (await client.post("/t/x", content=body)).content == body
                assert (await client.get("/t/y")).text == "again"
                assert (await client.get("/-/healthy")).json() == {"status": "ok"}
                assert (await client.get("/-/settings")).json()["tls_key"] == env["UNION_SQUARE_TLS_KEY"]
            assert upstream.received[0].body == body
        first, _ = proxy.recordings()
    assert bytes(first.request.data) == bytes(first.response.data) == body


async def test_http_on_a_port_that_speaks_tls_reaches_no_upstream(tmp_path: Path, env: dict[str, str]) -> None:
    async with scripted([[response(b"ok")]]) as upstream:
        with (
            running_proxy(tmp_path, {"t": upstream.base_url}, env=env) as proxy,
            pytest.raises(httpx.TransportError),
        ):
            httpx.get(f"http://127.0.0.1:{proxy.port}/t/x", trust_env=False)
        assert upstream.received == []


async def test_http_2_is_not_agreed_on(tmp_path: Path, certificates: Certificates, env: dict[str, str]) -> None:
    with running_proxy(tmp_path, {}, env=env) as proxy:
        context = trusting(certificates)
        context.set_alpn_protocols(["h2", "http/1.1"])
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port, ssl=context)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        writer.close()


async def test_a_client_that_leaves_cancels_its_upstream(
    tmp_path: Path, certificates: Certificates, env: dict[str, str]
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"half")
    async with scripted([[READ_HEAD, head, HANG]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}, env=env) as proxy:
            reader, writer = await open_client(proxy, certificates)
            writer.write(b"GET /t/x HTTP/1.1\r\nHost: p\r\n\r\n")
            await reader.readuntil(b"half")
            writer.close()
            await eventually(lambda: upstream.closed == 1)
            await eventually(lambda: proxy.recordings()[0].ended)
        (call,) = proxy.recordings()
    assert (call.state, call.failure and call.failure.code) == ("cut_off", "client_left")


async def test_an_upstream_that_breaks_off_breaks_the_clients_stream_without_a_goodbye(
    tmp_path: Path, certificates: Certificates, env: dict[str, str]
) -> None:
    """TLS's goodbye would make a whole answer of half a one that ends where its connection does."""
    script = [b"HTTP/1.1 200 OK\r\n\r\nhalf", 0.2, RESET]
    async with scripted([script]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}, env=env) as proxy:
            reader, writer = await open_client(proxy, certificates)
            writer.write(b"GET /t/x HTTP/1.1\r\nHost: p\r\n\r\n")
            await reader.readuntil(b"half")
            with pytest.raises((ConnectionError, ssl.SSLError)):
                await asyncio.wait_for(reader.read(), 15)
            writer.close()


async def test_a_stop_does_not_wait_for_idle_clients_that_never_say_goodbye(
    tmp_path: Path, certificates: Certificates, env: dict[str, str]
) -> None:
    async with scripted([[response(b"ok")]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}, env=env) as proxy:

            def ask() -> ssl.SSLSocket:
                connected = socket.create_connection(("127.0.0.1", proxy.port))
                secured = trusting(certificates).wrap_socket(connected, server_hostname="127.0.0.1")
                secured.sendall(b"GET /t/x HTTP/1.1\r\nHost: p\r\n\r\n")
                got = b""
                while not got.endswith(b"ok"):
                    got += (piece := secured.recv(1 << 16))
                    assert piece, "the connection ended before the answer"
                return secured

            idle = await asyncio.to_thread(ask)
            proxy.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(proxy.process.wait, 20) == 0  # the drain's own limit is 30 s
            idle.close()


def test_a_certificate_that_cannot_be_served_is_said_so(tmp_path: Path, certificates: Certificates) -> None:
    assert server_context(None, None) is None
    both = tmp_path / "both.pem"
    both.write_bytes(certificates.certificate.read_bytes() + certificates.key.read_bytes())
    assert server_context(both, None) is not None
    with pytest.raises(CertificateError, match=r"there is no file .*nowhere\.pem"):
        server_context(tmp_path / "nowhere.pem", None)
    with pytest.raises(CertificateError, match="UNION_SQUARE_TLS_KEY"):
        server_context(certificates.certificate, tmp_path / "nowhere.key")
    with pytest.raises(CertificateError, match="cannot be served"):
        server_context(certificates.ca_file, certificates.key)
    locked = tmp_path / "locked.key"
    command = ["openssl", "ec", "-in", str(certificates.key), "-out", str(locked), "-aes256", "-passout", "pass:abcd"]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(CertificateError, match="password"):
        server_context(certificates.certificate, locked)


async def test_a_proxy_with_a_wrong_certificate_does_not_start(tmp_path: Path) -> None:
    env = {"UNION_SQUARE_TLS_CERTIFICATE": str(tmp_path / "none.pem")}
    with (
        pytest.raises(AssertionError, match="tls_certificate: there is no file") as failed,
        running_proxy(tmp_path, {}, env=env),
    ):
        pass
    assert "Traceback" not in str(failed.value)
