"""A response's bytes, fed as they come into the draft of its dialect: content encoding off, then its framing.

The framing is what the bytes are, not only what the header says: servers send JSON errors as event streams, and event
streams without a content type.
"""

from typing import Literal

from union_square.wire.content import ContentDecoder
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.plain import PlainDraft, media_part
from union_square.wire.eventstream import PRELUDE_BYTES, AwsEventStream, is_event_stream
from union_square.wire.headers import Head, parse_content_type
from union_square.wire.jsonitems import JsonItems
from union_square.wire.jsonlines import JsonLines
from union_square.wire.jsontext import parse_json
from union_square.wire.sse import ServerSentEvent, SseParser

Framing = Literal["undecided", "events", "lines", "messages", "items", "json", "other"]

_SSE_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":", b"\xef\xbb\xbf")
_SNIFFED_BYTES = 8


class ResponseBody:
    """Feed it payload bytes; the draft fills. A body that is one JSON value, text or bytes is read at its end."""

    def __init__(self, head: Head, status: int, draft: Draft) -> None:
        self.draft = draft
        self.framing: Framing = "undecided"
        self._status = status
        self._kind = parse_content_type(head.get("content-type"))
        self._content = ContentDecoder(",".join(head.get_all("content-encoding")))
        self._events: SseParser | JsonLines | AwsEventStream | JsonItems | None = None
        self._body = bytearray()
        self._ended = False
        draft.take_head(head)

    @property
    def streamed(self) -> bool:
        return self.framing in {"events", "lines", "messages", "items"}

    def feed(self, data: bytes) -> None:
        """Payload bytes as they came, content encoding on."""
        if not self._ended:
            self._take(self._content.feed(data))

    def end(self) -> None:
        """No more will come, whether the response is whole or was cut off."""
        if self._ended:
            return
        self._ended = True
        self._take(self._content.end())
        if self.framing == "undecided":
            self._decide(final=True)
        if self._events is not None:
            self._give(self._events.end())
            self._note(self._events.problem)
        elif self._body:
            self._read_whole(bytes(self._body))
        self._body.clear()
        self._note(self._content.problem)

    def _take(self, data: bytes) -> None:
        if not data:
            return
        if self._events is not None:
            self._give(self._events.feed(data))
            return
        self._body += data
        if self.framing == "undecided":
            self._decide(final=False)

    def _decide(self, *, final: bool) -> None:
        start = bytes(self._body[:4096]).lstrip()
        wanted = PRELUDE_BYTES if start[:1] == b"\0" else _SNIFFED_BYTES
        if not final and len(start) < wanted and len(self._body) < 4096 and start[:1] not in {b"{", b"["}:
            return
        is_json = start[:1] in {b"{", b"["}
        # An error that a gateway words as it likes keeps the content type of the stream it stands for.
        says_events = self._kind.media_type == "text/event-stream" and self._status < 400
        if is_event_stream(start) or (self._kind.is_aws_events and start[:1] == b"\0"):
            self.framing, self._events = "messages", AwsEventStream()
        elif self._kind.is_json_lines:
            self.framing, self._events = "lines", JsonLines()
        elif start.startswith(_SSE_STARTS) or (says_events and start[:1] not in {b"{", b"[", b"<"}):
            self.framing, self._events = "events", SseParser()
        elif start[:1] == b"[" and self.draft.streams_array and self._status < 400:
            self.framing, self._events = "items", JsonItems()
        else:
            self.framing = "json" if is_json else "other"
        if self._events is not None:
            held = bytes(self._body)
            self._body.clear()
            self._give(self._events.feed(held))

    def _give(self, events: list[ServerSentEvent]) -> None:
        for event in events:
            self.draft.take_event(event)

    def _read_whole(self, data: bytes) -> None:
        if self.framing == "json" or self._kind.is_json:
            read = parse_json(data)
            if read.value is None and _are_json_lines(data):
                self.framing = "lines"
                lines = JsonLines()
                self._give(lines.feed(data) + lines.end())
                self._note(lines.problem)
                return
            if self._kind.is_json or not isinstance(self.draft, PlainDraft):
                self._note(read.problem)
            if read.value is not None:
                self.draft.take_body(read.value, self._status)
                return
        try:
            text = data.decode("utf-8" if b"\0" not in data else "ascii")
        except UnicodeDecodeError as error:
            if not self._kind.is_text or isinstance(self.draft, PlainDraft):
                self.draft.take_bytes(media_part(data, self._kind.media_type or "application/octet-stream"))
                return
            self._note(f"is not UTF-8 at byte {error.start}")
            text = data.decode("utf-8", "replace")
        self.draft.take_text(text)

    def _note(self, problem: str) -> None:
        if problem:
            self.draft.note(problem)


def _are_json_lines(data: bytes) -> bool:
    """Whether a body that is not one JSON value begins with a whole one on a line of its own."""
    first, _, rest = data.lstrip().partition(b"\n")
    return bool(rest.strip()) and first[:1] == b"{" and not parse_json(first).problem
