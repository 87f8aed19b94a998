"""Gemini's interactions are understood, whole, streamed and polled."""

import json
from typing import Any

import pytest

from tests.wire.streams import call
from union_square.domain.messages import (
    CITATIONS,
    MediaPart,
    Message,
    OtherPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)

PATH = "/v1beta/interactions"
COUNTS = {
    "total_tokens": 60,
    "total_input_tokens": 20,
    "total_output_tokens": 10,
    "total_thought_tokens": 25,
    "total_tool_use_tokens": 5,
    "total_cached_tokens": 4,
}


def events(*found: dict[str, Any]) -> bytes:
    return "".join(f"event: {one['event_type']}\ndata: {json.dumps(one)}\n\n" for one in found).encode()


def delta(index: int, **fields: Any) -> dict[str, Any]:
    return {"event_type": "step.delta", "index": index, "delta": fields}


def start(index: int, **fields: Any) -> dict[str, Any]:
    return {"event_type": "step.start", "index": index, "step": fields}


def test_every_kind_of_step_of_a_request_is_read() -> None:
    request = call(
        PATH,
        {
            "model": "gemini-x",
            "system_instruction": "Be brief.",
            "previous_interaction_id": "v1_before",
            "input": [
                {"type": "user_input", "content": [{"type": "text", "text": "Hi"}, {"type": "image", "data": "AAAA"}]},
                {"type": "thought", "signature": "s"},
                {"type": "function_call", "id": "f1", "name": "look", "arguments": {"a": 1}},
                {"type": "function_result", "call_id": "f1", "name": "look", "result": [{"type": "text", "text": "x"}]},
            ],
            "tools": [{"type": "function", "name": "look", "parameters": {}}, {"type": "google_search"}],
            "generation_config": {"temperature": 0},
        },
    ).request
    assert request.dialect == "gemini-interactions"
    assert (request.model, request.previous_response_id) == ("gemini-x", "v1_before")
    assert [tool.name for tool in request.tools] == ["look", "google_search"]
    assert request.messages == (
        Message(role="system", parts=(TextPart(text="Be brief."),)),
        Message(role="user", parts=(TextPart(text="Hi"), MediaPart(modality="image", data="AAAA"))),
        Message(
            role="assistant",
            parts=(ThinkingPart(text="", redacted=True), ToolCallPart(id="f1", name="look", arguments='{"a":1}')),
        ),
        Message(role="tool", parts=(ToolResultPart(id="f1", name="look", text="x"),)),
    )


@pytest.mark.parametrize(
    "asked",
    ["Hi", {"type": "text", "text": "Hi"}, [{"type": "text", "text": "Hi"}], [{"role": "user", "content": "Hi"}]],
    ids=["text", "content", "contents", "turns"],
)
def test_an_input_may_be_short(asked: Any) -> None:
    request = call(PATH, {"model": "m", "input": asked}).request
    assert request.messages == (Message(role="user", parts=(TextPart(text="Hi"),)),)


def test_a_whole_answer_is_read() -> None:
    body = {
        "id": "v1_a",
        "object": "interaction",
        "status": "completed",
        "model": "gemini-x",
        "usage": COUNTS,
        "steps": [
            {"type": "thought", "summary": [{"type": "text", "text": "Search."}]},
            {"type": "google_search_call", "id": "s1", "arguments": {"queries": ["q"]}},
            {"type": "google_search_result", "call_id": "s1", "result": [{"url": "u"}]},
            {
                "type": "model_output",
                "content": [{"type": "text", "text": "Found.", "annotations": [{"type": "url_citation", "url": "u"}]}],
            },
        ],
    }
    response = call(PATH, {"model": "gemini-x", "input": "Find."}, body).response
    (message,) = response.messages
    assert message.parts == (
        ThinkingPart(text="Search."),
        ToolCallPart(id="s1", name="google_search", arguments='{"queries":["q"]}'),
        ToolResultPart(id="s1", name="google_search", text='[{"url":"u"}]'),
        TextPart(text="Found."),
        OtherPart(label=CITATIONS, json='[{"type":"url_citation","url":"u"}]'),
    )
    assert (response.response_id, response.finish_reasons) == ("v1_a", ("completed",))
    assert response.usage == Usage(
        input_tokens=25, output_tokens=35, cache_read_input_tokens=4, reasoning_output_tokens=25
    )


@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_stream_grows_step_by_step(size: int) -> None:
    body = events(
        {"event_type": "interaction.created", "interaction": {"id": "v1_s", "model": "gemini-x"}},
        {"event_type": "interaction.status_update", "interaction_id": "v1_s", "status": "in_progress"},
        start(0, type="thought"),
        delta(0, type="thought_summary", content={"type": "text", "text": "Hm."}),
        delta(0, type="thought_signature", signature="s"),
        {"event_type": "step.stop", "index": 0},
        start(1, type="model_output"),
        delta(1, type="text", text="Hel"),
        delta(1, type="text", text="lo"),
        delta(1, type="text_annotation_delta", annotations=[{"type": "url_citation", "url": "u"}]),
        start(2, type="function_call", id="f1", name="look", arguments={}),
        delta(2, type="arguments_delta", arguments='{"a"'),
        delta(2, type="arguments_delta", arguments=": 1}"),
        start(3, type="code_execution_call", id="c1"),
        delta(3, type="code_execution_call", arguments={"code": "1+1"}),
        {
            "event_type": "interaction.completed",
            "interaction": {"id": "v1_s", "status": "requires_action", "usage": COUNTS},
        },
    )
    understood = call(PATH, {"model": "m", "input": "Hi", "stream": True}, body + b"data: [DONE]\n\n", size=size)
    (message,) = understood.response.messages
    assert message.parts == (
        ThinkingPart(text="Hm."),
        TextPart(text="Hello"),
        OtherPart(label=CITATIONS, json='[{"type":"url_citation","url":"u"}]'),
        ToolCallPart(id="f1", name="look", arguments='{"a": 1}'),
        ToolCallPart(id="c1", name="code_execution", arguments='{"code":"1+1"}'),
    )
    assert understood.response.finish_reasons == ("requires_action",)
    assert understood.response.usage is not None
    assert understood.detail().problems == ()


def test_what_was_spoken_before_there_were_steps_is_read() -> None:
    body = events(
        {"event_type": "interaction.start", "interaction": {"id": "v1_o", "model": "m"}},
        {"event_type": "content.start", "index": 0, "content": {"type": "text"}},
        {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Hi"}},
        {"event_type": "content.stop", "index": 0},
        {"event_type": "interaction.complete", "interaction": {"id": "v1_o", "status": "completed"}},
    )
    assert call(PATH, {"model": "m", "input": "Hi"}, body).response.messages[0].parts == (TextPart(text="Hi"),)
    whole = {"id": "v1_o", "status": "completed", "outputs": [{"type": "text", "text": "Hi"}]}
    assert call(PATH, {"model": "m", "input": "Hi"}, whole).response.messages[0].parts == (TextPart(text="Hi"),)


def test_an_answer_that_is_fetched_later_belongs_to_what_asked_for_it() -> None:
    body = {"id": "v1_bg", "object": "interaction", "status": "in_progress", "model": "m"}
    asked = call(PATH, {"model": "m", "input": "Hi", "background": True}, body)
    assert asked.response_id == "v1_bg"
    assert asked.detail().problems == ()
    done = body | {
        "status": "completed",
        "steps": [{"type": "model_output", "content": [{"type": "text", "text": "A"}]}],
    }
    fetched = call(f"{PATH}/v1_bg", None, done, method="GET")
    assert fetched.previous_response_id == "v1_bg"
    assert fetched.response.messages[0].parts == (TextPart(text="A"),)


def test_an_error_in_a_stream_is_told() -> None:
    body = events({"event_type": "error", "error": {"message": "too much", "code": "resource_exhausted"}})
    understood = call(PATH, {"model": "m", "input": "Hi", "stream": True}, body)
    assert understood.response.error_message == "too much"
