"""The honest fallback: a body that no dialect claims is shown as what it is (JSON, text, bytes, none).

That is never an error.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from union_square.domain.messages import MediaPart, Message, OtherPart, Part, Request, TextPart, Usage
from union_square.wire.dialects.draft import MAX_SHOWN_CHARACTERS, Draft
from union_square.wire.dialects.openai_usage import usage_of
from union_square.wire.headers import ContentType, Target
from union_square.wire.jsontext import clean, count_of, json_text, list_of, obj_of, text_of
from union_square.wire.sse import ServerSentEvent
from union_square.wire.textbuffer import TextBuffer

MAX_MEDIA_BYTES = 1 << 20
"""Of an image or sound that is shown as a part; a larger one can be had as bytes only."""

_MODEL_IN_PATH = re.compile(r"/(?:models?|deployments|engines|endpoints)/([^/:]+(?::\d+)?)")


def model_in_path(path: str) -> str:
    """The model that a path names, as in /models/{model}:generate or /deployments/{model}/…; "" = none."""
    found = _MODEL_IN_PATH.search(path)
    return found[1] if found else ""


def media_part(data: bytes, media_type: str) -> MediaPart:
    """Bytes as a part; their data is left out where they are many."""
    family = media_type.partition("/")[0]
    modality: Literal["image", "audio", "video", "file"] = "file"
    if family in {"image", "audio", "video"}:
        modality = family  # pyright: ignore[reportAssignmentType]
    shown = b64encode(data).decode() if len(data) <= MAX_MEDIA_BYTES else ""
    return MediaPart(modality=modality, mime_type=media_type, data=shown, name=f"{len(data):,} bytes")


def file_part(file: dict[str, Any]) -> MediaPart:
    """A form's file by its name, kind and size; its bytes stay in the recorded body."""
    part = media_part(b"", text_of(file.get("mime_type")))
    size = f"{count_of(file.get('bytes')) or 0:,} bytes"
    name = text_of(file.get("filename"))
    return replace(part, name=f"{name} ({size})" if name else size)


def text_part(text: str) -> TextPart:
    """A text as a part, cut where it is very long."""
    return TextPart(text=clean(text[:MAX_SHOWN_CHARACTERS]))


def json_part(value: Any) -> Part:
    """A JSON value as a part; as text, cut, where it is very long."""
    text = json_text(value) if not isinstance(value, str) else f'"{value}"'
    return OtherPart(label="JSON", json=text) if len(text) <= MAX_SHOWN_CHARACTERS else text_part(text)


def plain_request(target: Target, dialect: str, part: Part | None, value: Any = None, problem: str = "") -> Request:
    """A request that no dialect claims: one message that holds its body."""
    body = obj_of(value)
    return Request(
        dialect=dialect,
        operation="",
        model=text_of(body.get("model")) or text_of(body.get("modelId")) or model_in_path(target.path),
        messages=() if part is None else (Message(role="user", parts=(part,)),),
        stream=body.get("stream") is True,
        problem=problem,
    )


def read_plain_request(target: Target, data: bytes, kind: ContentType) -> Request:
    """A request body that is not JSON, as text or as bytes."""
    if not data:
        return plain_request(target, "none", None)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return plain_request(target, "bytes", media_part(data, kind.media_type or "application/octet-stream"))
    if "\0" in text:
        return plain_request(target, "bytes", media_part(data, kind.media_type or "application/octet-stream"))
    return plain_request(target, "text", text_part(text))


def read_plain_form(target: Target, fields: dict[str, Any]) -> Request:
    """A form that no dialect claims: its fields as JSON, its files as parts."""
    texts: dict[str, Any] = {}
    files: list[Part] = []
    for name, value in fields.items():
        for item in list_of(value) or [value]:
            if obj_of(item).get("type") == "form_file":
                files.append(file_part(obj_of(item)))
            else:
                texts[name] = value
    request = plain_request(target, "form", json_part(texts) if texts else None, texts)
    parts = (*(part for message in request.messages for part in message.parts), *files)
    return replace(request, messages=(Message(role="user", parts=parts),) if parts else ())


class PlainDraft(Draft):
    """An answer to such a request: its JSON, its text, or a stream's data as text."""

    def __init__(self) -> None:
        super().__init__()
        self._text = TextBuffer()
        self._size = 0
        self._parts: list[Part] = []

    def read_body(self, value: Any) -> bool:
        self._take_facts(value)
        self._parts.append(json_part(value))
        return True

    def take_event(self, event: ServerSentEvent) -> None:
        room = MAX_SHOWN_CHARACTERS - self._size
        piece = f"{event.data}\n"[: max(0, room)]
        self._size += len(piece)
        self.grow(self._text, piece, "text")

    def read_event(self, name: str, value: Any) -> bool:  # noqa: ARG002
        return True

    def read_messages(self) -> Iterator[Message]:
        parts = [TextPart(text=self._text.text())] if self._text else []
        if parts or self._parts:
            yield Message(role="assistant", parts=(*parts, *self._parts))

    def _take_facts(self, value: Any) -> None:
        body = obj_of(value)
        self.model = text_of(body.get("model")) or text_of(body.get("modelVersion"))
        self.response_id = text_of(body.get("id")) or text_of(body.get("responseId"))
        usage: Usage | None = usage_of(body.get("usage"))
        self.usage = usage
