"""Bedrock is understood: Converse and every model's own format behind invoke, whole and streamed."""

import base64
import json
from typing import Any

import pytest

from tests.support.aws import aws_message
from tests.support.calls import JSON, events_of, every, understand
from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
    Usage,
)
from union_square.wire.understanding import Understanding

AWS_EVENTS = ("content-type", "application/vnd.amazon.eventstream")
MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
ENCODED = MODEL.replace(":", "%3A")
SAID: tuple[Part, ...] = (
    ThinkingPart(text="Where? Paris."),
    TextPart(text="I look."),
    ToolCallPart(id="t1", name="weather", arguments='{"city":"Paris"}'),
)
COUNTS = {"inputTokens": 4, "outputTokens": 9, "totalTokens": 113, "cacheReadInputTokens": 60}
COUNTED = Usage(input_tokens=104, output_tokens=9, cache_read_input_tokens=60, cache_creation_input_tokens=40)


def call(
    path: str,
    request: Any,
    response: Any,
    *,
    size: int = 0,
    headers: tuple[tuple[str, str], ...] = (),
    status: int = 200,
) -> Understanding:
    """A call whose answer is an AWS event stream where it is bytes."""
    answer = response if isinstance(response, bytes) else json.dumps(response).encode()
    kind = AWS_EVENTS if isinstance(response, bytes) else JSON
    return understand(
        events_of(
            path,
            json.dumps(request).encode(),
            answer,
            upstream="bedrock",
            response_headers=(kind, *headers),
            status=status,
            cuts=every(size, answer) if size else (),
        )
    )


def chunks(*values: dict[str, Any]) -> bytes:
    """The events of a model's own format, each in Bedrock's envelope."""
    return b"".join(
        aws_message("chunk", {"bytes": base64.b64encode(json.dumps(value).encode()).decode(), "p": "abc"})
        for value in values
    )


def converse_stream() -> bytes:
    def delta(index: int, **what: Any) -> bytes:
        return aws_message("contentBlockDelta", {"contentBlockIndex": index, "delta": what, "p": "ab"})

    use = {"toolUse": {"toolUseId": "t1", "name": "weather"}}
    return b"".join(
        [
            aws_message("messageStart", {"role": "assistant"}),
            delta(0, reasoningContent={"text": "Where? "}),
            delta(0, reasoningContent={"text": "Paris."}),
            delta(0, reasoningContent={"signature": "abc"}),
            aws_message("contentBlockStop", {"contentBlockIndex": 0}),
            delta(1, text="I "),
            delta(1, text="look."),
            delta(1, citation={"title": "t"}),
            aws_message("contentBlockStart", {"contentBlockIndex": 2, "start": use}),
            delta(2, toolUse={"input": '{"city":'}),
            delta(2, toolUse={"input": '"Paris"}'}),
            aws_message("messageStop", {"stopReason": "tool_use"}),
            aws_message("metadata", {"usage": COUNTS | {"cacheWriteInputTokens": 40}, "metrics": {"latencyMs": 1}}),
        ]
    )


@pytest.mark.parametrize("size", [0, 1, 17])
def test_a_converse_stream_gives_what_the_whole_body_gives(size: int) -> None:
    body = {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "Where? Paris.", "signature": "abc"}}},
                    {"text": "I look."},
                    {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Paris"}}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": COUNTS | {"cacheWriteInputTokens": 40},
    }
    streamed = call(f"/model/{ENCODED}/converse-stream", {}, converse_stream(), size=size)
    whole = call(f"/model/{ENCODED}/converse", {}, body)
    for got, is_stream in ((streamed, True), (whole, False)):
        assert got.response.messages == (Message(role="assistant", parts=SAID),)
        assert got.response.usage == COUNTED
        assert (got.response.finish_reasons, got.response.problem, got.streamed) == (("tool_use",), "", is_stream)
        assert (got.request.dialect, got.request.model, got.request.stream) == ("bedrock-converse", MODEL, is_stream)
    assert streamed.view().time_to_first_token_ms is not None
    assert whole.cost == streamed.cost is not None


def test_a_converse_request_is_read_in_full() -> None:
    request = call(
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fabc/converse",
        {
            "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"text": "Look"},
                        {"image": {"format": "png", "source": {"bytes": "aWE="}}},
                        {"document": {"format": "pdf", "name": "d", "source": {"s3Location": {"uri": "s3://b/k"}}}},
                        {"cachePoint": {"type": "default"}},
                        {"guardContent": {"text": {"text": "guarded"}}},
                        {"unheardOf": 1},
                    ],
                },
                {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}]},
                {
                    "role": "user",
                    "content": [
                        {
                            "toolResult": {
                                "toolUseId": "t",
                                "status": "error",
                                "content": [{"json": {"a": 1}}, {"text": "b"}, {"image": {"format": "gif"}}],
                            }
                        }
                    ],
                },
            ],
            "inferenceConfig": {"maxTokens": 5},
            "toolConfig": {
                "tools": [
                    {"toolSpec": {"name": "f", "description": "d", "inputSchema": {"json": {"type": "object"}}}},
                    {"cachePoint": {"type": "default"}},
                ],
                "toolChoice": {"any": {}},
            },
            "outputConfig": {"textFormat": {"type": "json_schema"}},
        },
        {},
    ).request
    assert request.model == "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"
    assert request.messages == (
        Message(role="system", parts=(TextPart(text="Be brief."),)),
        Message(
            role="user",
            parts=(
                TextPart(text="Look"),
                MediaPart(modality="image", mime_type="image/png", data="aWE="),
                MediaPart(modality="file", mime_type="application/pdf", url="s3://b/k", name="d"),
                TextPart(text="guarded"),
                OtherPart(label="unheardOf", json='{"unheardOf":1}'),
            ),
        ),
        Message(role="assistant", parts=(ToolCallPart(id="t", name="f", arguments="{}"),)),
        Message(
            role="tool",
            parts=(
                ToolResultPart(id="t", text='{"a":1}\nb', is_error=True),
                MediaPart(modality="image", mime_type="image/gif"),
            ),
        ),
    )
    assert request.tools == (ToolOffer(name="f", description="d", schema='{"type":"object"}'),)
    assert request.parameters == {
        "maxTokens": 5,
        "toolChoice": {"any": {}},
        "outputConfig": {"textFormat": {"type": "json_schema"}},
    }


def test_a_stream_that_breaks_off_with_an_exception_has_failed() -> None:
    exception = {":message-type": "exception", ":exception-type": "throttlingException"}
    stream = aws_message("messageStart", {"role": "assistant"}) + aws_message("", {"message": "Slow"}, exception)
    view = call("/model/m/converse-stream", {}, stream).view()
    assert (view.state, view.error_type, view.error_message) == ("failed", "throttlingException", "Slow")


def test_a_refusal_has_no_stream_though_its_type_says_so() -> None:
    got = call("/model/m/converse-stream", {}, b'{"message":"No access"}', status=403)
    assert (got.view().state, got.view().error_message) == ("failed", "No access")


METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 2}}
ANTHROPIC = {"anthropic_version": "bedrock-2023-05-31", "messages": [{"role": "user", "content": "Hi"}]}
NOVA = {"schemaVersion": "messages-v1", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
CHAT = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}
INVOKED: list[tuple[str, dict[str, Any], str, dict[str, Any], list[dict[str, Any]]]] = [
    (
        "anthropic.claude",
        ANTHROPIC,
        "anthropic-messages",
        {
            "content": [{"type": "text", "text": "Hello"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 5, "output_tokens": 2},
        },
        [
            {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
            {"type": "message_stop"} | METRICS,
        ],
    ),
    (
        "amazon.nova-lite-v1:0",
        NOVA,
        "bedrock-converse",
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7},
        },
        [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": {"text": "Hel"}, "contentBlockIndex": 0}},
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {"contentBlockDelta": {"delta": {"text": "lo"}, "contentBlockIndex": 1}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 5, "outputTokens": 2}}} | METRICS,
        ],
    ),
    (
        "amazon.titan-text-express-v1",
        {"inputText": "Hi", "textGenerationConfig": {"maxTokenCount": 9}},
        "text-completion",
        {
            "inputTextTokenCount": 5,
            "results": [{"tokenCount": 2, "outputText": "Hello", "completionReason": "end_turn"}],
        },
        [
            {"outputText": "Hel", "index": 0, "inputTextTokenCount": 5, "completionReason": None},
            {"outputText": "lo", "totalOutputTextTokenCount": 2, "completionReason": "end_turn"} | METRICS,
        ],
    ),
    (
        "meta.llama3-8b-instruct-v1:0",
        {"prompt": "Hi", "max_gen_len": 9},
        "text-completion",
        {"generation": "Hello", "prompt_token_count": 5, "generation_token_count": 2, "stop_reason": "end_turn"},
        [
            {"generation": "Hel", "prompt_token_count": 5, "generation_token_count": 1, "stop_reason": None},
            {"generation": "lo", "prompt_token_count": None, "generation_token_count": 2, "stop_reason": "end_turn"},
        ],
    ),
    (
        "mistral.mistral-7b-instruct-v0:2",
        {"prompt": "Hi", "max_tokens": 9},
        "text-completion",
        {"outputs": [{"text": "Hello", "stop_reason": "end_turn"}]},
        [
            {"outputs": [{"text": "Hel", "stop_reason": None}]},
            {"outputs": [{"text": "lo", "stop_reason": "end_turn"}]} | METRICS,
        ],
    ),
    (
        "mistral.mistral-large-2407-v1:0",
        CHAT,
        "openai-chat",
        {"choices": [{"index": 0, "message": {"content": "Hello"}, "stop_reason": "end_turn"}]},
        [
            {"choices": [{"index": 0, "message": {"content": "Hel"}, "stop_reason": None}]},
            {"choices": [{"index": 0, "message": {"content": "lo"}, "stop_reason": "end_turn"}]} | METRICS,
        ],
    ),
    (
        "cohere.command-text-v14",
        {"prompt": "Hi", "max_tokens": 9},
        "text-completion",
        {"generations": [{"text": "Hello", "finish_reason": "end_turn"}], "prompt": "Hi"},
        [
            {"text": "Hel", "is_finished": False},
            {"text": "lo", "is_finished": False},
            {"is_finished": True, "finish_reason": "end_turn"} | METRICS,
        ],
    ),
    (
        "cohere.command-r-v1:0",
        {"message": "Hi", "chat_history": []},
        "cohere-v1-chat",
        {"text": "Hello", "finish_reason": "end_turn", "chat_history": []},
        [
            {"event_type": "text-generation", "text": "Hel"},
            {"event_type": "text-generation", "text": "lo"},
            {"event_type": "stream-end", "finish_reason": "end_turn", "response": {"text": "Hello"}} | METRICS,
        ],
    ),
]


@pytest.mark.parametrize(("model", "request_body", "dialect", "whole", "events"), INVOKED, ids=[i[0] for i in INVOKED])
@pytest.mark.parametrize("size", [0, 13])
def test_each_models_own_format_is_read(
    model: str, request_body: Any, dialect: str, whole: Any, events: Any, size: int
) -> None:
    counts = (("x-amzn-bedrock-input-token-count", "5"), ("X-Amzn-Bedrock-Output-Token-Count", "2"))
    path = f"/model/{model.replace(':', '%3A')}/invoke"
    answered = call(path, request_body, whole, headers=counts, size=size)
    streamed = call(f"{path}-with-response-stream", request_body, chunks(*events), size=size)
    for got, is_stream in ((answered, False), (streamed, True)):
        assert (got.request.dialect, got.request.model, got.request.stream) == (dialect, model, is_stream)
        assert got.preview == "Hi"
        assert got.response.messages == (Message(role="assistant", parts=(TextPart(text="Hello"),)),)
        assert got.response.usage == Usage(input_tokens=5, output_tokens=2)
        assert (got.response.finish_reasons, got.response.problem) == (("end_turn",), "")
        assert got.streamed is is_stream


def test_embeddings_behind_invoke_are_counted() -> None:
    got = call("/model/amazon.titan-embed-text-v2:0/invoke", {"inputText": "Hi"}, {"embedding": [0.1, 0.2]})
    assert got.request.dialect == "embeddings"
    assert got.response.messages[0].parts == (OtherPart(label="embeddings", json='{"embeddings": 1, "dimensions": 2}'),)


def test_a_body_that_is_no_known_models_is_shown_as_it_stands() -> None:
    got = call("/model/new.model/invoke", {"question": "Hi"}, {"answer": "Hello"})
    assert (got.request.dialect, got.request.model) == ("bedrock-invoke", "new.model")
    assert got.request.messages[0].parts == (OtherPart(label="JSON", json='{"question":"Hi"}'),)
    assert got.response.messages[0].parts == (OtherPart(label="JSON", json='{"answer":"Hello"}'),)


def test_a_wrong_checksum_is_a_problem_and_no_more() -> None:
    stream = converse_stream()
    broken = stream[:-1] + bytes([stream[-1] ^ 1])
    got = call("/model/m/converse-stream", {}, broken)
    assert got.response.messages == (Message(role="assistant", parts=SAID),)
    assert "has a wrong checksum" in got.response.problem


@pytest.mark.parametrize(
    "asked",
    [
        {"converse": {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}},
        {"invokeModel": {"body": base64.b64encode(json.dumps(ANTHROPIC).encode()).decode()}},
    ],
)
def test_a_count_is_read_with_what_it_counts(asked: dict[str, Any]) -> None:
    got = call("/model/anthropic.claude/count-tokens", {"input": asked}, {"inputTokens": 9})
    assert (got.preview, got.request.operation, got.request.model) == ("Hi", "count_tokens", "anthropic.claude")
    assert got.response.messages[0].parts == (OtherPart(label="JSON", json='{"inputTokens":9}'),)
    assert (got.response.usage, got.cost) == (None, None)


def test_vertex_speaks_anthropics_format_by_another_path() -> None:
    path = "/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict"
    request = call(path, ANTHROPIC, {}).request
    assert (request.dialect, request.model, request.stream) == (
        "anthropic-messages",
        "claude-sonnet-4-5@20250929",
        True,
    )
