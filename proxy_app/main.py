"""The composition root of the proxy: settings in, a running proxy out."""

import asyncio
import contextlib
import gc
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any, cast

import uvicorn
from uvicorn.server import ServerState

from proxy_app.app import control_app
from proxy_app.clock import Clock, new_writer_id
from proxy_app.counters import SharedCounts
from proxy_app.forward import ClientConnection
from proxy_app.listener_tls import CertificateError, server_context
from proxy_app.plane import Limits, Plane, Swept
from proxy_app.routes import RouteError, routes_of
from proxy_app.workers import run_workers
from union_square.announcing import announced
from union_square.domain.ids import WriterId
from union_square.domain.redaction import Redactor
from union_square.domain.redaction_rules import parse_rules
from union_square.recording.fingerprint_key import load_fingerprint_key
from union_square.recording.log_writer import LogWriter
from union_square.recording.recorder import Recorder
from union_square.recording.tap import Tap
from union_square.settings import Settings, SettingsError

MAX_OPEN_FILES = 1 << 20


def run(settings: Settings) -> None:
    """Run the proxy until SIGTERM or SIGINT. Raises SettingsError where it cannot start as it is set.

    While it runs, `<home>/run/proxy.json` names its process, scheme, host and port.
    """
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        routes_of(settings.all_upstreams)
        load_fingerprint_key(settings.home)
        tls = server_context(settings.tls_certificate, settings.tls_key)
    except (RouteError, CertificateError, ValueError) as error:
        raise SettingsError(str(error)) from error
    except OSError as error:
        raise SettingsError(
            f"the data folder {settings.home} cannot be used (home, UNION_SQUARE_HOME): {error}"
        ) from error
    for name, upstream in settings.all_upstreams.items():
        if upstream.resign:
            said = f"upstream {name}: what clients signed is signed again with this machine's AWS credentials"
            print(f"union-square proxy: {said}", file=sys.stderr, flush=True)
    _allow_many_connections()
    listener = listen(settings.host, settings.proxy_port)
    shared = SharedCounts(settings.workers)
    host, port = listener.getsockname()[:2]
    scheme = "https" if tls else "http"
    with listener, announced(settings.home, "proxy", scheme=scheme, host=host, port=port):
        shown = f"[{host}]" if ":" in host else host
        print(f"union-square proxy: {scheme}://{shown}:{port}", file=sys.stderr, flush=True)
        if settings.workers == 1:
            _run_worker(settings, listener, tls, shared, 0)
        else:
            run_workers(
                settings.workers,
                lambda worker: _run_worker(settings, listener, tls, shared, worker),
                stopping_begins=listener.close,  # else connections would wait here that no worker takes any more
            )


def _allow_many_connections() -> None:
    """A call takes two open files; many systems begin with a limit of 1,024 that a process may raise by itself."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if most == resource.RLIM_INFINITY else min(most, MAX_OPEN_FILES)
    with contextlib.suppress(OSError, ValueError):  # some systems name a limit that they do not give
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def listen(host: str, port: int) -> socket.socket:
    """The listening socket. Raises SettingsError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
        except BaseException:
            listener.close()
            raise
    except socket.gaierror as error:
        raise SettingsError(f"host: {host!r} is no address to listen on ({error.strerror})") from error
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"the proxy cannot listen on {host} port {port}: {why}. Choose another port with "
            "UNION_SQUARE_PROXY_PORT=… or proxy_port in union-square.toml (0 takes any free one)"
        ) from error
    return listener


def _run_worker(
    settings: Settings, listener: socket.socket, tls: ssl.SSLContext | None, shared: SharedCounts, worker: int
) -> None:
    with _stop_signals_end_quietly() as stop, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, listener, tls, shared, worker, stop))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not to be had on every system
        return None
    return uvloop.new_event_loop


class _Stop:
    """A stop that was asked for, be it before there is a server to tell it to."""

    def __init__(self) -> None:
        self._asked = False
        self._server: uvicorn.Server | None = None

    def take(self, _number: int, _frame: FrameType | None) -> None:
        """The handler of the signals. Not SIG_IGN: the processes that this one starts would inherit that."""
        self._asked = True
        if self._server is not None:
            self._server.should_exit = True

    def is_for(self, server: uvicorn.Server) -> None:
        self._server = server
        server.should_exit = self._asked


@contextlib.contextmanager
def _stop_signals_end_quietly() -> Generator[_Stop]:
    """uvicorn raises a caught signal once more when it has shut down; a stop that was asked for is no failure."""
    stop = _Stop()
    before = {number: signal.signal(number, stop.take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _serve(
    settings: Settings,
    listener: socket.socket,
    tls: ssl.SSLContext | None,
    shared: SharedCounts,
    worker: int,
    stop: _Stop,
) -> None:
    plane = build_plane(settings, shared, worker)
    control = control_app(plane, _public(settings), (settings.host, *settings.allowed_hosts))
    config = uvicorn.Config(
        control,
        lifespan="off",
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=settings.drain_timeout_seconds,  # type: ignore[arg-type]  # fractions work as well
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    config.load()

    def connection(*, server_state: ServerState, **_others: object) -> ClientConnection:
        connections = cast("set[Swept]", server_state.connections)  # pyright: ignore[reportUnknownMemberType]
        return ClientConnection(plane, control, connections)

    config.http_protocol_class = connection  # type: ignore[assignment]
    plane.start()
    gc.freeze()  # what is made until here lives as long as the process: not to be looked at again and again
    gc.set_threshold(50_000, 20, 20)
    server = uvicorn.Server(config)
    stop.is_for(server)
    try:
        await server.serve(sockets=[listener])
    finally:
        await plane.stop()


def build_plane(settings: Settings, shared: SharedCounts, worker: int) -> Plane:
    """The data plane of one worker, with a log of its own."""
    clock = Clock()
    tap = recorder = None
    if settings.record:
        tap = Tap(limit_bytes=settings.stream_bytes)
        log = LogWriter(settings.log_folder, WriterId(new_writer_id()), segment_bytes=settings.segment_bytes)
        recorder = Recorder(tap, log, flush_seconds=settings.flush_milliseconds / 1000, now=clock)
    return Plane(
        routes=routes_of(settings.all_upstreams),
        limits=Limits(
            connect_timeout_seconds=settings.connect_timeout_seconds,
            response_timeout_seconds=settings.response_timeout_seconds,
            max_head_bytes=settings.max_head_bytes,
        ),
        redactor=Redactor(load_fingerprint_key(settings.home)),
        clock=clock,
        tap=tap,
        recorder=recorder,
        shared=shared,
        worker=worker,
        rules=parse_rules(settings.redact, settings.redact_patterns),
    )


def _public(settings: Settings) -> dict[str, Any]:
    """The settings without those that may hold a password or a token."""
    shown = settings.model_dump(mode="json", exclude={"database_url", "ui_token", "upstreams"})
    shown["upstreams"] = {name: upstream.base_url for name, upstream in settings.all_upstreams.items()}
    return shown
