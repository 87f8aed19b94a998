"""Cohere's chat, version 2. https://docs.cohere.com/reference/chat and …/chat-stream."""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import Message, Request, Usage
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.openai_chat import OpenAIChat
from union_square.wire.dialects.openai_choice import Choice
from union_square.wire.headers import Target
from union_square.wire.jsontext import count_of, list_of, obj_of, text_of

_PATH = re.compile(r"/v2/chat/?\Z")


class CohereChat(OpenAIChat):
    """Its requests are written as OpenAI's; its answers are not."""

    name = "cohere-chat"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:  # noqa: ARG002 its shape is that of OpenAI chat
        return False

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        plans = [_with_plan(obj_of(message)) for message in list_of(body.get("messages"))]
        return super().read_request(target, body | {"messages": plans})

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return CohereDraft()


def _with_plan(message: dict[str, Any]) -> dict[str, Any]:
    """The plan that goes before tool calls is a thought; it has a field of its own."""
    plan = text_of(message.get("tool_plan"))
    return message | {"reasoning": plan} if plan else message


class CohereDraft(Draft):
    """Fed by whole bodies and by events."""

    def __init__(self) -> None:
        super().__init__()
        self._choice = Choice(self)

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        if not isinstance(body.get("message"), dict):
            return False
        self.response_id = text_of(body.get("id"))
        self._choice.take(_with_plan(body["message"]))
        self._take_end(body)
        return True

    def read_event(self, name: str, value: Any) -> bool:
        event = obj_of(value)
        message = obj_of(obj_of(event.get("delta")).get("message"))
        match text_of(event.get("type")) or name:
            case "message-start":
                self.response_id = text_of(event.get("id"))
            case "content-start" | "content-delta":
                content = obj_of(message.get("content"))
                self._choice.take({"content": content.get("text"), "reasoning": content.get("thinking")})
            case "tool-plan-delta":
                self._choice.take({"reasoning": message.get("tool_plan")})
            case "tool-call-start" | "tool-call-delta":
                call = obj_of(message.get("tool_calls")) | {"index": event.get("index")}
                self._choice.take({"tool_calls": [call]})
            case "message-end":
                self._take_end(obj_of(event.get("delta")))
            case "citation-start":
                self._choice.cite(message.get("citations"))
            case kind:
                return kind in {"content-end", "tool-call-end", "citation-end", "debug"}
        return True

    def read_messages(self) -> Iterator[Message]:
        parts = self._choice.parts()
        if parts or self.finish_reasons:
            yield Message(role="assistant", parts=parts)

    def _take_end(self, fields: dict[str, Any]) -> None:
        reason = text_of(fields.get("finish_reason"))
        self.finish_reasons = (reason,) if reason else ()
        self.usage = usage_of(fields.get("usage"))


def usage_of(value: Any) -> Usage | None:
    """A usage object. Cohere counts tokens twice: those it bills, which are taken here because its prices are for
    them, and all it processed with its own prompts, which `cached_tokens` and `reasoning_tokens` are part of."""
    usage = obj_of(value)
    billed, processed = obj_of(usage.get("billed_units")), obj_of(usage.get("tokens"))
    if "input_tokens" in billed or "output_tokens" in billed:
        found = Usage(
            input_tokens=count_of(billed.get("input_tokens")), output_tokens=count_of(billed.get("output_tokens"))
        )
    else:
        found = Usage(
            input_tokens=count_of(processed.get("input_tokens")),
            output_tokens=count_of(processed.get("output_tokens")),
            cache_read_input_tokens=count_of(usage.get("cached_tokens")),
            reasoning_output_tokens=count_of(processed.get("reasoning_tokens")),
        )
    return None if found == Usage() else found
