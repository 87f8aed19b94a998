"""Ollama's own chat and generate are understood, as one body and as JSON lines."""

import json
from typing import Any

import pytest

from tests.support.calls import JSON, events_of, every, understand
from union_square.domain.messages import (
    MediaPart,
    Message,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from union_square.wire.understanding import Understanding

END: dict[str, Any] = {"done": True, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 5}


def call(path: str, request: Any, *lines: dict[str, Any], size: int = 0) -> Understanding:
    body = "".join(f"{json.dumps({'model': 'm', 'done': False} | line)}\n" for line in lines).encode()
    return understand(
        events_of(
            path,
            json.dumps(request).encode(),
            body,
            upstream="ollama",
            response_headers=(("content-type", "application/x-ndjson"),) if len(lines) > 1 else (JSON,),
            cuts=every(size, body) if size else (),
        )
    )


@pytest.mark.parametrize("size", [0, 1, 13])
def test_a_stream_of_lines_is_put_together(size: int) -> None:
    got = call(
        "/api/chat",
        {"model": "m", "messages": []},
        {"message": {"role": "assistant", "content": "", "thinking": "Hm"}},
        {"message": {"role": "assistant", "content": "", "thinking": "."}},
        {"message": {"role": "assistant", "content": "Hel"}},
        {"message": {"role": "assistant", "content": "lo"}},
        {
            "message": {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}],
            }
        },
        {"message": {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "g", "arguments": {}}}]}},
        {"message": {"role": "assistant", "content": ""}} | END,
        size=size,
    )
    assert got.response.messages == (
        Message(
            role="assistant",
            parts=(
                ThinkingPart(text="Hm."),
                TextPart(text="Hello"),
                ToolCallPart(id="", name="f", arguments='{"a":1}'),
                ToolCallPart(id="", name="g", arguments="{}"),
            ),
        ),
    )
    assert got.response.usage == Usage(input_tokens=9, output_tokens=5)
    assert (got.response.finish_reasons, got.response.model, got.response.streamed) == (("stop",), "m", True)
    assert got.view().cost_usd is None
    assert got.view().time_to_first_token_ms is not None


def test_a_chat_request_is_read() -> None:
    request = call(
        "/api/chat",
        {
            "model": "llama3",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What is it?", "images": ["AAAA"]},
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}],
                },
                {"role": "tool", "tool_name": "f", "content": "42"},
            ],
            "options": {"temperature": 0},
        },
        {"message": {"content": "x"}} | END,
    ).request
    assert request.messages == (
        Message(role="system", parts=(TextPart(text="Be brief."),)),
        Message(role="user", parts=(TextPart(text="What is it?"), MediaPart(modality="image", data="AAAA"))),
        Message(role="assistant", parts=(ToolCallPart(id="", name="f", arguments='{"a":1}'),)),
        Message(role="tool", parts=(ToolResultPart(id="", name="f", text="42"),)),
    )
    assert (request.dialect, request.model, request.stream) == ("ollama-chat", "llama3", True)
    assert request.parameters == {"options": {"temperature": 0}}


def test_generate_is_read_too() -> None:
    got = call(
        "/api/generate",
        {"model": "m", "prompt": "Hi", "system": "Be brief.", "stream": False},
        {"response": "Hello"} | END,
    )
    assert got.request.messages == (
        Message(role="system", parts=(TextPart(text="Be brief."),)),
        Message(role="user", parts=(TextPart(text="Hi"),)),
    )
    assert (got.request.operation, got.request.stream) == ("text_completion", False)
    assert got.response.messages == (Message(role="assistant", parts=(TextPart(text="Hello"),)),)
    assert not got.response.streamed


def test_an_error_line_is_told() -> None:
    got = call("/api/chat", {"model": "m", "messages": []}, {"message": {"content": "a"}}, {"error": "out of memory"})
    assert (got.response.error_type, got.response.error_message) == ("error", "out of memory")
    assert got.response.messages[0].parts == (TextPart(text="a"),)
