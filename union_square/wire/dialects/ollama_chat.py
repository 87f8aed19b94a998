"""Ollama's own chat and generate, whose streams are JSON lines.

https://github.com/ollama/ollama/blob/main/docs/api.md; its OpenAI-compatible paths are `openai_chat`'s.
"""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import MediaPart, Message, Part, Request, Role, TextPart, ToolResultPart, Usage
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.openai_choice import Choice
from union_square.wire.dialects.openai_parts import offers_of
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, json_text, list_of, obj_of, text_of

_PATH = re.compile(r"/api/(chat|generate)/?\Z")
_NOT_PARAMETERS = {"model", "messages", "prompt", "system", "images", "tools", "stream"}
_ROLES: dict[str, Role] = {"system": "system", "assistant": "assistant", "tool": "tool"}


class OllamaChat:
    name = "ollama-chat"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:  # noqa: ARG002 its shape is that of OpenAI chat
        return False

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        generating = target.path.rstrip("/").endswith("generate")
        messages = _prompt(body) if generating else [_message(item) for item in list_of(body.get("messages"))]
        return Request(
            dialect=self.name,
            operation="text_completion" if generating else "chat",
            model=text_of(body.get("model")),
            messages=tuple(messages),
            tools=offers_of(body.get("tools")),
            parameters={key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS},
            stream=body.get("stream") is not False,  # it streams unless told otherwise
        )

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return OllamaDraft()


def _prompt(body: dict[str, Any]) -> list[Message]:
    found: list[Message] = []
    if text_of(body.get("system")):
        found.append(Message(role="system", parts=(TextPart(text=text_of(body["system"])),)))
    text = text_of(body.get("prompt"))
    parts: list[Part] = [TextPart(text=text)] if text else []
    parts += _images(body)
    return [*found, Message(role="user", parts=tuple(parts))] if parts else found


def _images(fields: dict[str, Any]) -> list[Part]:
    return [MediaPart(modality="image", data=text_of(image)) for image in list_of(fields.get("images"))]


def _message(item: Any) -> Message:
    fields = obj_of(item)
    role = _ROLES.get(text_of(fields.get("role")), "user")
    if role == "tool":
        name = text_of(fields.get("tool_name")) or text_of(fields.get("name"))
        text = text_of(fields.get("content")) or json_text(fields.get("content") or "")
        return Message(role=role, parts=(ToolResultPart(id=text_of(fields.get("tool_call_id")), name=name, text=text),))
    answer = OllamaAnswer(Draft())
    answer.take(fields)
    return Message(role=role, parts=(*answer.choice.parts(), *_images(fields)))


class OllamaAnswer:
    """What one message says; every tool call of a stream comes whole, and unnumbered."""

    def __init__(self, draft: Draft) -> None:
        self.choice = Choice(draft)
        self._calls = 0

    def take(self, fields: dict[str, Any]) -> None:
        """One line's message, or a whole one."""
        calls: list[dict[str, Any]] = []
        for item in list_of(fields.get("tool_calls")):
            calls.append(obj_of(item) | {"index": self._calls})
            self._calls += 1
        content = fields.get("content", fields.get("response"))
        self.choice.take({"reasoning": fields.get("thinking"), "content": content, "tool_calls": calls})


class OllamaDraft(Draft):
    def __init__(self) -> None:
        super().__init__()
        self._answer = OllamaAnswer(self)

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        if "message" not in body and "response" not in body:
            return False
        self.model = text_of(body.get("model")) or self.model
        self._answer.take(obj_of(body.get("message")) or body)
        if body.get("done") is True:
            self._take_end(body)
        return True

    def read_event(self, name: str, value: Any) -> bool:  # noqa: ARG002
        return self.read_body(value)

    def read_messages(self) -> Iterator[Message]:
        parts = self._answer.choice.parts()
        if parts or self.finish_reasons:
            yield Message(role="assistant", parts=parts)

    def _take_end(self, body: dict[str, Any]) -> None:
        reason = text_of(body.get("done_reason"))
        self.finish_reasons = (reason,) if reason else ()
        found = Usage(
            input_tokens=count_of(body.get("prompt_eval_count")), output_tokens=count_of(body.get("eval_count"))
        )
        self.usage = None if found == Usage() else found
