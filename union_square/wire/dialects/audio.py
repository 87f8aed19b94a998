"""Speech to text and text to speech: OpenAI's `/audio/…` and its copies.

https://platform.openai.com/docs/api-reference/audio; Mistral names the events of its streams a little otherwise.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import MediaPart, Message, Part, Request, TextPart
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.openai_parts import media_from_url, part_of
from union_square.wire.dialects.openai_usage import priced_of, usage_of
from union_square.wire.dialects.plain import MAX_MEDIA_BYTES, file_part, media_part, model_in_path
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, list_of, obj_of, text_of
from union_square.wire.textbuffer import TextBuffer

_HEARD = re.compile(r"/audio/(transcriptions|translations)/?\Z")
_SPOKEN = re.compile(r"/audio/speech/?\Z")
_NOT_PARAMETERS = {"model", "file", "input_audio", "file_url", "prompt", "stream", "input", "instructions"}


class Transcription:
    name = "audio-transcription"

    def claims_path(self, path: str) -> bool:
        return _HEARD.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:  # noqa: ARG002 its fields are anyone's
        return False

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        heard = [file_part(obj_of(item)) for item in list_of(body.get("file")) or [body.get("file")] if obj_of(item)]
        parts: list[Part] = list(heard)
        if isinstance(body.get("input_audio"), dict):
            parts.append(part_of({"type": "input_audio", "input_audio": body["input_audio"]}))
        if text_of(body.get("file_url")):
            parts.append(media_from_url("audio", text_of(body["file_url"])))
        if text_of(body.get("prompt")):
            parts.append(TextPart(text=text_of(body["prompt"])))
        return Request(
            dialect=self.name,
            operation="translation" if target.path.rstrip("/").endswith("translations") else "transcription",
            model=text_of(body.get("model")) or model_in_path(target.path),
            messages=(Message(role="user", parts=tuple(parts)),) if parts else (),
            parameters={key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS},
            stream=body.get("stream") in {True, "true", "True"},
        )

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return TranscriptionDraft()


class TranscriptionDraft(Draft):
    def __init__(self) -> None:
        super().__init__()
        self._text = TextBuffer()

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        if not isinstance(body.get("text"), str):
            return False
        self._take_end(body)
        return True

    def read_event(self, name: str, value: Any) -> bool:
        event = obj_of(value)
        kind = text_of(event.get("type")) or name
        if not kind.startswith(("transcript.", "transcription.")):
            return False
        if kind.endswith(".delta"):
            piece = event.get("delta", event.get("text"))
            self.grow(self._text, piece if isinstance(piece, str) else "", "text")
        elif kind.endswith(".done"):
            self._take_end(event)
            self.said_all = True
        return True  # segments and languages are about the text

    def read_messages(self) -> Iterator[Message]:
        if self._text:
            yield Message(role="assistant", parts=(TextPart(text=self._text.text()),))

    def _take_end(self, body: dict[str, Any]) -> None:
        if not self._text:
            self.grow(self._text, text_of(body.get("text")), "text")
        self.model = text_of(body.get("model"))
        self.usage, self.priced = usage_of(body.get("usage")), priced_of(body.get("usage"))
        reason = text_of(body.get("finish_reason"))
        self.finish_reasons = (reason,) if reason else ()


class Speech:
    name = "audio-speech"

    def claims_path(self, path: str) -> bool:
        return _SPOKEN.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:  # noqa: ARG002 its fields are anyone's
        return False

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        manner, text = text_of(body.get("instructions")), text_of(body.get("input"))
        messages = [Message(role="system", parts=(TextPart(text=manner),))] if manner else []
        messages += [Message(role="user", parts=(TextPart(text=text),))] if text else []
        return Request(
            dialect=self.name,
            operation="speech",
            model=text_of(body.get("model")) or model_in_path(target.path),
            messages=tuple(messages),
            parameters={key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS},
            stream=text_of(body.get("stream_format")) == "sse",
        )

    def open_response(self, request: Request) -> Draft:
        form = text_of(request.parameters.get("response_format")) or "mp3"
        return SpeechDraft("audio/mpeg" if form == "mp3" else f"audio/{form}")


class SpeechDraft(Draft):
    """The sound itself, or events that bring it in pieces. Of a long one its size is told."""

    def __init__(self, mime_type: str) -> None:
        super().__init__()
        self._mime_type = mime_type
        self._sound = bytearray()
        self._size = 0

    def read_body(self, value: Any) -> bool:  # noqa: ARG002 no JSON is expected here
        return False

    def read_event(self, name: str, value: Any) -> bool:
        event = obj_of(value)
        kind = text_of(event.get("type")) or name
        if not kind.startswith("speech.audio."):
            return False
        if kind.endswith(".delta"):
            self._take_sound(text_of(event.get("audio")))
        self.usage = usage_of(event.get("usage")) or self.usage
        self.said_all = self.said_all or kind.endswith(".done")
        return True

    def read_messages(self) -> Iterator[Message]:
        if not self._size:
            return
        part = media_part(bytes(self._sound), self._mime_type)
        if self._size > len(self._sound):
            part = MediaPart(modality="audio", mime_type=self._mime_type, name=f"{self._size:,} bytes")
        yield Message(role="assistant", parts=(part,))

    def _take_sound(self, encoded: str) -> None:
        try:
            piece = b64decode(encoded)
        except (Base64Error, ValueError):
            self.note("has sound that is not base64")
            return
        self._size += len(piece)
        self.output_pieces += bool(piece)
        if self._size <= MAX_MEDIA_BYTES:
            self._sound += piece
