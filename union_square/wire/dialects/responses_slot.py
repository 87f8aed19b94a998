"""One output item of a streamed response, while it grows."""

from typing import Any

from union_square.domain.messages import Part, RefusalPart, TextPart, ThinkingPart, ToolCallPart
from union_square.wire.dialects.citations import MOST_CITATIONS, cited
from union_square.wire.dialects.draft import Draft, TailKind
from union_square.wire.dialects.responses_items import item_parts
from union_square.wire.jsontext import count_of, text_of
from union_square.wire.textbuffer import TextBuffer

# What an event's middle name says of the text that grows.
_KINDS: dict[str, TailKind] = {
    "output_text": "text",
    "text": "text",
    "refusal": "text",
    "output_audio_transcript": "text",
    "audio_transcript": "text",
    "reasoning_summary_text": "thinking",
    "reasoning_summary": "thinking",
    "reasoning_text": "thinking",
    "reasoning": "thinking",
    "function_call_arguments": "tool_call",
    "custom_tool_call_input": "tool_call",
    "mcp_call_arguments": "tool_call",
    "code_interpreter_call_code": "tool_call",
}
_MAX_TEXTS = 1024
"""Content and summary parts of one item that are kept apart. Known items hold a few."""


class Slot:
    """`item` is the item as last told; `done` tells it whole, and what grew is needed no more."""

    def __init__(self) -> None:
        self.grew = False
        self._item: dict[str, Any] = {}
        self._done: list[Part] | None = None
        self._texts: dict[tuple[str, int], TextBuffer] = {}  # by event name and content or summary index
        self._cited: dict[int, list[Any]] = {}  # by content index: the annotations of a text that grows

    def take(self, item: dict[str, Any], *, done: bool) -> None:
        """The item as `output_item.added` or `.done` tells it."""
        self._item = item
        if done:
            self._done = item_parts(item)
            self._texts.clear()
            self._cited.clear()

    def grow(self, event_name: str, event: dict[str, Any], draft: Draft) -> None:
        """One delta: "response.output_text.delta" and its fields."""
        name = event_name.removeprefix("response.").removesuffix(".delta")
        kind, delta = _KINDS.get(name), event.get("delta")
        if kind is None or not isinstance(delta, str):
            return
        index = count_of(event.get("content_index")) or count_of(event.get("summary_index")) or 0
        if (name, index) not in self._texts and len(self._texts) >= _MAX_TEXTS:
            draft.note(f"more than {_MAX_TEXTS:,} parts in one output item; the rest are not shown")
            return
        self.grew = True
        draft.grow(self._texts.setdefault((name, index), TextBuffer()), delta, kind)

    def cite(self, event: dict[str, Any]) -> None:
        """One `response.output_text.annotation.added`."""
        index = count_of(event.get("content_index")) or 0
        if self._done is None and (index in self._cited or len(self._cited) < _MAX_TEXTS):
            found = self._cited.setdefault(index, [])
            if len(found) < MOST_CITATIONS:
                found.append(event.get("annotation"))

    def parts(self) -> list[Part]:
        """What has come of the item so far."""
        if self._done is not None:
            return self._done
        if not self._texts:
            return item_parts(self._item) if text_of(self._item.get("type")) not in {"", "message", "reasoning"} else []
        thoughts = [text.text() for (name, _), text in self._texts.items() if _KINDS[name] == "thinking"]
        parts: list[Part] = [ThinkingPart(text="\n\n".join(thoughts))] if thoughts else []
        for (name, index), text in self._texts.items():
            if name == "refusal":
                parts.append(RefusalPart(text=text.text()))
            elif _KINDS[name] == "text":
                parts += [TextPart(text=text.text()), *cited(self._cited.get(index, ()))]
            elif _KINDS[name] == "tool_call":
                parts.append(self._call(text.text()))
        return parts

    def _call(self, arguments: str) -> ToolCallPart:
        kind = text_of(self._item.get("type"))
        return ToolCallPart(
            id=text_of(self._item.get("call_id")) or text_of(self._item.get("id")),
            name=text_of(self._item.get("name")) or kind.removesuffix("_call"),
            arguments=arguments,
        )
