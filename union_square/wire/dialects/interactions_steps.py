"""Steps of Gemini's interactions, as they stand in a request's `input` and in an answer's `steps`.

An input is a text, one content, contents, steps, or turns with a role, which the format had before it had steps.
"""

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
    ToolResultPart,
)
from union_square.wire.dialects.citations import cited_by
from union_square.wire.jsontext import json_text, json_text_of, list_of, obj_of, text_of

_MEDIA: dict[str, Literal["image", "audio", "video", "file"]] = {
    "image": "image",
    "audio": "audio",
    "video": "video",
    "document": "file",
    "file": "file",
}
_BOOKKEEPING = {"type", "id", "call_id", "name", "signature", "result", "is_error", "arguments"}


def input_messages(value: Any) -> list[Message]:
    """The messages of an `input`. Neighbouring steps of the model are one message, as they were in their answer."""
    found: list[tuple[Role, list[Part]]] = []
    for item in list_of(value) if isinstance(value, list) else [value]:
        role, parts = _said(item)
        if found and found[-1][0] == role and (role == "assistant" or not _opens(item)):
            found[-1][1].extend(parts)
        elif parts:
            found.append((role, parts))
    return [Message(role=role, parts=tuple(parts)) for role, parts in found]


def _opens(item: Any) -> bool:
    """Whether it is a turn or a result of its own, not one more content of the same turn."""
    fields = obj_of(item)
    return "role" in fields or text_of(fields.get("type")) in {"user_input", "function_result"}


def _said(item: Any) -> tuple[Role, list[Part]]:
    fields = obj_of(item)
    if "role" in fields:
        role: Role = "assistant" if fields["role"] in {"model", "assistant"} else "user"
        return role, contents_of(fields.get("content"))
    kind = text_of(fields.get("type"))
    if kind == "function_result":
        return "tool", step_parts(item)
    is_models = kind in {"model_output", "thought"} or kind.endswith(("_call", "_result"))
    return "assistant" if is_models else "user", step_parts(item)


def contents_of(value: Any) -> list[Part]:
    """A text, one content or several."""
    if isinstance(value, str):
        return [TextPart(text=text_of(value))] if value else []
    return [part for item in list_of(value) or ([value] if value else []) for part in step_parts(item)]


def step_parts(item: Any) -> list[Part]:
    """A step or a content, as parts."""
    fields = obj_of(item)
    kind = text_of(fields.get("type"))
    match kind:
        case "user_input" | "model_output":
            return contents_of(fields.get("content"))
        case "text" if isinstance(fields.get("text"), str):
            return [TextPart(text=text_of(fields["text"])), *cited_by(item, "annotations")]
        case "thought":
            text = "\n\n".join(text_of(obj_of(one).get("text")) for one in list_of(fields.get("summary")))
            return [ThinkingPart(text=text, redacted=not text)]
        case _ if kind in _MEDIA:
            return [media_of(fields)]
        case _ if kind.endswith("_call"):
            return [call_of(fields, None)]
        case _ if kind.endswith("_result"):
            return _result(kind, fields)
        case _:
            return [TextPart(text=text_of(item))] if isinstance(item, str) else [_other(kind, item)]


def _other(kind: str, item: Any) -> OtherPart:
    return OtherPart(label=kind or "content", json=json_text(item))


def media_of(fields: dict[str, Any]) -> MediaPart:
    return MediaPart(
        modality=_MEDIA.get(text_of(fields.get("type")), "file"),
        mime_type=text_of(fields.get("mime_type")),
        data=text_of(fields.get("data")),
        url=text_of(fields.get("uri")),
    )


def call_of(fields: dict[str, Any], arguments: str | None) -> ToolCallPart:
    """A step that calls a tool; `arguments` are those that grew in a stream."""
    kind = text_of(fields.get("type"))
    asked = fields.get("arguments")
    if asked is None:
        asked = {key: value for key, value in fields.items() if key not in _BOOKKEEPING} or None
    return ToolCallPart(
        id=text_of(fields.get("id")),
        name=text_of(fields.get("name")) or kind.removesuffix("_call"),
        arguments=arguments or json_text_of(asked),
    )


def _result(kind: str, fields: dict[str, Any]) -> list[Part]:
    result = fields.get("result")
    inner = contents_of(result) if isinstance(result, list) else []
    texts = [part.text for part in inner if isinstance(part, TextPart)]
    media: list[Part] = [part for part in inner if isinstance(part, MediaPart)]
    if inner and len(texts) + len(media) == len(inner):
        text = "\n".join(texts)
    else:
        text, media = json_text_of(result), []
    name = text_of(fields.get("name")) or ("" if kind == "function_result" else kind.removesuffix("_result"))
    is_error = fields.get("is_error") is True
    return [ToolResultPart(id=text_of(fields.get("call_id")), name=name, text=text, is_error=is_error), *media]
