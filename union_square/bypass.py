"""Calls that go on without the proxy: an httpx transport that tries it, and goes direct when it does not answer.

    transport = BypassTransport("http://127.0.0.1:8787", {"openai": "https://api.openai.com"})
    client = openai.OpenAI(
        base_url="http://127.0.0.1:8787/openai/v1", http_client=openai.DefaultHttpxClient(transport=transport)
    )

A request is sent to the provider instead when the proxy could not be reached, when it broke off before it answered, or
when it says itself that it sent nothing on. An answer that has begun is never asked for again: a stream that breaks off
breaks off for the caller, as it does without a proxy. An upstream's own error is an answer like any other.

Works with httpx and with httpx2, whichever the client that is given it belongs to; imports nothing but the standard
library. The file may be copied into a project that does not install this one.
"""

import importlib
import json
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from httpx import AsyncBaseTransport, BaseTransport
else:  # a class of httpx would not do for httpx2, and the other way round: both only call the methods
    AsyncBaseTransport = BaseTransport = object

ERROR_HEADER = "x-union-square-error"
OWN_HEADERS = "x-union-square-"

Resend = Literal["unanswered", "unsent"]
"""What may be sent once more, to the provider. "unanswered": what no answer has begun to, as the providers'
own SDKs do (the provider may be at work on the one that broke off, and bill it). "unsent": only what certainly never
reached the provider."""

logger = logging.getLogger(__name__)


class _Way:
    """The decisions both transports share: which requests are the proxy's, and where they go without it."""

    def __init__(
        self, proxy_url: str, providers: Mapping[str, str], resend: Resend, connect_seconds: float, away_seconds: float
    ) -> None:
        self._proxy = proxy_url.rstrip("/")
        self._providers = {name.lower(): url for name, url in providers.items()}
        self._resend = resend
        self._connect_seconds = connect_seconds
        self._away_seconds = away_seconds
        self._away_until = 0.0

    def direct(self, request: Any) -> Any | None:
        """The request as the provider gets it; None: it is not for the proxy, or for none of `providers`."""
        library = _library_of(request)
        url, proxy = request.url, library.URL(self._proxy)
        prefix = proxy.raw_path.rstrip(b"/") + b"/"
        if (url.scheme, url.host, url.port) != (proxy.scheme, proxy.host, proxy.port):
            return None
        name, slash, rest = url.raw_path.removeprefix(prefix).partition(b"/")
        base_url = self._providers.get(name.decode("ascii", "replace").lower())
        if base_url is None or not slash or not url.raw_path.startswith(prefix):
            return None
        provider = library.URL(base_url)
        target = provider.copy_with(raw_path=provider.raw_path.rstrip(b"/") + b"/" + rest)
        kept = [(k, v) for k, v in request.headers.multi_items() if not k.lower().startswith(OWN_HEADERS)]
        headers = [(k, target.netloc.decode("ascii") if k.lower() == "host" else v) for k, v in kept]
        return library.Request(
            request.method, target, headers=headers, stream=request.stream, extensions=dict(request.extensions)
        )

    @property
    def away(self) -> bool:
        """Whether the proxy was found missing a moment ago, so that it is not waited for again."""
        return time.monotonic() < self._away_until

    def hurry(self, request: Any) -> Any:
        """A proxy is near: who waits long for a connection to it waits for a machine that is gone."""
        timeout = dict(request.extensions.get("timeout", {}))
        asked = timeout.get("connect")
        timeout["connect"] = self._connect_seconds if asked is None else min(asked, self._connect_seconds)
        request.extensions = {**request.extensions, "timeout": timeout}
        return request

    def goes_direct(self, error: Exception, request: Any) -> bool:
        """Whether what failed so is to be sent to the provider."""
        library = _library_of(request)
        if isinstance(error, library.ConnectError | library.ConnectTimeout):
            self._away_until = time.monotonic() + self._away_seconds
            logger.warning("the proxy %s does not answer: going direct for %g s", self._proxy, self._away_seconds)
            return True
        broke_off = isinstance(error, library.RemoteProtocolError | library.ReadError | library.WriteError)
        again = broke_off and self._resend == "unanswered" and _can_be_repeated(request)
        if again:
            logger.warning("the proxy %s broke off before it answered: sending the request direct", self._proxy)
        return again


def _library_of(request: Any) -> Any:
    """httpx or httpx2."""
    return importlib.import_module(type(request).__module__.partition(".")[0])


def _can_be_repeated(request: Any) -> bool:
    """A body that is made while it is sent (a generator, an open file) is gone."""
    return isinstance(request.stream, _library_of(request).ByteStream)


def is_proxy_error(response: Any) -> bool:
    """Whether it is the proxy itself that says that something went wrong, and not an upstream."""
    return ERROR_HEADER in response.headers


def _sent_nothing(content: bytes) -> bool:
    """Whether the proxy's own error says that nothing of the request was sent on."""
    try:
        said: Any = json.loads(content)
        return said["error"]["sent"] is False
    except (ValueError, KeyError, TypeError):
        return False


def _with_content(response: Any, content: bytes) -> Any:
    """The response again, after its body was read."""
    return type(response)(
        response.status_code, headers=response.headers, content=content, extensions=response.extensions
    )


class BypassTransport(BaseTransport):
    """For `httpx.Client`. `providers` are the proxy's upstreams, name to base URL, that may be reached directly.

    `connect_seconds` is the longest wait for a connection to the proxy; when there was none, requests go direct for
    `away_seconds` without asking it. `transport` sends both ways and is closed with this one."""

    def __init__(
        self,
        proxy_url: str,
        providers: Mapping[str, str],
        *,
        resend: Resend = "unanswered",
        connect_seconds: float = 1.0,
        away_seconds: float = 5.0,
        transport: Any = None,
    ) -> None:
        self._way = _Way(proxy_url, providers, resend, connect_seconds, away_seconds)
        self._transport = transport

    def handle_request(self, request: Any) -> Any:
        """Raises what the transport raises for the way that was taken last."""
        library = _library_of(request)
        send = self._opened(library).handle_request
        direct = self._way.direct(request)
        if direct is None or self._way.away:
            return send(direct or request)
        try:
            response = send(self._way.hurry(request))
        except library.TransportError as error:
            if not self._way.goes_direct(error, request):
                raise
            return send(direct)
        if not is_proxy_error(response) or not _can_be_repeated(request):
            return response
        content = b"".join(response.stream)
        response.close()
        return send(direct) if _sent_nothing(content) else _with_content(response, content)

    def _opened(self, library: Any) -> Any:
        if self._transport is None:
            self._transport = library.HTTPTransport()
        return self._transport

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def __enter__(self) -> "BypassTransport":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncBypassTransport(AsyncBaseTransport):
    """`BypassTransport` for `httpx.AsyncClient`."""

    def __init__(
        self,
        proxy_url: str,
        providers: Mapping[str, str],
        *,
        resend: Resend = "unanswered",
        connect_seconds: float = 1.0,
        away_seconds: float = 5.0,
        transport: Any = None,
    ) -> None:
        self._way = _Way(proxy_url, providers, resend, connect_seconds, away_seconds)
        self._transport = transport

    async def handle_async_request(self, request: Any) -> Any:
        """Raises what the transport raises for the way that was taken last."""
        library = _library_of(request)
        send = self._opened(library).handle_async_request
        direct = self._way.direct(request)
        if direct is None or self._way.away:
            return await send(direct or request)
        try:
            response = await send(self._way.hurry(request))
        except library.TransportError as error:
            if not self._way.goes_direct(error, request):
                raise
            return await send(direct)
        if not is_proxy_error(response) or not _can_be_repeated(request):
            return response
        content = b"".join([data async for data in response.stream])
        await response.aclose()
        return await send(direct) if _sent_nothing(content) else _with_content(response, content)

    def _opened(self, library: Any) -> Any:
        if self._transport is None:
            self._transport = library.AsyncHTTPTransport()
        return self._transport

    async def aclose(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()

    async def __aenter__(self) -> "AsyncBypassTransport":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
