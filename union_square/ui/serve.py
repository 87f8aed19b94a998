"""Serves the built UI: page, WebSocket and REST API on one port, without Node.

Needs what `union_square.ui.build` left in `union_square/_ui` (a wheel carries it). Reflex reads its configuration from
the working directory, so the process works in that folder; everything it writes goes below the data folder.
"""

import asyncio
import importlib
import os
import signal
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import uvicorn

from union_square.announcing import announce, forget_announcement
from union_square.ui.built import UI_FOLDER, read_key, reflex_mismatch, style_folder
from union_square.ui.security import AsgiApp, Receive, Scope, SecurityHeaders, Send, inline_script_hashes, page_policy
from union_square.ui.values import UiValues, address_of, anchored, real_proxy_url

if TYPE_CHECKING:
    from union_square.ui.services import OpenWatching

PART = "ui"
_STOP_SECONDS = 2  # for answers that are still being written; open pages and streams are cut after it


class UiServeError(Exception):
    """The UI cannot be served. The message says why and what to do."""


def prepare(values: UiValues) -> None:
    """Tell Reflex, by its environment, what it is to serve and where it may write. Raises UiServeError.

    Changes the working directory and the environment of this process; call it before Reflex is imported.
    """
    key = read_key(UI_FOLDER)
    if key is None:
        raise UiServeError(f"no UI was built into {UI_FOLDER}: run `python -m union_square.ui.build` (`make up` does)")
    if wrong := reflex_mismatch(key):
        raise UiServeError(f"{wrong}: run `python -m union_square.ui.build`, or install the version it was built with")
    cache = values.home / "cache" / "reflex"
    cache.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_WEB_WORKDIR": str(UI_FOLDER),
        "REFLEX_DIR": str(cache),
        "REFLEX_STATES_WORKDIR": str(cache / "states"),
        "REFLEX_UPLOADED_FILES_DIR": str(cache / "uploads"),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "1",
        "__REFLEX_SKIP_COMPILE": "1",
    }
    os.chdir(UI_FOLDER)


class _OnePort:
    """Sends each request to the API or to the pages, and opens what both read through while the server lives."""

    def __init__(self, pages: AsgiApp, values: UiValues, open_watching: "OpenWatching") -> None:
        self._pages = pages
        self._values = values
        self._open_watching = open_watching
        self._api: AsgiApp | None = None
        self._pieces: AsgiApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._pages(scope, receive, send)
        elif self._api is not None and scope["path"].startswith("/api/"):
            await self._api(scope, receive, send)
        elif self._pieces is not None and scope["type"] == "http" and scope["path"].startswith("/pieces/"):
            await self._pieces(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Runs inside Reflex's lifespan: the reader is there before the first page asks for it."""
        from union_square.api import create_api
        from union_square.exporting.importing import Importer
        from union_square.replaying.rerunning import Reruns
        from union_square.replaying.resending import Resends
        from union_square.ui import services
        from union_square.ui.pieces import create_pieces
        from union_square.ui.sharing import all_formats

        values = self._values
        resends = Resends(lambda: real_proxy_url(values), values.key_names)
        base_urls = dict(values.upstreams)
        importer = Importer(
            home=values.home, log_folder=values.log_folder, base_urls=base_urls, rules=values.redaction_rules
        )
        formats = all_formats(style_folder())
        async with self._open_watching(self._values) as watching:
            reruns = Reruns(watching, resends)
            self._api = create_api(watching, reruns=reruns, formats=formats, base_urls=base_urls, importer=importer)
            self._pieces = create_pieces(watching)
            services.use(services.Services(watching=watching, values=self._values, resends=resends, reruns=reruns))
            try:
                yield
            finally:
                await reruns.close()
                await resends.close()


def create_asgi(values: UiValues, open_watching: "OpenWatching | None" = None) -> AsgiApp:
    """The whole UI as one ASGI app. Raises UiServeError. Call it once a process, before Reflex is imported."""
    prepare(values)
    from union_square.api.access import TokenRequired
    from union_square.api.origin import EVERY_INTERFACE, SameOrigin
    from union_square.ui import services

    reflex_app: Any = importlib.import_module("union_square.union_square").app
    served = _OnePort(reflex_app(), values, open_watching or services.open_watching)
    reflex_app.register_lifespan_task(served.opened)
    asked = TokenRequired(served, token=values.token) if values.token else served
    names = (values.host, *values.allowed_hosts)
    guarded = SameOrigin(asked, allowed_hosts=names, any_address=bool(values.token) and values.host in EVERY_INTERFACE)
    return SecurityHeaders(guarded, policy=page_policy(inline_script_hashes(UI_FOLDER / "build" / "client")))


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UiServeError that names the setting when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UiServeError(
            f"the UI cannot listen on {host}:{port} ({error.strerror}); "
            "set UNION_SQUARE_UI_PORT to another port (0 = any free one), or UNION_SQUARE_HOST to another address"
        ) from error
    listener.listen(512)
    return listener


def _scheme(values: UiValues) -> str:
    return "https" if values.certificate else "http"


async def _serve(app: AsgiApp, values: UiValues, listener: socket.socket, ready: Callable[[], None]) -> None:
    config = uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType]  # the same protocol, spelled with plain mappings
        log_level="warning",
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
        ws_max_size=1 << 20,
        proxy_headers=False,
        ssl_certfile=values.certificate,
        ssl_keyfile=values.key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise UiServeError(f"tls_certificate, tls_key: {values.certificate} cannot be served: {error}") from error
    server = uvicorn.Server(config)

    async def tell_when_ready() -> None:
        while not server.started:
            await asyncio.sleep(0.01)
        ready()

    async with AsyncExitStack() as stack:
        telling = asyncio.create_task(tell_when_ready())
        stack.callback(telling.cancel)
        await server.serve(sockets=[listener])
    if not server.started:
        raise UiServeError("the UI did not start; the lines above say why")


def _already_stopping(_signal: int, _frame: FrameType | None) -> None:
    """Stands in for the default, which would end the process at once."""


def run(values: UiValues, open_watching: "OpenWatching | None" = None, *, show_token: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; then stop within a few seconds. `show_token`: print the address with it. Raises
    UiServeError.

    When it answers, `<home>/run/ui.json` says where: {"pid", "scheme", "host", "port"}.
    """
    values = anchored(values)
    listener = bind(values.host, values.port)
    values = replace(values, port=listener.getsockname()[1])
    app = create_asgi(values, open_watching)

    def ready() -> None:
        announce(values.home, PART, scheme=_scheme(values), host=values.host, port=values.port)
        token = f"/?token={quote(values.token)}" if show_token else ""
        print(f"union-square ui: {address_of(values.host, values.port, scheme=_scheme(values))}{token}", flush=True)

    # uvicorn raises the signal again when it has stopped; without a handler of ours that would end us before clean-up.
    signal.signal(signal.SIGTERM, _already_stopping)
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(app, values, listener, ready))
    finally:
        forget_announcement(values.home, PART)
