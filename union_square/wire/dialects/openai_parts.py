"""Content parts as OpenAI's formats write them, and what servers that copy them have added."""

from typing import Any

from union_square.domain.messages import MediaPart, OtherPart, Part, RefusalPart, TextPart, ThinkingPart, ToolOffer
from union_square.wire.jsontext import json_text, json_text_of, list_of, obj_of, text_of

_AUDIO_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}


def media_from_url(modality: Any, url: str, name: str = "") -> MediaPart:
    """An image, audio or file by its URL; a data URL gives the data itself."""
    if url.startswith("data:"):
        head, _, data = url[5:].partition(",")
        return MediaPart(modality=modality, mime_type=head.partition(";")[0], data=data, name=name)
    return MediaPart(modality=modality, url=url, name=name)


def parts_of(content: Any) -> list[Part]:
    """The parts of a message's `content`: a text, or a list of typed parts."""
    if isinstance(content, str):
        return [TextPart(text=text_of(content))] if content else []
    if isinstance(content, dict):
        return [part_of(content)]
    return [TextPart(text=text_of(item)) if isinstance(item, str) else part_of(item) for item in list_of(content)]


def part_of(item: Any) -> Part:
    """One typed content part."""
    part = obj_of(item)
    kind = text_of(part.get("type"))
    match kind:
        case "text" | "input_text" | "output_text" if isinstance(part.get("text"), str):
            return TextPart(text=text_of(part["text"]))
        case "refusal" if isinstance(part.get("refusal"), str):
            return RefusalPart(text=text_of(part["refusal"]))
        case "thinking" | "reasoning_text" | "summary_text" | "reasoning":
            return ThinkingPart(text=thinking_text(part))
        case "image_url" | "input_image" | "video_url" | "audio_url" | "document_url" | "input_audio":
            return _media(kind, part) or _other(kind, item)
        case "file" | "input_file":
            return _file(part) or _other(kind, item)
        case _:
            return _other(kind, item)


def _other(kind: str, item: Any) -> OtherPart:
    return OtherPart(label=kind or "part", json=json_text(item))


def thinking_text(part: dict[str, Any]) -> str:
    """The text of a thinking part, which stands under one of several names, as a text or as a list of texts."""
    for key in ("thinking", "text", "summary", "reasoning", "content"):
        value = part.get(key)
        if isinstance(value, str):
            return text_of(value)
        if isinstance(value, list):
            return "".join(text_of(obj_of(item).get("text")) for item in list_of(value))
    return ""


def _media(kind: str, part: dict[str, Any]) -> MediaPart | None:
    modality = {"video_url": "video", "audio_url": "audio", "input_audio": "audio", "document_url": "file"}.get(
        kind, "image"
    )
    value = part.get("image_url" if kind == "input_image" else kind)
    url = text_of(value) or text_of(obj_of(value).get("url"))
    if url:
        return media_from_url(modality, url)
    fields = obj_of(value)
    if kind == "input_audio" and isinstance(fields.get("data"), str):
        form = text_of(fields.get("format"))
        return MediaPart(
            modality="audio", mime_type=_AUDIO_TYPES.get(form, f"audio/{form}"), data=text_of(fields["data"])
        )
    if kind == "input_image" and text_of(part.get("file_id")):
        return MediaPart(modality="image", name=text_of(part["file_id"]))
    return None


def _file(part: dict[str, Any]) -> MediaPart | None:
    fields = obj_of(part.get("file")) or part
    name = text_of(fields.get("filename")) or text_of(fields.get("file_id"))
    data = text_of(fields.get("file_data"))
    url = data if data.startswith("data:") else text_of(fields.get("file_url"))
    if url:
        return media_from_url("file", url, name)
    if data or name:
        return MediaPart(modality="file", data=data, name=name)
    return None


def offers_of(tools: Any, functions: Any = None) -> tuple[ToolOffer, ...]:
    """The tools a request offers; a server's own tool has its type for a name, and its settings for a schema."""
    found: list[ToolOffer] = []
    for item in [*list_of(tools), *list_of(functions)]:
        tool = obj_of(item)
        kind = text_of(tool.get("type"))
        fields = obj_of(tool.get(kind)) or tool
        schema = fields.get("parameters", fields.get("input_schema"))
        if schema is None and kind not in {"", "function"}:
            schema = {key: value for key, value in fields.items() if key not in {"type", "name", "description"}} or None
        found.append(
            ToolOffer(
                name=text_of(fields.get("name")) or text_of(fields.get("server_label")) or kind,
                description=text_of(fields.get("description")),
                schema=json_text_of(schema),
            )
        )
    return tuple(found)
