"""OpenAI responses are understood."""

from typing import Any

import pytest

from tests.wire.streams import call, named_sse
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

PATH = "/v1/responses"
USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 5},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 29,
}
COUNTED = Usage(input_tokens=20, output_tokens=9, cache_read_input_tokens=5, reasoning_output_tokens=4)
OUTPUT: list[dict[str, Any]] = [
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "I look."}]},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
    {
        "type": "message",
        "id": "m_1",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
    },
    {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": '{"a": 1}'},
]
SAID = (
    ThinkingPart(text="I look."),
    ToolCallPart(id="ws_1", name="web_search", arguments='{"action":{"type":"search","query":"q"}}'),
    TextPart(text="Hello"),
    ToolCallPart(id="c1", name="look", arguments='{"a": 1}'),
)


def body(**more: Any) -> dict[str, Any]:
    return {"object": "response", "id": "resp_1", "model": "gpt-x", "status": "completed", "output": OUTPUT} | more


def stream(*, end: dict[str, Any] | None = None) -> bytes:
    at = {"output_index": 0}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": body(status="in_progress", output=[])},
        {"type": "response.output_item.added", "item": {"type": "reasoning", "id": "rs_1", "summary": []}, **at},
        {"type": "response.reasoning_summary_part.added", "summary_index": 0, **at},
        {"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": "I ", **at},
        {"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": "look.", **at},
        {"type": "response.output_item.done", "item": OUTPUT[0], **at},
        {"type": "response.output_item.added", "item": OUTPUT[1] | {"status": "in_progress"}, "output_index": 1},
        {"type": "response.web_search_call.searching", "output_index": 1, "item_id": "ws_1"},
        {"type": "response.output_item.done", "item": OUTPUT[1], "output_index": 1},
        {"type": "response.output_item.added", "item": OUTPUT[2] | {"content": []}, "output_index": 2},
        {"type": "response.content_part.added", "output_index": 2, "content_index": 0, "part": {"type": "output_text"}},
        {"type": "response.output_text.delta", "output_index": 2, "content_index": 0, "delta": "Hel"},
        {"type": "response.output_text.delta", "output_index": 2, "content_index": 0, "delta": "lo"},
        {"type": "response.output_text.done", "output_index": 2, "content_index": 0, "text": "Hello"},
        {"type": "response.output_item.added", "item": OUTPUT[3] | {"arguments": ""}, "output_index": 3},
        {"type": "response.function_call_arguments.delta", "output_index": 3, "delta": '{"a": '},
        {"type": "response.function_call_arguments.delta", "output_index": 3, "delta": "1}"},
    ]
    return named_sse(*events, *([] if end is None else [end]))


@pytest.mark.parametrize("size", [0, 1, 29])
def test_a_stream_gives_what_the_whole_body_gives(size: int) -> None:
    streamed = call(PATH, {}, stream(end={"type": "response.completed", "response": body(usage=USAGE)}), size=size)
    whole = call(PATH, {}, body(usage=USAGE))
    assert streamed.response.messages == whole.response.messages == (Message(role="assistant", parts=SAID),)
    assert streamed.response.usage == whole.response.usage == COUNTED
    assert streamed.response.finish_reasons == whole.response.finish_reasons == ("completed",)
    assert streamed.response.response_id == whole.response.response_id == "resp_1"
    assert streamed.response.streamed
    assert not whole.response.streamed


def test_a_stream_that_has_not_ended_shows_all_that_came() -> None:
    response = call(PATH, {}, stream()).response
    assert response.messages == (Message(role="assistant", parts=SAID),)
    assert (response.usage, response.finish_reasons) == (None, ())


def test_a_final_response_without_its_output_leaves_what_was_streamed() -> None:
    end = {"type": "response.completed", "response": body(output=[], usage=USAGE)}
    assert call(PATH, {}, stream(end=end)).response.messages[0].parts == SAID


def test_a_response_that_ended_early_says_why() -> None:
    end = {
        "type": "response.incomplete",
        "response": body(status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
    }
    assert call(PATH, {}, stream(end=end)).response.finish_reasons == ("max_output_tokens",)


@pytest.mark.parametrize(
    "end",
    [
        {"type": "response.failed", "response": body(status="failed", error={"code": "server_error", "message": "Oh"})},
        {"type": "error", "code": "server_error", "message": "Oh", "param": None},
        {"type": "error", "error": {"type": "server_error", "message": "Oh"}},
    ],
)
def test_a_failure_in_the_stream_is_told(end: dict[str, Any]) -> None:
    response = call(PATH, {}, stream(end=end)).response
    assert (response.error_type, response.error_message) == ("server_error", "Oh")
    assert response.messages[0].parts == SAID


def test_every_kind_of_input_item_is_read() -> None:
    request = call(
        PATH,
        {
            "model": "gpt-x",
            "instructions": "Be brief.",
            "previous_response_id": "resp_0",
            "conversation": {"id": "conv_1"},
            "temperature": 0,
            "stream": True,
            "tools": [
                {"type": "function", "name": "look", "description": "d", "parameters": {"type": "object"}},
                {"type": "mcp", "server_label": "docs", "server_url": "https://example.com"},
            ],
            "input": [
                {"role": "developer", "content": "Politely."},
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "Hi"},
                        {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
                        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"},
                    ],
                },
                {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "x"},
                {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c1", "output": "found"},
                {"type": "custom_tool_call", "call_id": "c2", "name": "run", "input": "ls"},
                {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "a"}]},
                {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
                {"type": "item_reference", "id": "x"},
            ],
        },
        body(),
    ).request
    assert request.messages == (
        Message(role="system", parts=(TextPart(text="Be brief."),)),
        Message(role="system", parts=(TextPart(text="Politely."),)),
        Message(
            role="user",
            parts=(
                TextPart(text="Hi"),
                MediaPart(modality="image", mime_type="image/png", data="AAAA"),
                MediaPart(modality="file", mime_type="application/pdf", data="BBBB", name="a.pdf"),
            ),
        ),
        Message(
            role="assistant",
            parts=(ThinkingPart(text="", redacted=True), ToolCallPart(id="c1", name="look", arguments="{}")),
        ),
        Message(role="tool", parts=(ToolResultPart(id="c1", text="found"),)),
        Message(role="assistant", parts=(ToolCallPart(id="c2", name="run", arguments="ls"),)),
        Message(role="tool", parts=(ToolResultPart(id="c2", text="a"),)),
        Message(
            role="assistant",
            parts=(
                RefusalPart(text="No."),
                OtherPart(label="item_reference", json='{"type":"item_reference","id":"x"}'),
            ),
        ),
    )
    assert request.tools == (
        ToolOffer(name="look", description="d", schema='{"type":"object"}'),
        ToolOffer(name="docs", schema='{"server_label":"docs","server_url":"https://example.com"}'),
    )
    assert (request.previous_response_id, request.conversation_id) == ("resp_0", "conv_1")
    assert request.parameters == {"temperature": 0}
    assert request.stream


def test_the_tools_of_the_provider_are_readable() -> None:
    output: list[dict[str, Any]] = [
        {"type": "code_interpreter_call", "id": "ci", "code": "1+1", "outputs": [{"type": "logs", "logs": "2"}]},
        {"type": "mcp_call", "id": "mc", "name": "ask", "arguments": "{}", "output": "yes"},
        {"type": "mcp_call", "id": "md", "name": "ask", "arguments": "{}", "error": "gone"},
        {"type": "image_generation_call", "id": "ig", "result": "AAAA", "output_format": "webp"},
        {"type": "mcp_list_tools", "tools": []},
    ]
    assert call(PATH, {}, body(output=output)).response.messages[0].parts == (
        ToolCallPart(id="ci", name="code_interpreter", arguments='{"code":"1+1"}'),
        ToolResultPart(id="ci", name="code_interpreter", text='[{"type":"logs","logs":"2"}]'),
        ToolCallPart(id="mc", name="ask", arguments="{}"),
        ToolResultPart(id="mc", name="ask", text="yes"),
        ToolCallPart(id="md", name="ask", arguments="{}"),
        ToolResultPart(id="md", name="ask", text="gone", is_error=True),
        ToolCallPart(id="ig", name="image_generation", arguments='{"output_format":"webp"}'),
        MediaPart(modality="image", mime_type="image/webp", data="AAAA"),
        OtherPart(label="mcp_list_tools", json='{"type":"mcp_list_tools","tools":[]}'),
    )


def test_what_it_answered_comes_back_as_one_message_when_it_is_sent_again() -> None:
    again = call(PATH, {"input": [{"role": "user", "content": "x"}, *OUTPUT]}, body()).request
    assert again.messages[1] == Message(role="assistant", parts=SAID)


def test_a_stored_response_that_is_fetched_is_understood() -> None:
    got = call("/v1/responses/resp_1", None, body(usage=USAGE), method="GET")
    assert (got.request.dialect, got.response.messages[0].parts) == ("openai-responses", SAID)


@pytest.mark.parametrize("path", ["/openai/responses?api-version=1", "/openai/v1/responses", "/responses"])
def test_it_is_recognised_by_its_path(path: str) -> None:
    assert call(path, {"model": "m", "input": "hi"}, body()).request.dialect == "openai-responses"


def test_embeddings_are_not_taken_for_it() -> None:
    got = call("/v1/embeddings", {"model": "m", "input": ["a", "b"]}, {"data": [], "usage": {"prompt_tokens": 3}})
    assert (got.request.dialect, got.request.operation) == ("embeddings", "embeddings")
    assert got.response.usage == Usage(input_tokens=3)


def test_items_that_set_something_are_nobodys_words() -> None:
    said = {"role": "assistant", "content": "Hi!"}
    asked = [{"role": "user", "content": "Hi"}, said, {"type": "configuration_update", "reasoning": {"effort": "high"}}]
    messages = call("/v1/responses", {"model": "m", "input": asked}).request.messages
    assert [message.role for message in messages] == ["user", "assistant", "system"]


def test_an_answer_that_is_fetched_later_belongs_to_what_asked_for_it() -> None:
    body = {"id": "resp_1", "object": "response", "status": "completed", "output": []}
    for path in ("/v1/responses/resp_1", "/v1/responses/resp_1/cancel"):
        assert call(path, None, body, method="GET").previous_response_id == "resp_1"
