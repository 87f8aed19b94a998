"""The whole product is given secrets in every place that one can stand in; none is in any byte it wrote or shows."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import zstandard
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.support.product import Product, eventually, running_product, upstream_in_a_thread
from tests.support.upstream import READ_HEAD, response
from tests.support.websockets import frame
from union_square.announcing import read_announcement
from union_square.store.archive import load_archive
from union_square.store.engine import open_engine, reading
from union_square.ui import routes

_names: dict[str, bytes] = {}


def canary(place: str, lead: str = "") -> str:
    """A secret of its own for a place, so that one that is found tells where it leaked."""
    secret = f"{lead}c4n4ryX7q{len(_names):03d}Zk29"
    _names[place] = secret.encode()
    return secret


def heads() -> list[str]:
    """The head lines that can carry a credential, each with a secret."""
    return [
        *(f"{name}: {canary(name)}" for name in (
            "x-api-key", "api-key", "x-goog-api-key", "Ocp-Apim-Subscription-Key", "X-Auth-Token",
            "X-Amz-Security-Token", "X-Goog-Iam-Authorization-Token", "cf-aig-authorization", "Helicone-Auth",
            "X-Portkey-Api-Key", "X-Access-Token", "X-CSRF-Token", "X-Client-Secret", "Private-Token",
        )),
        f"Authorization: Bearer {canary('bearer')}",
        f"Proxy-Authorization: Basic {canary('basic')}",
        f"Cookie: session={canary('cookie')}; b={canary('second cookie')}",
        f"Referer: https://me:{canary('userinfo')}@x.test/?access_token={canary('referer')}",
        f"X-Custom: a {canary('shape in a header', 'sk-proj-')} b",
        "x-union-square-metadata: " + json.dumps({"team": "kept-metadata", "api_key": canary("metadata")}),
        f"x-union-square-tags: kept-tag,{canary('tag', 'sk-proj-')}",
        "x-union-square-session-id: leaks",
    ]  # fmt: skip


def query() -> str:
    names = ("key", "api_key", "api%5Fkey", "access_token", "KEY", "token", "X-Amz-Signature", "client_secret", "sig")
    return "&".join(["alt=sse", *(f"{name}={quote(canary('?' + name))}%2F" for name in names)])


def body() -> bytes:
    arguments = json.dumps({"path": "kept-path", "password": canary("tool argument")})
    call = {"id": "t1", "type": "function", "function": {"name": "login", "arguments": arguments}}
    fields = ("api_key", "apiKey", "token", "password", "secret_key", "client_secret", "access_token", "OPENAI_API_KEY")
    value = {
        "model": "gpt-6-luna",
        "metadata": {"nested": [{name: canary("body " + name)} for name in fields]},
        "tools": [{"type": "mcp", "server_url": "https://x.test", "authorization": canary("mcp authorization"),
                   "headers": {"Authorization": f"Bearer {canary('mcp header')}"}}],
        "messages": [
            {"role": "user", "content": "kept-words"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "t1", "content": json.dumps({"refresh_token": canary("tool result")})},
        ],
    }  # fmt: skip
    return json.dumps(value).encode()


def request(target: str, lines: list[str], content: bytes = b"", kind: str = "application/json") -> bytes:
    head = [f"POST {target} HTTP/1.1", "Host: p", *lines, f"Content-Type: {kind}", f"Content-Length: {len(content)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


def requests() -> Iterator[bytes]:
    """What is sent, each on a connection of its own: two that are answered, and every way to fail."""
    yield request(f"/openai/v1/chat/completions?{query()}", heads(), body())
    form = f"grant_type=x&client_secret={canary('form')}&refresh_token={canary('second in a form')}".encode()
    yield request("/openai/oauth/token", [], form, "application/x-www-form-urlencoded")
    part = f'--x\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n{canary("multipart")}\r\n--x--\r\n'.encode()
    yield request("/openai/v1/files", [], part, "multipart/form-data; boundary=x")
    yield request(f"/nobody/v1?key={canary('unknown upstream')}", [f"x-api-key: {canary('unknown upstream head')}"])
    yield request(f"/dead/v1?key={canary('502')}", [f"Authorization: Bearer {canary('502 head')}"])
    yield request(f"/openai/v1?key={canary('bad head')}", [f"Authorization: {canary('bad head line')}", "a b: c"])
    secret = canary("do not record")
    yield request(
        f"/openai/{secret[:3]}?q={secret}", ["X-Union-Square-Do-Not-Record: 1", f"X-A: {secret}"], secret.encode()
    )


ANSWER = {"id": "c", "object": "chat.completion", "model": "gpt-6-luna", "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "kept-answer"}}]}  # fmt: skip


def answers() -> list[bytes]:
    headers = [
        ("Set-Cookie", f"s={canary('set-cookie')}; Path=/"),
        ("X-Auth-Token", canary("response header")),
        ("Location", f"https://x.test/?token={canary('location')}"),
        ("Content-Type", "application/json"),
    ]
    whole = json.dumps(ANSWER | {"access_token": canary("answer")}).encode()
    return [response(whole, headers=headers)]


def say(product: Product, data: bytes, piece: int = 0) -> bytes:
    """Send it raw, whole or in small pieces; what came back."""
    with socket.create_connection(("127.0.0.1", product.port("proxy")), timeout=20) as client:
        for start in range(0, len(data), piece or len(data)):
            client.sendall(data[start : start + (piece or len(data))])
            time.sleep(0.001 if piece else 0)
        client.settimeout(3)
        return client.recv(1 << 16)


def speak_over_a_websocket(product: Product) -> None:
    head = (
        f"GET /openai/v1/realtime?model=m&api_key={canary('WebSocket query')} HTTP/1.1\r\nHost: p\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{canary('subprotocol')}\r\n\r\n"
    ).encode()
    first = json.dumps({"type": "auth", "api_key": canary("first frame"), "text": "kept-frame"}).encode()
    with socket.create_connection(("127.0.0.1", product.port("proxy")), timeout=20) as client:
        client.sendall(head)
        assert b"101" in client.recv(1 << 16)
        client.sendall(frame(first, masked=True))
        time.sleep(0.3)


def written(home: Path, product: Product) -> Iterator[tuple[str, bytes]]:
    """Every byte the product keeps or shows, with where it stands."""
    for file in [*home.rglob("*"), product.output]:
        if file.is_file():
            yield str(file), file.read_bytes()
    for part in ("proxy", "projector", "ui"):
        said = read_announcement(home, part)
        assert said is not None
        for name in ("cmdline", "environ"):
            yield f"{part} {name}", Path(f"/proc/{said['pid']}/{name}").read_bytes()
    for path in ("/-/metrics", "/-/ready", "/-/healthy", "/-/settings", "/-/openapi.json"):
        yield path, httpx.get(product.proxy + path, trust_env=False).content
    for path in paths_of_the_api(product):
        yield path, httpx.get(f"{product.ui}/api/v1{path}", trust_env=False, timeout=20).content
    environment = os.environ | {"UNION_SQUARE_HOME": str(home)}
    commands = ("calls", "calls --json", "sessions --json", "doctor", "export leaks")
    started = {
        command: subprocess.Popen(
            [sys.executable, "-m", "union_square.cli", *command.split()],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for command in commands
    }  # fmt: skip
    for command, process in started.items():
        said_by_it = process.communicate(timeout=60)[0]
        assert process.returncode == 0 or command == "doctor", (command, said_by_it)
        yield command, said_by_it
    yield from kept_in_the_database(home)


def paths_of_the_api(product: Product) -> Iterator[str]:
    """Everything that can be read by REST, for every call and session; what is new is among it by itself."""
    calls = [call["id"] for call in product.api("/calls", limit=200)["items"]]
    sessions = [session["id"] for session in product.api("/sessions", limit=200)["items"]]
    yield from ("/openapi.json", "/docs", "/search?text=kept", "/figures?by=tag", "/figures?by=model")
    for path, methods in product.api("/openapi.json")["paths"].items():
        short = path.removeprefix("/api/v1")
        if "get" not in methods or short == "/live":  # of what is live, the browser is shown the same
            continue
        begin, _, rest = short.partition("{")
        end = rest.partition("}")[2]
        ids = [""] if not rest else calls if begin == "/calls/" else sessions if begin == "/sessions/" else ["1"]
        for id_ in ids:
            yield (
                f"{begin}{id_}{end}?limit=200"
                if "limit" in str(methods["get"].get("parameters"))
                else begin + id_ + end
            )


def kept_in_the_database(home: Path) -> Iterator[tuple[str, bytes]]:
    """What stands packed in the store, unpacked: archives, and whatever else is compressed."""
    engine = open_engine(f"sqlite:///{home / 'union-square.db'}")
    with reading(engine) as connection:
        for (call,) in connection.execute(text("SELECT id FROM calls")).all():
            archive = load_archive(connection, call)
            assert b"HTTP/1.1" in archive
            yield f"archive of {call}", archive
        for (table,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all():
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).all()
            packed = [unpacked(value) for row in rows for value in row if isinstance(value, bytes)]
            yield f"packed in {table}", b"\n".join(packed)
    engine.dispose()


def unpacked(value: bytes) -> bytes:
    for unpack in (zlib.decompress, zstandard.ZstdDecompressor().decompress):
        with contextlib.suppress(zlib.error, zstandard.ZstdError):
            return unpack(value)
    return value


def looked_at(page: Page, product: Product, session: str, calls: list[str]) -> bytes:
    """What the browser is sent while a person looks at everything."""
    heard: list[bytes] = []

    def hear(payload: str | bytes) -> None:
        heard.append(payload if isinstance(payload, bytes) else payload.encode())

    page.on("websocket", lambda opened: opened.on("framereceived", hear))
    paths = [entry.path for entry in routes.NAVIGATION] + [f"/calls/{call}" for call in calls]
    paths += [f"/sessions/{session}{view}" for view in ("", "?view=tree", "?view=timeline", "/play")]
    for path in [*paths, f"/calls/{calls[-1]}/resend"]:
        page.goto(product.ui + path)
        expect(page.locator("h1").first).to_be_visible()
        page.wait_for_timeout(250)
        for tab in page.get_by_role("tab").all():
            tab.click()
            page.wait_for_timeout(100)
        hear(page.content())
    page.goto("about:blank")
    return b"\n".join(heard)


def test_no_secret_is_in_any_byte_that_was_written_or_is_shown(page: Page, built_ui: None, tmp_path: Path) -> None:
    home = tmp_path / "home"
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    (answer,) = answers()
    with upstream_in_a_thread([[answer]]) as upstream:
        dead = "http://127.0.0.1:9"
        with running_product(home, {"openai": upstream.base_url, "dead": dead}) as product:
            for i, data in enumerate(requests()):
                say(product, data)
                if i < 3:
                    say(product, data, piece=97)  # names and values lie across pieces
            forwarded = b"".join(r.head + r.body for r in upstream.received)
            upstream.scripts[:] = [[READ_HEAD, switch, 1.0]]
            speak_over_a_websocket(product)
            eventually(lambda: len(product.api("/calls", limit=200)["items"]) >= 9)
            listed = product.api("/calls", limit=200)["items"]
            for call in listed:
                product.ended(call["id"])
            found = dict(written(home, product))
            # What came in pieces is not looked at twice.
            alike = {(call["path"], call["upstream"]): call["id"] for call in listed}
            session = product.api(f"/calls/{listed[-1]['id']}")["session_id"]
            found["the browser"] = looked_at(page, product, session, list(alike.values()))
    for what, kept in (("the browser", b"kept-words"), ("/calls?limit=200", b"kept-tag"), ("/docs", b"/calls")):
        assert kept in found[what], what
    everything = b"".join(found.values())
    assert all(word in everything for word in (b"kept-metadata", b"kept-answer", b"kept-path", b"kept-frame"))
    meant_for_us = {"basic", "metadata", "tag", "unknown upstream", "unknown upstream head", "502", "502 head",
                    "bad head", "bad head line", "WebSocket query", "subprotocol", "first frame"}  # fmt: skip
    answered = {"set-cookie", "response header", "location", "answer"}
    for place, secret in _names.items():
        # Bytes out are bytes in: what is not in the record was forwarded as it came.
        assert secret in forwarded or place in meant_for_us | answered, place
    leaks = [(place, where) for place, secret in _names.items() for where, data in found.items() if secret in data]
    assert leaks == [], leaks


@pytest.mark.parametrize("command", ["doctor", "migrate", "calls", "projector", "proxy"])
def test_a_password_in_a_setting_is_not_told_when_it_fails(command: str, tmp_path: Path) -> None:
    secret = "c4n4ryP4ssw0rd"
    upstream = {"UNION_SQUARE_UPSTREAMS__X__BASE_URL": f"ftp://u:{secret}@x.test/"} if command == "proxy" else {}
    environment = os.environ | upstream | {
        "UNION_SQUARE_HOME": str(tmp_path / "home"),
        "UNION_SQUARE_DATABASE_URL": f"postgresql://u:{secret}@127.0.0.1:9/x",
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "union_square.cli", command], env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    try:
        said = process.communicate(timeout=6)[0]
    except subprocess.TimeoutExpired:  # the projector waits for its database
        process.terminate()
        said = process.communicate(timeout=30)[0]
    assert said or command == "projector"
    assert secret.encode() not in said
    assert [f for f in tmp_path.rglob("*") if f.is_file() and secret.encode() in f.read_bytes()] == []
