"""Who may talk to the UI and its API: pages of its own origin, and programs. Pure ASGI, around everything on the port.

A page on another site can reach a loopback port in these ways, and each is closed here:
- DNS rebinding: its own host name resolves to 127.0.0.1. The Host header then names that host, not ours: 421.
- A request that changes something (a form needs no CORS): Sec-Fetch-Site and Origin tell where it came from: 403.
- A WebSocket, which no CORS rule holds back: the same check at the upgrade: 403.
- A script or an image that loads from here, where the browser tells so: 403. A link to here may be followed.
No answer keeps an Access-Control header, whoever put it there. Another port of this machine is another origin, too.
"""

import ipaddress
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_READING = frozenset({"GET", "HEAD"})
EVERY_INTERFACE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - a place to listen, not a name to be reached by


class SameOrigin:
    """`app`, for requests that name this server by one of its own names and do not come from another site.

    `allowed_hosts`: host names, without port, besides loopback (`localhost`, `*.localhost`, 127.0.0.0/8, ::1).
    `any_address`: also by any IP address, which no rebinding can forge (it needs a name).
    Programs send neither Origin nor Sec-Fetch-Site and are not asked for them."""

    def __init__(self, app: AsgiApp, *, allowed_hosts: Iterable[str] = (), any_address: bool = False) -> None:
        self._app = app
        self._any_address = any_address
        self._allowed = frozenset(host.strip("[]").lower().rstrip(".") for host in allowed_hosts) - EVERY_INTERFACE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refused = self.refusal(scope)
            if refused is None:
                await self._app(scope, receive, _without_cors(send))
            else:
                await _refuse(send, *refused)
        elif scope["type"] == "websocket":
            refused = self.refusal(scope)
            if refused is None:
                await self._app(scope, receive, send)
            else:
                await _refuse_socket(scope, receive, send, *refused)
        else:
            await self._app(scope, receive, send)

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """The status and the reason for which a request is not answered; None: it may pass."""
        headers = _headers(scope)
        hosts = headers.get("host", [])
        host = _host_of(hosts[0]) if len(hosts) == 1 else None
        if host is None or not self._is_ours(host):
            shown = ", ".join(hosts)[:100] or "none"
            return 421, (
                f"this server is not known by the name it was asked for ({shown}). Use http://127.0.0.1:<port>/, or "
                "add the name to allowed_hosts (UNION_SQUARE_ALLOWED_HOSTS)"
            )
        reading = scope["type"] == "http" and scope["method"] in _READING
        if reading and headers.get("sec-fetch-mode") == ["navigate"]:
            return None
        if any(site not in {"same-origin", "none"} for site in headers.get("sec-fetch-site", [])):
            return 403, "this came from a page of another site, which may read and change nothing here"
        if reading:
            return None  # a browser that does not tell its site gives the answer to no other origin's script
        origins = headers.get("origin", [])
        if any(not self._is_same(origin, hosts[0]) for origin in origins):
            return 403, f"this came from a page of {origins[0][:100]}, which may change nothing here"
        return None

    def _is_ours(self, host: str) -> bool:
        if host in self._allowed or host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback or self._any_address
        except ValueError:
            return False

    def _is_same(self, origin: str, host: str) -> bool:
        """Whether an Origin header names the host that was asked. `null` (a sandboxed page) never does."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _host_of(header: str) -> str | None:
    """The host name in a Host header, lower case; None where it is none."""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    if parts.netloc != header or "@" in header or not parts.hostname:
        return None
    return parts.hostname.lower().rstrip(".")


def _without_cors(send: Send) -> Send:
    async def stripped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
            message["headers"] = [pair for pair in headers if not pair[0].lower().startswith(b"access-control-")]
        await send(message)

    return stripped


def _answer(status: int, why: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    body = json.dumps({"error": {"status": status, "message": why}}).encode()
    return [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())], body


async def _refuse(send: Send, status: int, why: str) -> None:
    headers, body = _answer(status, why)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse_socket(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    await receive()  # websocket.connect
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": why[:100]})  # the server answers 403
        return
    headers, body = _answer(status, why)
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
