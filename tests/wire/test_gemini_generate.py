"""Gemini's generateContent is understood, whole and streamed."""

import json
from typing import Any

import pytest

from tests.support.calls import JSON, events_of, understand
from tests.wire.streams import call, sse
from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
    Usage,
)

PATH = "/v1beta/models/gemini-x:generateContent"
STREAM_PATH = "/v1beta/models/gemini-x:streamGenerateContent?alt=sse"


def said(*parts: dict[str, Any], reason: str = "", index: int = 0, **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": index}
    return {
        "candidates": [candidate | ({"finishReason": reason} if reason else {})],
        "modelVersion": "gemini-x-1",
    } | more


def test_every_kind_of_part_of_a_request_is_read() -> None:
    request = call(
        PATH,
        {
            "system_instruction": {"parts": [{"text": "Be brief."}]},
            "contents": [
                {
                    "role": "user",
                    "parts": [
                        {"text": "Hi"},
                        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                        {"file_data": {"mime_type": "application/pdf", "file_uri": "https://example.com/a.pdf"}},
                        {"novelty": 1},
                    ],
                },
                {
                    "role": "model",
                    "parts": [
                        {"text": "Hm.", "thought": True},
                        {"functionCall": {"id": "f1", "name": "look", "args": {"a": 1}}, "thoughtSignature": "s"},
                        {"thoughtSignature": "alone"},
                    ],
                },
                {"role": "user", "parts": [{"function_response": {"name": "look", "response": {"result": "x"}}}]},
            ],
            "tools": [
                {"functionDeclarations": [{"name": "look", "description": "d", "parameters": {"type": "OBJECT"}}]},
                {"googleSearch": {}},
            ],
            "generationConfig": {"temperature": 0.5},
            "safetySettings": [],
        },
        said({"text": "x"}),
    ).request
    system, user, model, tool = request.messages
    assert system == Message(role="system", parts=(TextPart(text="Be brief."),))
    assert user.parts == (
        TextPart(text="Hi"),
        MediaPart(modality="image", mime_type="image/png", data="AAAA"),
        MediaPart(modality="file", mime_type="application/pdf", url="https://example.com/a.pdf"),
        OtherPart(label="novelty", json='{"novelty":1}'),
    )
    assert model == Message(
        role="assistant",
        parts=(ThinkingPart(text="Hm."), ToolCallPart(id="f1", name="look", arguments='{"a":1}')),
    )
    assert tool == Message(role="tool", parts=(ToolResultPart(id="", name="look", text='{"result":"x"}'),))
    assert request.tools == (
        ToolOffer(name="look", description="d", schema='{"type":"OBJECT"}'),
        ToolOffer(name="googleSearch"),
    )
    assert request.parameters == {"temperature": 0.5, "safetySettings": []}
    assert (request.dialect, request.operation, request.model) == ("gemini-generate", "generate_content", "gemini-x")


CHUNKS = [
    said({"text": "Let me ", "thought": True}),
    said({"text": "see.", "thought": True}, responseId="r1"),
    said({"text": "Hel"}, usageMetadata={"promptTokenCount": 9, "totalTokenCount": 9}),
    said({"text": "lo"}),
    said({"functionCall": {"name": "look", "args": {}}}),
    said(
        reason="STOP",
        usageMetadata={
            "promptTokenCount": 9,
            "toolUsePromptTokenCount": 1,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 7,
            "cachedContentTokenCount": 4,
            "totalTokenCount": 22,
        },
    ),
]


@pytest.mark.parametrize("size", [0, 1, 31])
def test_a_stream_is_put_together(size: int) -> None:
    got = call(STREAM_PATH, {"contents": []}, sse(*CHUNKS, done=False), size=size)
    assert got.response.messages == (
        Message(
            role="assistant",
            parts=(
                ThinkingPart(text="Let me see."),
                TextPart(text="Hello"),
                ToolCallPart(id="", name="look", arguments="{}"),
            ),
        ),
    )
    assert got.response.usage == Usage(
        input_tokens=10, output_tokens=12, cache_read_input_tokens=4, reasoning_output_tokens=7
    )
    assert got.response.finish_reasons == ("STOP",)
    assert (got.request.stream, got.response.streamed) == (True, True)
    assert (got.response_id, got.response.model, got.response.problem) == ("r1", "gemini-x-1", "")


def test_a_stream_as_one_json_array_says_the_same() -> None:
    array = call(STREAM_PATH.partition("?")[0], {"contents": []}, CHUNKS)
    events = call(STREAM_PATH, {"contents": []}, sse(*CHUNKS, done=False))
    assert array.response.messages == events.response.messages
    assert array.response.usage == events.response.usage


def test_several_candidates_are_several_messages() -> None:
    body = said({"text": "A"}, reason="STOP")
    body["candidates"] += said({"text": "B"}, reason="MAX_TOKENS", index=1)["candidates"]
    response = call(PATH, {}, body).response
    assert [message.parts for message in response.messages] == [(TextPart(text="A"),), (TextPart(text="B"),)]
    assert response.finish_reasons == ("STOP", "MAX_TOKENS")


def test_the_providers_own_tools_are_readable() -> None:
    body = said(
        {"executableCode": {"language": "PYTHON", "code": "1+1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "2"}},
        {"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}},
    )
    assert call(PATH, {}, body).response.messages[0].parts == (
        ToolCallPart(id="", name="code_execution", arguments='{"language":"PYTHON","code":"1+1"}'),
        ToolResultPart(id="", name="code_execution", text="2", is_error=True),
        MediaPart(modality="audio", mime_type="audio/wav", data="AAAA"),
    )


def test_a_blocked_prompt_says_so() -> None:
    body = {"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "Not that."}}
    response = call(PATH, {}, body).response
    assert response.messages[0].parts == (RefusalPart(text="Not that."),)
    assert response.finish_reasons == ("SAFETY",)


def test_an_answer_that_is_all_thought_has_an_output_all_the_same() -> None:
    counts = {"promptTokenCount": 10, "thoughtsTokenCount": 90, "totalTokenCount": 100}
    usage = call(PATH, {}, said(usageMetadata=counts)).response.usage
    assert usage == Usage(input_tokens=10, output_tokens=90, reasoning_output_tokens=90)


def test_counting_tokens_is_no_usage() -> None:
    got = call("/v1beta/models/gemini-x:countTokens", {"contents": [{"parts": [{"text": "x"}]}]}, {"totalTokens": 3})
    assert (got.request.operation, got.response.usage) == ("count_tokens", None)
    assert got.response.messages[0].parts == (OtherPart(label="JSON", json='{"totalTokens":3}'),)


def test_an_error_in_a_list_is_told() -> None:
    body = json.dumps([{"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}}]).encode()
    view = call(STREAM_PATH, {"contents": []}, body, status=429).view()
    assert (view.error_type, view.error_message) == ("RESOURCE_EXHAUSTED", "Quota")


def test_an_array_is_read_while_it_streams() -> None:
    path = STREAM_PATH.partition("?")[0]
    whole = json.dumps(CHUNKS).encode()
    body = whole[: whole.rindex(b"{", 0, len(whole) // 2)]
    got = understand(events_of(path, b'{"contents": []}', body, response_headers=[JSON]))
    assert got.streamed
    assert got.response.messages
    assert call(path, {"contents": []}, CHUNKS).view().time_to_first_token_ms is not None


def test_what_is_cached_is_shown_and_not_counted_as_used() -> None:
    asked = {"model": "models/gemini-2.5-flash", "contents": [{"parts": [{"text": "Long"}]}], "ttl": "60s"}
    got = call("/v1beta/cachedContents", asked, {"name": "cachedContents/1", "usageMetadata": {"totalTokenCount": 9}})
    assert (got.request.dialect, got.request.operation, got.request.model) == (
        "gemini-generate",
        "cache_contents",
        "gemini-2.5-flash",
    )
    assert (got.preview, got.request.parameters, got.response.usage) == ("Long", {"ttl": "60s"}, None)
    assert got.response.messages[0].parts[0].type == "other"


def test_envelopes_are_opened() -> None:
    contents = [{"role": "user", "parts": [{"text": "Hi"}]}]
    answer = {"response": {"candidates": [{"content": {"parts": [{"text": "Hello"}]}, "finishReason": "STOP"}]}}
    asked = {"model": "gemini-2.5-pro", "project": "p", "request": {"contents": contents}}
    got = call("/v1internal:generateContent", asked, answer)
    assert (got.preview, got.request.model) == ("Hi", "gemini-2.5-pro")
    assert got.response.messages[0].parts == (TextPart(text="Hello"),)
    counted = call("/v1/models/m:countTokens", {"generateContentRequest": {"contents": contents}}, {"totalTokens": 1})
    assert (counted.preview, counted.request.operation) == ("Hi", "count_tokens")


def test_sound_is_priced_as_sound() -> None:
    def usd(modality: str) -> float:
        counts = {"promptTokenCount": 1000, "candidatesTokenCount": 1, "totalTokenCount": 1001}
        counts |= {"promptTokensDetails": [{"modality": modality, "tokenCount": 1000}]}
        answer = {"candidates": [], "usageMetadata": counts, "modelVersion": "gemini-2.5-flash"}
        cost = call(PATH, {"contents": []}, answer, upstream="gemini").cost
        assert cost is not None
        return cost.usd

    assert usd("AUDIO") > usd("TEXT")


def test_thoughts_that_the_total_counts_among_the_candidates_are_counted_once() -> None:
    counts = {"promptTokenCount": 8, "candidatesTokenCount": 20, "thoughtsTokenCount": 12, "totalTokenCount": 28}
    usage = call(PATH, {"contents": []}, said({"text": "A"}, usageMetadata=counts)).response.usage
    assert usage == Usage(input_tokens=8, output_tokens=20, reasoning_output_tokens=12)
