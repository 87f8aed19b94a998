"""Server-sent events: bytes in, whole events out, as the HTML standard parses them.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream: lines end in CR, LF or CRLF,
one BOM may lead, a colon first is a comment, several data lines are joined by LF, an empty line ends the event. One
thing differs on purpose: what stands at the end without its empty line is given by `end` (many servers leave it out).
"""

import re
from dataclasses import dataclass

MAX_EVENT_BYTES = 16 << 20
"""Of one line and of one event. The longest known are images as base64 in one event, a few MB."""

_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSentEvent:
    """`name` is "" where the stream gave none (a browser would say "message"). `number` counts from 1."""

    name: str
    data: str
    number: int
    whole: bool = True  # False: the stream ended before the event's empty line


class SseParser:
    """Feed it bytes as they come, cut anywhere. `problem` says what was left out, and where."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.problem = ""
        self._max = max_event_bytes
        self._line: list[bytes] = []  # of the line that has not ended yet
        self._line_size = 0
        self._after_cr = False
        self._first_line = True
        self._name = ""
        self._data: list[str] = []
        self._data_size = 0
        self._too_long = False
        self._number = 0

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The events that those bytes complete."""
        if self._after_cr and data:
            self._after_cr = False
            data = data[1:] if data[:1] == b"\n" else data
        if not data:
            return []
        self._after_cr = data.endswith(b"\r")
        *ended, rest = _LINE_END.split(data)
        events: list[ServerSentEvent] = []
        for piece in ended:
            self._add(piece)
            event = self._take_line()
            if event is not None:
                events.append(event)
        self._add(rest)
        return events

    def end(self) -> list[ServerSentEvent]:
        """The event that the stream's end left without its empty line, if there is one."""
        if self._line:
            self._take_line()
        event = self._dispatch(whole=False)
        return [] if event is None else [event]

    def _add(self, piece: bytes) -> None:
        room = self._max - self._line_size
        if len(piece) > room:
            self._too_long = True
            piece = piece[:room]
        if piece:
            self._line.append(piece)
            self._line_size += len(piece)

    def _take_line(self) -> ServerSentEvent | None:
        line = self._line[0] if len(self._line) == 1 else b"".join(self._line)
        self._line = []
        self._line_size = 0
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._take_data(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        return None

    def _take_data(self, value: bytes) -> None:
        self._data_size += len(value) + 1
        if self._data_size > self._max + 1:
            self._too_long = True
            return
        try:
            self._data.append(value.decode())
        except UnicodeDecodeError as error:
            self.problem = self.problem or f"event {self._number + 1} is not UTF-8 at byte {error.start} of its data"
            self._data.append(value.decode("utf-8", "replace"))

    def _dispatch(self, *, whole: bool = True) -> ServerSentEvent | None:
        name, data, too_long = self._name, self._data, self._too_long
        self._name, self._data, self._data_size, self._too_long = "", [], 0, False
        if not data and not too_long:
            return None
        self._number += 1
        if too_long:
            self.problem = self.problem or f"event {self._number} is longer than {self._max:,} bytes and was left out"
            return None
        return ServerSentEvent(name=name, data="\n".join(data), number=self._number, whole=whole)
