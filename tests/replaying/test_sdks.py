"""Unmodified SDKs against the mock, whose answers are those of recorded calls."""

from typing import Any

import anthropic
import google.genai as genai
import ollama
import openai
import pytest
from google.genai import types

from tests.replaying.conftest import Serve
from tests.support.calls import JSON
from tests.support.recorded import recorded, stream_of

SAY: Any = [{"role": "user", "content": "Grüß Gott"}]
KEY = "any"


def delta(text: str, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}} | more
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def test_openai_chat_with_tools_streamed_and_an_error_raised(serve: Serve) -> None:
    body = {"model": "gpt-5", "messages": SAY, "stream": True}
    stream = stream_of(delta("Good "), delta("morning."), delta("", finish_reason="stop"))
    refused = {"error": {"message": "slow down", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}
    mock = serve(
        recorded(1, "/v1/chat/completions", body, stream, streamed=True),
        recorded(2, "/v1/chat/completions", {**body, "stream": False}, refused, status=429),
    )
    for url in (mock.url("openai/v1"), mock.url("v1")):
        with openai.OpenAI(api_key=KEY, base_url=url, max_retries=0) as client:
            if url == mock.url("openai/v1"):
                pieces = client.chat.completions.create(model="gpt-5", messages=SAY, stream=True)
                assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == "Good morning."
            else:
                with pytest.raises(openai.RateLimitError, match="slow down"):
                    client.chat.completions.create(model="gpt-5", messages=SAY, stream=False)
    assert mock.report().is_clean


def test_openai_responses_streamed(serve: Serve) -> None:
    content = [{"type": "output_text", "text": "Good morning.", "annotations": []}]
    output = [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}]
    whole = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5", "status": "completed",
        "output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    }  # fmt: skip
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
    stream = stream_of(
        {
            "type": "response.created",
            "sequence_number": 0,
            "response": {**whole, "status": "in_progress", "output": []},
        },
        {
            "type": "response.output_item.added",
            "sequence_number": 1,
            "output_index": 0,
            "item": {**output[0], "content": []},
        },
        {"type": "response.content_part.added", "sequence_number": 2, **at, "part": {**content[0], "text": ""}},
        {"type": "response.output_text.delta", "sequence_number": 3, "delta": "Good ", **at},
        {"type": "response.output_text.delta", "sequence_number": 4, "delta": "morning.", **at},
        {"type": "response.completed", "sequence_number": 5, "response": whole},
        named=True,
        done=False,
    )
    mock = serve(
        recorded(1, "/v1/responses", {"model": "gpt-5", "input": "Grüß Gott", "stream": True}, stream, streamed=True)
    )
    with (
        openai.OpenAI(api_key=KEY, base_url=mock.url("openai/v1"), max_retries=0) as client,
        client.responses.stream(model="gpt-5", input="Grüß Gott") as events,
    ):
        said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert said == "Good morning." == events.get_final_response().output_text
    assert mock.report().is_clean


def test_an_anthropic_agent_goes_on_with_the_recorded_tool_call(serve: Serve) -> None:
    tools: Any = [{"name": "weather", "description": "", "input_schema": {"type": "object", "properties": {}}}]
    asked = {"type": "tool_use", "id": "toolu_recorded", "name": "weather", "input": {"city": "Bern"}}
    base = {"model": "claude-opus-5", "max_tokens": 99, "tools": tools, "stream": True}
    first = {**base, "messages": SAY}
    result = {"type": "tool_result", "tool_use_id": "toolu_recorded", "content": "12 °C"}
    then = {
        **base,
        "messages": [*SAY, {"role": "assistant", "content": [asked]}, {"role": "user", "content": [result]}],
    }
    start: Any = {
        "type": "message_start",
        "message": {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "claude-opus-5",
                    "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 1}},
    }  # fmt: skip

    def ending(reason: str) -> list[Any]:
        end = {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": 5},
        }
        return [{"type": "content_block_stop", "index": 0}, end, {"type": "message_stop"}]

    calls_tool = stream_of(
        start,
        {"type": "content_block_start", "index": 0, "content_block": {**asked, "input": {}}},
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "input_json_delta", "partial_json": '{"city": "Bern"}'}},
        *ending("tool_use"),
        named=True,
        done=False,
    )  # fmt: skip
    says = stream_of(
        start,
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "It is 12 °C."}},
        *ending("end_turn"),
        named=True,
        done=False,
    )
    mock = serve(
        *(
            recorded(n, "/v1/messages", body, stream, streamed=True, upstream="anthropic")
            for n, (body, stream) in enumerate([(first, calls_tool), (then, says)])
        )
    )
    with anthropic.Anthropic(api_key=KEY, base_url=mock.url("anthropic"), max_retries=0) as client:
        messages: Any = list(SAY)
        with client.messages.stream(model="claude-opus-5", max_tokens=99, tools=tools, messages=messages) as stream:
            answer = stream.get_final_message()
        assert answer.stop_reason == "tool_use"
        used = next(block for block in answer.content if block.type == "tool_use")
        result = {"type": "tool_result", "tool_use_id": used.id, "content": "12 °C"}
        messages += [{"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}]
        with client.messages.stream(model="claude-opus-5", max_tokens=99, tools=tools, messages=messages) as stream:
            assert stream.get_final_text() == "It is 12 °C."
        with pytest.raises(anthropic.NotFoundError, match="no recorded request matches"):
            client.messages.create(model="claude-opus-5", max_tokens=99, messages=[{"role": "user", "content": "Else"}])
    report = mock.report()
    assert (report.answered, len(report.unmatched), report.unused) == (2, 1, ())


def test_google_whole_and_streamed_and_its_error(serve: Serve) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "Grüß Gott"}]}]}
    part = {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "Good morning."}]}, "finishReason": "STOP"}]
    }
    base = "/v1beta/models/gemini-3-flash"
    mock = serve(
        recorded(1, f"{base}:generateContent", body, part, upstream="gemini"),
        recorded(2, f"{base}:streamGenerateContent?alt=sse", body, stream_of(part, part, done=False), streamed=True,
                 upstream="gemini"),
    )  # fmt: skip
    client = genai.Client(
        api_key=KEY, http_options=types.HttpOptions(base_url=mock.url("gemini"), api_version="v1beta")
    )
    assert client.models.generate_content(model="gemini-3-flash", contents="Grüß Gott").text == "Good morning."
    pieces = client.models.generate_content_stream(model="gemini-3-flash", contents="Grüß Gott")
    assert "".join(piece.text or "" for piece in pieces) == "Good morning.Good morning."
    with pytest.raises(genai.errors.ClientError, match="no recorded request matches"):
        client.models.generate_content(model="gemini-3-flash", contents="Else")
    client.close()
    assert not mock.report().unused


def test_ollama_whole_streamed_and_its_error(serve: Serve) -> None:
    line = (
        '{"model":"qwen","created_at":"2026-11-24T10:00:00Z","message":{"role":"assistant","content":"%s"},"done":%s}'
    )
    lines = "".join(f"{line % one}\n" for one in [("Good ", "false"), ("morning.", "true")]).encode()
    body = {"model": "qwen", "messages": SAY, "tools": [], "stream": True}
    ndjson = [("content-type", "application/x-ndjson"), ("transfer-encoding", "chunked")]
    mock = serve(
        recorded(1, "/api/chat", body, lines, upstream="ollama", response_headers=ndjson, cuts=(60, 150)),
        recorded(2, "/api/chat", {**body, "stream": False}, lines.splitlines()[1], upstream="ollama",
                 response_headers=[JSON, ("content-length", str(len(lines.splitlines()[1])))]),
    )  # fmt: skip
    with ollama.Client(host=mock.url("ollama")) as client:
        pieces = client.chat(model="qwen", messages=SAY, stream=True)
        assert "".join(piece.message.content or "" for piece in pieces) == "Good morning."
        assert client.chat(model="qwen", messages=SAY).message.content == "morning."
        with pytest.raises(ollama.ResponseError, match="no recorded request matches"):
            client.chat(model="qwen", messages=[{"role": "user", "content": "Else"}])
    assert not mock.report().unused
