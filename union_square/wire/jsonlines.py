"""JSON lines (NDJSON): bytes in, one event a line out, in the shape of server-sent events so that drafts read both."""

from union_square.wire.sse import MAX_EVENT_BYTES, ServerSentEvent


class JsonLines:
    """Feed it bytes as they come, cut anywhere. `problem` says what was left out, and where."""

    def __init__(self, max_line_bytes: int = MAX_EVENT_BYTES) -> None:
        self.problem = ""
        self._max = max_line_bytes
        self._line: list[bytes] = []
        self._size = 0
        self._number = 0

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The lines that those bytes complete."""
        *ended, rest = data.split(b"\n")
        events: list[ServerSentEvent] = []
        for piece in ended:
            self._add(piece)
            events += self._take_line(whole=True)
        self._add(rest)
        return events

    def end(self) -> list[ServerSentEvent]:
        """The last line, where no line end follows it."""
        return self._take_line(whole=False)

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if piece and self._size <= self._max:
            self._line.append(piece)

    def _take_line(self, *, whole: bool) -> list[ServerSentEvent]:
        line, size = b"".join(self._line).strip(), self._size
        self._line, self._size = [], 0
        if not line and size <= self._max:
            return []
        self._number += 1
        if size > self._max:
            self.problem = self.problem or f"line {self._number} is longer than {self._max:,} bytes and was left out"
            return []
        try:
            data = line.decode()
        except UnicodeDecodeError as error:
            self.problem = self.problem or f"line {self._number} is not UTF-8 at byte {error.start}"
            data = line.decode("utf-8", "replace")
        return [ServerSentEvent(name="", data=data, number=self._number, whole=whole)]
