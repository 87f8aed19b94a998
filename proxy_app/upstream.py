"""The upstream's side of the splice: reads a response, and passes each piece on to the client as it came.

Must not: know how a request is read or who else is connected; it holds one socket and at most one call.
"""

import asyncio
import select
from binascii import hexlify
from time import monotonic_ns
from typing import Protocol, cast

from proxy_app.call import Call
from proxy_app.clock import Clock
from proxy_app.response_heads import ReadResponse, ResponseReader
from proxy_app.routes import Route
from union_square.wire.http1 import HEAD_END, HeadError
from union_square.wire.http1_body import MORE, Body, BodyError, OpenBody, body_of

MAX_RESPONSE_HEAD = 256 << 10
_CLOSING = b"\r\nConnection: close" + HEAD_END
_IDLE, _HEAD, _BODY, _RAW, _OVER = range(5)


class Client(Protocol):
    """What the upstream's side needs of the client's."""

    transport: asyncio.Transport
    write_paused: bool

    def response_begins(self, head: ReadResponse) -> bool:
        """The final head has come and is about to be sent; whether the connection will be closed after it, aloud
        (RFC 9112 section 9.6 wants it said)."""
        ...

    def response_done(self, connection: "UpstreamConnection", *, reusable: bool) -> None: ...

    def response_failed(self, code: str, message: str, *, reset: bool) -> None: ...

    def tunnel_begins(self) -> None: ...

    def tunnel_closed(self, error: Exception | None) -> None: ...

    def hold(self) -> None: ...

    def unhold(self) -> None: ...


class Keeper(Protocol):
    """What a connection tells the pool."""

    def opened(self, connection: "UpstreamConnection") -> None: ...

    def lost(self, connection: "UpstreamConnection") -> None: ...


class UpstreamConnection(asyncio.Protocol):
    """One connection. `attach` gives it a call; from then on it writes to the client until the response's end."""

    def __init__(self, route: Route, keeper: Keeper, reader: ResponseReader, clock: Clock) -> None:
        self.route = route
        self.transport: asyncio.Transport
        self.poll: select.poll
        self.idle_since = 0.0
        self._keeper = keeper
        self._reader = reader
        self._clock = clock
        self._stage = _IDLE
        self._client: Client | None = None
        self._call: Call | None = None
        self._body: Body | None = None
        self._buffer = b""
        self._reusable = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._keeper.opened(self)

    def attach(self, client: Client, call: Call) -> None:
        """Serve `call`: what comes from here on is its response."""
        self._client = client
        self._call = call
        self._stage = _HEAD
        if client.write_paused:
            self.transport.pause_reading()

    def detach(self) -> None:
        """Forget the call: nothing more is passed on."""
        self._client = self._call = self._body = None
        self._buffer = b""
        self._stage = _OVER

    def rest(self) -> None:
        """Be idle again, ready for another call."""
        self._client = self._call = self._body = None
        self._stage = _IDLE

    def data_received(self, data: bytes) -> None:
        client, call = self._client, self._call
        if client is None or call is None:
            self.transport.abort()  # nobody asked: it cannot be told whose response this is
            return
        ns = monotonic_ns()
        now = (self._clock.base_ns + ns) // 1000
        if self._stage == _BODY:
            self._pass_body(client, call, data, now)
        elif self._stage == _HEAD:
            self._pass_head(client, call, self._buffer + data if self._buffer else data, now, ns)
        elif self._stage == _RAW:
            client.transport.write(data)
            call.response_chunk(now, data)
        else:
            self._fail("upstream_protocol", "the upstream went on after the end of its response")

    def _pass_body(self, client: Client, call: Call, data: bytes, now: int) -> None:
        try:
            payload, end = cast("Body", self._body).feed(data, 0)
        except BodyError as error:
            self._fail("upstream_protocol", f"the upstream's response breaks its framing: {error}")
            return
        if end == MORE:
            client.transport.write(data)
            call.response_chunk(now, payload)
            return
        client.transport.write(data if end == len(data) else data[:end])
        call.response_chunk(now, payload)
        self._done(client, call, now, clean=end == len(data))

    def _pass_head(self, client: Client, call: Call, data: bytes, now: int, ns: int) -> None:
        method = call.head.method
        known = self._reader.recall(data) if method != b"HEAD" else None
        if known is not None:
            self._begin(client, call, known[0], known[2], data, known[1], now, ns)
            return
        while (end := data.find(HEAD_END) + 4) > 3:
            raw = data[:end]
            try:
                read = self._reader.read(raw, method=method)
            except HeadError as error:
                self._fail("upstream_protocol", f"the upstream's response cannot be passed on: {error}")
                return
            if read.status >= 200 or read.status == 101:
                self._begin(client, call, read, b"", data, end, now, ns)
                return
            client.transport.write(raw)
            call.response_head(now, (read.record[0], b"", b""))
            data = data[end:]
        self._buffer = data
        if len(data) > MAX_RESPONSE_HEAD or not data.startswith(b"HTTP/1."[: len(data)]):
            self._fail("upstream_protocol", "the upstream's answer is not an HTTP/1 response head")

    def _begin(
        self, client: Client, call: Call, read: ReadResponse, digits: bytes, data: bytes, start: int, now: int, ns: int
    ) -> None:
        """The final head ends at `start`; it, and what of the body came with it, leave in one write."""
        self._buffer = b""
        if read.status == 101:
            self._begin_tunnel(client, call, read, data[start:], now)
            return
        length = int(digits) if digits else read.length
        size = len(data)
        if 0 <= length <= size - start:
            end = start + length
            rest = payload = data[start:end]
        else:
            self._body = body_of(length)
            self._stage = _BODY
            try:
                payload, end = cast("Body", self._body).feed(data, start) if start < size else (b"", MORE)
            except BodyError as error:
                self._fail("upstream_protocol", f"the upstream's response breaks its framing: {error}")
                return
            rest = data[start : end if end != MORE else size]
        last = _CLOSING if client.response_begins(read) else HEAD_END
        call.answered = True
        client.transport.write(b"".join((read.out[0], digits, read.out[1], hexlify(call.id), last, rest)))
        call.passed_on(ns)
        self._reusable = read.keep_alive
        if end == MORE:
            call.response_head(now, (read.record[0], digits, read.record[1]), document=read.document)
            call.response_chunk(now, payload)
            return
        self._stage = _OVER
        call.response_whole(now, (read.record[0], digits, read.record[1]), payload, document=read.document)
        client.response_done(self, reusable=read.keep_alive and end == size)

    def _begin_tunnel(self, client: Client, call: Call, read: ReadResponse, data: bytes, now: int) -> None:
        if not (call.head.upgrade and call.request_ended):
            self._fail("upstream_protocol", "the upstream switched protocols, which the client had not asked for")
            return
        last = _CLOSING if client.response_begins(read) else HEAD_END
        call.answered = True
        client.transport.write(b"".join((read.out[0], hexlify(call.id), last, data)))
        call.response_head(now, (read.record[0], b"", b""))
        call.response_chunk(now, data)
        self._stage = _RAW
        client.tunnel_begins()

    def _done(self, client: Client, call: Call, now: int, *, clean: bool) -> None:
        call.response_end(now)
        self._stage = _OVER
        client.response_done(self, reusable=self._reusable and clean)

    def _fail(self, code: str, message: str, *, reset: bool = False) -> None:
        client = self._client
        self.detach()
        self.transport.abort()
        if client is not None:
            client.response_failed(code, message, reset=reset)

    def eof_received(self) -> None:
        self._closed(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._keeper.lost(self)
        self._closed(exc)

    def _closed(self, exc: Exception | None) -> None:
        """The upstream will send no more; what that means depends on how far the response is."""
        client, call = self._client, self._call
        if client is None or call is None:
            return
        if self._stage == _RAW:
            self.detach()
            client.tunnel_closed(exc)
        elif self._stage == _BODY and isinstance(self._body, OpenBody) and exc is None:
            self._done(client, call, self._clock(), clean=False)
        elif self._stage == _HEAD:
            self._fail("upstream_closed", "the upstream closed the connection before it answered")
        else:
            open_ended = isinstance(self._body, OpenBody)  # only a reset tells the client that this was not the end
            self._fail("upstream_closed", "the upstream broke off in the middle of its response", reset=open_ended)

    def pause_writing(self) -> None:
        if self._client is not None:
            self._client.hold()

    def resume_writing(self) -> None:
        if self._client is not None:
            self._client.unhold()
