"""Sound that comes in pieces of base64, and is kept as long as it is short."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from union_square.wire.dialects.plain import MAX_MEDIA_BYTES


class SoundBuffer:
    """Joins the pieces when asked. Of a sound above `limit` bytes nothing is kept but its size."""

    __slots__ = ("_encoded", "_kept", "limit", "size")

    def __init__(self, limit: int = MAX_MEDIA_BYTES) -> None:
        self.limit = limit
        self.size = 0
        self._kept = bytearray()
        self._encoded: str | None = ""

    def add(self, encoded: str) -> bool:
        """A piece; False = it is not base64, and was left out."""
        try:
            piece = b64decode(encoded, validate=True)
        except (Base64Error, ValueError):
            return False
        self.size += len(piece)
        self._encoded = None
        if self.size <= self.limit:
            self._kept += piece
        else:
            self._kept.clear()
        return True

    def base64(self) -> str:
        """The sound so far; "" where there is none, or too much."""
        if self._encoded is None:
            self._encoded = b64encode(self._kept).decode()
        return self._encoded
