"""A call that became a WebSocket: its recorded bytes as frames, and the frames as a conversation."""

import re
from typing import Any

from union_square.domain.messages import Message, Request
from union_square.wire.dialects.openai_responses import OpenAIResponses
from union_square.wire.headers import Head, Target
from union_square.wire.jsontext import obj_of, parse_json, text_of
from union_square.wire.talk import Talk, added
from union_square.wire.talk_gemini import GeminiTalk
from union_square.wire.talk_realtime import RealtimeTalk, summed
from union_square.wire.websocket import Direction, WebSocketMessage, open_readers

_REALTIME = re.compile(r"/realtime(/[\w-]+)*/?\Z")
_GEMINI = re.compile(r"BidiGenerateContent\w*\Z")
_RESPONSES = re.compile(r"/responses/?\Z")
MAX_EXCHANGES = 4096


class ResponsesTalk(Talk):
    """OpenAI's Responses over WebSocket: each `response.create` is a request, and its events are those of a stream.

    https://platform.openai.com/docs/guides/websocket-mode"""

    name = "openai-responses"

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._dialect = OpenAIResponses()
        self._first: Request | None = None
        self._exchanges = 0
        self._past: tuple[Message, ...] = ()
        self._now = self._dialect.open_response(Request(dialect=self.name, operation="chat"))
        self._spent = self.usage
        self._spent_priced = self.priced

    def take_json(self, direction: Direction, value: Any) -> bool:
        event = obj_of(value)
        if direction == "sent":
            return text_of(event.get("type")) == "response.create" and self._ask(event)
        pieces = self._now.output_pieces
        self.take_failure(value)
        taken = self._now.read_event(text_of(event.get("type")), value)
        self.output_pieces += self._now.output_pieces - pieces
        self.response_id = self._now.response_id or self.response_id
        self.model = self._now.model or self.model
        self.finish_reasons = self._now.finish_reasons
        self.usage = added(self._spent, self._now.usage)
        self.priced = summed(self._spent_priced, self._now.priced)
        return taken

    def tail(self, characters: int) -> Any:
        return self._now.tail(characters)

    def request(self, stream: bool = True) -> Request:
        plain = super().request(stream)
        first = self._first
        if first is None:
            return plain
        return Request(
            dialect=self.name,
            operation="chat",
            model=first.model,
            messages=plain.messages,
            tools=first.tools,
            parameters=first.parameters | plain.parameters,
            stream=True,
            previous_response_id=first.previous_response_id,
            conversation_id=first.conversation_id,
        )

    def read_messages(self) -> Any:
        yield from self._past
        yield from self._now.messages()
        yield from super().read_messages()

    def _ask(self, event: dict[str, Any]) -> bool:
        body = obj_of(event.get("response")) or {key: item for key, item in event.items() if key != "type"}
        asked = self._dialect.read_request(self.target, body)
        self._exchanges += 1
        if self._exchanges > MAX_EXCHANGES:
            self.note(f"more than {MAX_EXCHANGES:,} responses; the rest are not shown")
            return True
        self._first = self._first or asked
        self._past += tuple(self._now.messages()) + asked.messages
        self._spent, self._spent_priced = self.usage, self.priced
        self._now = self._dialect.open_response(asked)
        return True


class UpgradedCall:
    """Feed it the chunks of both sides in their order. `talk` is the conversation so far, and may become another kind
    with the first message, on a path that nobody claims."""

    def __init__(self, target: Target, response_head: Head) -> None:
        self._target = target
        self._sent, self._received = open_readers(response_head)
        kind = _kind_by_path(target.path)
        self._decided = kind is not None
        self._gap = False
        self.talk: Talk = (kind or Talk)(target)

    def feed(self, direction: Direction, data: bytes, offset_us: int) -> list[WebSocketMessage]:
        """The messages that end in these bytes, which the conversation has taken."""
        reader = self._sent if direction == "sent" else self._received
        before = reader.problem
        found = reader.feed(data, offset_us)
        for message in found:
            if not self._decided and message.kind in {"text", "binary"}:
                self._decided = True
                self.talk = _kind_by_shape(message)(self._target)
            self.talk.take(message)
        if reader.problem != before:
            self.talk.note(f"what was {direction} cannot be read on: {reader.problem}")
        return found

    def gap(self) -> None:
        """Bytes of either side are missing."""
        self._gap = True
        for reader in (self._sent, self._received):
            reader.stop("bytes before were not recorded")
        self.talk.note("frames after a gap cannot be read")

    def end(self) -> None:
        readable = not (self._gap or self._sent.problem or self._received.problem)
        self.talk.end(whole=readable)


def _kind_by_path(path: str) -> type[Talk] | None:
    if _REALTIME.search(path):
        return RealtimeTalk
    if _GEMINI.search(path):
        return GeminiTalk
    return ResponsesTalk if _RESPONSES.search(path) else None


def _kind_by_shape(message: WebSocketMessage) -> type[Talk]:
    """By the first message of all."""
    first = obj_of(parse_json(message.data).value) if message.data.lstrip()[:1] == b"{" else {}
    kind = text_of(first.get("type"))
    if message.direction == "sent" and isinstance(first.get("setup"), dict):
        return GeminiTalk
    if kind in {"session.created", "session.update", "conversation.created"}:
        return RealtimeTalk
    return ResponsesTalk if kind == "response.create" and "model" in first else Talk
