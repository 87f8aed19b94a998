"""Bedrock's Converse is understood, whole and streamed."""

from typing import Any

import pytest

from tests.support.aws import aws_message
from tests.support.aws import bedrock_call as call
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

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
ENCODED = MODEL.replace(":", "%3A")
SAID: tuple[Part, ...] = (
    ThinkingPart(text="Where? Paris."),
    TextPart(text="I look."),
    OtherPart(label="citations", json='[{"title":"t"}]'),
    ToolCallPart(id="t1", name="weather", arguments='{"city":"Paris"}'),
)
COUNTS = {"inputTokens": 4, "outputTokens": 9, "totalTokens": 113, "cacheReadInputTokens": 60}
COUNTED = Usage(input_tokens=104, output_tokens=9, cache_read_input_tokens=60, cache_creation_input_tokens=40)


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
                    {"citationsContent": {"content": [{"text": "I look."}], "citations": [{"title": "t"}]}},
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


def test_a_wrong_checksum_is_a_problem_and_no_more() -> None:
    stream = converse_stream()
    broken = stream[:-1] + bytes([stream[-1] ^ 1])
    got = call("/model/m/converse-stream", {}, broken)
    assert got.response.messages == (Message(role="assistant", parts=SAID),)
    assert "has a wrong checksum" in got.response.problem


def test_a_role_that_is_no_text_is_not_stumbled_over() -> None:
    found = call("/model/m/converse", {"messages": [{"role": {}, "content": [{"text": "hi"}]}]}, {})
    assert [message.role for message in found.request.messages] == ["user"]
