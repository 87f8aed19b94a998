"""The client's side of the splice, which uvicorn is given as its HTTP class: reads requests one after another, sends
each upstream as it came, and answers them in order.

What comes while a call is answered waits in a bounded buffer (pipelined requests, or the beginning of a body whose
upstream is still being connected to). What goes no further than this proxy is `local_requests`.

Must not: parse a body, wait for the recording, open anything but connections to configured upstreams.
"""

import asyncio
from time import monotonic_ns
from typing import cast

from proxy_app.bridge import ControlApp
from proxy_app.call import Call
from proxy_app.connection import BODY, CLOSED, GATHER, HEAD, RAW, WAIT
from proxy_app.failures import failure_response
from proxy_app.heads import ReadHead
from proxy_app.local_requests import LocalRequests
from proxy_app.plane import HEAD_TIMEOUT_SECONDS, IDLE_TIMEOUT_SECONDS, Plane, Swept
from proxy_app.pool import ConnectError
from proxy_app.resigning import CONTINUE, Gathered, Signer, SigningError, is_signed
from proxy_app.response_heads import ReadResponse
from proxy_app.upstream import UpstreamConnection
from union_square.domain.records import Cut
from union_square.wire.http1 import HEAD_END, HeadError, check_begun_head
from union_square.wire.http1_body import MORE, Body, BodyError, body_of


class ClientConnection(LocalRequests):
    """One client's connection."""

    def __init__(self, plane: Plane, control: ControlApp, connections: "set[Swept]") -> None:
        super().__init__(plane, control)
        self.write_paused = False
        self._connections = connections
        self._call: Call | None = None
        self._upstream: UpstreamConnection | None = None
        self._gathered: Gathered | None = None  # of a request that is to be signed
        self._reading = False  # `_read_requests` is at work, and will see to what stands in the buffer
        self._known: ReadHead | None = None  # the last request's head: the next one is most likely equal
        self._quiet_since = 0.0  # the first sweep that found no request, or only a part of its head; 0.0: none yet

    # the transport's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        self._plane.clients.add(self)

    def data_received(self, data: bytes) -> None:
        stage = self._stage
        if stage == HEAD:
            if self._buffer:
                self._buffer += data
            else:
                known = self._known
                if known is not None and (found := known.reach(data)) is not None:
                    self._begin(known, found[1], data, found[0])
                    return
                self._buffer = data
                self._quiet_since = 0.0
            self._read_requests()
        elif stage == BODY:
            self._pass_body(data)
        elif stage == WAIT:
            self._buffer = self._buffer + data if self._buffer else data
            self.regulate()
        elif stage == RAW:
            self._pass_raw(data)
        elif stage == GATHER:
            self._gather(data)

    def eof_received(self) -> None:
        """A client that ends its side is taken to have left, as nginx does: only so is an answer that nobody waits for
        broken off at once."""
        self._left(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._plane.clients.discard(self)
        self._left(exc)

    def pause_writing(self) -> None:
        self.write_paused = True
        if self._upstream is not None and not self._upstream.transport.is_closing():
            self._upstream.transport.pause_reading()

    def resume_writing(self) -> None:
        self.write_paused = False
        if self._call is not None:
            self._call.last = self._plane.clock()
        if self._upstream is not None and not self._upstream.transport.is_closing():
            self._upstream.transport.resume_reading()

    def shutdown(self) -> None:
        """Called by uvicorn when the proxy is to stop: end when the running call has ended."""
        self._plane.draining = True
        self._keep_alive = False
        if self._stage == HEAD:
            self.close()

    # requests

    def _read_requests(self) -> None:
        self._reading = True
        while self._stage == HEAD and self._buffer and self._read_request():
            pass
        self._reading = False

    def _read_request(self) -> bool:
        """Begin with the next request, if its head is whole."""
        data = self._buffer
        if data[:2] == b"\r\n":  # RFC 9112 section 2.2: an empty line before a request is let pass
            data = self._buffer = data.lstrip(b"\r\n")
        end = data.find(HEAD_END) + 4
        limit = self._plane.limits.max_head_bytes
        if end > limit or (end < 4 and len(data) > limit):
            self._refuse(HeadError(f"the request's head is larger than {limit} bytes", 431))
            return False
        try:
            if end < 4:
                check_begun_head(data)
                return False
            self._buffer = b""
            read, _, digits = self._plane.heads.read(data[:end])
        except HeadError as error:
            self._refuse(error)
            return True
        self._known = read
        self._begin(read, digits, data, end)
        return True

    def _begin(self, read: ReadHead, digits: bytes, data: bytes, end: int) -> None:
        """A request's head is whole: it ends at `end`."""
        plane = self._plane
        ns = monotonic_ns()
        head, route = read.head, read.route
        length = int(digits) if digits else head.length
        self._keep_alive = head.keep_alive and not plane.draining
        if route is None:
            self._body = body_of(length)
            self._begin_local(head, data, end)
            return
        now = (plane.clock.base_ns + ns) // 1000
        call = self._call = plane.new_call(route, head, now)
        record = (read.record[0], digits, read.record[1])
        out = b"".join((read.out[0], digits, read.out[1]))
        if route.signer is not None and is_signed(out):
            self._body = body_of(length)
            call.begin(record)
            self._gathered = Gathered(out)
            self._stage = GATHER
            if head.expects_continue:
                self.transport.write(CONTINUE)
            self._gather(data[end:])
            return
        connection = plane.pool.take(route)
        if connection is None:
            self._body = body_of(length)
            call.begin(record)
            self._buffer = data[end:]
            self._stage = WAIT
            self._task = self._loop.create_task(self._connect(call, out))
        elif 0 <= length <= len(data) - end:
            self._send_whole(connection, call, out, data, end, end + length, record, ns)
        else:
            self._body = body_of(length)
            call.begin(record)
            self._send(connection, call, out, data, end, ns)

    def _send_whole(
        self, connection: UpstreamConnection, call: Call, out: bytes, data: bytes, start: int, end: int, record: Cut,
        ns: int,
    ) -> None:  # fmt: skip
        """Send the head `out` with the body, which stands whole in `data` from `start` to `end`."""
        self._upstream = connection
        connection.attach(self, call)
        payload = data[start:end]
        connection.transport.write(out + payload)
        call.added_ns = monotonic_ns() - ns
        call.request_whole(record, payload)
        self._body = None
        self._stage = WAIT
        if end < len(data):
            self._buffer = data[end:]

    async def _connect(self, call: Call, out: bytes) -> None:
        try:
            connection = await self._plane.pool.connect(call.route)
        except ConnectError as error:
            self._task = None
            self._answer_failure(error.status, error.code, str(error), sent=False)
            return
        self._task = None
        if self._call is not call:
            connection.transport.abort()
            return
        data, self._buffer = self._buffer, b""
        self._send(connection, call, out, data, 0, monotonic_ns())
        self.regulate()

    def _send(self, connection: UpstreamConnection, call: Call, out: bytes, data: bytes, start: int, ns: int) -> None:
        """Send the head `out` and what of the body stands in `data` from `start` on, in one write."""
        self._upstream = connection
        connection.attach(self, call)
        now = call.last = (self._plane.clock.base_ns + ns) // 1000
        payload, end = b"", start
        if self._body is not None:
            try:
                payload, end = self._body.feed(data, start) if start < len(data) else (b"", MORE)
            except BodyError as error:
                self._break_request(error)
                return
        connection.transport.write(out + (data[start:] if end == MORE else data[start:end]))
        call.added_ns = monotonic_ns() - ns
        call.request_chunk(now, payload)
        if end == MORE:
            self._stage = BODY
        else:
            self._stage = WAIT
            if end < len(data):
                self._buffer = data[end:]
            call.request_end(now)

    def _pass_body(self, data: bytes) -> None:
        if self._call is None:
            self._take_local_body(data)
            return
        try:
            payload, end = cast("Body", self._body).feed(data, 0)
        except BodyError as error:
            self._break_request(error)
            return
        call, upstream = self._call, cast("UpstreamConnection", self._upstream)
        now = self._plane.clock()
        upstream.transport.write(data if end in (MORE, len(data)) else data[:end])
        call.request_chunk(now, payload)
        if end != MORE:
            self._buffer = data[end:]
            self._stage = WAIT
            call.request_end(now)
            if call.ended:  # the answer came before the request's end
                self._drop_upstream()
                self._next()

    def _gather(self, data: bytes) -> None:
        """Hold more of a request, which is signed when it is whole."""
        call, gathered = cast("Call", self._call), cast("Gathered", self._gathered)
        now = self._plane.clock()
        try:
            payload, end = (b"", 0) if self._body is None else self._body.feed(data, 0) if data else (b"", MORE)
            call.request_chunk(now, payload)
            gathered.add(data if end == MORE else data[:end], payload)
        except BodyError as error:
            self._break_request(error)
        except SigningError as error:
            self._answer_failure(error.status, error.code, str(error))
        else:
            if end != MORE:
                self._buffer = data[end:]
                self._stage = WAIT
                call.request_end(now)
                self._task = self._loop.create_task(
                    self._send_signed(call, cast("Signer", call.route.signer), gathered)
                )

    async def _send_signed(self, call: Call, signer: Signer, gathered: Gathered) -> None:
        try:
            out = await asyncio.to_thread(signer.sign, gathered)
            connection = self._plane.pool.take(call.route) or await self._plane.pool.connect(call.route)
        except (SigningError, ConnectError) as error:
            self._task = None
            self._answer_failure(error.status, error.code, str(error))
            return
        self._task = self._gathered = None
        if self._call is not call:
            connection.transport.abort()
            return
        self._upstream = connection
        connection.attach(self, call)
        call.last = self._plane.clock()
        connection.transport.write(out)
        self.regulate()

    def _pass_raw(self, data: bytes) -> None:
        if self._upstream is not None and self._call is not None:
            self._upstream.transport.write(data)
            self._call.request_chunk(self._plane.clock(), data)

    def _break_request(self, error: BodyError) -> None:
        """The client broke its own framing: nothing more of it can be understood."""
        self._drop_upstream()
        self._answer_failure(400, "client_protocol", f"the request's body breaks its framing: {error}")

    # what the upstream's side calls

    def response_begins(self, head: ReadResponse) -> bool:
        closing = self._plane.draining
        if closing or head.last:
            self._keep_alive = False
        return closing and head.status != 101

    def response_done(self, connection: UpstreamConnection, *, reusable: bool) -> None:
        call = self._call
        if call is not None and not call.request_ended:
            if not reusable or call.head.expects_continue:
                self._drop_upstream()
                self._call = None
                self.linger()
            return  # else the rest of the request is passed on, see _pass_body
        self._upstream = None
        if reusable and not connection.transport.get_write_buffer_size():
            if self.write_paused:
                connection.transport.resume_reading()
            connection.rest()
            self._plane.pool.give_back(connection)
        else:
            connection.detach()
            connection.transport.abort()
        self._next()

    def response_failed(self, code: str, message: str, *, reset: bool) -> None:
        self._upstream = None
        call = self._call
        if call is None:
            return
        if call.ended:  # answered already, and the upstream would not have the rest of the request
            self._call = None
            self.linger()
        elif call.answered:
            call.fail(self._plane.clock(), code, message)
            self._call = None
            self.close(reset=reset)
        else:
            self._answer_failure(504 if code == "timeout" else 502, code, f"upstream {call.route.name}: {message}")

    def tunnel_begins(self) -> None:
        self._stage = RAW
        self._keep_alive = False
        if self._call is not None:
            self._call.upgraded()
        data, self._buffer = self._buffer, b""
        if data:
            self._pass_raw(data)
        self.regulate()

    def tunnel_closed(self, error: Exception | None) -> None:
        self._upstream = None
        self._end_tunnel("upstream_closed", error)
        self.close()

    # ends

    def _answer_failure(self, status: int, code: str, message: str, *, sent: bool = True) -> None:
        """The call ends with an answer of our own. `sent`: whether the upstream may have got the request; if
        not, it is safe to send it again by another way."""
        call = self._call
        if call is None:
            return
        self._call = None
        closing = not (call.request_ended or self._rest_of_request_is_here()) or not self._keep_alive
        self._keep_alive = not closing
        answer = failure_response(
            status, code, message, call_id=call.id.hex(), closing=closing, body=call.head.method != b"HEAD",
            upstream=call.route.name, sent=sent,
        )  # fmt: skip
        if not self.transport.is_closing():
            self.transport.write(answer)
        call.fail(self._plane.clock(), code, message, status)
        if closing:
            self.linger()
        else:
            self._next()

    def _next(self) -> None:
        """The call is over: read the next request, or close."""
        self._call = self._body = self._control_body = self._gathered = None
        if self.transport.is_closing():
            self._stage = CLOSED
            return
        if not self._keep_alive:
            self.close()
            return
        self._stage = HEAD
        self._held = False
        self._quiet_since = 0.0
        if self._buffer and not self._reading:
            self._read_requests()
        if self._read_paused:
            self.regulate()

    def _left(self, error: Exception | None) -> None:
        """The client is gone."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._stage == RAW:
            self._end_tunnel("client_left", error)
            if self._upstream is not None:
                self._upstream.detach()
                self._upstream.transport.close()
                self._upstream = None
        call, self._call = self._call, None
        self._drop_upstream()
        if call is not None:
            call.fail(
                self._plane.clock(), "client_left", "the client closed the connection before its answer was complete"
            )
        self._stage = CLOSED

    def _end_tunnel(self, code: str, error: Exception | None) -> None:
        call, self._call = self._call, None
        if call is None:
            return
        now = self._plane.clock()
        call.request_end(now)
        if error is None:
            call.response_end(now)
        else:
            call.fail(now, code, f"the upgraded connection broke: {error}")

    def abandon(self) -> None:
        """The proxy stops and waits no longer."""
        if self._call is not None:
            self._call.fail(
                self._plane.clock(), "proxy_stopped", "the proxy was stopped before the answer was complete"
            )
            self._call = None
        self._drop_upstream()
        self._stage = CLOSED
        self.transport.abort()

    def sweep(self, now: float) -> None:
        """Called about once a second: what takes too long ends here."""
        call = self._call
        if call is not None:
            silent = (self._plane.clock() - call.last) / 1_000_000
            if self._upstream is None or self.write_paused or silent < self._plane.limits.response_timeout_seconds:
                return
            self._drop_upstream()
            self.response_failed("timeout", f"nothing came for {silent:.1f} s", reset=False)
        elif self._stage == HEAD:
            limit = HEAD_TIMEOUT_SECONDS if self._buffer else IDLE_TIMEOUT_SECONDS
            if not self._quiet_since:
                self._quiet_since = now
            elif now - self._quiet_since > limit:
                if self._buffer:
                    self._refuse(HeadError(f"the request's head did not come within {limit:g} s", 408))
                else:
                    self.close()

    def _drop_upstream(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.detach()
            upstream.transport.abort()
