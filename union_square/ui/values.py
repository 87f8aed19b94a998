"""What the UI is told at a start: plain values, taken from the settings by whoever starts it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from union_square.announcing import read_announcement
from union_square.domain.redaction_rules import Rule, parse_rules
from union_square.replaying.keys import WELL_KNOWN, KeyNames
from union_square.wire.prices import Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class UiValues:
    """`proxy_url` is the address applications use (no path); `upstreams` and `shown` are (name, value) in order."""

    home: Path
    log_folder: Path
    database: str  # SQLAlchemy URL, may hold a password: never shown
    host: str
    port: int  # 0 = any free one
    proxy_url: str
    allowed_hosts: tuple[str, ...] = ()
    author: str = "me"  # who annotates, until the viewer gives a name
    token: str = field(default="", repr=False)  # "" = none is asked for
    certificate: Path | None = None  # with `key`: what the UI is served with; None = plain HTTP
    key: Path | None = None
    upstreams: tuple[tuple[str, str], ...] = ()
    key_names: KeyNames = WELL_KNOWN  # the variables that keys are taken from, by name
    shown: tuple[tuple[str, str], ...] = ()
    prices: Prices = ()
    redaction_rules: tuple[Rule, ...] = ()  # what imports are looked through for, as the proxy does while recording


class _Upstream(Protocol):
    @property
    def base_url(self) -> str: ...


class SettingsLike(Protocol):
    """The settings the UI takes its values from (`union_square.settings.Settings` fulfils it)."""

    @property
    def home(self) -> Path: ...
    @property
    def log_folder(self) -> Path: ...
    @property
    def database(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def ui_port(self) -> int: ...
    @property
    def proxy_port(self) -> int: ...
    @property
    def allowed_hosts(self) -> tuple[str, ...]: ...
    @property
    def all_upstreams(self) -> Mapping[str, _Upstream]: ...
    @property
    def tls_certificate(self) -> Path | None: ...
    @property
    def tls_key(self) -> Path | None: ...
    @property
    def own_prices(self) -> Prices: ...
    @property
    def key_variables(self) -> Mapping[str, str]: ...
    @property
    def author(self) -> str: ...
    @property
    def redact(self) -> tuple[str, ...]: ...
    @property
    def redact_patterns(self) -> tuple[str, ...]: ...
    @property
    def workers(self) -> int: ...
    @property
    def record(self) -> bool: ...
    @property
    def stream_bytes(self) -> int: ...
    @property
    def segment_bytes(self) -> int: ...
    @property
    def drain_timeout_seconds(self) -> float: ...
    @property
    def response_timeout_seconds(self) -> float: ...


def address_of(host: str, port: int, *, scheme: str = "http") -> str:
    """The address a client on this machine uses for something that listens on `host`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    if ":" in reachable and not reachable.startswith("["):
        reachable = f"[{reachable}]"
    return f"{scheme}://{reachable}:{port}"


def real_proxy_url(values: UiValues) -> str:
    """The address of the running proxy: the one it announced below the data folder, else the one in the settings."""
    said = read_announcement(values.home, "proxy") or {}
    port = said.get("port")
    return (
        address_of(values.host, port, scheme=str(said.get("scheme", "http")))
        if isinstance(port, int)
        else values.proxy_url
    )


def anchored(values: UiValues) -> UiValues:
    """The values with every relative path made absolute: the UI's process works in a folder of its own."""
    database = values.database
    path = database.removeprefix("sqlite:///")
    if path not in {database, "", ":memory:"} and not path.startswith("file:"):
        database = f"sqlite:///{Path(path).absolute()}"
    return replace(values, home=values.home.absolute(), log_folder=values.log_folder.absolute(), database=database)


def without_password(url: str) -> str:
    """A database URL that may be shown: user kept, password replaced."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    place = f"{parts.username or ''}:***@{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")
    return urlunsplit(parts._replace(netloc=place))


def values_of(settings: SettingsLike, *, token: str = "") -> UiValues:
    """The UI's values out of the settings. `token`: what is asked of those who come, "" = nothing.

    Where a token is asked for it must not travel in the clear: there the proxy's certificate, if there is one, is the
    UI's too. On loopback, where most certificates would only make a browser warn, the UI stays plain HTTP."""
    proxy_url = address_of(settings.host, settings.proxy_port)
    shown = (
        ("home", str(settings.home)),
        ("database", without_password(settings.database)),
        ("event log", str(settings.log_folder)),
        ("host", settings.host),
        ("proxy port", str(settings.proxy_port)),
        ("UI port", str(settings.ui_port)),
        ("proxy workers", str(settings.workers)),
        ("recording", "on" if settings.record else "off"),
        ("recording memory", f"{settings.stream_bytes >> 20} MiB"),
        ("log segment", f"{settings.segment_bytes >> 20} MiB"),
        ("response timeout", f"{settings.response_timeout_seconds:g} s"),
        ("drain timeout", f"{settings.drain_timeout_seconds:g} s"),
        ("token", "asked for" if token else "not asked for"),
        ("own prices", ", ".join(price.source.partition(": ")[2] for price in settings.own_prices) or "none"),
        ("allowed hosts", ", ".join(settings.allowed_hosts) or "loopback only"),
    )
    return UiValues(
        home=settings.home,
        log_folder=settings.log_folder,
        database=settings.database,
        host=settings.host,
        port=settings.ui_port,
        proxy_url=proxy_url,
        allowed_hosts=settings.allowed_hosts,
        author=settings.author,
        token=token,
        certificate=settings.tls_certificate if token else None,
        key=settings.tls_key if token else None,
        upstreams=tuple((name, upstream.base_url) for name, upstream in settings.all_upstreams.items()),
        key_names=KeyNames(configured=settings.key_variables),
        shown=shown,
        prices=settings.own_prices,
        redaction_rules=parse_rules(settings.redact, settings.redact_patterns),
    )
