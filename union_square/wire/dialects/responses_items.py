"""Items of OpenAI's responses format, as they stand in a request's `input` and in a response's `output`."""

from typing import Any

from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    Part,
    Role,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from union_square.wire.dialects.citations import cited_by
from union_square.wire.dialects.openai_parts import part_of, parts_of
from union_square.wire.jsontext import json_text, json_text_of, list_of, obj_of, text_of

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "assistant": "assistant", "tool": "tool"}
_SETTINGS = {"additional_tools", "configuration_update"}
"""Items that nobody says: they set what holds from there on."""
_BOOKKEEPING = {"id", "type", "status", "call_id", "created_by"}


def input_messages(value: Any) -> list[Message]:
    """The messages of an `input`: a text, or items. Neighbouring items of the assistant are one message, as they were
    in the response they came from."""
    if isinstance(value, str):
        return [Message(role="user", parts=(TextPart(text=text_of(value)),))] if value else []
    messages: list[Message] = []
    growing: list[Part] = []
    for item in list_of(value):
        role, parts = _item(item)
        if role == "assistant":
            growing += parts
            continue
        if growing:
            messages.append(Message(role="assistant", parts=tuple(growing)))
            growing = []
        messages.append(Message(role=role, parts=tuple(parts)))
    if growing:
        messages.append(Message(role="assistant", parts=tuple(growing)))
    return messages


def _item(item: Any) -> tuple[Role, list[Part]]:
    fields = obj_of(item)
    kind = text_of(fields.get("type"))
    if kind in {"", "message"} and "role" in fields:
        return _ROLES.get(text_of(fields["role"]), "user"), _cited_parts(fields.get("content"))
    if kind.endswith("_output"):
        return "tool", _result_parts(fields)
    if kind in _SETTINGS:
        return "system", [OtherPart(label=kind, json=json_text(item))]
    if kind == "mcp_approval_response":
        return "user", [OtherPart(label=kind, json=json_text(item))]
    if not kind and not isinstance(item, str):
        return "user", [OtherPart(label="item", json=json_text(item))]
    return ("user", [TextPart(text=text_of(item))]) if isinstance(item, str) else ("assistant", item_parts(item))


def _result_parts(fields: dict[str, Any]) -> list[Part]:
    output = fields.get("output")
    parts = parts_of(output) if isinstance(output, list) else []
    media: list[Part] = [part for part in parts if isinstance(part, MediaPart)]
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    if parts and len(texts) + len(media) == len(parts):
        text = "\n".join(texts)
    else:
        text, media = json_text_of(output), []
        if output is None:  # tool_search_output and the like: all their fields are the result
            text = json_text({key: value for key, value in fields.items() if key not in _BOOKKEEPING})
    kind = text_of(fields.get("type"))
    name = "" if kind in {"function_call_output", "custom_tool_call_output"} else kind.removesuffix("_call_output")
    return [ToolResultPart(id=text_of(fields.get("call_id")), name=name, text=text), *media]


def item_parts(item: Any) -> list[Part]:
    """An item that the model or a tool of the provider's made, as parts."""
    fields = obj_of(item)
    kind = text_of(fields.get("type"))
    match kind:
        case "message":
            return _cited_parts(fields.get("content"))
        case "reasoning":
            return [_thinking(fields)]
        case "function_call":
            return [_call(fields, text_of(fields.get("name")), fields.get("arguments"))]
        case "custom_tool_call":
            return [_call(fields, text_of(fields.get("name")), fields.get("input"))]
        case "image_generation_call" if text_of(fields.get("result")):
            form = text_of(fields.get("output_format")) or "png"
            asked = _server_call(kind, {key: value for key, value in fields.items() if key != "result"})
            return [*asked, MediaPart(modality="image", mime_type=f"image/{form}", data=text_of(fields["result"]))]
        case "mcp_call":
            return _mcp_call(fields)
        case "output_text" | "text" | "refusal":
            return [part_of(item)]
        case _ if kind.endswith("_output"):
            return _result_parts(fields)
        case _ if kind.endswith("_call"):
            return _server_call(kind, fields)
        case _:
            return [OtherPart(label=kind or "item", json=json_text(item))]


def _cited_parts(content: Any) -> list[Part]:
    """The parts of a message's content, each text with its annotations behind it."""
    if not isinstance(content, list):
        return parts_of(content)
    return [part for item in list_of(content) for part in (*parts_of([item]), *cited_by(item, "annotations"))]


def _thinking(fields: dict[str, Any]) -> ThinkingPart:
    texts = [text_of(obj_of(part).get("text")) for part in list_of(fields.get("content"))]
    if not any(texts):
        texts = [text_of(obj_of(part).get("text")) for part in list_of(fields.get("summary"))]
    text = "\n\n".join(text for text in texts if text)
    return ThinkingPart(text=text, redacted=not text and bool(fields.get("encrypted_content")))


def _call(fields: dict[str, Any], name: str, arguments: Any) -> ToolCallPart:
    call_id = text_of(fields.get("call_id")) or text_of(fields.get("id"))
    return ToolCallPart(id=call_id, name=name, arguments=json_text_of(arguments))


def _mcp_call(fields: dict[str, Any]) -> list[Part]:
    name = text_of(fields.get("name"))
    call = _call(fields, name, fields.get("arguments"))
    output, error = fields.get("output"), fields.get("error")
    if output is None and not error:
        return [call]
    return [call, ToolResultPart(id=call.id, name=name, text=json_text(error or output), is_error=bool(error))]


def _server_call(kind: str, fields: dict[str, Any]) -> list[Part]:
    """web_search_call, file_search_call, code_interpreter_call, computer_call, …: what was asked, and what came."""
    name = kind.removesuffix("_call")
    results = {key: fields[key] for key in ("results", "outputs", "output") if fields.get(key)}
    asked = {key: value for key, value in fields.items() if key not in _BOOKKEEPING | {"results", "outputs", "output"}}
    call = _call(fields, name, {key: value for key, value in asked.items() if value is not None} or None)
    if not results:
        return [call]
    return [call, ToolResultPart(id=call.id, name=name, text=json_text(next(iter(results.values()))))]
