"""Content encodings taken off as the bytes come: gzip, deflate, br, zstd, several at once, none.

A body whose header claims an encoding that its bytes do not have is taken as it is. What comes out is bounded, for a
few kilobytes can unpack to terabytes. Never raises; `problem` says what is missing and why.
"""

import zlib
from collections.abc import Callable
from typing import Protocol, cast

import brotli
import zstandard

MAX_DECODED_BYTES = 64 << 20
"""Of one body. Providers take requests of up to 50 MB, and answer with far less."""

_STEP_BYTES = 1 << 20  # asked of zlib and brotli at a time
_ZSTD_INPUT_BYTES = 256  # fed at a time: zstandard has no output limit, and four bytes may unpack to 128 KiB
_ZSTD_WINDOW_BYTES = 8 << 20  # RFC 9659: the largest window a receiver of HTTP must take
_HELD_BYTES = 1 << 20  # of the encoded body, kept for the case that it is broken, or not encoded at all
_HEAD_BYTES = 256  # of a body, to tell text from binary


class _Codec(Protocol):
    broken: str  # why the bytes are not of this encoding; "" = they are, so far

    def decode(self, data: bytes, limit: int) -> bytes:
        """What those bytes add, at most about `limit` bytes of it."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the encoded stream ended where it had to."""
        ...


class _Zlib:
    """gzip (several members too) and deflate, with or without its zlib wrapper, which servers disagree on."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._head = b""
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16) if gzip else None
        self.broken = ""

    def decode(self, data: bytes, limit: int) -> bytes:
        if self._stream is None:
            self._head += data
            if len(self._head) < 2:
                return b""
            if self._head[:1] in {b"{", b"["}:  # as deflate, a first character that no text begins with
                self.broken = "it is JSON as it stands"
                return b""
            wrapped = self._head[0] & 0x0F == 8 and int.from_bytes(self._head[:2]) % 31 == 0  # RFC 1950
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
            data, self._head = self._head, b""
        out = bytearray()
        stream = self._stream
        try:
            while data and len(out) < limit:
                if stream.eof:
                    data = data.lstrip(b"\0") if self._gzip else data
                    if not data:
                        break
                    if not self._gzip or not data.startswith(b"\x1f"):
                        self.broken = "more follows its end"
                        break
                    stream = self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
                out += stream.decompress(data, min(_STEP_BYTES, limit - len(out)))
                data = stream.unused_data if stream.eof else stream.unconsumed_tail
        except zlib.error as error:
            self.broken = str(error)
        return bytes(out)

    @property
    def complete(self) -> bool:
        return self._stream is not None and self._stream.eof


class _BrotliStream(Protocol):
    """The part of brotli.Decompressor used here; the package has no types."""

    def process(self, data: bytes, output_buffer_limit: int) -> bytes: ...

    def can_accept_more_data(self) -> bool: ...

    def is_finished(self) -> bool: ...


_BrotliError = cast("type[Exception]", vars(brotli)["error"])


class _Brotli:
    def __init__(self) -> None:
        self.broken = ""
        self._stream = cast("_BrotliStream", vars(brotli)["Decompressor"]())

    def decode(self, data: bytes, limit: int) -> bytes:
        out = bytearray()
        try:
            out += self._stream.process(data, output_buffer_limit=_STEP_BYTES)
            while not self._stream.can_accept_more_data() and len(out) < limit:
                out += self._stream.process(b"", output_buffer_limit=_STEP_BYTES)
        except _BrotliError as error:
            self.broken = str(error)
        return bytes(out)

    @property
    def complete(self) -> bool:
        return self._stream.is_finished()


class _Zstd:
    def __init__(self) -> None:
        self.broken = ""
        self._make = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
        self._stream = self._make.decompressobj()

    def decode(self, data: bytes, limit: int) -> bytes:
        out = bytearray()
        try:
            while data and len(out) < limit:
                if self._stream.eof:
                    self._stream = self._make.decompressobj()
                piece, data = data[:_ZSTD_INPUT_BYTES], data[_ZSTD_INPUT_BYTES:]
                out += self._stream.decompress(piece)
                if self._stream.eof:
                    data = self._stream.unused_data + data
        except zstandard.ZstdError as error:
            self.broken = str(error)
        return bytes(out)

    @property
    def complete(self) -> bool:
        return self._stream.eof


class _Layer:
    """One encoding to take off. Until it has given something, it may still turn out not to be there."""

    def __init__(self, name: str, make: Callable[[], _Codec]) -> None:
        self.problem = ""
        self._name = name
        self._make = make
        self._codec = make()
        self._held: bytearray | None = bytearray()
        self._plain = False
        self._stopped = False
        self._taken = 0
        self._given = 0
        self._head = bytearray()  # of a body that turned out not to be encoded

    def decode(self, data: bytes, limit: int) -> bytes:
        if self._plain:
            return self._as_it_is(data)
        if self._stopped or not data:
            return b""
        self._taken += len(data)
        if self._held is not None:
            self._held += data
            if len(self._held) > _HELD_BYTES:
                self._held = None
        out = self._codec.decode(data, limit)
        if self._codec.broken:
            return self._break(out, limit)
        self._given += len(out)
        return out

    def _break(self, out: bytes, limit: int) -> bytes:
        held, self._held = self._held, None
        if held is not None:
            out = self._up_to_the_break(held, limit)
            if not self._given and not out:
                self._plain = True
                return self._as_it_is(bytes(held))
        self._stopped = True
        self.problem = f"{self._name} data is broken before byte {self._taken}: {self._codec.broken}"
        return out

    def _as_it_is(self, data: bytes) -> bytes:
        if len(self._head) < _HEAD_BYTES:
            self._head += data[: _HEAD_BYTES - len(self._head)]
            if not _looks_like_text(self._head):
                self.problem = f"says it is {self._name} and is not: {self._codec.broken}"
        return data

    def _up_to_the_break(self, held: bytearray, limit: int) -> bytes:
        """What was not given yet of all that can be decoded.

        A codec that fails keeps what it had decoded of the same piece, so byte by byte everything comes out, and the
        same however the body was cut."""
        codec, out, end = self._make(), bytearray(), self._given + limit
        for at in range(len(held)):
            out += codec.decode(bytes(held[at : at + 1]), end - len(out))
            if codec.broken or len(out) >= end:
                self._codec, self._taken = codec, at + 1
                break
        return bytes(out[self._given :])

    def end(self) -> bytes:
        if self._plain or self._stopped or not self._taken or self._codec.complete:
            return b""
        if self._held and not self._given and _looks_like_text(self._held[:_HEAD_BYTES]):
            return bytes(self._held)
        self.problem = f"{self._name} data ends too early, after {self._taken:,} bytes"
        return b""


def _looks_like_text(data: bytes | bytearray) -> bool:
    return not any(byte < 9 or 13 < byte < 32 for byte in data)


def _layer(name: str) -> _Layer | None:
    match name:
        case "gzip" | "x-gzip":
            return _Layer("gzip", lambda: _Zlib(gzip=True))
        case "deflate":
            return _Layer("deflate", lambda: _Zlib(gzip=False))
        case "br":
            return _Layer("br", _Brotli)
        case "zstd":
            return _Layer("zstd", _Zstd)
        case _:
            return None


class ContentDecoder:
    """`encoding` is the Content-Encoding header, all its values joined by commas; `limit` bounds what comes out."""

    def __init__(self, encoding: str = "", limit: int = MAX_DECODED_BYTES) -> None:
        self._problem = ""
        self._limit = limit
        self._given = 0
        names = [name.strip().lower() for name in encoding.split(",")]
        names = [name for name in names if name not in {"", "identity", "aws-chunked"}]
        self._layers: list[_Layer] = []
        for name in reversed(names):  # the last one named was put on last
            layer = _layer(name)
            if layer is None:
                self._problem = f"has a content encoding that is not known: {name[:40]!r}"
                break
            self._layers.append(layer)

    @property
    def identity(self) -> bool:
        """Whether there is nothing to take off."""
        return not self._layers and not self._problem

    @property
    def problem(self) -> str:
        """What is missing of the body, and why; "" = nothing, so far."""
        return self._problem or next((layer.problem for layer in self._layers if layer.problem), "")

    def feed(self, data: bytes) -> bytes:
        """What those bytes add to the decoded body."""
        return self._run(data, 0)

    def end(self) -> bytes:
        """What the end of the body gives out still."""
        out = b""
        for at, layer in enumerate(self._layers):
            out += self._run(layer.end(), at + 1)
        return out

    def _run(self, data: bytes, first: int) -> bytes:
        room = self._limit - self._given
        if room <= 0:
            if data:
                self._say_too_long()
            return b""
        for layer in self._layers[first:]:
            data = layer.decode(data, room + 1)
        if len(data) > room:
            self._say_too_long()
            data = data[:room]
        self._given += len(data)
        return data

    def _say_too_long(self) -> None:
        self._problem = self._problem or f"is longer than {self._limit:,} bytes decoded; the rest was left out"
