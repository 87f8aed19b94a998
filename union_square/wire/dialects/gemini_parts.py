"""Parts of Gemini's contents, in requests and answers. Clients write their names in camel case or in snake case."""

import re
from typing import Any, Literal

from union_square.domain.messages import (
    MediaPart,
    OtherPart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
)
from union_square.wire.jsontext import json_text, json_text_of, list_of, obj_of, text_of

_UPPER = re.compile(r"([A-Z])")
_ABOUT_THE_PART = {
    "thoughtSignature",
    "thought_signature",
    "thought",
    "videoMetadata",
    "video_metadata",
    "partMetadata",
}


def field_of(value: Any, name: str) -> Any:
    """The field of that camel-case name, or of the same in snake case; None where there is neither."""
    fields = obj_of(value)
    return fields[name] if name in fields else fields.get(_UPPER.sub(r"_\1", name).lower())


def parts_of(value: Any) -> list[Part]:
    """The parts of a content or of a bare list or text."""
    if isinstance(value, str):
        return [TextPart(text=text_of(value))]
    parts = field_of(value, "parts") if isinstance(value, dict) else value
    return [part for item in (list_of(parts) or ([parts] if isinstance(parts, dict) else [])) for part in part_of(item)]


def part_of(item: Any) -> list[Part]:
    """One part; a signature alone is none."""
    fields = obj_of(item)
    if isinstance(fields.get("text"), str):
        text = text_of(fields["text"])
        return [ThinkingPart(text=text)] if fields.get("thought") is True else [TextPart(text=text)]
    for name, read in _READERS.items():
        value = field_of(fields, name)
        if isinstance(value, dict):
            return [read(obj_of(value))]
    known = {key: value for key, value in fields.items() if key not in _ABOUT_THE_PART}
    if fields and not known:
        return []
    return [OtherPart(label=next(iter(known), "part"), json=json_text(item))]


def _call(value: dict[str, Any]) -> ToolCallPart:
    arguments = value.get("args")
    return ToolCallPart(
        id=text_of(value.get("id")),
        name=text_of(value.get("name")) or text_of(field_of(value, "toolType")),
        arguments=json_text_of(arguments),
    )


def _result(value: dict[str, Any]) -> ToolResultPart:
    response = value.get("response")
    return ToolResultPart(
        id=text_of(value.get("id")),
        name=text_of(value.get("name")) or text_of(field_of(value, "toolType")),
        text=json_text_of(response),
        is_error=bool(obj_of(response).get("error")),
    )


def _code(value: dict[str, Any]) -> ToolCallPart:
    return ToolCallPart(id=text_of(value.get("id")), name="code_execution", arguments=json_text(value))


def _code_result(value: dict[str, Any]) -> ToolResultPart:
    failed = text_of(value.get("outcome")) not in {"", "OUTCOME_OK"}
    return ToolResultPart(
        id=text_of(value.get("id")), name="code_execution", text=text_of(value.get("output")), is_error=failed
    )


def _media(value: dict[str, Any]) -> MediaPart:
    mime_type = text_of(field_of(value, "mimeType"))
    family = mime_type.partition("/")[0]
    modality: Literal["image", "audio", "video", "file"] = "file"
    if family in {"image", "audio", "video"}:
        modality = family  # pyright: ignore[reportAssignmentType]
    return MediaPart(
        modality=modality,
        mime_type=mime_type,
        data=text_of(value.get("data")),
        url=text_of(field_of(value, "fileUri")),
        name=text_of(field_of(value, "displayName")),
    )


_READERS = {
    "functionCall": _call,
    "functionResponse": _result,
    "toolCall": _call,
    "toolResponse": _result,
    "inlineData": _media,
    "fileData": _media,
    "executableCode": _code,
    "codeExecutionResult": _code_result,
}


def offers_of(tools: Any) -> tuple[ToolOffer, ...]:
    """The functions a request declares, and the provider's own tools by their names."""
    found: list[ToolOffer] = []
    for item in list_of(tools):
        for name, value in obj_of(item).items():
            if name not in {"functionDeclarations", "function_declarations"}:
                found.append(ToolOffer(name=text_of(name), schema=json_text(value) if value else ""))
                continue
            for declared in list_of(value):
                schema = field_of(declared, "parametersJsonSchema") or field_of(declared, "parameters")
                found.append(
                    ToolOffer(
                        name=text_of(field_of(declared, "name")),
                        description=text_of(field_of(declared, "description")),
                        schema=json_text(schema) if schema else "",
                    )
                )
    return tuple(found)
