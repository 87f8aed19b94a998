"""Requests' heads, read once: the heads that one client sends are mostly equal but for the length of the body.

So what a head amounts to is kept under its bytes without that number, and a head that was seen before costs a lookup.
A head that was never seen, or cannot be kept, is read in full; both ways give the same (a test holds them to it).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from proxy_app.kept import MAX_DIGITS, MAX_KEPT_BYTES, Parts, length_line, parted, reach, split_head
from proxy_app.routes import Route
from union_square.domain.records import request_head_payload
from union_square.domain.redaction import Redactor
from union_square.wire.http1 import HEAD_END, RequestHead, parse_request_head, request_head_for

_KEPT_OF_A_FACT = (b"x-union-square-do-not-record:", b"x-union-square-session-id:")

MAX_KEPT = 1024
"""With the size of a kept head this stays below some 10 MB."""


@dataclass(slots=True)
class ReadHead:
    """A head, what to send upstream for it and what to record of it; `route` is None when it is not for an upstream.
    Of a kept one `out` and `record` are in two parts, between which the length goes, and so is the head itself."""

    head: RequestHead
    route: Route | None
    out: Parts
    record: Parts
    raw: Parts | None = None

    def reach(self, data: bytes) -> tuple[int, bytes] | None:
        """Where the head ends with which `data` begins, and its length's digits, if it is this one."""
        return None if self.raw is None else reach(data, *self.raw)


class HeadReader:
    """Reads request heads for one worker. `redactor` is None when nothing is recorded."""

    def __init__(self, routes: Mapping[bytes, Route], redactor: Redactor | None) -> None:
        self._routes = routes
        self._redactor = redactor
        self._kept: dict[tuple[bytes, bytes], ReadHead] = {}

    def read(self, raw: bytes) -> tuple[ReadHead, int, bytes]:
        """What `raw` says, the length of its body (see RequestHead.length), and the length's digits to put between the
        parts. Raises HeadError."""
        before, digits, after = split_head(raw)
        known = self._kept.get((before, after))
        if known is None or (digits and (not digits.isdigit() or len(digits) > MAX_DIGITS)):
            known = self._read(raw)
            if len(raw) <= MAX_KEPT_BYTES and known.route is not None:
                self._keep(known, before, digits, after)
            return known, known.head.length, b""
        return known, int(digits) if digits else known.head.length, digits

    def _read(self, raw: bytes) -> ReadHead:
        head = parse_request_head(raw)
        route = self._routes.get(head.segment) or self._routes.get(head.segment.lower())
        if route is None:
            return ReadHead(head, None, (b"", b""), (b"", b""))
        out = request_head_for(head, authority=route.authority, prefix=route.request_prefix, extra=route.extra_line)
        record = self._record(raw, head, route, self._redactor) if self._redactor else b""
        return ReadHead(head, route, (out, b""), (record, b""))

    def _record(self, raw: bytes, head: RequestHead, route: Route, redactor: Redactor) -> bytes:
        redacted = redactor.redact_request_head(raw)
        if head.do_not_record:
            return request_head_payload(route.name, "", recorded=False, head=_bare_head(redacted.head))
        return request_head_payload(route.name, redacted.fingerprint, recorded=True, head=redacted.head)

    def _keep(self, read: ReadHead, before: bytes, digits: bytes, after: bytes) -> None:
        """Keep it, if its parts can be told apart at the length."""
        out: Parts | None = read.out
        record: Parts | None = read.record
        if digits:
            line = length_line(before)
            if line is None or read.head.length < 0:
                return
            out, record = parted(out[0], line, digits), parted(record[0], line, digits)
        if out is None or record is None or (digits and not out[1]):
            return
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[before, after] = ReadHead(read.head, read.route, out, record, (before, after))


def _bare_head(head: bytes) -> bytes:
    """What is kept of a head whose client asked not to be recorded: the request line without its query, the wish, and
    the session it names; no tags and no metadata, which may hold anything."""
    first, *rest = head[:-4].split(b"\r\n")
    method, target, version = first.split(b" ")
    kept = [line for line in rest if line.lower().startswith(_KEPT_OF_A_FACT)]
    return b"\r\n".join([b" ".join([method, target.partition(b"?")[0], version]), *kept]) + HEAD_END
