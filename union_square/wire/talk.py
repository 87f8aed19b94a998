"""A conversation over a WebSocket while it goes on: what every kind of it shares, and the plain fallback.

Turns stand in the order in which they began, whoever began them. What was said up to the first answer is the call's
request, what follows its response, later turns of the user included.

Must not: do I/O, raise because of what was said, keep much sound.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from union_square.domain.messages import (
    MediaPart,
    Message,
    Part,
    Request,
    Role,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    Usage,
)
from union_square.wire.dialects.draft import Draft, TailKind
from union_square.wire.dialects.plain import json_part, media_part, model_in_path, text_part
from union_square.wire.headers import Target
from union_square.wire.jsontext import parse_json
from union_square.wire.sound import SoundBuffer
from union_square.wire.textbuffer import TextBuffer
from union_square.wire.websocket import NO_STATUS, Direction, WebSocketMessage

MAX_TURNS = 4096
"""Turns of one conversation that are kept. An hour of talk has a few hundred."""
MAX_SOUND_BYTES = 4 << 20
"""Of the sound of one conversation that is kept to be heard: a minute and a half of bare samples."""
_FINE = frozenset({1000, 1001, NO_STATUS})
"""Close codes of an end that somebody wanted (RFC 6455 section 7.4.1)."""


class Turn:
    """What one side says, while it grows: texts that grow, and parts that are there at once."""

    def __init__(self, role: Role) -> None:
        self.role: Role = role
        self.parts: list[Part] = []
        self.texts: dict[TailKind, TextBuffer] = {}
        self.call: tuple[str, str] = ("", "")  # id and name of the tool call whose arguments grow
        self.sound: MediaPart | None = None
        self.samples: SoundBuffer | None = None  # what `sound` is, where it is kept

    def settle(self, parts: list[Part]) -> None:
        """The turn as it was told at its end: what grew is needed no more."""
        self.parts = parts
        self.texts = {}

    def message(self) -> Message | None:
        parts: list[Part] = [] if self.sound is None else [self._sound(self.sound)]
        for kind, text in self.texts.items():
            match kind:
                case "text":
                    parts.append(TextPart(text=text.text()))
                case "thinking":
                    parts.append(ThinkingPart(text=text.text()))
                case "tool_call":
                    parts.append(ToolCallPart(id=self.call[0], name=self.call[1], arguments=text.text()))
        parts += self.parts
        return Message(role=self.role, parts=tuple(parts)) if parts else None

    def _sound(self, sound: MediaPart) -> MediaPart:
        if self.samples is None or not self.samples.size:
            return sound
        data = self.samples.base64()
        return replace(sound, data=data, name="" if data else f"{self.samples.size:,} bytes")


class Talk(Draft):
    """Override `take_json`. Says by itself how the connection ended."""

    name = "websocket"

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.output_pieces: int = 0
        self.target = target
        self.asked_model = model_in_path(target.path)
        self.system: tuple[Message, ...] = ()
        self.tools: tuple[ToolOffer, ...] = ()
        self.parameters: dict[str, Any] = {}
        self.frames: dict[Direction, int] = {"sent": 0, "received": 0}
        self.closed: WebSocketMessage | None = None  # the first close frame
        self.sound_left = MAX_SOUND_BYTES
        self._turns: list[Turn] = []
        self._by_key: dict[str, Turn] = {}

    # What a kind of conversation overrides.

    def take_json(self, direction: Direction, value: Any) -> bool:
        """Take one JSON message; False = it is not of this kind's shape."""
        self.say(direction).parts.append(json_part(value))
        return True

    def read_messages(self) -> Iterator[Message]:
        yield from self.system
        for turn in self._turns:
            message = turn.message()
            if message is not None:
                yield message

    # What a reader of frames calls.

    def take(self, message: WebSocketMessage) -> None:
        """One message or control frame, in the order they were seen."""
        if message.kind in {"ping", "pong"}:
            return
        if message.kind == "close":
            self._take_close(message)
            return
        self.frames[message.direction] += 1
        if message.left_out:
            self.note(f"a message of {message.size:,} bytes was {message.direction} that cannot be shown")
            return
        if message.data.lstrip()[:1] in {b"{", b"["}:  # Gemini's are binary frames
            read = parse_json(message.data)
            if read.value is not None and not read.problem:
                if not self.take_json(message.direction, read.value):
                    self.say(message.direction).parts.append(json_part(read.value))
                return
        if message.kind == "text":
            self.say(message.direction).parts.append(text_part(message.text))
        else:
            self.say(message.direction).parts.append(media_part(message.data, "application/octet-stream"))
        if message.direction == "received":
            self.output_pieces += 1

    def end(self, *, whole: bool) -> None:
        """The connection is gone; `whole`: every byte of it was recorded."""
        if self.closed is None and whole and not self.error_type:
            self.error_type = "websocket_1006"
            self.error_message = "the connection ended without a close frame"

    def request(self, stream: bool = True) -> Request:
        """What was said before the first answer."""
        asked, _ = self._parted()
        return Request(
            dialect=self.name,
            operation="chat" if self.name != "websocket" else "",
            model=self.asked_model,
            messages=asked,
            tools=self.tools,
            parameters=self.parameters | {"websocket": self._about()},
            stream=stream,
        )

    def messages(self) -> tuple[Message, ...]:
        """The first answer and all that follows."""
        return self._parted()[1]

    # What a kind of conversation calls.

    def say(self, direction: Direction) -> Turn:
        """A new turn of that side."""
        return self.turn("", "user" if direction == "sent" else "assistant")

    def turn(self, key: str, role: Role) -> Turn:
        """The turn that the provider knows by `key`; a new one where there is none, or no key."""
        found = self._by_key.get(key) if key else None
        if found is None:
            found = Turn(role)
            if len(self._turns) < MAX_TURNS:
                self._turns.append(found)
            else:
                self.note(f"more than {MAX_TURNS:,} turns; the rest are not shown")
            if key and len(self._by_key) < MAX_TURNS:
                self._by_key[key] = found
        return found

    def known(self, key: str) -> bool:
        return key in self._by_key

    def name_turn(self, key: str, turn: Turn) -> None:
        """The provider has given a turn its key."""
        if key and len(self._by_key) < MAX_TURNS:
            self._by_key[key] = turn

    def grow_turn(self, turn: Turn, piece: Any, kind: TailKind) -> None:
        """More of a turn's text, of the assistant's output or of what the user was heard to say."""
        if not isinstance(piece, str):
            return
        buffer = turn.texts.setdefault(kind, TextBuffer())
        if turn.role == "assistant":
            self.grow(buffer, piece, kind)
        else:
            buffer.add(piece)

    def keep_sound(self, turn: Turn, encoded: Any) -> None:
        """A piece of the turn's sound: kept while the talk has kept little."""
        if turn.samples is None:
            turn.samples = SoundBuffer()
        before = turn.samples.size
        if self.sound_left <= 0:
            turn.samples.limit = 0
        if not turn.samples.add(encoded if isinstance(encoded, str) else ""):
            self.note("has sound that is not base64")
        self.sound_left -= turn.samples.size - before

    def _parted(self) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
        found = tuple(super().messages())
        first = next((i for i, message in enumerate(found) if message.role == "assistant"), len(found))
        return found[:first], found[first:]

    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = {"messages_sent": self.frames["sent"], "messages_received": self.frames["received"]}
        if self.closed is not None:
            by: Literal["client", "provider"] = "client" if self.closed.direction == "sent" else "provider"
            about |= {"close_code": self.closed.code, "close_reason": self.closed.text, "closed_by": by}
        return about

    def _take_close(self, message: WebSocketMessage) -> None:
        if self.closed is not None:
            return  # the answer to the first
        self.closed = message
        if message.code in _FINE:
            self.said_all = True
        elif not self.error_type:
            self.error_type, self.error_message = f"websocket_{message.code}", message.text


def added(first: Usage | None, second: Usage | None) -> Usage | None:
    """The sums; what neither reports stays unreported."""
    if first is None or second is None:
        return first or second

    def both(name: str) -> int | None:
        counts = [count for count in (getattr(first, name), getattr(second, name)) if count is not None]
        return sum(counts) if counts else None

    return Usage(
        input_tokens=both("input_tokens"),
        output_tokens=both("output_tokens"),
        cache_read_input_tokens=both("cache_read_input_tokens"),
        cache_creation_input_tokens=both("cache_creation_input_tokens"),
        reasoning_output_tokens=both("reasoning_output_tokens"),
    )
