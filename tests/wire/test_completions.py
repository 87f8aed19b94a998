"""Text completions are understood, OpenAI's and those that look like them, whole and streamed."""

from typing import Any

import pytest

from tests.wire.streams import call, sse
from union_square.domain.messages import Message, OtherPart, TextPart, Usage

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


@pytest.mark.parametrize("path", ["/v1/completions", "/openai/deployments/dep/completions", "/beta/completions"])
@pytest.mark.parametrize("size", [0, 1, 23])
def test_a_stream_gives_what_the_whole_body_gives(path: str, size: int) -> None:
    asked = {"model": "davinci", "prompt": "Say", "max_tokens": 5, "suffix": "!"}
    stream = sse(
        {"id": "c", "model": "davinci-002", "choices": [{"text": "Hel", "index": 0, "finish_reason": None}]},
        {"id": "c", "choices": [{"text": "Hi", "index": 1, "finish_reason": "stop"}]},
        {"id": "c", "choices": [{"text": "lo", "index": 0, "finish_reason": "length"}]},
        {"id": "c", "choices": [], "usage": USAGE},
    )
    whole = {
        "id": "c",
        "model": "davinci-002",
        "choices": [
            {"text": "Hello", "index": 0, "finish_reason": "length"},
            {"text": "Hi", "index": 1, "finish_reason": "stop"},
        ],
        "usage": USAGE,
    }
    for got in (call(path, asked | {"stream": True}, stream, size=size), call(path, asked, whole)):
        assert (got.request.dialect, got.request.operation, got.request.model) == (
            "text-completion",
            "text_completion",
            "davinci",
        )
        assert got.request.messages == (Message(role="user", parts=(TextPart(text="Say"),)),)
        assert got.request.parameters == {"max_tokens": 5, "suffix": "!"}
        assert got.response.messages == (
            Message(role="assistant", parts=(TextPart(text="Hello"),)),
            Message(role="assistant", parts=(TextPart(text="Hi"),)),
        )
        assert got.response.usage == Usage(input_tokens=3, output_tokens=2)
        assert (got.response.finish_reasons, got.response.model) == (("length", "stop"), "davinci-002")


@pytest.mark.parametrize(
    ("prompt", "parts"),
    [
        (["a", "b"], [TextPart(text="a"), TextPart(text="b")]),
        ([1, 2], [OtherPart(label="tokens", json="[1,2]")]),
        ([[1], [2]], [OtherPart(label="tokens", json="[1]"), OtherPart(label="tokens", json="[2]")]),
        ("", []),
        (None, []),
    ],
)
def test_a_prompt_may_be_many_and_may_be_tokens(prompt: Any, parts: list[Any]) -> None:
    messages = call("/v1/completions", {"model": "m", "prompt": prompt}, {}).request.messages
    assert [part for message in messages for part in message.parts] == parts


@pytest.mark.parametrize(
    ("path", "asked", "answer"),
    [
        ("/v1/fim/completions", {"model": "codestral", "prompt": "def"}, {"choices": [{"message": {"content": "ok"}}]}),
        ("/v1/complete", {"model": "claude-2", "prompt": "Hi"}, {"completion": "ok", "stop_reason": "stop_sequence"}),
        ("/endpoints/mine/invocations", {"inputs": "Hi"}, [{"generated_text": "ok"}]),
        ("/generate", {"inputs": "Hi", "parameters": {"top_p": 1}}, {"generated_text": "ok"}),
        ("/v1/generate", {"prompt": "Hi"}, {"generations": [{"text": "ok"}], "meta": {}}),
        ("/ml/v1/text/generation", {"model_id": "m", "input": "Hi"}, {"results": [{"generated_text": "ok"}]}),
        ("/models/m", {"inputs": "Hi", "parameters": {}}, [{"generated_text": "ok"}]),
        ("/anything", {"model": "m", "prompt": "Hi", "max_tokens": 1}, {"choices": [{"text": "ok"}]}),
    ],
)
def test_variants_are_read_too(path: str, asked: Any, answer: Any) -> None:
    got = call(path, asked, answer)
    assert got.request.dialect == "text-completion"
    assert got.request.messages[0].parts[0].type == "text"
    assert got.response.messages == (Message(role="assistant", parts=(TextPart(text="ok"),)),)


def test_an_answer_of_another_shape_is_shown_as_it_stands() -> None:
    got = call("/v1/completions", {"prompt": "Hi"}, {"surprise": 1})
    assert got.response.messages[0].parts == (OtherPart(label="JSON", json='{"surprise":1}'),)


def test_counts_stand_in_each_result() -> None:
    results = [{"generated_text": "a", "generated_token_count": 2, "input_token_count": 5}]
    got = call("/ml/v1/text/generation", {"model_id": "m", "input": "Hi"}, {"results": results})
    assert (got.response.usage, got.request.model) == (Usage(input_tokens=5, output_tokens=2), "m")


@pytest.mark.parametrize("path", ["/v1/agents/completions", "/ml/v1/text/chat"])
def test_chats_by_other_paths_are_chats(path: str) -> None:
    asked = {"messages": [{"role": "user", "content": "Hi"}], "model_id": "m"}
    got = call(path, asked, {"choices": [{"message": {"content": "ok"}}]})
    assert (got.request.dialect, got.request.model, got.preview) == ("openai-chat", "m", "Hi")


def test_one_stream_may_hold_several_answers_and_an_end_without_words() -> None:
    stream = sse(
        {"text": "a", "index": 0, "is_finished": False},
        {"text": "b", "index": 1, "is_finished": False},
        {"finish_reason": "COMPLETE", "index": 1, "is_finished": True},
        {"is_finished": True},
        {"type": "ping"},
        done=False,
    )
    got = call("/v1/generate", {"prompt": "Hi"}, stream)
    assert [message.parts for message in got.response.messages] == [(TextPart(text="a"),), (TextPart(text="b"),)]
    assert got.response.finish_reasons == ("COMPLETE",)


def test_typed_prompts_are_read() -> None:
    asked = {"model": "luminous", "prompt": [{"type": "text", "data": "Hi"}, {"type": "image", "data": "aWE="}]}
    answer = {
        "completions": [{"completion": "ok", "finish_reason": "maximum_tokens"}],
        "num_tokens_prompt_total": 3,
        "num_tokens_generated": 1,
    }
    got = call("/complete", asked, answer)
    assert [message.parts[0].type for message in got.request.messages] == ["text", "other"]
    assert got.response.messages == (Message(role="assistant", parts=(TextPart(text="ok"),)),)
    assert got.response.usage == Usage(input_tokens=3, output_tokens=1)
