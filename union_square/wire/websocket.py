"""WebSocket frames (RFC 6455), read out of the recorded bytes of an upgraded call; permessage-deflate (RFC 7692) is
undone. Off the hot path: the proxy passes these bytes on without looking.

wsproto is not used for it: it plays one side of a connection, and here both directions are read after the fact, in
whatever pieces and for as long as they make sense.

Must not: do I/O, raise because of what was sent, keep more than one message a direction.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Literal

from union_square.wire.headers import Head

Direction = Literal["sent", "received"]
"""As the client sees it: sent to the provider, or received from it."""
MessageKind = Literal["text", "binary", "ping", "pong", "close"]

MAX_MESSAGE_BYTES = 16 << 20
"""Of one message that is kept to be read; a larger one is told of with its size only. Known ones stay below 1 MB."""
NO_STATUS = 1005
"""In place of a close code: a close frame without one (RFC 6455 section 7.1.5)."""

_OPCODES: dict[int, MessageKind] = {1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
_OPCODE_OF = {kind: opcode for opcode, kind in _OPCODES.items()}
_TAIL = b"\x00\x00\xff\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketMessage:
    """A whole message or control frame. `data` is its payload, unmasked and uncompressed: of a close frame the reason;
    left out where it was larger than MAX_MESSAGE_BYTES. `size` is the payload's in bytes as it was sent, `framed` with
    the headers of its frames."""

    direction: Direction
    offset_us: int  # when its last byte came, microseconds since the call began
    kind: MessageKind
    data: bytes
    size: int
    framed: int
    code: int = 0  # of a close frame
    left_out: bool = False

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")


class FrameReader:
    """One direction, fed as its bytes come. `problem` says why nothing more can be read; "" = all is well."""

    def __init__(self, direction: Direction, inflater: "Inflater | None" = None) -> None:
        self.problem = ""
        self._direction: Direction = direction
        self._inflater = inflater
        self._header = b""  # what has come of a frame's header
        self._length = 0  # of the frame's payload
        self._left = -1  # of it that has not come yet; -1: its header is being read
        self._mask = b""
        self._opcode = 0
        self._fin = False
        self._payload = bytearray()  # of the frame
        self._kind: MessageKind | None = None  # of the message that the frames are of
        self._message = bytearray()
        self._compressed = False
        self._size = 0  # of the message's frames, the one that is read included
        self._headers = 0  # of these frames
        self._header_bytes = 0  # of the frame that is read

    def feed(self, data: bytes, offset_us: int) -> list[WebSocketMessage]:
        """The messages that end in `data`. Never raises."""
        found: list[WebSocketMessage] = []
        here = 0
        while not self.problem and (here < len(data) or self._left == 0):
            if self._left < 0:
                here = self._read_header(data, here)
                continue
            piece = data[here : here + self._left]
            here += len(piece)
            self._left -= len(piece)
            if self._opcode >= 8 or self._size <= MAX_MESSAGE_BYTES:
                self._payload += piece
            if not self._left:
                self._left = -1
                message = self._end_frame(offset_us)
                if message is not None:
                    found.append(message)
        return found

    def stop(self, why: str) -> None:
        """Read no more: bytes are missing, and where the next frame begins is not known."""
        self.problem = self.problem or why

    def _read_header(self, data: bytes, here: int) -> int:
        """Take what is there of a frame's header; returns where the rest begins."""
        while True:
            wanted = self._header_size()
            piece = data[here : here + wanted - len(self._header)]
            self._header += piece
            here += len(piece)
            if len(self._header) < wanted:
                return here
            if wanted == self._header_size():
                break
        self._begin_frame(self._header)
        self._header = b""
        return here

    def _header_size(self) -> int:
        if len(self._header) < 2:
            return 2
        length = self._header[1] & 0x7F
        return 2 + (2 if length == 126 else 8 if length == 127 else 0) + (4 if self._header[1] & 0x80 else 0)

    def _begin_frame(self, header: bytes) -> None:
        self._fin, self._opcode = bool(header[0] & 0x80), header[0] & 0x0F
        length = header[1] & 0x7F
        if length == 126:
            (length,) = struct.unpack_from(">H", header, 2)
        elif length == 127:
            (length,) = struct.unpack_from(">Q", header, 2)
        self._mask = header[-4:] if header[1] & 0x80 else b""
        self._length = self._left = length
        self._header_bytes = len(header)
        self._payload = bytearray()
        compressed = bool(header[0] & 0x40)
        control = self._opcode >= 8
        if header[0] & 0x30 or self._opcode not in (0, *_OPCODES) or (compressed and self._inflater is None):
            self.stop("it is not WebSocket frames as they were agreed on")
        elif control and (length > 125 or not self._fin):
            self.stop("a control frame is larger than such a frame may be")
        elif not control and (self._opcode == 0) != (self._kind is not None):
            self.stop("a message begins in the middle of another")
        elif not control:
            if self._opcode:
                self._kind, self._compressed = _OPCODES[self._opcode], compressed
                self._size = self._headers = 0
                self._message = bytearray()
            self._size += length
            self._headers += len(header)

    def _end_frame(self, offset_us: int) -> WebSocketMessage | None:
        payload = _unmasked(bytes(self._payload), self._mask) if self._mask else bytes(self._payload)
        self._payload = bytearray()
        if self._opcode >= 8:
            return self._control(payload, offset_us)
        self._message += payload
        if not self._fin or self._kind is None:
            return None
        kind, data = self._kind, bytes(self._message)
        self._kind, self._message = None, bytearray()
        whole = self._size <= MAX_MESSAGE_BYTES
        if self._compressed and self._inflater is not None:
            data, self.problem = self._inflater.message(data) if whole else (b"", "a compressed message is too large")
        return WebSocketMessage(
            direction=self._direction,
            offset_us=offset_us,
            kind=kind,
            data=data if whole else b"",
            size=self._size,
            framed=self._headers + self._size,
            left_out=not whole or bool(self.problem),
        )

    def _control(self, payload: bytes, offset_us: int) -> WebSocketMessage:
        kind, code, size = _OPCODES[self._opcode], 0, len(payload)
        if kind == "close":
            code = int.from_bytes(payload[:2], "big") if size >= 2 else NO_STATUS
            payload = payload[2:]
        return WebSocketMessage(
            direction=self._direction,
            offset_us=offset_us,
            kind=kind,
            data=payload,
            size=size,
            framed=self._header_bytes + size,
            code=code,
        )


def payload_of(message: WebSocketMessage) -> bytes:
    """The payload of a frame that says the same, uncompressed."""
    coded = message.kind == "close" and message.code != NO_STATUS
    return struct.pack(">H", message.code) + message.data if coded else message.data


def write_frame(kind: MessageKind, data: bytes) -> bytes:
    """A whole message as one frame, not masked, as a server's is (RFC 6455 section 5.2)."""
    first, size = 0x80 | _OPCODE_OF[kind], len(data)
    if size < 126:
        return struct.pack(">BB", first, size) + data
    if size < 1 << 16:
        return struct.pack(">BBH", first, 126, size) + data
    return struct.pack(">BBQ", first, 127, size) + data


def _unmasked(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


class Inflater:
    """Undoes permessage-deflate in one direction."""

    def __init__(self, *, keeps_context: bool = True) -> None:
        self._keeps_context = keeps_context
        self._stream = zlib.decompressobj(-15)  # the largest window reads what was made with any

    def message(self, data: bytes) -> tuple[bytes, str]:
        """A message's payload as it was before compression, and what is wrong with it ("" = nothing)."""
        try:
            plain = self._stream.decompress(data + _TAIL, MAX_MESSAGE_BYTES)
        except zlib.error as error:
            return b"", f"a compressed message is damaged ({error})"
        if self._stream.unconsumed_tail:
            return b"", f"a message is larger than {MAX_MESSAGE_BYTES >> 20} MB uncompressed"
        if not self._keeps_context or self._stream.eof:
            self._stream = zlib.decompressobj(-15)
        return plain, ""


def is_websocket(head: Head) -> bool:
    """Whether a response with status 101 switches to WebSocket."""
    return head.get("upgrade").strip().lower() == "websocket"


def open_readers(response_head: Head) -> tuple[FrameReader, FrameReader]:
    """The readers of what is sent and of what is received, with the compression that the response agreed to."""
    extensions = ",".join(response_head.get_all("sec-websocket-extensions")).lower()
    agreed = next((e for e in extensions.split(",") if e.partition(";")[0].strip() == "permessage-deflate"), "")
    if not agreed:
        return FrameReader("sent"), FrameReader("received")
    return FrameReader("sent", _inflater("client", agreed)), FrameReader("received", _inflater("server", agreed))


def _inflater(side: str, agreed: str) -> Inflater:
    return Inflater(keeps_context=f"{side}_no_context_takeover" not in agreed)
