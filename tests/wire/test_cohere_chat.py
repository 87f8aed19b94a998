"""Cohere's chat is understood, whole and streamed."""

from typing import Any

import pytest

from tests.wire.streams import call, named_sse
from union_square.domain.messages import (
    Message,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)

PATH = "/v2/chat"
USAGE = {"billed_units": {"input_tokens": 5, "output_tokens": 3}, "tokens": {"input_tokens": 70}, "cached_tokens": 60}
SAID = (
    ThinkingPart(text="I will look."),
    TextPart(text="Hello"),
    ToolCallPart(id="t1", name="look", arguments='{"a": 1}'),
    ToolCallPart(id="t2", name="find", arguments="{}"),
)


def delta(kind: str, index: int = 0, **message: Any) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": message}}


@pytest.mark.parametrize("size", [0, 1, 19])
def test_a_stream_gives_what_the_whole_body_gives(size: int) -> None:
    stream = named_sse(
        {"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}},
        delta("tool-plan-delta", tool_plan="I will "),
        delta("tool-plan-delta", tool_plan="look."),
        delta("content-start", content={"type": "text", "text": ""}),
        delta("content-delta", content={"text": "Hel"}),
        delta("content-delta", content={"text": "lo"}),
        {"type": "content-end", "index": 0},
        delta("tool-call-start", tool_calls={"id": "t1", "function": {"name": "look", "arguments": ""}}),
        delta("tool-call-delta", tool_calls={"function": {"arguments": '{"a": '}}),
        delta("tool-call-delta", tool_calls={"function": {"arguments": "1}"}}),
        delta("tool-call-start", 1, tool_calls={"id": "t2", "function": {"name": "find", "arguments": "{}"}}),
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": USAGE}},
    )
    body = {
        "id": "c1",
        "message": {
            "role": "assistant",
            "tool_plan": "I will look.",
            "content": [{"type": "text", "text": "Hello"}],
            "tool_calls": [
                {"id": "t1", "function": {"name": "look", "arguments": '{"a": 1}'}},
                {"id": "t2", "function": {"name": "find", "arguments": "{}"}},
            ],
        },
        "finish_reason": "TOOL_CALL",
        "usage": USAGE,
    }
    for got in (call(PATH, {"model": "command"}, stream, size=size), call(PATH, {"model": "command"}, body)):
        assert got.request.dialect == "cohere-chat"
        assert got.response.messages == (Message(role="assistant", parts=SAID),)
        assert got.response.usage == Usage(input_tokens=5, output_tokens=3)
        assert (got.response.finish_reasons, got.response_id, got.response.problem) == (("TOOL_CALL",), "c1", "")


def test_a_request_is_read_with_its_plan() -> None:
    request = call(
        PATH,
        {
            "model": "command",
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "tool_plan": "Look.", "tool_calls": [{"id": "t", "function": {"name": "f"}}]},
                {"role": "tool", "tool_call_id": "t", "content": "42"},
            ],
        },
        {"message": {"content": []}},
    ).request
    assert request.messages == (
        Message(role="user", parts=(TextPart(text="Hi"),)),
        Message(role="assistant", parts=(ThinkingPart(text="Look."), ToolCallPart(id="t", name="f", arguments=""))),
        Message(role="tool", parts=(ToolResultPart(id="t", text="42"),)),
    )


def test_without_billed_units_the_processed_tokens_count() -> None:
    usage = {"tokens": {"input_tokens": 70, "output_tokens": 9, "reasoning_tokens": 4}, "cached_tokens": 60}
    got = call(PATH, {}, {"message": {}, "usage": usage}).response.usage
    assert got == Usage(input_tokens=70, output_tokens=9, cache_read_input_tokens=60, reasoning_output_tokens=4)
