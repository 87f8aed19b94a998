"""What a client says over a WebSocket, as it is recorded: known credential fields masked inside the frames.

A client's frames are XORed with a key of their own (RFC 6455 section 5.3), so nothing could be found in the bytes as
they pass. Frames, sizes and keys stay; of a message that is compressed (RFC 7692) nothing is masked.

Must not: change a length, raise, keep a message.
"""

from union_square.domain.redaction_fields import FieldMask


class FrameMask:
    """The client's direction of one upgraded connection, piece by piece."""

    __slots__ = ("_at", "_control", "_fields", "_header", "_key", "_left", "_plain")

    def __init__(self) -> None:
        self._header = b""
        self._left = 0  # of the frame's payload
        self._at = 0  # in the frame's payload
        self._key = b""
        self._fields = FieldMask()  # of the message that the frames are of
        self._plain = False  # the message is not compressed
        self._control = False  # the frame is a control frame, which may stand between those of a message

    def feed(self, data: bytes) -> bytes:
        """`data` as it is to be recorded, of the same length."""
        out: list[bytes] = []
        here = 0
        while here < len(data):
            if not self._left:
                size = min(self._missing_header(), len(data) - here)
                self._header += data[here : here + size]
                out.append(data[here : here + size])
                here += size
                if not self._missing_header():
                    self._begin()
                continue
            piece = data[here : here + self._left]
            out.append(self._masked(piece) if self._plain and not self._control else piece)
            here += len(piece)
            self._left -= len(piece)
            self._at += len(piece)
        return b"".join(out)

    def _missing_header(self) -> int:
        if len(self._header) < 2:
            return 2 - len(self._header)
        length = self._header[1] & 0x7F
        whole = 2 + {126: 2, 127: 8}.get(length, 0) + (4 if self._header[1] & 0x80 else 0)
        return whole - len(self._header)

    def _begin(self) -> None:
        header, self._header = self._header, b""
        opcode, masked = header[0] & 0x0F, bool(header[1] & 0x80)
        length = header[1] & 0x7F
        self._left = length if length < 126 else int.from_bytes(header[2 : 4 if length == 126 else 10], "big")
        self._key = header[-4:] if masked else b""
        self._at = 0
        self._control = opcode >= 8
        if opcode in (1, 2):
            self._fields = FieldMask()
            self._plain = not header[0] & 0x40

    def _masked(self, piece: bytes) -> bytes:
        if not self._key:
            return self._fields.feed(piece)
        turn = self._at % 4
        key = self._key[turn:] + self._key[:turn]
        return _xor(self._fields.feed(_xor(piece, key)), key)


def _xor(data: bytes, key: bytes) -> bytes:
    size = len(data)
    pad = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")
