"""One answer of a chat completion, assembled from deltas (a whole message is one delta)."""

from typing import Any

from union_square.domain.messages import (
    MediaPart,
    OtherPart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from union_square.wire.dialects.citations import MOST_CITATIONS, cited
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.openai_parts import part_of, thinking_text
from union_square.wire.jsontext import count_of, json_text, json_text_of, list_of, obj_of, text_of
from union_square.wire.sound import SoundBuffer
from union_square.wire.textbuffer import TextBuffer

MAX_PARTS = 4096
"""Tool calls and other parts of one answer that are kept apart. Known answers hold a few dozen."""

# Known keys of a message or delta; what else a server sends is bookkeeping (ids), not content.
_REASONING = ("reasoning_content", "reasoning", "reasoning_text")


class _ToolCall:
    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments = TextBuffer()


class _Sound:
    """An answer's sound, which a stream brings in pieces; or the id of one that was said before."""

    __slots__ = ("_first", "buffer")

    def __init__(self, first: dict[str, Any]) -> None:
        self._first = {name: value for name, value in first.items() if name != "data"}
        self.buffer = SoundBuffer()

    def part(self) -> MediaPart | OtherPart:
        if not self.buffer.size:
            return OtherPart(label="audio", json=json_text(self._first))
        data = self.buffer.base64()
        size = "" if data else f"{self.buffer.size:,} bytes"
        name = " ".join(filter(None, (text_of(self._first.get("id")), size)))
        return MediaPart(modality="audio", data=data, name=name)


class Choice:
    """Parts keep the order in which they began. `draft` is told of output as it grows."""

    def __init__(self, draft: Draft) -> None:
        self.finish_reason = ""
        self._draft = draft
        self._texts: dict[str, TextBuffer] = {}  # by kind: text, thinking, refusal
        self._by_index: dict[int, _ToolCall] = {}
        self._order: list[str | _ToolCall | _Sound | Part] = []
        self._reasoning_key = ""
        self._sound: _Sound | None = None
        self._citations: list[Any] = []

    def take(self, fields: dict[str, Any]) -> None:
        """One delta, or a whole message."""
        self._take_reasoning(fields)
        self._take_content(fields.get("content"))
        self._grow("refusal", fields.get("refusal"))
        self._take_audio(fields.get("audio"))
        self.cite(fields.get("annotations"))
        self.cite(fields.get("citations"))
        for image in list_of(fields.get("images")):
            self._append(part_of(image))
        for position, item in enumerate(list_of(fields.get("tool_calls"))):
            self._take_call(position, obj_of(item))
        if isinstance(fields.get("function_call"), dict):
            self._take_call(0, {"function": fields["function_call"]})

    def parts(self) -> tuple[Part, ...]:
        """What has come so far."""
        return (*(self._part(item) for item in self._order), *cited(self._citations))

    def cite(self, found: Any) -> None:
        """One citation or several; a stream tells each once."""
        more = list_of(found) or ([found] if isinstance(found, dict) else [])
        self._citations += more[: MOST_CITATIONS - len(self._citations)]

    def _part(self, item: "str | _ToolCall | _Sound | Part") -> Part:
        if isinstance(item, _ToolCall):
            return ToolCallPart(id=item.id, name=item.name, arguments=item.arguments.text())
        if isinstance(item, _Sound):
            return item.part()
        if not isinstance(item, str):
            return item
        text = self._texts[item].text()
        if item == "thinking":
            return ThinkingPart(text=text)
        return RefusalPart(text=text) if item == "refusal" else TextPart(text=text)

    def _append(self, item: "str | _ToolCall | _Sound | Part") -> None:
        if len(self._order) < MAX_PARTS:
            self._order.append(item)
        else:
            self._draft.note(f"more than {MAX_PARTS:,} parts in one answer; the rest are not shown")

    def _grow(self, kind: str, piece: Any) -> None:
        if not isinstance(piece, str) or not piece:
            return
        buffer = self._texts.get(kind)
        if buffer is None:
            buffer = self._texts[kind] = TextBuffer()
            self._append(kind)
        self._draft.grow(buffer, piece, "thinking" if kind == "thinking" else "text")

    def _take_reasoning(self, fields: dict[str, Any]) -> None:
        # Some servers send the same thought under two names: the first that is used is the one followed.
        for key in (self._reasoning_key,) if self._reasoning_key else _REASONING:
            piece = fields.get(key)
            if isinstance(piece, str) and piece:
                self._reasoning_key = key
                self._grow("thinking", piece)
                return
        for item in list_of(fields.get("reasoning_details")):
            detail = obj_of(item)
            if detail.get("type") == "reasoning.encrypted":
                if not any(isinstance(part, ThinkingPart) for part in self._order):
                    self._append(ThinkingPart(text="", redacted=True))
            elif not self._reasoning_key:
                self._grow("thinking", thinking_text(detail))

    def _take_content(self, content: Any) -> None:
        if isinstance(content, str):
            self._grow("text", content)
        for item in list_of(content):
            part = part_of(item) if not isinstance(item, str) else TextPart(text=item)
            if isinstance(part, TextPart):
                self._grow("text", part.text)
            elif isinstance(part, ThinkingPart):
                self._grow("thinking", part.text)
            elif isinstance(part, RefusalPart):
                self._grow("refusal", part.text)
            else:
                self._append(part)

    def _take_audio(self, value: Any) -> None:
        audio = obj_of(value)
        self._grow("text", audio.get("transcript"))
        data = text_of(audio.get("data"))
        names_it = text_of(audio.get("id")) and not text_of(audio.get("transcript"))
        if self._sound is None and (data or names_it):
            self._sound = _Sound(audio)
            self._append(self._sound)
        if data and self._sound is not None and not self._sound.buffer.add(data):
            self._draft.note("has sound that is not base64")

    def _take_call(self, position: int, fields: dict[str, Any]) -> None:
        function = obj_of(fields.get("function")) or obj_of(fields.get("custom"))
        index = count_of(fields.get("index"))
        call_id, name = text_of(fields.get("id")), text_of(function.get("name"))
        key = position if index is None else index
        call = self._by_index.get(key)
        # Gemini's and other servers number every call 0, or none: another id with a name begins another call.
        if call is None or (call_id and name and call.id and call_id != call.id):
            call = _ToolCall()
            self._by_index[key] = call
            self._append(call)
        call.id = call.id or call_id
        call.name = call.name or name
        arguments = function.get("arguments", function.get("input"))
        piece = arguments if isinstance(arguments, str) else json_text_of(arguments)
        self._draft.grow(call.arguments, piece, "tool_call")
        self._draft.output_pieces += bool(name)
