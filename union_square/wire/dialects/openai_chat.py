"""OpenAI chat completions, and the many servers that speak it.

https://platform.openai.com/docs/api-reference/chat; the additions of others (reasoning, images, usage in odd places)
are read wherever they appear, for a server is not known by its name.
"""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import (
    Message,
    OtherPart,
    Request,
    Role,
    TextPart,
    ToolResultPart,
)
from union_square.wire.bodies import read_each
from union_square.wire.dialects.citations import cited
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.openai_choice import Choice
from union_square.wire.dialects.openai_parts import offers_of, parts_of
from union_square.wire.dialects.openai_usage import priced_of, usage_of
from union_square.wire.headers import Target
from union_square.wire.jsontext import (
    clean_value,
    count_of,
    json_text,
    json_text_of,
    list_of,
    obj_of,
    parse_json,
    text_of,
)

_PATH = re.compile(r"/(chat|agents)/completions/?(#.*)?\Z|/text/chat(_stream)?\Z")
_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/")
_NOT_PARAMETERS = {"model", "model_id", "messages", "tools", "functions", "stream"}
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
MAX_CHOICES = 256
"""Of one response that are kept apart; OpenAI allows 128."""


class OpenAIChat:
    name = "openai-chat"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:
        messages = list_of(body.get("messages"))
        return bool(
            isinstance(body.get("model", body.get("model_id")), str)
            and messages
            and all("role" in obj_of(message) for message in messages)
            and not {"system", "anthropic_version", "inferenceConfig"} & body.keys()
        )

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        deployment = _DEPLOYMENT.search(target.path)
        return Request(
            dialect=self.name,
            operation="chat",
            model=text_of(body.get("model", body.get("model_id"))) or (deployment[1] if deployment else ""),
            messages=read_each(list_of(body.get("messages")), _message),
            tools=offers_of(body.get("tools"), body.get("functions")),
            parameters={key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS},
            stream=body.get("stream") is True,
        )

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return ChatDraft()


def _message(item: Any) -> Message:
    fields = obj_of(item)
    if not fields:
        return Message(role="user", parts=(OtherPart(label="message", json=json_text(item)),))
    role = _ROLES.get(text_of(fields.get("role")), "user")
    name = text_of(fields.get("name"))
    if role == "tool":
        result = ToolResultPart(
            id=text_of(fields.get("tool_call_id")), name=name, text=_result_text(fields.get("content"))
        )
        media = [part for part in parts_of(fields.get("content")) if part.type == "media"]
        return Message(role="tool", parts=(result, *media))
    if role != "assistant":
        return Message(role=role, parts=tuple(parts_of(fields.get("content"))), name=name)
    choice = Choice(Draft())
    choice.take(fields)
    return Message(role="assistant", parts=choice.parts(), name=name)


def _result_text(content: Any) -> str:
    if isinstance(content, str):
        return text_of(content)
    parts = parts_of(content)
    if parts and all(isinstance(part, TextPart) for part in parts):
        return "\n".join(part.text for part in parts if isinstance(part, TextPart))
    if any(part.type == "media" for part in parts):  # the media stand beside the result
        return "\n".join(part.text for part in parts if isinstance(part, TextPart))
    return json_text_of(content)


class ChatDraft(Draft):
    """Fed by whole bodies and by chunks alike: a whole message is one large delta."""

    def __init__(self) -> None:
        super().__init__()
        self._choices: dict[int, Choice] = {}
        self._sources: list[Any] = []  # of the answer, beside its choices: Perplexity's and xAI's

    def read_body(self, value: Any) -> bool:
        return self._read(value, "message")

    def read_event(self, name: str, value: Any) -> bool:  # noqa: ARG002
        return self._read(value, "delta")

    def _read(self, value: Any, key: str) -> bool:
        body = obj_of(value)
        self.response_id = text_of(body.get("id")) or self.response_id
        self.model = text_of(body.get("model")) or self.model
        self.service_tier = text_of(body.get("service_tier")) or self.service_tier
        self._read_usage(body)
        self._sources = list_of(body.get("search_results")) or list_of(body.get("citations")) or self._sources
        for position, item in enumerate(list_of(body.get("choices"))):
            choice = obj_of(item)
            index = count_of(choice.get("index"))
            self._read_choice(position if index is None else index, choice, key)
            self.take_failure(choice)
        self._take_refused(obj_of(body.get("error")).get("failed_generation"))
        return "choices" in body or "usage" in body or bool(body.get("x_groq"))

    def _take_refused(self, generation: Any) -> None:
        """What the model wrote and Groq refused, a tool call with wrong arguments for one: clients answer to it."""
        if not isinstance(generation, str) or not generation:
            return
        call = obj_of(parse_json(generation).value)
        if "name" in call and "arguments" in call:
            self._read_choice(0, {"message": {"tool_calls": [{"function": call}]}}, "message")
        else:
            self._read_choice(0, {"message": {"content": generation}}, "message")

    def _read_usage(self, body: dict[str, Any]) -> None:
        usage = usage_of(body.get("usage")) or usage_of(obj_of(body.get("x_groq")).get("usage"))
        if usage is None:  # Moonshot reports it in the last choice
            for choice in list_of(body.get("choices")):
                usage = usage_of(obj_of(choice).get("usage")) or usage
        self.usage = usage or self.usage
        self.priced = priced_of(body.get("usage")) or self.priced

    def _read_choice(self, index: int, fields: dict[str, Any], key: str) -> None:
        choice = self._choices.get(index)
        if choice is None:
            if len(self._choices) >= MAX_CHOICES:
                self.note(f"more than {MAX_CHOICES} choices; the rest are not shown")
                return
            choice = self._choices[index] = Choice(self)
            self._choices = dict(sorted(self._choices.items()))
        other = "delta" if key == "message" else "message"
        choice.take(obj_of(fields.get(key)) or obj_of(fields.get(other)))
        reason = text_of(fields.get("finish_reason", fields.get("stop_reason")))  # Mistral's, behind Bedrock
        if reason:
            choice.finish_reason = reason
            reasons = (item.finish_reason for item in self._choices.values())
            self.finish_reasons = tuple(item for item in reasons if item)

    def read_messages(self) -> Iterator[Message]:
        for number, choice in enumerate(self._choices.values()):
            parts = (*choice.parts(), *(cited(self._sources) if number == 0 else ()))
            if parts or choice.finish_reason:
                yield Message(role="assistant", parts=parts)
