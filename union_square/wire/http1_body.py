"""HTTP/1 bodies: where a message ends, told from its bytes alone and in whatever pieces they come.

Bodies are passed on as they came, so nothing is rebuilt here: `feed` says how far a message reaches and what of it is
payload. (httptools tells no offsets, so with it a message's last bytes could not be told from the next one's first.)

Must not: do I/O, keep payload.
"""

from functools import lru_cache
from typing import Protocol

from union_square.wire.http1 import CHUNKED, TOKEN, UNTIL_CLOSE

_HEX = b"0123456789abcdefABCDEF"
_MAX_SIZE_DIGITS = 15  # below 2**63
_MAX_LINE = 16 << 10  # of a chunk's size line (extensions) and of a trailer line; a larger one is an attack
_MAX_TRAILERS = 64 << 10

MORE = -1
"""In place of an offset: the message goes on."""


class BodyError(ValueError):
    """A body that breaks its framing; what follows cannot be told apart from the next message."""


class Body(Protocol):
    def feed(self, data: bytes, start: int) -> tuple[bytes, int]:
        """Take `data` from `start` on. Returns the payload in it and the offset of the first byte behind the message,
        or MORE. Raises BodyError. Must not be called again once it has returned an offset."""
        ...


class LengthBody:
    """A body of so many bytes (at least one)."""

    __slots__ = ("left",)

    def __init__(self, length: int) -> None:
        self.left = length

    def feed(self, data: bytes, start: int) -> tuple[bytes, int]:
        there = len(data) - start
        if there < self.left:
            self.left -= there
            return data[start:], MORE
        end = start + self.left
        self.left = 0
        return data[start:end], end


class OpenBody:
    """A body that ends with its connection."""

    __slots__ = ()

    def feed(self, data: bytes, start: int) -> tuple[bytes, int]:
        return data[start:], MORE


_SIZE, _DATA, _DATA_END, _TRAILERS, _DONE = range(5)


class ChunkedBody:
    """A body in chunks (RFC 9112 section 7.1): strict about line ends and sizes, since a difference of opinion about
    those is how requests are smuggled; extensions and trailers pass."""

    __slots__ = ("_left", "_line", "_state", "_trailers")

    def __init__(self) -> None:
        self._state = _SIZE
        self._left = 0
        self._line = b""  # what has come of a line that is not whole yet
        self._trailers = 0

    def feed(self, data: bytes, start: int) -> tuple[bytes, int]:
        parts: list[bytes] = []
        here, size = start, len(data)
        if self._state == _SIZE and not self._line:
            here = _take_whole_chunks(data, start, parts)
        while here < size and self._state != _DONE:
            if self._state == _DATA:
                end = min(size, here + self._left)
                parts.append(data[here:end])
                self._left -= end - here
                here = end
                if not self._left:
                    self._state = _DATA_END
            else:
                here = self._take_line(data, here)
        payload = parts[0] if len(parts) == 1 else b"".join(parts)
        return payload, here if self._state == _DONE else MORE

    def _take_line(self, data: bytes, here: int) -> int:
        """Read up to a line's end, if it is there, and act on the line."""
        at = data.find(b"\n", here)
        end = len(data) if at < 0 else at + 1
        line = self._line + data[here:end] if self._line else data[here:end]
        if len(line) > _MAX_LINE:
            raise BodyError("a chunk's size line or a trailer is too long")
        if at < 0:
            if self._state == _DATA_END and not b"\r\n".startswith(line):
                raise BodyError("a chunk is longer than its size says")
            self._line = line
            return end
        self._line = b""
        if line[-2:] != b"\r\n" or b"\r" in line[:-2]:
            raise BodyError("a line of the chunked body does not end in CRLF")
        self._act_on(line[:-2])
        return end

    def _act_on(self, line: bytes) -> None:
        if self._state == _SIZE:
            self._left = _read_size(line)
            self._state = _DATA if self._left else _TRAILERS
        elif self._state == _DATA_END:
            if line:
                raise BodyError("a chunk is longer than its size says")
            self._state = _SIZE
        elif line:
            self._trailers += len(line)
            if self._trailers > _MAX_TRAILERS:
                raise BodyError("the trailers are too long")
            name, colon, _ = line.partition(b":")
            if not colon or not name or name.translate(None, TOKEN):
                raise BodyError("a trailer is not `name: value`")
        else:
            self._state = _DONE


def _read_size(line: bytes) -> int:
    """The size that a chunk's first line gives. Raises BodyError."""
    digits = line
    if b";" in line:
        if b"\n" in line or b"\r" in line:
            raise BodyError("a line of the chunked body does not end in CRLF")
        digits = line.partition(b";")[0].rstrip(b" \t")
    if not digits or len(digits) > _MAX_SIZE_DIGITS or digits.translate(None, _HEX):
        raise BodyError("a chunk's size is not a plain hexadecimal number")
    return int(digits, 16)


def _take_whole_chunks(data: bytes, here: int, parts: list[bytes]) -> int:
    """Add the payload of the chunks that lie whole in `data` from `here` on, as servers send events, up to the first
    that does not; returns where that begins. It takes a third of the time of reading them piece by piece."""
    size = len(data)
    while here < size:
        at = data.find(b"\r\n", here, here + _MAX_SIZE_DIGITS + 2) + 2
        if at == 1:
            return here
        end = at + _size_of(data[here : at - 2])
        if end == at or end + 2 > size or not data.startswith(b"\r\n", end):
            return here
        parts.append(data[at:end])
        here = end + 2
    return here


_size_of = lru_cache(maxsize=1024)(_read_size)  # for short lines only, so that the cache stays small
_OPEN = OpenBody()


def body_of(length: int) -> Body | None:
    """The framing of a body whose head says `length` (bytes, CHUNKED or UNTIL_CLOSE); None = there is no body."""
    if length == CHUNKED:
        return ChunkedBody()
    if length == UNTIL_CLOSE:
        return _OPEN
    return LengthBody(length) if length else None
