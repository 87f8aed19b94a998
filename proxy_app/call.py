"""One call while it is forwarded: its identity, its totals, and what of it is offered to the tap."""

from bisect import bisect_left
from time import monotonic_ns
from typing import Protocol

from proxy_app.counters import LATENCY_BOUNDS_US, Counters
from proxy_app.routes import Route
from union_square.domain.records import (
    FAILURE,
    REQUEST_CHUNK,
    REQUEST_END,
    REQUEST_HEAD,
    RESPONSE_CHUNK,
    RESPONSE_END,
    RESPONSE_HEAD,
    WHOLE_REQUEST,
    WHOLE_RESPONSE,
    Cut,
    failure_payload,
    total_payload,
)
from union_square.domain.redaction_fields import FieldMask, mask_whole
from union_square.wire.http1 import HEAD_END, RequestHead
from union_square.wire.websocket_mask import FrameMask


class Offers(Protocol):
    """Where observations go; `recording.tap.Tap` is the real one."""

    def offer(self, kind: int, call: bytes, at: int, payload: bytes) -> None: ...

    def offer_whole(self, kind: int, call: bytes, at: int, head: Cut, data: bytes) -> None: ...


class Call:
    """Every method is on the hot path. `tap` is None when nothing is recorded at all."""

    __slots__ = (
        "_bodies", "_counters", "_mask", "_mask_answer", "_tap", "added_ns", "answered", "began", "ended", "head", "id",
        "last", "request_ended", "request_total", "response_total", "route",
    )  # fmt: skip

    def __init__(
        self, call_id: bytes, route: Route, head: RequestHead, at: int, tap: Offers | None, counters: Counters
    ) -> None:
        self.id = call_id
        self.route = route
        self.head = head
        self.began = at
        self.last = at  # when something last came, from either side
        self.added_ns = 0  # how long it was held up by us
        self.request_total = 0
        self.response_total = 0
        self.request_ended = False
        self.answered = False  # the final response head has come
        self.ended = False
        self._tap = tap
        self._bodies = tap is not None and not head.do_not_record
        self._mask: FieldMask | FrameMask | None = None
        self._mask_answer: FieldMask | None = None
        self._counters = counters

    def begin(self, record: Cut) -> None:
        """The request's head, as `heads.HeadReader` gives it to be recorded."""
        if self._tap is not None:
            self._tap.offer(REQUEST_HEAD, self.id, self.began, b"".join(record))

    def request_chunk(self, at: int, data: bytes) -> None:
        self.last = at
        self.request_total += len(data)
        if self._bodies and data:
            mask = self._mask = self._mask or FieldMask()
            self._tap.offer(REQUEST_CHUNK, self.id, at, mask.feed(data))  # type: ignore[union-attr]

    def upgraded(self) -> None:
        """What the client sends from here on are a WebSocket's frames."""
        self._mask = FrameMask()

    def request_end(self, at: int) -> None:
        self.request_ended = True
        if self._tap is not None:
            self._tap.offer(REQUEST_END, self.id, at, total_payload(self.request_total))

    def request_whole(self, record: Cut, payload: bytes) -> None:
        """Instead of `begin`, a chunk and the end: all of it came at once, when the call began."""
        self.request_ended = True
        self.request_total = len(payload)
        if self._bodies:
            masked = mask_whole(payload)
            self._tap.offer_whole(WHOLE_REQUEST, self.id, self.began, record, masked)  # type: ignore[union-attr]
        else:
            self.begin(record)
            self.request_end(self.began)

    def passed_on(self, since_ns: int) -> None:
        """The response's head, read at `since_ns` of the monotonic clock, has been passed on: all that we add to the
        call's latency is known."""
        microseconds = (self.added_ns + monotonic_ns() - since_ns) // 1000
        counters = self._counters
        counters.latencies[bisect_left(LATENCY_BOUNDS_US, microseconds)] += 1
        counters.latency_sum_us += microseconds

    def response_head(self, at: int, record: Cut, *, document: bool = False) -> None:
        """`record` is the head without its credentials; `document`: the body is JSON, in which known fields are
        masked."""
        if self._bodies:
            if document:
                self._mask_answer = FieldMask(answer=True)
            self._tap.offer(RESPONSE_HEAD, self.id, at, b"".join(record))  # type: ignore[union-attr]
        elif self._tap is not None:
            known = b"".join(record)[:12]  # a reason may say anything
            self._tap.offer(RESPONSE_HEAD, self.id, at, known + b" " + HEAD_END)

    def response_whole(self, at: int, record: Cut, payload: bytes, *, document: bool) -> None:
        """Instead of the final head, a chunk and the end: all of it came at once, and was forwarded."""
        self.last = at
        self.response_total = len(payload)
        if self._bodies:
            self._end()
            if document:
                payload = mask_whole(payload, answer=True)
            self._tap.offer_whole(WHOLE_RESPONSE, self.id, at, record, payload)  # type: ignore[union-attr]
        else:
            self.response_head(at, record)
            self.response_end(at)

    def response_chunk(self, at: int, data: bytes) -> None:
        self.last = at
        self.response_total += len(data)
        if self._bodies and data:
            if self._mask_answer is not None:
                data = self._mask_answer.feed(data)
            self._tap.offer(RESPONSE_CHUNK, self.id, at, data)  # type: ignore[union-attr]

    def response_end(self, at: int) -> None:
        """The response was forwarded whole."""
        self._end()
        if self._tap is not None:
            self._tap.offer(RESPONSE_END, self.id, at, total_payload(self.response_total))

    def fail(self, at: int, code: str, message: str, status: int = 0) -> None:
        """The call ended without a whole response; only the first end of a call counts."""
        if self.ended:
            return
        self._end()
        self._counters.failures[code] = self._counters.failures.get(code, 0) + 1
        if self._tap is not None:
            payload = failure_payload(code, message, status, self.request_total, self.response_total)
            self._tap.offer(FAILURE, self.id, at, payload)

    def _end(self) -> None:
        self.ended = True
        counters = self._counters
        counters.in_flight -= 1
        counters.request_bytes += self.request_total
        counters.response_bytes += self.response_total
