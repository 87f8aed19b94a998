"""Redaction rules laid over the tap: what they find is masked before it is offered. Not there at all when none is on.

Heads and bodies keep their sizes; pieces of a line that is not ended yet wait for its end. A body that cannot be read
as it passes (compressed, or frames of an upgraded connection) is not recorded: a gap with the reason `redaction` says
how much, because what was to be masked could stand in it.

Must not: wait, raise, change what is forwarded.
"""

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
    gap_payload,
    parts_of,
)
from union_square.domain.redaction_rules import Rule, RuleMask, redact_text

REASON = "redaction"
_REQUEST = frozenset({REQUEST_HEAD, REQUEST_CHUNK, REQUEST_END})
_SAID = b"content-encoding:"


class Offers(Protocol):
    """Where observations go; `tap.Tap` is the real one."""

    def offer(self, kind: int, call: bytes, at: int, payload: bytes) -> None: ...


class _Side:
    """One direction of one call."""

    __slots__ = ("left_out", "mask", "pieces")

    def __init__(self, rules: tuple[Rule, ...], *, readable: bool) -> None:
        self.mask = RuleMask(rules) if readable else None
        self.left_out = 0
        self.pieces = 0


class RedactingTap:
    """Takes what a tap takes, and offers it to `tap` with the rules applied."""

    def __init__(self, tap: Offers, rules: tuple[Rule, ...]) -> None:
        self._tap = tap
        self._rules = rules
        self._sides: dict[tuple[bytes, bool], _Side] = {}

    def offer(self, kind: int, call: bytes, at: int, payload: bytes) -> None:
        """As `Tap.offer`."""
        if kind in (WHOLE_REQUEST, WHOLE_RESPONSE):
            for part, piece in parts_of(kind, payload):
                self.offer(part, call, at, piece)
        elif kind in (REQUEST_HEAD, RESPONSE_HEAD):
            self._begin(kind, call, payload)
            self._tap.offer(kind, call, at, redact_text(self._rules, payload))
        elif kind in (REQUEST_CHUNK, RESPONSE_CHUNK):
            self._pass(kind, call, at, payload)
        else:
            for request in (True, False) if kind in (FAILURE, RESPONSE_END) else (True,):
                self._end(call, at, request=request)
            self._tap.offer(kind, call, at, payload)

    def _begin(self, kind: int, call: bytes, head: bytes) -> None:
        request = kind in _REQUEST
        switched = not request and head.startswith((b"HTTP/1.1 101", b"HTTP/1.0 101"))
        if switched:  # what comes now from either side are frames
            self._end(call, 0, request=True)
            self._sides[call, True] = _Side(self._rules, readable=False)
        self._sides[call, request] = _Side(self._rules, readable=not switched and _is_plain(head))

    def _pass(self, kind: int, call: bytes, at: int, data: bytes) -> None:
        side = self._sides.get((call, kind in _REQUEST))
        if side is None or side.mask is None:
            side = side or self._sides.setdefault((call, kind in _REQUEST), _Side(self._rules, readable=False))
            side.left_out += len(data)
            side.pieces += 1
            return
        for when, piece in side.mask.feed(at, data):
            self._tap.offer(kind, call, when, piece)

    def _end(self, call: bytes, at: int, *, request: bool) -> None:
        side = self._sides.pop((call, request), None)
        if side is None:
            return
        kind = REQUEST_CHUNK if request else RESPONSE_CHUNK
        for when, piece in side.mask.end() if side.mask else ():
            self._tap.offer(kind, call, when, piece)
        if side.pieces:
            self._tap.offer(GAP, call, at, gap_payload(side.pieces, side.left_out, REASON))


def _is_plain(head: bytes) -> bool:
    """Whether a body behind this head is not compressed."""
    low = head.lower()
    at = low.find(b"\n" + _SAID)
    return at < 0 or low[at + 1 + len(_SAID) :].partition(b"\r")[0].strip() in {b"", b"identity"}
