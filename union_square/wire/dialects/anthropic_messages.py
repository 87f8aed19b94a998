"""Anthropic messages: directly, on Vertex AI and Bedrock, and of the servers that speak it too.

https://docs.claude.com/en/api/messages, and …/messages-streaming for the events.
"""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import Message, Part, Request, TextPart, ThinkingPart, ToolCallPart, Usage
from union_square.wire.bodies import read_each
from union_square.wire.dialects.anthropic_blocks import block_parts, blocks_of, message_of, offers_of
from union_square.wire.dialects.citations import MOST_CITATIONS, cited
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.plain import model_in_path
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, list_of, obj_of, text_of
from union_square.wire.textbuffer import TextBuffer

_PATH = re.compile(r"/messages(/count_tokens)?/?\Z|/publishers/anthropic/models/[^/]+:(stream)?rawPredict\Z", re.I)
_NOT_PARAMETERS = {"model", "messages", "system", "tools", "stream"}
_OWN_BLOCKS = {"tool_use", "tool_result", "thinking", "redacted_thinking", "document"}
_OWN_FIELDS = {"system", "container", "context_management", "mcp_servers", "output_config"}
MAX_BLOCKS = 4096
"""Of one answer that are kept. Known answers hold a few dozen."""


class AnthropicMessages:
    name = "anthropic-messages"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None and "/threads/" not in path  # OpenAI's threads end so as well

    def claims_body(self, body: dict[str, Any]) -> bool:
        if "anthropic_version" in body:
            return True
        messages = list_of(body.get("messages"))
        if not messages or "max_tokens" not in body:
            return False
        blocks = (obj_of(block) for message in messages for block in list_of(obj_of(message).get("content")))
        return (
            bool(_OWN_FIELDS & body.keys())
            or any("input_schema" in obj_of(tool) for tool in list_of(body.get("tools")))
            or any(block.get("type") in _OWN_BLOCKS for block in blocks)
        )

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        system = blocks_of(body.get("system"))
        first = (Message(role="system", parts=tuple(system)),) if system else ()
        counting = "count_tokens" in target.path or "count-tokens" in target.path
        return Request(
            dialect=self.name,
            operation="count_tokens" if counting else "chat",
            model=text_of(body.get("model")) or model_in_path(target.path),
            messages=first + read_each(list_of(body.get("messages")), message_of),
            tools=offers_of(body.get("tools")),
            parameters={key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS},
            stream=body.get("stream") is True or "stream" in target.path.rpartition("/")[2],
        )

    def open_response(self, request: Request) -> Draft:
        return MessagesDraft(counting=request.operation == "count_tokens")


class _Block:
    """A block that is still growing. `start` is the block as its content_block_start gave it."""

    __slots__ = ("citations", "json", "start", "text")

    def __init__(self, start: dict[str, Any]) -> None:
        self.start = start
        self.text = TextBuffer()
        self.json = TextBuffer()
        self.citations: list[Any] = []

    def parts(self) -> list[Part]:
        kind = text_of(self.start.get("type"))
        if kind == "text":
            return [TextPart(text=self.text.text()), *cited(self.citations)]
        if kind == "thinking":
            return [ThinkingPart(text=self.text.text())]
        if not self.json:
            return block_parts(self.start)
        arguments = self.json.text()
        name = text_of(self.start.get("name")) or kind
        return [ToolCallPart(id=text_of(self.start.get("id")), name=name, arguments=arguments)]


class MessagesDraft(Draft):
    """Fed by whole bodies and by events."""

    def __init__(self, *, counting: bool = False) -> None:
        super().__init__()
        self._counting = counting
        self._blocks: dict[int, _Block] = {}
        self._parts: list[Part] = []  # of a whole body
        self._counts: dict[str, Any] = {}

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        if self._counting or "content" not in body:
            return False
        self._take_message(body)
        self._parts = blocks_of(body.get("content"))
        return True

    def read_event(self, name: str, value: Any) -> bool:
        event = obj_of(value)
        match text_of(event.get("type")) or name:
            case "message_start":
                self._take_message(obj_of(event.get("message")))
            case "content_block_start":
                self._start_block(event)
            case "content_block_delta":
                self._grow_block(event)
            case "message_delta":
                self._take_stop(obj_of(event.get("delta")))
                self._take_usage(event.get("usage"))
            case "message_stop":
                self.said_all = True
            case "content_block_stop" | "ping":
                pass
            case _:
                return False
        return True

    def read_messages(self) -> Iterator[Message]:
        growing = [part for _, block in sorted(self._blocks.items()) for part in block.parts()]
        parts = (*self._parts, *growing)
        if parts or self.response_id:
            yield Message(role="assistant", parts=parts)

    def _take_message(self, message: dict[str, Any]) -> None:
        self.response_id = text_of(message.get("id")) or self.response_id
        self.model = text_of(message.get("model")) or self.model
        self._take_stop(message)
        self._take_usage(message.get("usage"))

    def _take_stop(self, fields: dict[str, Any]) -> None:
        reason = text_of(fields.get("stop_reason"))
        if reason:
            self.finish_reasons = (reason,)

    def _take_usage(self, value: Any) -> None:
        # message_start counts the input, message_delta the output (and the input anew, where server tools added to it).
        self._counts |= {key: count for key, count in obj_of(value).items() if count is not None}
        self.usage = usage_of(self._counts) or self.usage
        long_lived = count_of(obj_of(self._counts.get("cache_creation")).get("ephemeral_1h_input_tokens"))
        self.priced = (("cache_write_1h_tokens", long_lived),) if long_lived else ()

    def _start_block(self, event: dict[str, Any]) -> None:
        index = count_of(event.get("index"))
        index = len(self._blocks) if index is None else index
        if len(self._blocks) >= MAX_BLOCKS:
            self.note(f"more than {MAX_BLOCKS:,} content blocks; the rest are not shown")
            return
        start = obj_of(event.get("content_block"))
        block = self._blocks[index] = _Block(start)
        kind = text_of(start.get("type"))
        self.grow(block.text, text_of(start.get(kind)), "thinking" if kind == "thinking" else "text")
        self.output_pieces += kind.endswith("tool_use")

    def _grow_block(self, event: dict[str, Any]) -> None:
        delta = obj_of(event.get("delta"))
        index = count_of(event.get("index"))
        block = self._blocks.get(max(self._blocks, default=0) if index is None else index)
        kind = text_of(delta.get("type"))
        if block is None:  # its start was not recorded
            starts = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "tool_use"}
            self._start_block({"index": index, "content_block": {"type": starts.get(kind, kind)}})
            block = self._blocks.get(max(self._blocks, default=0) if index is None else index)
        if block is None:
            return
        match kind:
            case "text_delta":
                self.grow(block.text, _raw(delta.get("text")), "text")
            case "thinking_delta":
                self.grow(block.text, _raw(delta.get("thinking")), "thinking")
            case "input_json_delta":
                self.grow(block.json, _raw(delta.get("partial_json")), "tool_call")
            case "citations_delta" if len(block.citations) < MOST_CITATIONS:
                block.citations.append(delta.get("citation"))
            case _:
                return  # signatures: about the output, not output


def _raw(value: Any) -> str:
    return value if isinstance(value, str) else ""


def usage_of(value: Any) -> Usage | None:
    """A usage object. Anthropic counts cached input beside `input_tokens`; here the whole input is their sum."""
    counts = obj_of(value)
    read = count_of(counts.get("cache_read_input_tokens"))
    written = count_of(counts.get("cache_creation_input_tokens"))
    if written is None:
        by_life = [count_of(count) for count in obj_of(counts.get("cache_creation")).values()]
        written = sum(count or 0 for count in by_life) if by_life else None
    fresh = count_of(counts.get("input_tokens"))
    found = Usage(
        input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        output_tokens=count_of(counts.get("output_tokens")),
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
        reasoning_output_tokens=count_of(obj_of(counts.get("output_tokens_details")).get("thinking_tokens")),
    )
    return None if found == Usage() else found
