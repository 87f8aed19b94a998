"""Headers that keep what a model wrote from doing anything in the browser: pure ASGI, around every answer.

The page may load scripts, styles and data from its own origin only, and nothing may frame it. Reflex's pages hold a few
inline scripts; each is allowed by its hash, so a script that a recorded text smuggled in would not run even if it came
through the rendering.
"""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_FIXED = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
API_POLICY = b"default-src 'none'; sandbox; frame-ancestors 'none'"
"""For the API's answers, which may hold recorded bodies of any content type: opened by themselves they do nothing."""


def inline_script_hashes(folder: Path) -> tuple[str, ...]:
    """The CSP sources of every inline script in the HTML files of a built UI."""
    found: set[str] = set()
    for file in folder.glob("**/*.html"):
        for script in _INLINE.findall(file.read_text(encoding="utf-8")):
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            found.add(f"'sha256-{digest}'")
    return tuple(sorted(found))


def page_policy(hashes: tuple[str, ...]) -> bytes:
    """The Content-Security-Policy of the pages."""
    rules = (
        "default-src 'none'",
        " ".join(("script-src 'self'", *hashes)),
        # Emotion and React set styles at run time; nothing that a model wrote becomes a style.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "media-src data:",  # recorded sounds; nothing is fetched for them
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(rules).encode()


class SecurityHeaders:
    """Adds the headers to every HTTP answer of `app`; one that sets its own policy keeps it."""

    def __init__(self, app: AsgiApp, *, policy: bytes) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        policy = API_POLICY if path.startswith("/api/") else self._policy

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
                names = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in _FIXED if name not in names]
                if b"content-security-policy" not in names:
                    headers.append((b"content-security-policy", policy))
                if b"cache-control" not in names:
                    headers.append((b"cache-control", _caching(path)))
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, with_headers)


def _caching(path: str) -> bytes:
    """Files below /assets carry their hash in their name; a recording is not for a cache."""
    if path.startswith("/assets/"):
        return b"public, max-age=31536000, immutable"
    return b"no-store" if path.startswith("/api/") else b"no-cache"
