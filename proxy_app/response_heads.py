"""Responses' heads, read once: those of one upstream are mostly equal to the one before but for the length of the body
(and each second for the date). So the last one is kept for each upstream, and one that equals it costs a comparison.

What comes of a head known again is what comes of reading it; a test holds them to it.
"""

from dataclasses import dataclass, replace

from proxy_app.kept import MAX_KEPT_BYTES, Parts, length_line, parted, reach, split_head
from union_square.domain.redaction import Redactor
from union_square.wire.http1 import UNTIL_CLOSE
from union_square.wire.http1_response import CALL_ID_HEADER, parse_response_head

_JSON = b"application/json"


@dataclass(slots=True)
class ReadResponse:
    """A response's head, what of it to send the client, up to the place of the call's id, and what to record. Of a kept
    one `out` and `record` are in two parts, between which the length's digits go; of another the second is empty."""

    status: int
    length: int
    """Of the body in bytes, CHUNKED or UNTIL_CLOSE; of a kept one with digits it is what they say."""
    keep_alive: bool
    """Whether the upstream's connection may be used again after it."""
    last: bool
    """Whether the client's connection cannot be used again after it: only its end tells the body's, or HTTP/1.0."""
    document: bool
    """Whether its body is one JSON document, as far as the head that is recorded says."""
    out: Parts
    record: Parts


class ResponseReader:
    """Reads the response heads of one upstream. `redactor` is None when nothing is recorded."""

    def __init__(self, redactor: Redactor | None) -> None:
        self._redactor = redactor
        self._raw: Parts | None = None
        self._kept: ReadResponse | None = None

    def recall(self, data: bytes) -> tuple[ReadResponse, int, bytes] | None:
        """The head with which `data` begins, where it ends, and its length's digits, if it is the one kept. Not for the
        answer to a HEAD request, whose length says nothing of its body."""
        raw = self._raw
        found = None if raw is None else reach(data, raw[0], raw[1])
        if found is None or self._kept is None:
            return None
        return self._kept, found[0], found[1]

    def read(self, raw: bytes, *, method: bytes) -> ReadResponse:
        """Read a whole head, the answer to a `method` request. Raises HeadError."""
        head = parse_response_head(raw, method=method)
        record = self._redactor.redact_response_head(raw) if self._redactor else b""
        read = ReadResponse(
            status=head.status,
            length=head.length,
            keep_alive=head.keep_alive and head.length != UNTIL_CLOSE,
            last=head.length == UNTIL_CLOSE or raw[7:8] == b"0",
            out=(b"\r\n".join(head.lines) + b"\r\n" + CALL_ID_HEADER + b": ", b""),
            document=_JSON in record,
            record=(record, b""),
        )
        if method != b"HEAD" and len(raw) <= MAX_KEPT_BYTES and head.status >= 200:
            self._keep(read, raw)
        return read

    def _keep(self, read: ReadResponse, raw: bytes) -> None:
        before, digits, after = split_head(raw)
        out: Parts | None = read.out
        record: Parts | None = read.record
        if digits:
            line = length_line(before)
            if line is None or read.length < 0 or read.status in {204, 304}:
                return
            out, record = parted(out[0], line, digits), parted(record[0], line, digits)
        if out is None or record is None or bool(digits) != bool(out[1]) or bool(after) != bool(digits):
            return
        self._raw = before, after
        self._kept = replace(read, out=out, record=record)
