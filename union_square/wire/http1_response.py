"""HTTP/1 response heads as bytes: what a head says of its message's end, and the head that is passed on.

Looser than with requests: what an upstream sends is passed on as it is, unless it leaves the response's end in doubt.

Must not: do I/O, hold a socket, look into a body.
"""

from dataclasses import dataclass
from functools import lru_cache

from union_square.wire.http1 import CACHED_HEAD, CHUNKED, HEAD_END, MAX_LENGTH_DIGITS, UNTIL_CLOSE, HeadError

CALL_ID_HEADER = b"x-union-square-call-id"

_LENGTH, _ENCODING, _CONNECTION, _DROP = range(1, 5)
_KINDS = {
    b"content-length": _LENGTH,
    b"transfer-encoding": _ENCODING,
    b"connection": _CONNECTION,
    b"keep-alive": _DROP,
    b"proxy-connection": _DROP,
}


@dataclass(slots=True)
class ResponseHead:
    """What a response's head says. `length` is the body's in bytes, CHUNKED, or UNTIL_CLOSE."""

    status: int
    length: int
    keep_alive: bool
    lines: list[bytes]  # to pass on


def parse_response_head(head: bytes, *, method: bytes) -> ResponseHead:
    """Read a response head, the answer to a `method` request. Raises HeadError where its end would be in doubt."""
    lines = head[:-4].split(b"\r\n")
    if head.count(b"\n") != len(lines) + 1 or head.count(b"\r") != len(lines) + 1:
        raise HeadError("the head holds a bare CR or LF", 502)
    first = lines[0]
    if first[:7] != b"HTTP/1." or first[8:9] != b" " or not first[9:12].isdigit() or first[12:13] not in {b"", b" "}:
        raise HeadError("the status line is not `HTTP/1.1 200 …`", 502)
    status = int(first[9:12])
    if status < 100:
        raise HeadError("the status is not a number from 100 to 999", 502)
    keep_alive = first[7:8] != b"0"
    lengths: list[bytes] = []
    encodings: list[bytes] = []
    kept = [first]
    kind_of = _known_response_kind if len(head) <= CACHED_HEAD else _response_kind_of
    del lines[0]
    for line, special in zip(lines, map(kind_of, lines), strict=True):
        if not special:
            kept.append(line)
        elif special == _LENGTH:
            lengths.append(line.partition(b":")[2].strip(b" \t"))
            kept.append(line)
        elif special == _ENCODING:
            encodings.append(line.partition(b":")[2].lower())
            kept.append(line)
        elif special == _CONNECTION:
            options = line.partition(b":")[2].lower()
            keep_alive = keep_alive and b"close" not in options
            if status == 101:
                kept.append(line)
    if lengths and encodings:  # RFC 9112 section 6.3: the encoding counts, and the length must not be passed on
        kept = [line for line in kept if line.partition(b":")[0].strip(b" \t").lower() != b"content-length"]
    return ResponseHead(status, _response_length(status, method, lengths, encodings), keep_alive, kept)


def _response_kind_of(line: bytes) -> int:
    return _KINDS.get(line.partition(b":")[0].strip(b" \t").lower(), 0)


_known_response_kind = lru_cache(maxsize=4096)(_response_kind_of)


def _response_length(status: int, method: bytes, lengths: list[bytes], encodings: list[bytes]) -> int:
    if method == b"HEAD" or status < 200 or status in {204, 304}:
        return 0
    if encodings:
        codings = b",".join(encodings).split(b",")
        return CHUNKED if codings[-1].strip(b" \t") == b"chunked" else UNTIL_CLOSE
    if not lengths:
        return UNTIL_CLOSE
    if len(set(lengths)) > 1 or not lengths[0].isdigit() or len(lengths[0]) > MAX_LENGTH_DIGITS:
        raise HeadError("the response's Content-Length is not one plain number", 502)
    return int(lengths[0])


def response_head_for(head: ResponseHead, *, call_id: bytes, closing: bool) -> bytes:
    """The bytes to send the client: the upstream's lines and the call's id.

    `closing` says that the connection will not be kept (RFC 9112 section 9.6 wants it said).
    """
    end = b"\r\nConnection: close" if closing else b""
    return b"\r\n".join(head.lines) + b"\r\n" + CALL_ID_HEADER + b": " + call_id + end + HEAD_END
