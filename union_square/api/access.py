"""Who is let in where others can reach the port: a token, asked of everything on it. Pure ASGI.

A browser brings it once, in the address (`/?token=…`, which `up` prints) or in the form that it is shown, and gets a
cookie for it: HttpOnly, SameSite=Strict, and worth nothing as a token. A program sends `Authorization: Bearer …`.
WebSockets are asked alike. Tokens are compared in constant time.

Whoever serves this puts `api.origin.SameOrigin` around it: the form is taken from pages of our own only.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import blake2b, sha256
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

from union_square.api.sign_in import SIGN_IN_POLICY, present_bounce, present_sign_in

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

SIGN_IN = "/sign-in"
_COOKIE_SECONDS = 30 * 24 * 3600
_MAX_FORM_BYTES = 8192
_WHY = (
    "this server asks for its token: send `Authorization: Bearer …`. `union-square up` prints it; it is "
    "UNION_SQUARE_UI_TOKEN, or else stands in the file ui-token in the data folder"
)


class TokenRequired:
    """`app`, for those who know `token` (not empty)."""

    def __init__(self, app: AsgiApp, *, token: str) -> None:
        if not token:
            raise ValueError("an empty token would let everybody in")
        self._app = app
        self._token = token.encode()
        self._pass = blake2b(b"cookie", digest_size=24, key=sha256(self._token).digest()).hexdigest()
        # Cookies do not tell ports apart: two servers on one machine must not take each other's away.
        self.cookie = "union_square_" + sha256(b"name" + self._token).hexdigest()[:8]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or self.knows(scope):
            if scope["type"] == "http" and _is_page(scope) and self._token_in_query(scope) is not None:
                await self._let_in(send, scope, self._without_token(scope))
                return
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await _refuse_socket(scope, receive, send)
        elif scope["method"] == "POST" and scope["path"] == SIGN_IN:
            await self._sign_in(scope, receive, send)
        elif scope["method"] == "GET" and self._is_token(self._token_in_query(scope)):
            await self._let_in(send, scope, self._without_token(scope))
        elif _is_page(scope):
            await self._ask(scope, send)
        else:
            body = json.dumps({"error": {"status": 401, "message": _WHY}}).encode()
            await _answer(send, 401, body, b"application/json", [(b"www-authenticate", b"Bearer")])

    def knows(self, scope: Scope) -> bool:
        """Whether the request brings the token, or the cookie that was given for it."""
        scheme, _, value = _header(scope, b"authorization").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(value.strip()):
            return True
        cookie = _cookies(scope).get(self.cookie)
        return cookie is not None and hmac.compare_digest(cookie.encode(), self._pass.encode())

    def _is_token(self, token: str | None) -> bool:
        return token is not None and hmac.compare_digest(token.encode(), self._token)

    def _token_in_query(self, scope: Scope) -> str | None:
        return dict(_query(scope)).get("token")

    def _without_token(self, scope: Scope) -> str:
        rest = urlencode([pair for pair in _query(scope) if pair[0] != "token"])
        return _own_path(scope["path"]) + (f"?{rest}" if rest else "")

    async def _sign_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while len(body) <= _MAX_FORM_BYTES:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        form = dict(parse_qsl(body[:_MAX_FORM_BYTES].decode("utf-8", "replace")))
        goes_to = _own_path(form.get("next", "/"))
        if self._is_token(form.get("token", "").strip()):
            await self._let_in(send, scope, goes_to)
        else:
            await _page(send, 401, present_sign_in(goes_to, wrong=True))

    async def _let_in(self, send: Send, scope: Scope, path: str) -> None:
        secure = "; Secure" if scope.get("scheme") in {"https", "wss"} else ""
        cookie = f"{self.cookie}={self._pass}; Path=/; Max-Age={_COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}"
        headers = [(b"location", path.encode("ascii", "ignore")), (b"set-cookie", cookie.encode())]
        await _answer(send, 303, b"", b"text/plain", headers)

    async def _ask(self, scope: Scope, send: Send) -> None:
        path = self._without_token(scope)
        # A Strict cookie does not come along on a way that began at another site; from a page of our own it does.
        if _header(scope, b"sec-fetch-site") in {"cross-site", "same-site"}:
            await _page(send, 200, present_bounce(path))
        else:
            await _page(send, 401, present_sign_in(path, wrong=self._token_in_query(scope) is not None))


def _own_path(path: str) -> str:
    """`path` where it is one of this server; else `/`. Two slashes, or a backslash, would lead to another."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if plain and path.isprintable() and path.isascii() else "/"


def _is_page(scope: Scope) -> bool:
    return scope["method"] == "GET" and "text/html" in _header(scope, b"accept")


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")


def _cookies(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in scope["headers"]:
        if key.lower() == b"cookie":
            try:
                found |= {name: morsel.value for name, morsel in SimpleCookie(value.decode("latin-1")).items()}
            except CookieError:
                continue  # another server's on this host; ours is well formed
    return found


async def _page(send: Send, status: int, html: str) -> None:
    # With no-referrer a browser says `Origin: null` of a form's request, as it does of another site's sandboxed page.
    headers = [(b"content-security-policy", SIGN_IN_POLICY), (b"referrer-policy", b"same-origin")]
    await _answer(send, status, html.encode(), b"text/html; charset=utf-8", headers)


async def _answer(
    send: Send, status: int, body: bytes, content_type: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    fixed = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})


async def _refuse_socket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send(
            {"type": "websocket.close", "code": 1008, "reason": "the token is missing"}
        )  # the server answers 403
        return
    body = json.dumps({"error": {"status": 401, "message": _WHY}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
