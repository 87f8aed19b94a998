"""Anthropic messages are understood."""

from typing import Any

import pytest

from tests.wire.streams import call, named_sse
from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
    Usage,
)

PATH = "/v1/messages"
START = {"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "content": [], "role": "assistant"}}


def started(**usage: Any) -> dict[str, Any]:
    return START | {"message": START["message"] | {"usage": usage}}  # type: ignore[operator]


def block(index: int, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": fields}


def delta(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def stopped(reason: str = "end_turn", **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


def test_every_kind_of_block_of_a_request_is_read() -> None:
    request = call(
        PATH,
        {
            "model": "claude-x",
            "max_tokens": 10,
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "tools": [
                {"name": "look", "description": "d", "input_schema": {"type": "object"}},
                {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
            ],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Hi"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                        {"type": "document", "title": "t", "source": {"type": "file", "file_id": "file_1"}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                        {"type": "redacted_thinking", "data": "x"},
                        {"type": "tool_use", "id": "t1", "name": "look", "input": {"a": 1}},
                        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
                        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"type": "x"}]},
                        {"type": "novelty", "x": 1},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "t1", "content": "done"},
                        {
                            "type": "tool_result",
                            "tool_use_id": "t2",
                            "is_error": True,
                            "content": [
                                {"type": "text", "text": "bad"},
                                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "B"}},
                            ],
                        },
                    ],
                },
                {"role": "user", "content": "plain"},
            ],
        },
        {"content": []},
    ).request
    system, user, assistant, tool, plain = request.messages
    assert system == Message(role="system", parts=(TextPart(text="Be brief."),))
    assert user.parts == (
        TextPart(text="Hi"),
        MediaPart(modality="image", mime_type="image/png", data="AAAA"),
        MediaPart(modality="image", url="https://example.com/a.png"),
        MediaPart(modality="file", name="t"),
    )
    assert assistant.parts == (
        ThinkingPart(text="Hm."),
        ThinkingPart(text="", redacted=True),
        ToolCallPart(id="t1", name="look", arguments='{"a":1}'),
        ToolCallPart(id="s1", name="web_search", arguments='{"query":"q"}'),
        ToolResultPart(id="s1", name="web_search", text='[{"type":"x"}]'),
        OtherPart(label="novelty", json='{"type":"novelty","x":1}'),
    )
    assert tool == Message(
        role="tool",
        parts=(
            ToolResultPart(id="t1", text="done"),
            ToolResultPart(id="t2", text="bad", is_error=True),
            MediaPart(modality="image", mime_type="image/png", data="B"),
        ),
    )
    assert plain == Message(role="user", parts=(TextPart(text="plain"),))
    assert request.tools == (
        ToolOffer(name="look", description="d", schema='{"type":"object"}'),
        ToolOffer(name="web_search", schema='{"type":"web_search_20250305","max_uses":3}'),
    )
    assert request.parameters == {"max_tokens": 10}


@pytest.mark.parametrize("size", [0, 1, 23])
def test_a_stream_is_put_together_and_its_usage_merged(size: int) -> None:
    stream = named_sse(
        started(input_tokens=10, cache_read_input_tokens=100, cache_creation_input_tokens=7, output_tokens=1),
        {"type": "ping"},
        block(0, type="thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="Let me "),
        delta(0, "thinking_delta", thinking="see."),
        delta(0, "signature_delta", signature="sig"),
        {"type": "content_block_stop", "index": 0},
        block(1, type="redacted_thinking", data="xx"),
        block(2, type="text", text=""),
        delta(2, "text_delta", text="Hel"),
        delta(2, "text_delta", text="lo"),
        block(3, type="tool_use", id="t1", name="look", input={}),
        delta(3, "input_json_delta", partial_json=""),
        delta(3, "input_json_delta", partial_json='{"a": '),
        delta(3, "input_json_delta", partial_json="1}"),
        block(4, type="tool_use", id="t2", name="now", input={}),
        stopped("tool_use", output_tokens=42, output_tokens_details={"thinking_tokens": 30}),
        {"type": "message_stop"},
    )
    got = call(PATH, {"model": "claude-x", "messages": []}, stream, size=size)
    assert got.response.messages == (
        Message(
            role="assistant",
            parts=(
                ThinkingPart(text="Let me see."),
                ThinkingPart(text="", redacted=True),
                TextPart(text="Hello"),
                ToolCallPart(id="t1", name="look", arguments='{"a": 1}'),
                ToolCallPart(id="t2", name="now", arguments="{}"),
            ),
        ),
    )
    assert got.response.usage == Usage(
        input_tokens=117,
        output_tokens=42,
        cache_read_input_tokens=100,
        cache_creation_input_tokens=7,
        reasoning_output_tokens=30,
    )
    assert got.response.finish_reasons == ("tool_use",)
    assert (got.response_id, got.response.model, got.response.problem) == ("msg_1", "claude-x", "")


def test_a_whole_body_is_the_same_as_its_stream() -> None:
    usage = {"input_tokens": 3, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 0, "output_tokens": 2}
    body = {
        "id": "msg_1",
        "type": "message",
        "model": "claude-x",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "usage": usage,
    }
    stream = named_sse(
        started(**usage | {"output_tokens": 1}), block(0, type="text", text=""), delta(0, "text_delta", text="Hello"),
        stopped(output_tokens=2),
    )  # fmt: skip
    whole, streamed = call(PATH, {"model": "claude-x"}, body), call(PATH, {"model": "claude-x"}, stream)
    assert whole.response.messages == streamed.response.messages
    assert (
        whole.response.usage
        == streamed.response.usage
        == Usage(input_tokens=7, output_tokens=2, cache_read_input_tokens=4, cache_creation_input_tokens=0)
    )
    assert whole.response.finish_reasons == streamed.response.finish_reasons == ("end_turn",)


def test_cache_creation_by_life_time_counts_where_the_sum_is_not_told() -> None:
    usage = {
        "input_tokens": 1,
        "output_tokens": 1,
        "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
    }
    got = call(PATH, {}, {"content": [], "id": "m", "usage": usage}).response.usage
    assert got == Usage(input_tokens=6, output_tokens=1, cache_creation_input_tokens=5)


def test_an_error_event_in_the_middle_is_told_and_the_text_kept() -> None:
    stream = named_sse(
        START,
        block(0, type="text", text=""),
        delta(0, "text_delta", text="Hel"),
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    )
    response = call(PATH, {}, stream).response
    assert (response.error_type, response.error_message) == ("overloaded_error", "Overloaded")
    assert response.messages[0].parts == (TextPart(text="Hel"),)
    assert response.usage is None


def test_an_error_body_is_told() -> None:
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}, "request_id": "r"}
    view = call(PATH, {"model": "claude-x"}, body, status=429).view()
    assert (view.error_type, view.error_message) == ("rate_limit_error", "Slow down")


def test_a_tool_call_shows_its_arguments_while_they_come() -> None:
    stream = named_sse(
        START,
        block(0, type="tool_use", id="t", name="look", input={}),
        delta(0, "input_json_delta", partial_json='{"a'),
    )
    response = call(PATH, {}, stream).response
    assert response.messages[0].parts == (ToolCallPart(id="t", name="look", arguments='{"a'),)


def test_deltas_whose_block_start_was_lost_are_kept() -> None:
    stream = named_sse(delta(2, "text_delta", text="late"))
    assert call(PATH, {}, stream).response.messages[0].parts == (TextPart(text="late"),)


def test_an_event_of_a_kind_nobody_knows_is_kept() -> None:
    stream = named_sse(START, {"type": "surprise", "x": 1})
    messages = call(PATH, {}, stream).response.messages
    assert messages[-1].parts == (OtherPart(label="surprise", json='{"type":"surprise","x":1}'),)


def test_counting_tokens_is_no_usage() -> None:
    got = call("/v1/messages/count_tokens", {"model": "claude-x", "messages": []}, {"input_tokens": 9})
    assert (got.request.operation, got.response.usage, got.view().cost_usd) == ("count_tokens", None, None)
    assert got.response.messages[0].parts == (OtherPart(label="JSON", json='{"input_tokens":9}'),)


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@1:streamRawPredict", "claude-x@1"),
        ("/model/us.anthropic.claude-x-v1%3A0/invoke", "us.anthropic.claude-x-v1:0"),
    ],
)
def test_on_other_clouds_the_model_stands_in_the_path(path: str, model: str) -> None:
    body = {"anthropic_version": "x", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
    request = call(path, body, {"content": []}).request
    assert (request.dialect, request.model) == ("anthropic-messages", model)


def test_the_messages_of_an_openai_thread_are_not_taken_for_its_own() -> None:
    request = call("/v1/threads/thread_1/messages", {"role": "user", "content": "hi"}, {"id": "msg"}).request
    assert request.dialect == "json"


@pytest.mark.parametrize(
    "more",
    [
        {"container": {"skills": []}},
        {"tools": [{"name": "look", "input_schema": {"type": "object"}}]},
        {"context_management": {"edits": []}},
    ],
    ids=["container", "tools", "context management"],
)
def test_on_a_path_that_says_nothing_it_is_known_by_what_only_it_has(more: dict[str, Any]) -> None:
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
    assert call("/gateway", body | more).request.dialect == "anthropic-messages"
    assert call("/gateway", body).request.dialect == "openai-chat"
