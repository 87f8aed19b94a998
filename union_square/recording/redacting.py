"""Redaction rules laid over the tap: what they find is masked before it is offered. Not there at all when none is on.

Heads and bodies keep their sizes; pieces of a line that is not ended yet wait for its end. Of a compressed body what is
recorded is the text in it, masked, known credential fields too; the recorded head then says so: `content-encoding` and
`content-length` stand in it as `x-union-square-forwarded-content-encoding` and `…-length`. Of a WebSocket each message
is recorded as one plain frame when it is whole (`sec-websocket-extensions` then stands in the head in the same way).
What cannot be read as it passes (an unknown or broken encoding, an upgrade to something else) is not recorded: a gap
with the reason `redaction` says how many of the forwarded bytes, because what was to be masked could stand in them.

Must not: wait, raise, change what is forwarded.
"""

import re
from typing import Protocol

from union_square.domain.records import (
    FAILURE,
    GAP,
    REQUEST_CHUNK,
    REQUEST_END,
    REQUEST_HEAD,
    RESPONSE_CHUNK,
    RESPONSE_END,
    RESPONSE_HEAD,
    WHOLE_REQUEST,
    WHOLE_RESPONSE,
    Cut,
    gap_payload,
    parts_of,
    whole_payload,
)
from union_square.domain.redaction_fields import FieldMask
from union_square.domain.redaction_rules import Rule, RuleMask, redact_text
from union_square.wire.content import ContentDecoder
from union_square.wire.headers import parse_head
from union_square.wire.websocket import is_websocket, open_readers
from union_square.wire.websocket_redacted import RedactedFrames

REASON = "redaction"
MAX_DECODED_BYTES = 16 << 20
"""Of one body: the proxy unpacks it between forwarding its pieces. What is beyond is left out, with a gap."""

_REQUEST = frozenset({REQUEST_HEAD, REQUEST_CHUNK, REQUEST_END})
_ENCODING = re.compile(rb"\r\ncontent-encoding:([^\r]*)", re.IGNORECASE)
_OF_THE_FORWARDED = re.compile(rb"\r\n(content-encoding|content-length|sec-websocket-extensions):", re.IGNORECASE)
_SWITCHED = (b"HTTP/1.1 101", b"HTTP/1.0 101")


class Offers(Protocol):
    """Where observations go; `tap.Tap` is the real one."""

    def offer(self, kind: int, call: bytes, at: int, payload: bytes) -> None: ...


class _Side(Protocol):
    """One direction of one call. `left_out`: so many forwarded bytes, in so many `pieces`, are not recorded."""

    @property
    def left_out(self) -> int: ...

    @property
    def pieces(self) -> int: ...

    def feed(self, at: int, data: bytes) -> list[tuple[int, bytes]]:
        """The pieces to record, each with its time."""
        ...

    def end(self, at: int) -> list[tuple[int, bytes]]:
        """The pieces that waited for more."""
        ...


class _Body:
    """A body. `mask` is None when (from here on) nothing of it is recorded."""

    __slots__ = ("_content", "_fields", "left_out", "mask", "pieces")

    def __init__(self, mask: RuleMask | None, content: ContentDecoder | None, fields: FieldMask | None) -> None:
        self.mask = mask
        self._content = content  # of a compressed body
        self._fields = fields  # of a compressed body: of others they are masked before
        self.left_out = 0
        self.pieces = 0

    def feed(self, at: int, data: bytes) -> list[tuple[int, bytes]]:
        ready: list[tuple[int, bytes]] = []
        plain = data
        if self.mask is not None and self._content is not None:
            plain = self._content.feed(data)
            if self._content.problem:  # what comes out now may be anything
                ready, self.mask = self.mask.end(), None
        if self.mask is None:
            self.left_out += len(data)
            self.pieces += 1
            return ready
        return self._masked(self.mask, at, plain)

    def end(self, at: int) -> list[tuple[int, bytes]]:
        if self.mask is None:
            return []
        rest = self._masked(self.mask, at, self._content.end()) if self._content is not None else []
        return rest + self.mask.end()

    def _masked(self, mask: RuleMask, at: int, plain: bytes) -> list[tuple[int, bytes]]:
        if not plain:
            return []
        return mask.feed(at, self._fields.feed(plain) if self._fields is not None else plain)


class RedactingTap:
    """Takes what a tap takes, and offers it to `tap` with the rules applied."""

    def __init__(self, tap: Offers, rules: tuple[Rule, ...]) -> None:
        self._tap = tap
        self._rules = rules
        self._sides: dict[tuple[bytes, bool], _Side] = {}

    def offer_whole(self, kind: int, call: bytes, at: int, head: Cut, data: bytes) -> None:
        """As `Tap.offer_whole`."""
        self.offer(kind, call, at, whole_payload(b"".join(head), data))

    def offer(self, kind: int, call: bytes, at: int, payload: bytes) -> None:
        """As `Tap.offer`."""
        if kind in (WHOLE_REQUEST, WHOLE_RESPONSE):
            for part, piece in parts_of(kind, payload):
                self.offer(part, call, at, piece)
        elif kind in (REQUEST_HEAD, RESPONSE_HEAD):
            self._tap.offer(kind, call, at, redact_text(self._rules, self._begin(kind, call, at, payload)))
        elif kind in (REQUEST_CHUNK, RESPONSE_CHUNK):
            side = self._sides.get((call, kind in _REQUEST))
            side = side or self._sides.setdefault((call, kind in _REQUEST), _Body(None, None, None))
            for when, piece in side.feed(at, payload):
                self._tap.offer(kind, call, when, piece)
        else:
            for request in (True, False) if kind in (FAILURE, RESPONSE_END) else (True,):
                self._end(call, at, request=request)
            self._tap.offer(kind, call, at, payload)

    def _begin(self, kind: int, call: bytes, at: int, head: bytes) -> bytes:
        """The head as it is to be recorded, before the rules."""
        request = kind in _REQUEST
        if not request and head.startswith(_SWITCHED):
            self._end(call, at, request=True)
            return self._begin_tunnel(call, head)
        encoding = b",".join(_ENCODING.findall(head)).decode("latin-1")
        content = ContentDecoder(encoding, MAX_DECODED_BYTES)
        if content.problem:
            self._sides[call, request] = _Body(None, None, None)
        elif content.identity:
            self._sides[call, request] = _Body(RuleMask(self._rules), None, None)
        else:
            document = request or b"application/json" in head.lower()
            fields = FieldMask(answer=not request) if document else None
            self._sides[call, request] = _Body(RuleMask(self._rules), content, fields)
            return _OF_THE_FORWARDED.sub(rb"\r\nx-union-square-forwarded-\1:", head)
        return head

    def _begin_tunnel(self, call: bytes, head: bytes) -> bytes:
        switched = parse_head(head)
        if not is_websocket(switched):
            self._sides[call, True] = _Body(None, None, None)
            self._sides[call, False] = _Body(None, None, None)
            return head
        sent, received = open_readers(switched)
        self._sides[call, True] = RedactedFrames(sent, self._rules, fields=True)
        self._sides[call, False] = RedactedFrames(received, self._rules, fields=False)
        return _OF_THE_FORWARDED.sub(rb"\r\nx-union-square-forwarded-\1:", head)

    def _end(self, call: bytes, at: int, *, request: bool) -> None:
        side = self._sides.pop((call, request), None)
        if side is None:
            return
        kind = REQUEST_CHUNK if request else RESPONSE_CHUNK
        for when, piece in side.end(at):
            self._tap.offer(kind, call, when, piece)
        if side.pieces:
            self._tap.offer(GAP, call, at, gap_payload(side.pieces, side.left_out, REASON))
