"""Bedrock's Converse, whole and streamed, and Amazon Nova's own format, which is the same behind another path.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and …/API_runtime_ConverseStream.html.
"""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import Message, Part, Request, TextPart, ThinkingPart, ToolCallPart, Usage
from union_square.wire.bodies import read_each
from union_square.wire.dialects.citations import MOST_CITATIONS, cited
from union_square.wire.dialects.converse_blocks import block_parts, blocks_of, message_of, offers_of
from union_square.wire.dialects.draft import Draft
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, list_of, obj_of, text_of
from union_square.wire.textbuffer import TextBuffer

_PATH = re.compile(r"/model/(.+)/converse(-stream)?/?\Z")
_MODEL = re.compile(r"/model/(.+)/[^/]+/?\Z")
_NOT_PARAMETERS = {"messages", "system", "toolConfig", "inferenceConfig", "modelId"}
_EVENTS = {
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
}
MAX_BLOCKS = 4096
"""Of one answer that are kept. Known answers hold a few dozen."""


def bedrock_model(path: str) -> str:
    """The model id, inference profile or ARN (which holds slashes) of a path of Bedrock's runtime; "" = none."""
    found = _MODEL.search(path)
    return found[1] if found else ""


class BedrockConverse:
    name = "bedrock-converse"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:
        messages = list_of(body.get("messages"))
        blocks = [block for message in messages for block in list_of(obj_of(message).get("content"))]
        ours = {"inferenceConfig", "toolConfig", "schemaVersion"} & body.keys()
        return bool(blocks and ours) and not any("type" in obj_of(block) for block in blocks)

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        system = blocks_of(body.get("system"))
        first = (Message(role="system", parts=tuple(system)),) if system else ()
        return Request(
            dialect=self.name,
            operation="chat",
            model=bedrock_model(target.path) or text_of(body.get("modelId")),
            messages=first + read_each(list_of(body.get("messages")), message_of),
            tools=offers_of(obj_of(body.get("toolConfig")).get("tools")),
            parameters=_parameters(body),
            stream="-stream" in target.path.rpartition("/")[2],
        )

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return ConverseDraft()


def _parameters(body: dict[str, Any]) -> dict[str, Any]:
    """The settings, those of `inferenceConfig` and the choice of tools beside the others."""
    found = {key: clean_value(value) for key, value in body.items() if key not in _NOT_PARAMETERS}
    found |= clean_value(obj_of(body.get("inferenceConfig")))
    choice = obj_of(body.get("toolConfig")).get("toolChoice")
    return found if choice is None else found | {"toolChoice": clean_value(choice)}


class _Block:
    """A block that is still growing. `start` is what its contentBlockStart gave."""

    __slots__ = ("arguments", "citations", "redacted", "start", "texts")

    def __init__(self, start: dict[str, Any]) -> None:
        self.start = start
        self.texts: dict[str, TextBuffer] = {}  # by kind
        self.arguments = TextBuffer()
        self.redacted = False
        self.citations: list[Any] = []

    def buffer(self, kind: str) -> TextBuffer:
        return self.texts.setdefault(kind, TextBuffer())

    def parts(self) -> list[Part]:
        call = obj_of(self.start.get("toolUse"))
        if call or self.arguments:
            name, call_id = text_of(call.get("name")), text_of(call.get("toolUseId"))
            return [ToolCallPart(id=call_id, name=name, arguments=self.arguments.text())]
        parts: list[Part] = []
        if "thinking" in self.texts or self.redacted:
            text = self.buffer("thinking").text()
            parts.append(ThinkingPart(text=text, redacted=not text))
        if "text" in self.texts:
            parts.append(TextPart(text=self.texts["text"].text()))
        parts += cited(self.citations)
        return parts or (block_parts(self.start) if self.start else [])


class ConverseDraft(Draft):
    """Fed by whole bodies and by events, whose kind is their name or, in Nova's own stream, their only key."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[int, _Block] = {}
        self._parts: list[Part] = []  # of a whole body
        self._began = False
        self._by_piece = False  # Nova's own stream numbers every piece of a text as a block

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        message = obj_of(obj_of(body.get("output")).get("message"))
        if not message and "stopReason" not in body:
            return False
        self._began = True
        self._parts = blocks_of(message.get("content"))
        self._take_end(body)
        return True

    def read_event(self, name: str, value: Any) -> bool:
        fields = obj_of(value)
        if name not in _EVENTS:
            name = next((key for key in fields if key in _EVENTS), "")
            self._by_piece = True
            fields = obj_of(fields.get(name))
        match name:
            case "messageStart":
                self._began = True
            case "contentBlockStart":
                self._start_block(fields)
            case "contentBlockDelta":
                self._grow_block(fields)
            case "messageStop" | "metadata":
                self._take_end(fields)
                self.said_all = self.said_all or name == "metadata"
            case "contentBlockStop":
                pass
            case _:
                return False
        return True

    def read_messages(self) -> Iterator[Message]:
        growing = [part for _, block in sorted(self._blocks.items()) for part in block.parts()]
        if self._by_piece:
            growing = _joined(growing)
        if self._parts or growing or self._began:
            yield Message(role="assistant", parts=(*self._parts, *growing))

    def _take_end(self, fields: dict[str, Any]) -> None:
        reason = text_of(fields.get("stopReason"))
        if reason:
            self.finish_reasons = (reason,)
        self.service_tier = text_of(obj_of(fields.get("serviceTier")).get("type")) or self.service_tier
        self.usage = usage_of(fields.get("usage")) or self.usage

    def _block(self, event: dict[str, Any], start: dict[str, Any]) -> _Block | None:
        index = count_of(event.get("contentBlockIndex"))
        index = max(self._blocks, default=0) if index is None else index
        block = self._blocks.get(index)
        if block is None:
            if len(self._blocks) >= MAX_BLOCKS:
                self.note(f"more than {MAX_BLOCKS:,} content blocks; the rest are not shown")
                return None
            block = self._blocks[index] = _Block(start)
        return block

    def _start_block(self, event: dict[str, Any]) -> None:
        start = obj_of(event.get("start"))
        if self._block(event, start) is not None:
            self.output_pieces += "toolUse" in start

    def _grow_block(self, event: dict[str, Any]) -> None:
        block = self._block(event, {})
        if block is None:
            return
        delta = obj_of(event.get("delta"))
        thought = obj_of(delta.get("reasoningContent"))
        self._grow_text(block, "text", delta.get("text"))
        self._grow_text(block, "thinking", thought.get("text"))
        if delta.get("citation") and len(block.citations) < MOST_CITATIONS:
            block.citations.append(delta["citation"])
        block.redacted = block.redacted or "redactedContent" in thought
        piece = obj_of(delta.get("toolUse")).get("input")
        if isinstance(piece, str):
            self.grow(block.arguments, piece, "tool_call")
        media = [part for part in block_parts(delta) if part.type == "media"]
        if media:
            block.start = delta
            self.output_pieces += 1

    def _grow_text(self, block: _Block, kind: Any, piece: Any) -> None:
        if isinstance(piece, str):
            self.grow(block.buffer(kind), piece, kind)


def _joined(parts: list[Part]) -> list[Part]:
    """The parts with neighbouring texts as one."""
    found: list[Part] = []
    texts: list[str] = []
    for part in parts:
        if isinstance(part, TextPart):
            texts.append(part.text)
            continue
        if texts:
            found.append(TextPart(text="".join(texts)))
            texts.clear()
        found.append(part)
    return [*found, TextPart(text="".join(texts))] if texts else found


def usage_of(value: Any) -> Usage | None:
    """A usage object. Converse counts cached input beside `inputTokens`; here the whole input is their sum. Nova's own
    format names the cached counts `…TokenCount`."""
    counts = obj_of(value)
    read = _cached(counts, "cacheReadInputToken")
    written = _cached(counts, "cacheWriteInputToken")
    fresh = count_of(counts.get("inputTokens"))
    found = Usage(
        input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        output_tokens=count_of(counts.get("outputTokens")),
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
    )
    return None if found == Usage() else found


def _cached(counts: dict[str, Any], name: str) -> int | None:
    found = count_of(counts.get(f"{name}s"))
    return count_of(counts.get(f"{name}Count")) if found is None else found
