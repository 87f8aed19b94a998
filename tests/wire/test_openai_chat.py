"""OpenAI chat completions are understood, and what other servers add to them."""

from typing import Any

import pytest

from tests.wire.streams import call, sse
from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
    Usage,
)

PATH = "/v1/chat/completions"


def chunk(delta: dict[str, Any], index: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": "c1", "model": "m-1", "choices": [{"index": index, "delta": delta, **more}]}


def answer(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "c1", "model": "m-1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], **more}


def asked(*messages: Any, **more: Any) -> Any:
    return call(PATH, {"model": "m", "messages": list(messages), **more}, answer({"content": "ok"})).request


def test_every_kind_of_part_of_a_request_is_read() -> None:
    request = asked(
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "name": "ada",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "input_audio", "input_audio": {"data": "BBBB", "format": "wav"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,CCCC"}},
                {"type": "file", "file": {"file_id": "file-1"}},
                {"type": "hologram", "x": 1},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "Hm.",
            "refusal": "No.",
            "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{ "a":1}'}},
                {"id": "t2", "type": "custom", "custom": {"name": "run", "input": "ls"}},
            ],
        },
        {
            "role": "tool",
            "tool_call_id": "t1",
            "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        },
        {"role": "function", "name": "old", "content": "result"},
        "odd",
    )
    system, user, assistant, tool, function, odd = request.messages
    assert system == Message(role="system", parts=(TextPart(text="Be brief."),))
    assert user == Message(
        role="user",
        name="ada",
        parts=(
            TextPart(text="What is this?"),
            MediaPart(modality="image", url="https://example.com/a.png"),
            MediaPart(modality="image", mime_type="image/png", data="AAAA"),
            MediaPart(modality="audio", mime_type="audio/wav", data="BBBB"),
            MediaPart(modality="file", mime_type="application/pdf", data="CCCC", name="a.pdf"),
            MediaPart(modality="file", name="file-1"),
            OtherPart(label="hologram", json='{"type":"hologram","x":1}'),
        ),
    )
    assert assistant.parts == (
        ThinkingPart(text="Hm."),
        RefusalPart(text="No."),
        ToolCallPart(id="t1", name="look", arguments='{ "a":1}'),
        ToolCallPart(id="t2", name="run", arguments="ls"),
    )
    assert tool == Message(role="tool", parts=(ToolResultPart(id="t1", text="a\nb"),))
    assert function == Message(role="tool", parts=(ToolResultPart(id="", name="old", text="result"),))
    assert odd.parts == (OtherPart(label="message", json="odd"),)


def test_tools_parameters_and_the_stream_flag_are_read() -> None:
    request = asked(
        {"role": "user", "content": "x"},
        tools=[
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}},
            {"type": "web_search", "max": 3},
        ],
        temperature=0.5,
        stream=True,
        stream_options={"include_usage": True},
    )
    assert request.tools == (
        ToolOffer(name="f", description="d", schema='{"type":"object"}'),
        ToolOffer(name="web_search", schema='{"max":3}'),
    )
    assert request.parameters == {"temperature": 0.5, "stream_options": {"include_usage": True}}
    assert request.stream
    assert (request.dialect, request.operation, request.model) == ("openai-chat", "chat", "m")


@pytest.mark.parametrize("size", [0, 1, 17])
def test_a_stream_with_thoughts_text_and_tool_calls_is_put_together(size: int) -> None:
    stream = sse(
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "I should "}),
        chunk({"reasoning_content": "look."}),
        chunk({"content": "Let me "}),
        chunk({"content": "look."}),
        chunk({"tool_calls": [{"index": 0, "id": "t1", "function": {"name": "look", "arguments": ""}}]}),
        chunk({"tool_calls": [{"index": 1, "id": "t2", "function": {"name": "find", "arguments": "{}"}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a": '}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
        chunk({}, finish_reason="tool_calls"),
        {"id": "c1", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}},
    )
    got = call(PATH, {"model": "m", "messages": []}, stream, size=size)
    assert got.response.messages == (
        Message(
            role="assistant",
            parts=(
                ThinkingPart(text="I should look."),
                TextPart(text="Let me look."),
                ToolCallPart(id="t1", name="look", arguments='{"a": 1}'),
                ToolCallPart(id="t2", name="find", arguments="{}"),
            ),
        ),
    )
    assert got.response.usage == Usage(input_tokens=7, output_tokens=5)
    assert got.response.finish_reasons == ("tool_calls",)
    assert (got.response_id, got.response.model, got.response.problem) == ("c1", "m-1", "")


def test_tool_calls_that_all_bear_number_0_are_told_apart_by_their_ids() -> None:
    stream = sse(
        chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]}),
        chunk({"tool_calls": [{"index": 0, "id": "b", "function": {"name": "f", "arguments": "{}"}}]}),
    )
    parts = call(PATH, {}, stream).response.messages[0].parts
    assert [(part.id, part.arguments) for part in parts if isinstance(part, ToolCallPart)] == [("a", "{}"), ("b", "{}")]


def test_several_choices_are_several_messages() -> None:
    stream = sse(
        chunk({"content": "B"}, index=1),
        chunk({"content": "A"}, index=0),
        chunk({}, index=1, finish_reason="length"),
        chunk({}, index=0, finish_reason="stop"),
    )
    response = call(PATH, {"n": 2}, stream).response
    assert [message.parts for message in response.messages] == [(TextPart(text="A"),), (TextPart(text="B"),)]
    assert response.finish_reasons == ("stop", "length")


def test_a_thought_told_under_two_names_is_told_once() -> None:
    stream = sse(
        chunk({"reasoning": "a", "reasoning_content": "a"}), chunk({"reasoning": "b", "reasoning_content": "b"})
    )
    assert call(PATH, {}, stream).response.messages[0].parts == (ThinkingPart(text="ab"),)


def test_encrypted_thoughts_are_redacted_ones() -> None:
    message = {"content": "x", "reasoning_details": [{"type": "reasoning.encrypted", "data": "…"}]}
    assert call(PATH, {}, answer(message)).response.messages[0].parts == (
        ThinkingPart(text="", redacted=True),
        TextPart(text="x"),
    )


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        ({"usage": None}, None),
        ({}, None),
        ({"usage": {}}, None),
        ({"usage": {"prompt_tokens": 0, "completion_tokens": 0}}, Usage(input_tokens=0, output_tokens=0)),
        ({"x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}}, Usage(input_tokens=3, output_tokens=4)),
        (
            {
                "usage": {
                    "prompt_tokens": 10,
                    "completion_tokens": 9,
                    "prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 1},
                    "completion_tokens_details": {"reasoning_tokens": 6},
                    "total_tokens": 19,
                }
            },
            Usage(
                input_tokens=10,
                output_tokens=9,
                cache_read_input_tokens=8,
                cache_creation_input_tokens=1,
                reasoning_output_tokens=6,
            ),
        ),
        (  # xAI: reasoning beside the completion
            {
                "usage": {
                    "prompt_tokens": 10,
                    "completion_tokens": 2,
                    "total_tokens": 62,
                    "completion_tokens_details": {"reasoning_tokens": 50},
                }
            },
            Usage(input_tokens=10, output_tokens=52, reasoning_output_tokens=50),
        ),
        (  # DeepSeek
            {"usage": {"prompt_tokens": 5, "completion_tokens": 1, "prompt_cache_hit_tokens": 4}},
            Usage(input_tokens=5, output_tokens=1, cache_read_input_tokens=4),
        ),
        ({"usage": {"prompt_tokens": -1, "completion_tokens": "many"}}, None),
    ],
)
def test_usage_is_as_reported_and_never_made_up(body: dict[str, Any], usage: Usage | None) -> None:
    assert call(PATH, {}, answer({"content": "x"}, **body)).response.usage == usage
    assert call(PATH, {}, sse(chunk({"content": "x"}), {"choices": [], **body})).response.usage == usage


def test_an_error_in_the_middle_of_a_stream_is_told_and_the_text_kept() -> None:
    stream = sse(chunk({"content": "Hel"}), {"error": {"message": "Overloaded", "type": "server_error", "code": 503}})
    got = call(PATH, {}, stream)
    assert (got.response.error_type, got.response.error_message) == ("server_error", "Overloaded")
    assert got.response.messages[0].parts == (TextPart(text="Hel"),)
    assert got.view().error_message == "Overloaded"


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (
            {"error": {"message": "No key", "type": "invalid_request_error", "code": "invalid_api_key"}},
            "invalid_request_error",
            "No key",
        ),
        ({"error": {"message": "Slow down", "code": 429}}, "429", "Slow down"),
        ({"error": "model not found"}, "error", "model not found"),
        ({"object": "error", "message": "bad", "type": "BadRequestError", "code": 400}, "BadRequestError", "bad"),
        ({"detail": [{"msg": "field required"}]}, "http_422", '[{"msg":"field required"}]'),
        ([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], "INVALID_ARGUMENT", "no"),
        ({"message": "Forbidden"}, "http_422", "Forbidden"),
    ],
)
def test_every_shape_of_error_is_read(body: Any, kind: str, message: str) -> None:
    view = call(PATH, {"model": "m", "messages": []}, body, status=422).view()
    assert (view.error_type, view.error_message, view.state) == (kind, message, "failed")


@pytest.mark.parametrize("page", ["<html>502 Bad Gateway</html>", "upstream connect error"])
def test_an_error_page_of_a_gateway_is_shown_as_text(page: str) -> None:
    got = call(PATH, {"model": "m", "messages": []}, page.encode(), status=502)
    assert got.response.messages[0].parts == (TextPart(text=page),)
    assert got.view().error_type == "http_502"


def test_a_stream_cut_off_inside_an_event_keeps_what_could_be_read_and_says_where() -> None:
    stream = sse(chunk({"content": "Hello "}), chunk({"content": "world"}), done=False)
    response = call(PATH, {}, stream[: stream.index(b"orld")]).response
    assert response.messages[0].parts == (TextPart(text="Hello w"),)
    assert response.problem.startswith("the response body event 2, in which the stream ends, is not JSON")


def test_an_event_that_is_not_json_is_said_and_the_rest_read() -> None:
    stream = sse(chunk({"content": "a"}), done=False) + b"data: oops\n\ndata: oops\n\n" + sse(chunk({"content": "b"}))
    response = call(PATH, {}, stream).response
    assert response.messages[0].parts == (TextPart(text="ab"),)
    assert "event 2 is not JSON: Expecting value at byte 0 (line 1) (and 1 more)" in response.problem


def test_the_deployment_in_an_azure_path_is_the_model() -> None:
    got = call("/openai/deployments/gpt-4o/chat/completions?api-version=1", {"messages": []}, answer({"content": "x"}))
    assert (got.request.dialect, got.request.model) == ("openai-chat", "gpt-4o")


def test_a_body_of_its_shape_is_understood_on_any_path() -> None:
    got = call(
        "/custom/infer", {"model": "m", "messages": [{"role": "user", "content": "hi"}]}, answer({"content": "x"})
    )
    assert got.request.dialect == "openai-chat"
    assert got.response.messages[0].parts == (TextPart(text="x"),)


def test_an_answer_of_another_shape_is_shown_as_json() -> None:
    got = call(PATH, {"model": "m", "messages": []}, {"surprise": 1})
    assert got.response.messages[0].parts == (OtherPart(label="JSON", json='{"surprise":1}'),)


def test_sound_and_pictures_in_an_answer_are_media() -> None:
    message = {
        "content": "",
        "audio": {"id": "a1", "data": "AAAA", "transcript": "Hello"},
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,BBBB"}}],
    }
    assert call(PATH, {}, answer(message)).response.messages[0].parts == (
        TextPart(text="Hello"),
        MediaPart(modality="audio", data="AAAA", name="a1"),
        MediaPart(modality="image", mime_type="image/png", data="BBBB"),
    )


def test_sound_that_streams_in_pieces_is_one_sound() -> None:
    pieces = [{"id": "a1"}, {"data": "AAE="}, {"data": "AgME", "transcript": "Hi"}, {"data": "<"}]
    got = call(PATH, {"stream": True}, sse(*(chunk({"audio": piece}) for piece in pieces)))
    assert MediaPart(modality="audio", data="AAECAwQ=", name="a1") in got.response.messages[0].parts


def test_an_emoji_split_between_two_chunks_is_one_character() -> None:
    stream = sse(chunk({"content": "\ud83d"}), chunk({"content": "\ude00"}))
    assert call(PATH, {}, stream).response.messages[0].parts == (TextPart(text="😀"),)


@pytest.mark.parametrize(
    ("generation", "part"),
    [
        ('{"name": "look", "arguments": {"a": 1}}', ToolCallPart(id="", name="look", arguments='{"a":1}')),
        ("no tool at all", TextPart(text="no tool at all")),
    ],
)
def test_what_a_server_refused_of_the_models_words_is_shown_with_its_error(generation: str, part: Part) -> None:
    error = {"message": "tool call validation failed", "code": "tool_use_failed", "failed_generation": generation}
    understood = call("/v1/chat/completions", {"model": "m", "messages": []}, {"error": error}, status=400)
    assert understood.response.error_message == "tool call validation failed"
    assert understood.response.messages[0].parts == (part,)
