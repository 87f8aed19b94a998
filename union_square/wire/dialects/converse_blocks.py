"""Content blocks as Bedrock's Converse writes them, and Amazon's own models: one key says what a block is."""

from typing import Any, Literal

from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    Part,
    Role,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
)
from union_square.wire.dialects.citations import cited_by, is_citations
from union_square.wire.jsontext import json_text, json_text_of, list_of, obj_of, text_of

Modality = Literal["image", "audio", "video", "file"]
_MEDIA: dict[str, Modality] = {"image": "image", "video": "video", "audio": "audio", "document": "file"}
_FAMILY: dict[Modality, str] = {"image": "image/", "video": "video/", "audio": "audio/", "file": "application/"}


def message_of(item: Any) -> Message:
    """One message. Where it brings nothing but tool results its role is "tool", though the format says "user"."""
    fields = obj_of(item)
    if not fields:
        return Message(role="user", parts=(OtherPart(label="message", json=json_text(item)),))
    content = fields.get("content")
    role: Role = "user"
    if text_of(fields.get("role")) in {"assistant", "system"}:
        role = "assistant" if fields["role"] == "assistant" else "system"
    elif list_of(content) and all("toolResult" in _known(block) for block in list_of(content)):
        role = "tool"
    return Message(role=role, parts=tuple(blocks_of(content)))


def _known(block: Any) -> set[str]:
    return set(obj_of(block)) or {""}


def blocks_of(content: Any) -> list[Part]:
    """The parts of a `content` or `system`: a list of blocks, or a text."""
    if isinstance(content, str):
        return [TextPart(text=text_of(content))] if content else []
    return [part for block in list_of(content) for part in block_parts(block)]


def block_parts(item: Any) -> list[Part]:
    """One block as parts; a cache point is none, and a tool result brings its media as parts of their own."""
    block = obj_of(item)
    if isinstance(block.get("text"), str):
        return [TextPart(text=text_of(block["text"]))]
    for kind, modality in _MEDIA.items():
        if isinstance(block.get(kind), dict):
            return [_media(modality, obj_of(block[kind]))]
    if isinstance(block.get("toolUse"), dict):
        return [_tool_call(obj_of(block["toolUse"]))]
    if isinstance(block.get("toolResult"), dict):
        return _tool_result(obj_of(block["toolResult"]))
    if isinstance(block.get("reasoningContent"), dict):
        return [_thinking(obj_of(block["reasoningContent"]))]
    if isinstance(block.get("citationsContent"), dict):
        return [
            *blocks_of(obj_of(block["citationsContent"]).get("content")),
            *cited_by(block["citationsContent"], "citations"),
        ]
    if isinstance(block.get("guardContent"), dict):
        guarded = obj_of(block["guardContent"])
        return block_parts(obj_of(guarded.get("text")) or guarded)
    if "cachePoint" in block and len(block) == 1:
        return []
    return [OtherPart(label=next(iter(block), "block"), json=json_text(item))]


def _thinking(value: dict[str, Any]) -> ThinkingPart:
    text = text_of(obj_of(value.get("reasoningText")).get("text")) or text_of(value.get("text"))
    return ThinkingPart(text=text, redacted=not text and "redactedContent" in value)


def _media(modality: Modality, value: dict[str, Any]) -> MediaPart:
    source = obj_of(value.get("source"))
    form = text_of(value.get("format"))
    return MediaPart(
        modality=modality,
        mime_type=_FAMILY[modality] + form if form else "",
        data=text_of(source.get("bytes")),
        url=text_of(obj_of(source.get("s3Location")).get("uri")),
        name=text_of(value.get("name")),
    )


def _tool_call(value: dict[str, Any]) -> ToolCallPart:
    arguments = value.get("input")
    return ToolCallPart(
        id=text_of(value.get("toolUseId")),
        name=text_of(value.get("name")),
        arguments=json_text_of(arguments),
    )


def _tool_result(value: dict[str, Any]) -> list[Part]:
    texts: list[str] = []
    media: list[Part] = []
    for item in list_of(value.get("content")):
        block = obj_of(item)
        if "json" in block:
            texts.append(json_text(block["json"]))
            continue
        for part in block_parts(item):
            if isinstance(part, MediaPart):
                media.append(part)
            elif not is_citations(part):
                texts.append(part.text if isinstance(part, TextPart) else json_text(item))
    result = ToolResultPart(
        id=text_of(value.get("toolUseId")), text="\n".join(texts), is_error=value.get("status") == "error"
    )
    return [result, *media]


def offers_of(tools: Any) -> tuple[ToolOffer, ...]:
    """The tools of a `toolConfig`; a tool of the provider's own by its name."""
    found: list[ToolOffer] = []
    for item in list_of(tools):
        tool = obj_of(item)
        spec = obj_of(tool.get("toolSpec")) or obj_of(tool.get("systemTool"))
        if not spec:
            continue  # a cache point
        schema = obj_of(spec.get("inputSchema")).get("json")
        found.append(
            ToolOffer(
                name=text_of(spec.get("name")),
                description=text_of(spec.get("description")),
                schema=json_text_of(schema),
            )
        )
    return tuple(found)
