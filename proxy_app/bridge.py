"""A small bridge from the byte splice to the control plane's ASGI app: one whole request in, one whole response out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from proxy_app.failures import failure_response
from union_square.wire.http1 import RequestHead

MAX_CONTROL_BODY = 1 << 20
Message = MutableMapping[str, Any]
ControlApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
_log = logging.getLogger(__name__)


async def answer_control(
    app: ControlApp, head: RequestHead, body: bytes, transport: asyncio.BaseTransport, *, closing: bool
) -> bytes:
    """The bytes of the control plane's response. An error in the app becomes a 500."""
    status, headers, content = 500, list[tuple[bytes, bytes]](), bytearray()
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()  # nothing more comes; the app is cancelled with the connection
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], [(bytes(n), bytes(v)) for n, v in message.get("headers", [])]
        elif message["type"] == "http.response.body":
            content.extend(message.get("body", b""))

    try:
        await app(_scope(head, transport), receive, send)
    except Exception:  # noqa: BLE001  (whatever it is, a client waits for an answer)
        _log.exception("the control plane failed")
        return failure_response(500, "internal", "the control plane failed; see the proxy's log", closing=closing)
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    lines += [name + b": " + value for name, value in headers if name.lower() not in {b"content-length", b"connection"}]
    lines.append(b"content-length: %d" % len(content))
    if closing:
        lines.append(b"connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if head.method == b"HEAD" else bytes(content))


def _scope(head: RequestHead, transport: asyncio.BaseTransport) -> dict[str, Any]:
    raw_path, _, query = (b"/-" + head.rest).partition(b"?")
    fields = (line.partition(b":") for i, line in enumerate(head.lines) if i not in {0, head.host})
    headers = [(name.lower(), value.strip(b" \t")) for name, _, value in fields]
    headers.append((b"host", head.authority))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": head.version[5:].decode(),
        "method": head.method.decode(),
        "scheme": "https" if transport.get_extra_info("sslcontext") else "http",
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": transport.get_extra_info("peername"),
        "server": transport.get_extra_info("sockname"),
        "state": {},
    }
