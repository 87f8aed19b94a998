"""Images made or changed from a text: OpenAI's `/images/…` and its copies, Imagen's `:predict`, Titan and Stability.

https://platform.openai.com/docs/api-reference/images, https://platform.openai.com/docs/api-reference/images-streaming.
"""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import MediaPart, Message, Part, Request, TextPart
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.openai_parts import media_from_url
from union_square.wire.dialects.openai_usage import priced_of, usage_of
from union_square.wire.dialects.plain import file_part, model_in_path
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, list_of, obj_of, text_of

_PATH = re.compile(r"/images/(generations|edits|variations)/?\Z")
_NOT_PARAMETERS = {"model", "prompt", "image", "images", "mask", "stream", "instances", "parameters", "text_prompts"}
_PICTURES = ("image", "images", "mask")
MAX_IMAGES = 256
"""Of one answer that are kept. OpenAI makes ten at most."""


class Images:
    name = "images"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:
        instances = list_of(body.get("instances"))
        asked = bool(instances) and all("prompt" in obj_of(item) for item in instances)
        return asked or "text_prompts" in body or ("textToImageParams" in body and "taskType" in body)

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        prompts = [body.get("prompt"), obj_of(body.get("textToImageParams")).get("text")]
        prompts += [obj_of(item).get("prompt") for item in list_of(body.get("instances"))]
        prompts += [obj_of(item).get("text") for item in list_of(body.get("text_prompts"))]
        parts: list[Part] = [TextPart(text=text_of(prompt)) for prompt in prompts if text_of(prompt)]
        parts += [part for key in _PICTURES if key in body for part in _pictures(body[key])]
        parameters = {key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS}
        return Request(
            dialect=self.name,
            operation="image_generation",
            model=text_of(body.get("model")) or model_in_path(target.path),
            messages=(Message(role="user", parts=tuple(parts)),) if parts else (),
            parameters=parameters | clean_value(obj_of(body.get("parameters"))),
            stream=body.get("stream") in {True, "true"},
        )

    def open_response(self, request: Request) -> Draft:
        return ImagesDraft(form=text_of(request.parameters.get("output_format")))


def _pictures(value: Any) -> Iterator[Part]:
    """What is given to go by: files of a form, URLs, base64."""
    for item in list_of(value) or [value]:
        fields = obj_of(item)
        if fields.get("type") == "form_file":
            yield file_part(fields)
            continue
        text = text_of(item) or text_of(fields.get("image_url")) or text_of(fields.get("url"))
        text = text or text_of(obj_of(fields.get("image_url")).get("url"))
        if text.startswith(("data:", "http:", "https:")):
            yield media_from_url("image", text)
        elif text:
            yield MediaPart(modality="image", data=text)
        elif text_of(fields.get("file_id")):
            yield MediaPart(modality="image", name=text_of(fields["file_id"]))


class ImagesDraft(Draft):
    """Fed by whole bodies and by events. A partial image is replaced by the next one."""

    def __init__(self, *, form: str = "") -> None:
        super().__init__()
        self._mime_type = f"image/{form}" if form else ""
        self._parts: list[Part] = []
        self._partial: MediaPart | None = None

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        form = text_of(body.get("output_format"))
        self._mime_type = f"image/{form}" if form else self._mime_type
        self.usage, self.priced = usage_of(body.get("usage")) or self.usage, priced_of(body.get("usage"))
        found = next((body[key] for key in ("data", "images", "artifacts", "predictions") if key in body), None)
        if found is None:
            return False
        items = list_of(found)
        if len(items) > MAX_IMAGES:
            self.note(f"more than {MAX_IMAGES} images; the rest are not shown")
        self._parts += [part for item in items[:MAX_IMAGES] for part in self._image(item)]
        reasons = [text_of(obj_of(item).get("finishReason")) for item in items]
        self.finish_reasons = tuple(reason for reason in reasons if reason)
        return True

    def read_event(self, name: str, value: Any) -> bool:
        event = obj_of(value)
        kind = text_of(event.get("type")) or name
        if not kind.startswith(("image_generation.", "image_edit.")):
            return False
        form = text_of(event.get("output_format"))
        self._mime_type = f"image/{form}" if form else self._mime_type
        image = next(iter(self._image(event)), None)
        self.output_pieces += image is not None
        if kind.endswith(".completed"):
            self.usage, self.priced = usage_of(event.get("usage")) or self.usage, priced_of(event.get("usage"))
            self._partial = None
            if image is not None and len(self._parts) < MAX_IMAGES:
                self._parts.append(image)
        elif isinstance(image, MediaPart):
            self._partial = image
        return True

    def read_messages(self) -> Iterator[Message]:
        parts = (*self._parts, *([self._partial] if self._partial else []))
        if parts:
            yield Message(role="assistant", parts=parts)

    def _image(self, item: Any) -> Iterator[Part]:
        fields = obj_of(item)
        mime_type = text_of(fields.get("mime_type")) or text_of(fields.get("mimeType")) or self._mime_type
        datas = (fields.get(key) for key in ("b64_json", "base64", "bytesBase64Encoded"))
        data = text_of(item) or next((text_of(data) for data in datas if text_of(data)), "")
        if data:
            yield MediaPart(modality="image", mime_type=mime_type, data=data)
        elif text_of(fields.get("url")):
            yield MediaPart(modality="image", mime_type=mime_type, url=text_of(fields["url"]))
        if text_of(fields.get("revised_prompt")):
            yield TextPart(text=text_of(fields["revised_prompt"]))
