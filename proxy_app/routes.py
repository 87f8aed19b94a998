"""Routes: what the data plane must know of each upstream to reach it, worked out once at the start."""

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass  # what curl and others read, nothing more

from proxy_app.resigning import Signer


class RouteError(ValueError):
    """An upstream cannot be used as it is configured. The message says which, why and what to do."""


class Configured(Protocol):
    """An upstream as the settings have it."""

    @property
    def base_url(self) -> str: ...

    @property
    def ca_file(self) -> Path | None: ...

    @property
    def resign(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardProxy:
    """The proxy that this machine must use to reach an upstream."""

    host: str
    port: int
    authorization: bytes  # a whole header line, or b""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Route:
    """One upstream. `prefix` comes before the provider's path; `authority` is the Host header's value."""

    name: str
    base_url: str
    host: str
    port: int
    authority: bytes
    prefix: bytes
    tls: ssl.SSLContext | None
    via: ForwardProxy | None
    signer: Signer | None  # None: what clients signed passes as it came

    @property
    def request_prefix(self) -> bytes:
        """What the request line's path begins with: the whole URL where a forward proxy reads it."""
        return self.prefix if self.via is None or self.tls else b"http://" + self.authority + self.prefix

    @property
    def extra_line(self) -> bytes:
        """A header line for a forward proxy that reads the request itself."""
        return b"" if self.via is None or self.tls else self.via.authorization


def routes_of(upstreams: Mapping[str, Configured]) -> dict[bytes, Route]:
    """The routes by the upstreams' names in lower case. Reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

    Raises RouteError.
    """
    contexts: dict[Path | None, ssl.SSLContext] = {}
    return {name.lower().encode(): _route(name, upstream, contexts) for name, upstream in upstreams.items()}


def _route(name: str, upstream: Configured, contexts: dict[Path | None, ssl.SSLContext]) -> Route:
    parts = urlsplit(upstream.base_url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    if secure and upstream.ca_file not in contexts:
        contexts[upstream.ca_file] = _tls(name, upstream.ca_file)
    return Route(
        name=name,
        base_url=upstream.base_url,
        host=host,
        port=parts.port or (443 if secure else 80),
        authority=parts.netloc.encode("idna" if not parts.netloc.isascii() else "ascii"),
        prefix=parts.path.rstrip("/").encode(),
        tls=contexts[upstream.ca_file] if secure else None,
        via=_forward_proxy(name, parts.scheme, host),
        signer=_signer(name, upstream),
    )


def _signer(name: str, upstream: Configured) -> Signer | None:
    try:
        return Signer(name, upstream.base_url) if upstream.resign else None
    except ImportError as error:
        raise RouteError(
            f"upstream {name}: resign needs the package botocore, which is not installed. Install union-square[aws], "
            "or botocore into the proxy's environment"
        ) from error


def _tls(name: str, ca_file: Path | None) -> ssl.SSLContext:
    """Certificates and host names are checked. SSL_CERT_FILE and SSL_CERT_DIR are honoured by the TLS library."""
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise RouteError(
            f"upstream {name}: its ca_file {ca_file} cannot be read as PEM certificates: {error}"
        ) from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _forward_proxy(name: str, scheme: str, host: str) -> ForwardProxy | None:
    proxies = getproxies_environment()
    url = proxies.get(scheme) or proxies.get("all")
    if not url or _is_loopback(host) or proxy_bypass(host):
        return None
    parts = urlsplit(url if "://" in url else "http://" + url)
    if parts.scheme != "http" or not parts.hostname:
        raise RouteError(
            f"upstream {name}: the proxy in {scheme.upper()}_PROXY or ALL_PROXY must be like http://host:port, "
            f"not {parts.scheme}://…; set another, or name the upstream's host in NO_PROXY"
        )
    authorization = b""
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        authorization = b"Proxy-Authorization: Basic " + base64.b64encode(user)
    return ForwardProxy(host=parts.hostname, port=parts.port or 80, authorization=authorization)
