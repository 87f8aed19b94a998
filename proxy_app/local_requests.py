"""Requests that go no further than this proxy: those that are refused, those for an upstream that is not there, and
those for the control plane (`/-/…`), which is answered on the same connection.

Must not: know of calls or of connections to upstreams; those are `forward`'s.
"""

import asyncio
from typing import cast

from proxy_app.bridge import MAX_CONTROL_BODY, ControlApp, answer_control
from proxy_app.connection import BODY, WAIT, Connection
from proxy_app.failures import failure_response
from proxy_app.plane import Plane
from union_square.wire.http1 import CONTROL_SEGMENT, HeadError, RequestHead
from union_square.wire.http1_body import MORE, Body, BodyError


class LocalRequests(Connection):
    """A client's connection, as far as its requests are answered here."""

    def __init__(self, plane: Plane, control: ControlApp) -> None:
        super().__init__()
        self._plane = plane
        self._control = control
        self._body: Body | None = None  # of the request that is read
        self._task: asyncio.Task[None] | None = None  # connecting, or the control plane's answer
        self._keep_alive = True
        self._control_body: bytearray | None = None
        self._local_head: RequestHead | None = None

    def _next(self) -> None:
        """The request is answered: read the next one, or close."""
        raise NotImplementedError

    def _refuse(self, error: HeadError) -> None:
        """A request that is not forwarded, and after which nothing on this connection can be trusted."""
        self._plane.counters.refused += 1
        code = {408: "timeout", 431: "head_too_large"}.get(error.status, "bad_request")
        self.transport.write(failure_response(error.status, code, str(error), closing=True))
        self.linger()

    def _rest_of_request_is_here(self) -> bool:
        """Whether the request, whose upstream was never reached, stands whole in the buffer; it is then skipped."""
        if self._stage != WAIT:
            return False
        if self._body is None:
            return True
        try:
            _, end = self._body.feed(self._buffer, 0) if self._buffer else (b"", MORE)
        except BodyError:
            return False
        if end == MORE:
            return False
        self._buffer = self._buffer[end:]
        return True

    def _begin_local(self, head: RequestHead, data: bytes, end: int) -> None:
        if head.segment == CONTROL_SEGMENT:
            self._control_body = bytearray()
            self._local_head = head
            self._stage = BODY
            self._take_local_body(data[end:])
            return
        self._plane.counters.refused += 1
        self._stage = WAIT
        self._buffer = data[end:]
        whole = self._rest_of_request_is_here()
        self._keep_alive = self._keep_alive and whole
        known = sorted(name.decode() for name in self._plane.routes)
        wanted = head.segment.decode()
        message = f"there is no upstream {wanted!r}" if wanted else "the path must begin with the name of an upstream"
        message += "; it goes http://<this proxy>/{upstream}/{the provider's own path}. Known: " + ", ".join(known)
        answer = failure_response(
            404, "unknown_upstream", message, closing=not self._keep_alive, body=head.method != b"HEAD",
            upstream=wanted, known_upstreams=known,
        )  # fmt: skip
        self.transport.write(answer)
        if whole:
            self._next()
        else:
            self.linger()

    def _take_local_body(self, data: bytes) -> None:
        taken = cast("bytearray", self._control_body)
        try:
            payload, end = self._body.feed(data, 0) if self._body is not None and data else (b"", MORE)
        except BodyError as error:
            self._refuse(HeadError(f"the request's body breaks its framing: {error}"))
            return
        taken += payload
        if len(taken) > MAX_CONTROL_BODY:
            self._refuse(HeadError("the request's body is too large", 413))
        elif self._body is None or end != MORE:
            self._buffer = data if self._body is None else data[end:]
            self._stage = WAIT
            self._task = self._loop.create_task(self._answer_locally(bytes(taken)))

    async def _answer_locally(self, body: bytes) -> None:
        head = cast("RequestHead", self._local_head)
        answer = await answer_control(self._control, head, body, self.transport, closing=not self._keep_alive)
        self._task = None
        self.transport.write(answer)
        self._next()
