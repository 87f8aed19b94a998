"""What is said over a WebSocket, as it is recorded where redaction rules are on.

A message may come in many frames, XORed and compressed with what came before it, so nothing could be masked in its
place. Each is recorded when it is whole, as one frame that is neither masked with a key nor compressed.

Must not: do I/O, raise, keep more than the message that is being read.
"""

from collections.abc import Iterable

from union_square.domain.redaction_fields import mask_whole
from union_square.domain.redaction_rules import Rule, redact_text
from union_square.wire.websocket import FrameReader, WebSocketMessage, payload_of, write_frame


class RedactedFrames:
    """One direction, fed as its bytes come. `fields`: known credential fields are masked as well."""

    def __init__(self, reader: FrameReader, rules: Iterable[Rule], *, fields: bool) -> None:
        self.left_out = 0
        """How many of the bytes so far are not recorded; of a message that is not whole yet, all."""
        self._reader = reader
        self._rules = tuple(rules)
        self._fields = fields

    @property
    def pieces(self) -> int:
        """What is left out, counted as one."""
        return int(self.left_out > 0)

    def feed(self, at: int, data: bytes) -> list[tuple[int, bytes]]:
        """The frames to record, each with the time at which its message was whole."""
        self.left_out += len(data)
        whole = [message for message in self._reader.feed(data, at) if not message.left_out]
        self.left_out -= sum(message.framed for message in whole)
        return [(at, self._redacted(message)) for message in whole]

    def end(self, at: int) -> list[tuple[int, bytes]]:  # noqa: ARG002
        """Nothing: what is not whole is left out."""
        return []

    def _redacted(self, message: WebSocketMessage) -> bytes:
        payload = payload_of(message)
        if self._fields:
            payload = mask_whole(payload)
        return write_frame(message.kind, redact_text(self._rules, payload))
