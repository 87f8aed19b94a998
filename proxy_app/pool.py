"""Connections to the upstreams: making them, keeping them, and telling which of the kept ones can still be used."""

import asyncio
import select
import socket
import ssl

from proxy_app.clock import Clock
from proxy_app.counters import Counters
from proxy_app.response_heads import ResponseReader
from proxy_app.routes import ForwardProxy, Route
from proxy_app.upstream import UpstreamConnection
from union_square.domain.redaction import Redactor

IDLE_PLAIN_SECONDS = 3.0
"""From the first sweep that finds it idle. Servers of one's own often close after 5 s, and connecting to them costs
little."""
IDLE_TLS_SECONDS = 60.0
"""Providers keep connections for minutes, and a TLS handshake is dear."""
MAX_IDLE_PER_UPSTREAM = 1024
"""Above as many calls at once, connections are made and closed again; idle ones are closed within seconds anyway."""
_MAX_CONNECT_ANSWER = 16 << 10
_HUNG_UP = getattr(select, "POLLRDHUP", 0)


class ConnectError(Exception):
    """No connection to the upstream. `code` is a FailureCode, `status` what the client is told."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Pool:
    """One worker's connections. A connection is taken for one call at a time; the one used last is taken first."""

    def __init__(
        self, connect_timeout_seconds: float, counters: Counters, clock: Clock, redactor: Redactor | None
    ) -> None:
        self._timeout = connect_timeout_seconds
        self._counters = counters
        self._clock = clock
        self._redactor = redactor
        self._idle: dict[Route, list[UpstreamConnection]] = {}
        self._readers: dict[Route, ResponseReader] = {}
        self.size = 0
        """Connections that are open, idle or not."""

    def take(self, route: Route) -> UpstreamConnection | None:
        """A connection that is still good, if one is kept. A closed one is thrown away before anything is sent."""
        kept = self._idle.get(route)
        while kept:
            connection = kept.pop()
            if not connection.transport.is_closing() and not connection.poll.poll(0):
                return connection
            connection.transport.abort()
        return None

    def give_back(self, connection: UpstreamConnection) -> None:
        """Keep a connection whose response was read to its end."""
        kept = self._idle.get(connection.route)
        if kept is None:
            kept = self._idle[connection.route] = []
        if len(kept) >= MAX_IDLE_PER_UPSTREAM or connection.transport.is_closing():
            connection.transport.abort()
            return
        connection.idle_since = 0.0
        kept.append(connection)

    def opened(self, connection: UpstreamConnection) -> None:
        """Called by a connection when it is made: prepare to ask the kernel what the loop may not know yet."""
        self.size += 1
        connection.poll = select.poll()
        # What comes on an idle plain connection is an end or an error; under TLS it may be a session ticket.
        events = _HUNG_UP if connection.route.tls else select.POLLIN | _HUNG_UP
        connection.poll.register(connection.transport.get_extra_info("socket").fileno(), events)

    def lost(self, connection: UpstreamConnection) -> None:
        """Called by a connection when it is gone."""
        self.size -= 1
        kept = self._idle.get(connection.route)
        if kept and connection in kept:
            kept.remove(connection)

    def sweep(self, now: float) -> None:
        """Close what has been idle for too long (`now`: the loop's time)."""
        for route, kept in self._idle.items():
            oldest = now - (IDLE_TLS_SECONDS if route.tls else IDLE_PLAIN_SECONDS)
            for connection in kept:
                connection.idle_since = connection.idle_since or now
            while kept and kept[0].idle_since < oldest:
                kept.pop(0).transport.abort()

    def close(self) -> None:
        for kept in self._idle.values():
            for connection in kept:
                connection.transport.abort()
        self._idle.clear()

    async def connect(self, route: Route) -> UpstreamConnection:
        """A new connection. Raises ConnectError."""
        self._counters.upstream_connects += 1
        where = f"upstream {route.name} ({route.base_url})"
        if route.via:
            where += f" through the proxy {route.via.host}:{route.via.port}"
        try:
            async with asyncio.timeout(self._timeout):
                return await self._connect(route)
        except TimeoutError as error:
            raise ConnectError(
                "timeout", 504, f"{where} could not be connected to within {self._timeout:g} s"
            ) from error
        except ssl.SSLCertVerificationError as error:
            raise ConnectError(
                "connect_failed", 502, f"{where}: its certificate was not accepted: {error.verify_message}"
            ) from error
        except ssl.SSLError as error:
            raise ConnectError("connect_failed", 502, f"{where}: no TLS connection: {error.reason or error}") from error
        except socket.gaierror as error:
            raise ConnectError("connect_failed", 502, f"{where}: no such host: {error.strerror or error}") from error
        except OSError as error:
            raise ConnectError("connect_failed", 502, f"{where}: no connection: {error.strerror or error}") from error

    def new_connection(self, route: Route) -> UpstreamConnection:
        """The protocol of a connection that is still to be made."""
        reader = self._readers.get(route)
        if reader is None:
            reader = self._readers[route] = ResponseReader(self._redactor)
        return UpstreamConnection(route, self, reader, self._clock)

    async def _connect(self, route: Route) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        if route.via and route.tls:
            return await self._connect_through(route, route.via, route.tls)
        host, port = (route.via.host, route.via.port) if route.via else (route.host, route.port)
        _, connection = await loop.create_connection(
            lambda: self.new_connection(route),
            host,
            port,
            ssl=route.tls,
            server_hostname=route.host if route.tls else None,
        )
        return connection

    async def _connect_through(self, route: Route, via: ForwardProxy, tls: ssl.SSLContext) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        transport, asked = await loop.create_connection(_ConnectAnswer, via.host, via.port)
        try:
            host = f"[{route.host}]" if ":" in route.host else route.host
            target = f"{host}:{route.port}".encode()
            lines = [b"CONNECT " + target + b" HTTP/1.1", b"Host: " + target]
            if via.authorization:
                lines.append(via.authorization)
            transport.write(b"\r\n".join(lines) + b"\r\n\r\n")
            status_line = await asked.answer
            if status_line.split(b" ", 2)[1:2] != [b"200"]:
                raise OSError(None, f"the proxy answered {status_line.decode('ascii', 'replace')[:100]!r} to CONNECT")
            connection = self.new_connection(route)
            secured = await loop.start_tls(transport, connection, tls, server_hostname=route.host)
        except BaseException:
            transport.abort()
            raise
        if secured is None:
            raise OSError(None, "the connection closed during the TLS handshake")
        connection.connection_made(secured)
        return connection


class _ConnectAnswer(asyncio.Protocol):
    """Reads a forward proxy's answer to CONNECT; `answer` is its status line."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self.answer.done():
            return
        if b"\r\n\r\n" in self._buffer:
            self.answer.set_result(self._buffer.partition(b"\r\n")[0])
        elif len(self._buffer) > _MAX_CONNECT_ANSWER:
            self.answer.set_exception(OSError(None, "the proxy's answer to CONNECT is not HTTP"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if not self.answer.done():
            self.answer.set_exception(OSError(None, "the proxy closed the connection instead of answering CONNECT"))
