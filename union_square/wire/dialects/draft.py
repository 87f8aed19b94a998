"""A response while it is being read: what every dialect's draft shares.

A dialect fills a draft from whole JSON bodies and from stream events; whatever else comes (text, bytes, JSON of another
shape) is kept and shown as what it is. Never raises.
"""

from collections.abc import Iterable
from typing import Any, Literal

from union_square.domain.messages import MediaPart, Message, OtherPart, Part, TextPart, Usage
from union_square.wire.cost import Priced
from union_square.wire.dialects.bedrock_counts import usage_of_head, usage_of_metrics
from union_square.wire.dialects.failures import failure_of, failure_of_status
from union_square.wire.headers import Head
from union_square.wire.jsontext import json_text, parse_json
from union_square.wire.service import parse_rate_limits, parse_request_id
from union_square.wire.sse import ServerSentEvent
from union_square.wire.textbuffer import TextBuffer

TailKind = Literal["text", "thinking", "tool_call"]

MAX_SHOWN_CHARACTERS = 1 << 20
"""Of a body that no dialect takes apart; what is longer can be had as bytes. A page of text has about 3,000."""


class Draft:
    """Set the plain attributes as they become known; override `read_body`, `read_event` and `read_messages`."""

    streams_array = False
    """Whether the format streams its events as the items of one JSON array, too."""

    def __init__(self) -> None:
        self.response_id = ""
        self.request_id = ""  # of the provider's service, from the headers
        self.rate_limits: dict[str, str] = {}
        self.model = ""
        self.usage: Usage | None = None
        self.priced: Priced = ()  # of the tokens in `usage`, those that have a price of their own
        self.service_tier = ""  # what the provider says it served by, where prices go by it
        self.finish_reasons: tuple[str, ...] = ()
        self.error_type = ""
        self.error_message = ""
        self.problem = ""
        self.said_all = False  # the stream's own last word has come: what follows is framing
        self.output_pieces = 0  # pieces of text, thinking or tool call that have come; grows with every one
        self._problems = 0
        self._usage_beside: Usage | None = None  # from the headers, for a body that reports none
        self._others: list[Part] = []
        self._last: TextBuffer | None = None
        self._last_kind: TailKind = "text"

    # What a dialect overrides.

    def read_body(self, value: Any) -> bool:
        """Take a whole JSON body; False = it is not of this dialect's shape."""
        raise NotImplementedError

    def read_event(self, name: str, value: Any) -> bool:
        """Take one JSON event of a stream; False = it is not of this dialect's shape."""
        raise NotImplementedError

    def read_messages(self) -> Iterable[Message]:
        """The messages so far, one a choice."""
        raise NotImplementedError

    # What a reader of bodies calls.

    def take_head(self, head: Head) -> None:
        """What the response's headers say of it."""
        self._usage_beside = usage_of_head(head)
        self.request_id, self.rate_limits = parse_request_id(head), parse_rate_limits(head)

    def take_body(self, value: Any, status: int = 200) -> None:
        """A whole JSON body, or as much of one as came."""
        failed = self.take_failure(value)
        if status >= 400 and not failed:
            self.error_type, self.error_message = failure_of_status(value, status)
            failed = bool(self.error_message)
        if not self.read_body(value) and not failed:
            self.keep(OtherPart(label="JSON", json=json_text(value)))
        self.usage = self.usage or self._usage_beside

    def take_event(self, event: ServerSentEvent) -> None:
        """One event of a server-sent or line-wise stream."""
        data = event.data.strip()
        if data in {"", "[DONE]"}:
            self.said_all = self.said_all or bool(data)
            return
        read = parse_json(event.data)
        if read.problem:
            where = f"event {event.number}" if event.whole else f"event {event.number}, in which the stream ends,"
            self.note(f"{where} {read.problem}")
        if read.value is None:
            return
        failed = self.take_failure(read.value)
        if not self.read_event(event.name, read.value) and not failed:
            self.keep(OtherPart(label=event.name or "event", json=json_text(read.value)))
        self.said_all = self.said_all and event.whole
        if self.usage is None:
            self.usage = usage_of_metrics(read.value)

    def take_text(self, text: str) -> None:
        """A body that is text, not JSON: a gateway's error page, for one."""
        self.keep(TextPart(text=text[:MAX_SHOWN_CHARACTERS]))

    def take_bytes(self, part: MediaPart) -> None:
        """A body that is neither."""
        self.keep(part)

    def messages(self) -> tuple[Message, ...]:
        """What was said so far. What the dialect could not place stands in a message of its own."""
        messages = tuple(self.read_messages())
        if self._others:
            messages += (Message(role="assistant", parts=tuple(self._others)),)
        return messages

    def tail(self, characters: int) -> tuple[TailKind, str]:
        """What it said last: the kind, and the end of it."""
        return self._last_kind, self._last.tail(characters) if self._last else ""

    # What a dialect calls.

    def note(self, problem: str) -> None:
        """Say what could not be read; the first is kept, the rest counted."""
        self._problems += 1
        first = self.problem.partition(" (and ")[0]
        self.problem = problem if self._problems == 1 else f"{first} (and {self._problems - 1} more)"

    def keep(self, part: Part) -> None:
        """Keep what belongs to no choice. Beyond a thousand of them only their number grows."""
        if len(self._others) < 1000:
            self._others.append(part)
        else:
            self.note("more than 1,000 unknown events; the rest are not shown")

    def grow(self, buffer: TextBuffer, piece: str, kind: TailKind) -> None:
        """Add output to one of the draft's texts."""
        if piece:
            buffer.add(piece)
            self.output_pieces += 1
            self._last, self._last_kind = buffer, kind

    def take_failure(self, value: Any) -> bool:
        """Note the error that the value reports; False = it reports none."""
        failure = failure_of(value)
        if failure is not None:
            self.error_type, self.error_message = failure
        return failure is not None
