"""Content blocks as Anthropic's messages format writes them, in requests and answers."""

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

_ROLES: dict[str, Role] = {"assistant": "assistant", "system": "system", "developer": "system", "tool": "tool"}


def message_of(item: Any) -> Message:
    """One message. Where it brings nothing but tool results its role is "tool", though the format says "user"."""
    fields = obj_of(item)
    if not fields:
        return Message(role="user", parts=(OtherPart(label="message", json=json_text(item)),))
    content = fields.get("content")
    parts = blocks_of(content)
    role = _ROLES.get(text_of(fields.get("role")), "user")
    kinds = {text_of(obj_of(block).get("type")) for block in list_of(content)}
    if role == "user" and kinds == {"tool_result"}:
        role = "tool"
    return Message(role=role, parts=tuple(parts))


def blocks_of(content: Any) -> list[Part]:
    """The parts of a `content` or `system`: a text, or a list of blocks."""
    if isinstance(content, str):
        return [TextPart(text=text_of(content))] if content else []
    if isinstance(content, dict):
        return block_parts(content)
    return [part for block in list_of(content) for part in block_parts(block)]


def block_parts(item: Any) -> list[Part]:
    """One block as parts: a tool result brings its images as parts of their own."""
    block = obj_of(item)
    kind = text_of(block.get("type"))
    match kind:
        case "text" if isinstance(block.get("text"), str):
            return [TextPart(text=text_of(block["text"])), *cited_by(block, "citations")]
        case "thinking":
            return [ThinkingPart(text=text_of(block.get("thinking")))]
        case "redacted_thinking":
            return [ThinkingPart(text="", redacted=True)]
        case "tool_use" | "server_tool_use" | "mcp_tool_use":
            return [_tool_call(block)]
        case "tool_result" | "mcp_tool_result":
            return _tool_result(block)
        case "image" | "document":
            return [_media("image" if kind == "image" else "file", block) or _other(kind, item)]
        case _ if kind.endswith("_tool_result"):  # of the provider's own tools: web_search_tool_result, …
            return [_server_result(kind, block)]
        case _:
            return [TextPart(text=text_of(item))] if isinstance(item, str) else [_other(kind, item)]


def _other(kind: str, item: Any) -> OtherPart:
    return OtherPart(label=kind or "block", json=json_text(item))


def _tool_call(block: dict[str, Any]) -> ToolCallPart:
    arguments = block.get("input")
    return ToolCallPart(
        id=text_of(block.get("id")),
        name=text_of(block.get("name")),
        arguments=json_text_of(arguments),
    )


def _tool_result(block: dict[str, Any]) -> list[Part]:
    content = block.get("content")
    inner = [part for part in blocks_of(content) if not is_citations(part)]
    texts = [part.text for part in inner if isinstance(part, TextPart)]
    rest = [part for part in inner if not isinstance(part, TextPart)]
    media: list[Part] = [part for part in rest if isinstance(part, MediaPart)]
    if len(media) < len(rest):
        text, media = json_text(content), []  # holds blocks that are neither: shown as they stand
    else:
        text = "\n".join(texts)
    result = ToolResultPart(id=text_of(block.get("tool_use_id")), text=text, is_error=block.get("is_error") is True)
    return [result, *media]


def _server_result(kind: str, block: dict[str, Any]) -> ToolResultPart:
    content = block.get("content")
    failed = text_of(obj_of(content).get("type")).endswith("_error")
    return ToolResultPart(
        id=text_of(block.get("tool_use_id")),
        name=kind.removesuffix("_tool_result"),
        text=json_text_of(content),
        is_error=failed,
    )


def _media(modality: Literal["image", "file"], block: dict[str, Any]) -> MediaPart | TextPart | None:
    source = obj_of(block.get("source"))
    name, mime_type = text_of(block.get("title")), text_of(source.get("media_type"))
    match source.get("type"):
        case "base64":
            return MediaPart(modality=modality, mime_type=mime_type, data=text_of(source.get("data")), name=name)
        case "url":
            return MediaPart(modality=modality, mime_type=mime_type, url=text_of(source.get("url")), name=name)
        case "file":
            return MediaPart(modality=modality, name=name or text_of(source.get("file_id")))
        case "text":
            return TextPart(text=text_of(source.get("data")))
        case _:
            return None


def offers_of(tools: Any) -> tuple[ToolOffer, ...]:
    """The tools a request offers; a tool of the provider's own has its settings for a schema."""
    found: list[ToolOffer] = []
    for item in list_of(tools):
        tool = obj_of(item)
        schema = tool.get("input_schema")
        if schema is None:
            schema = {key: value for key, value in tool.items() if key not in {"name", "description"}} or None
        found.append(
            ToolOffer(
                name=text_of(tool.get("name")) or text_of(tool.get("type")),
                description=text_of(tool.get("description")),
                schema=json_text_of(schema),
            )
        )
    return tuple(found)
