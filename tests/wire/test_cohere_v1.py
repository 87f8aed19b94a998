"""Cohere's older chat is understood, whole and streamed."""

import json
from typing import Any

import pytest

from tests.wire.streams import call
from union_square.domain.messages import (
    Message,
    OtherPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
    Usage,
)

ASKED = {"model": "command-r", "message": "Hi"}
META = {"billed_units": {"input_tokens": 5, "output_tokens": 3}, "tokens": {"input_tokens": 70, "output_tokens": 4}}


def lines(*events: dict[str, Any]) -> bytes:
    return "".join(json.dumps(event) + "\n" for event in events).encode()


@pytest.mark.parametrize("size", [0, 1, 29])
def test_a_stream_gives_what_the_whole_body_gives(size: int) -> None:
    end = {"response_id": "r", "text": "Hello", "finish_reason": "COMPLETE", "meta": META}
    stream = lines(
        {"event_type": "stream-start", "generation_id": "g"},
        {"event_type": "text-generation", "text": "Hel"},
        {"event_type": "text-generation", "text": "lo"},
        {"event_type": "citation-generation", "citations": []},
        {"event_type": "stream-end", "finish_reason": "COMPLETE", "response": end},
    )
    for got in (call("/v1/chat", ASKED | {"stream": True}, stream, size=size), call("/v1/chat", ASKED, end)):
        assert (got.request.dialect, got.request.model) == ("cohere-v1-chat", "command-r")
        assert got.response.messages == (Message(role="assistant", parts=(TextPart(text="Hello"),)),)
        assert got.response.usage == Usage(input_tokens=5, output_tokens=3)
        assert (got.response.finish_reasons, got.response.response_id) == (("COMPLETE",), "r")
        assert got.response.problem == ""


def test_tool_calls_come_in_pieces_and_then_whole() -> None:
    stream = lines(
        {"event_type": "tool-calls-chunk", "text": "I look."},
        {"event_type": "tool-calls-chunk", "tool_call_delta": {"index": 0, "name": "find"}},
        {"event_type": "tool-calls-chunk", "tool_call_delta": {"index": 0, "parameters": '{"a":'}},
        {"event_type": "tool-calls-chunk", "tool_call_delta": {"index": 0, "parameters": "1}"}},
        {"event_type": "tool-calls-generation", "tool_calls": [{"name": "find", "parameters": {"a": 1}}]},
        {"event_type": "stream-end", "finish_reason": "COMPLETE"},
    )
    got = call("/v1/chat", ASKED, stream).response
    assert got.messages[0].parts == (
        ThinkingPart(text="I look."),
        ToolCallPart(id="", name="find", arguments='{"a":1}'),
    )
    whole = {"text": "", "tool_calls": [{"name": "a", "parameters": {}}, {"name": "b", "parameters": {"x": 1}}]}
    assert call("/v1/chat", ASKED, whole).response.messages[0].parts == (
        ToolCallPart(id="", name="a", arguments="{}"),
        ToolCallPart(id="", name="b", arguments='{"x":1}'),
    )


def test_a_request_is_read_with_its_history() -> None:
    request = call(
        "/v1/chat",
        {
            "model": "command-r",
            "preamble": "Be brief.",
            "chat_history": [
                {"role": "USER", "message": "Hi"},
                {"role": "CHATBOT", "message": "Hello", "tool_calls": [{"name": "f", "parameters": {"a": 1}}]},
                {"role": "TOOL", "tool_results": [{"call": {"name": "f"}, "outputs": [{"b": 2}]}]},
            ],
            "message": "And?",
            "documents": [{"text": "d"}],
            "tools": [{"name": "f", "description": "d", "parameter_definitions": {"a": {"type": "int"}}}],
            "temperature": 0,
        },
        {},
    ).request
    assert request.messages == (
        Message(role="system", parts=(TextPart(text="Be brief."),)),
        Message(role="user", parts=(TextPart(text="Hi"),)),
        Message(role="assistant", parts=(TextPart(text="Hello"), ToolCallPart(id="", name="f", arguments='{"a":1}'))),
        Message(role="tool", parts=(ToolResultPart(id="", name="f", text='[{"b":2}]'),)),
        Message(role="user", parts=(TextPart(text="And?"), OtherPart(label="document", json='{"text":"d"}'))),
    )
    assert request.tools == (ToolOffer(name="f", description="d", schema='{"a":{"type":"int"}}'),)
    assert request.parameters == {"temperature": 0}


@pytest.mark.parametrize("body", [{"message": "Hi"}, {"model": "m", "message": "Hi", "messages": []}, {"message": 1}])
def test_what_only_resembles_it_is_not_taken_for_it(body: Any) -> None:
    assert call("/v1/talk", body, {}).request.dialect != "cohere-v1-chat"
