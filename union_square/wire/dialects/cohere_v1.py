"""Cohere's chat, version 1: one message and a history. https://docs.cohere.com/v1/reference/chat and …/chat-stream."""

from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import (
    Message,
    OtherPart,
    Part,
    Request,
    Role,
    TextPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
)
from union_square.wire.dialects.cohere_chat import usage_of
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.openai_choice import Choice
from union_square.wire.dialects.plain import model_in_path
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, json_text, json_text_of, list_of, obj_of, text_of

_ROLES: dict[str, Role] = {"system": "system", "chatbot": "assistant", "tool": "tool"}
_OWN_FIELDS = {"chat_history", "preamble", "connectors", "tool_results", "num_generations", "citation_quality", "model"}
_NOT_PARAMETERS = {"model", "message", "chat_history", "preamble", "documents", "tools", "tool_results", "stream"}
_ABOUT_THE_ANSWER = {"stream-start", "search-queries-generation", "search-results"}


class CohereV1:
    name = "cohere-v1-chat"

    def claims_path(self, path: str) -> bool:  # noqa: ARG002 others have a /v1/chat too
        return False

    def claims_body(self, body: dict[str, Any]) -> bool:
        others = {"messages", "input", "prompt", "contents"}
        return isinstance(body.get("message"), str) and bool(_OWN_FIELDS & body.keys()) and not others & body.keys()

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        return Request(
            dialect=self.name,
            operation="chat",
            model=text_of(body.get("model")) or model_in_path(target.path),
            messages=tuple(_messages(body)),
            tools=tuple(_offer(item) for item in list_of(body.get("tools"))),
            parameters={key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS},
            stream=body.get("stream") is True or "stream" in target.path.rpartition("/")[2],
        )

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return CohereV1Draft()


def _messages(body: dict[str, Any]) -> Iterator[Message]:
    if text_of(body.get("preamble")):
        yield Message(role="system", parts=(TextPart(text=text_of(body["preamble"])),))
    for item in list_of(body.get("chat_history")):
        yield _message(item)
    results = _results(body.get("tool_results"))
    if results:
        yield Message(role="tool", parts=tuple(results))
    text, documents = text_of(body.get("message")), list_of(body.get("documents"))
    parts: list[Part] = [TextPart(text=text)] if text else []
    parts += [OtherPart(label="document", json=json_text(document)) for document in documents]
    if parts:
        yield Message(role="user", parts=tuple(parts))


def _message(item: Any) -> Message:
    fields = obj_of(item)
    role = _ROLES.get(text_of(fields.get("role")).lower(), "user")
    text = text_of(fields.get("message"))
    parts: list[Part] = [TextPart(text=text)] if text else []
    parts += [_call(call) for call in list_of(fields.get("tool_calls"))]
    parts += _results(fields.get("tool_results"))
    if not fields:
        parts = [OtherPart(label="message", json=json_text(item))]
    return Message(role=role, parts=tuple(parts))


def _call(item: Any) -> ToolCallPart:
    call = obj_of(item)
    arguments = call.get("parameters")
    return ToolCallPart(
        id=text_of(call.get("id")),
        name=text_of(call.get("name")),
        arguments=json_text_of(arguments),
    )


def _results(value: Any) -> list[Part]:
    found: list[Part] = []
    for item in list_of(value):
        result = obj_of(item)
        call = _call(result.get("call"))
        found.append(ToolResultPart(id=call.id, name=call.name, text=json_text(result.get("outputs", ""))))
    return found


def _offer(item: Any) -> ToolOffer:
    tool = obj_of(item)
    schema = tool.get("parameter_definitions")
    return ToolOffer(
        name=text_of(tool.get("name")),
        description=text_of(tool.get("description")),
        schema=json_text_of(schema),
    )


class CohereV1Draft(Draft):
    """Fed by whole bodies and by events, the last of which holds the whole body again."""

    def __init__(self) -> None:
        super().__init__()
        self._choice = Choice(self)
        self._calls = 0

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        if "text" not in body and "tool_calls" not in body:
            return False
        self._choice.take({"content": body.get("text"), "citations": body.get("citations")})
        self._take_calls(body.get("tool_calls"))
        self._take_end(body)
        return True

    def read_event(self, name: str, value: Any) -> bool:
        event = obj_of(value)
        self.response_id = text_of(event.get("generation_id")) or self.response_id
        match text_of(event.get("event_type")) or name:
            case "text-generation":
                self._choice.take({"content": event.get("text")})
            case "tool-calls-chunk":
                delta = obj_of(event.get("tool_call_delta"))
                index = count_of(delta.get("index"))
                self._choice.take({"reasoning": event.get("text")})  # the plan that goes before the calls
                if delta:
                    self._take_call(self._calls if index is None else index, delta)
            case "citation-generation":
                self._choice.cite(event.get("citations"))
            case "tool-calls-generation":
                if not any(isinstance(part, ToolCallPart) for part in self._choice.parts()):
                    self._take_calls(event.get("tool_calls"))
            case "stream-end":
                self._take_end(obj_of(event.get("response")) | event)
                self.said_all = True
            case "":
                return self._take_bedrock(event)
            case kind:
                return kind in _ABOUT_THE_ANSWER
        return True

    def read_messages(self) -> Iterator[Message]:
        parts = self._choice.parts()
        if parts or self.finish_reasons:
            yield Message(role="assistant", parts=parts)

    def _take_bedrock(self, event: dict[str, Any]) -> bool:
        """Behind Bedrock events have no type: pieces of text, and an end."""
        if "is_finished" not in event:
            return False
        if event.get("is_finished") is not True:
            self._choice.take({"content": event.get("text")})
        self._take_end(event)
        return True

    def _take_calls(self, value: Any) -> None:
        for item in list_of(value):
            self._take_call(self._calls, obj_of(item))
            self._calls += 1

    def _take_call(self, index: int, call: dict[str, Any]) -> None:
        function = {"name": call.get("name"), "arguments": call.get("parameters")}
        self._choice.take({"tool_calls": [{"index": index, "id": call.get("id"), "function": function}]})

    def _take_end(self, body: dict[str, Any]) -> None:
        self.response_id = text_of(body.get("response_id")) or text_of(body.get("generation_id")) or self.response_id
        reason = text_of(body.get("finish_reason"))
        self.finish_reasons = (reason,) if reason else self.finish_reasons
        self.usage = usage_of(body.get("meta")) or self.usage
