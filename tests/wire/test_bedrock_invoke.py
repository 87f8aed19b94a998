"""Every model's own format behind Bedrock's invoke is understood, whole and streamed, and so is Vertex AI's."""

import base64
import json
from typing import Any

import pytest

from tests.support.aws import aws_message
from tests.support.aws import bedrock_call as call
from union_square.domain.messages import Message, OtherPart, TextPart, Usage


def chunks(*values: dict[str, Any]) -> bytes:
    """The events of a model's own format, each in Bedrock's envelope."""
    return b"".join(
        aws_message("chunk", {"bytes": base64.b64encode(json.dumps(value).encode()).decode(), "p": "abc"})
        for value in values
    )


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


def test_a_message_alone_is_coheres() -> None:
    understood = call(
        "/model/cohere.command-x/invoke", {"message": "Hi"}, {"text": "Hello", "finish_reason": "COMPLETE"}
    )
    assert understood.request.dialect == "cohere-v1-chat"
    assert understood.response.messages == (Message(role="assistant", parts=(TextPart(text="Hello"),)),)


def test_a_body_that_is_no_known_models_is_shown_as_it_stands() -> None:
    got = call("/model/new.model/invoke", {"question": "Hi"}, {"answer": "Hello"})
    assert (got.request.dialect, got.request.model) == ("bedrock-invoke", "new.model")
    assert got.request.messages[0].parts == (OtherPart(label="JSON", json='{"question":"Hi"}'),)
    assert got.response.messages[0].parts == (OtherPart(label="JSON", json='{"answer":"Hello"}'),)


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
