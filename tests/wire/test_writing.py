"""A request written in another dialect says the same, and what it cannot say is named."""

import json
from typing import Any

import pytest

from tests.support.cassettes import exchanges, require_cassettes
from union_square.domain.messages import (
    MediaPart,
    Message,
    Part,
    Request,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
)
from union_square.domain.threads import canonical_items
from union_square.wire.dialects.registry import read_request
from union_square.wire.headers import ContentType, Target
from union_square.wire.writing.registry import WRITERS, choose_dialect, path_at

JSON = ContentType(media_type="application/json")
SCHEMA = '{"type":"object","properties":{"city":{"type":"string"}}}'


def message(role: Any, *parts: Part) -> Message:
    return Message(role=role, parts=parts)


AGENT = Request(
    dialect="openai-chat",
    operation="chat",
    model="m-1",
    messages=(
        message("system", TextPart(text="Be brief.")),
        message(
            "user",
            TextPart(text="How warm is it here?"),
            MediaPart(modality="image", mime_type="image/png", data="aGk="),
        ),
        message(
            "assistant", TextPart(text="I look."), ToolCallPart(id="c1", name="weather", arguments='{"city": "Bern"}')
        ),
        message("tool", ToolResultPart(id="c1", name="weather", text="12 °C")),
        message("user", TextPart(text="And tomorrow?")),
    ),
    tools=(ToolOffer(name="weather", description="The weather", schema=SCHEMA),),
    parameters={"temperature": 0.5, "max_completion_tokens": 99, "top_p": 0.9, "tool_choice": "auto"},
    stream=True,
)


def read_back(dialect: str, request: Request) -> tuple[Request, tuple[str, ...]]:
    written = WRITERS[dialect](request)
    path, _, query = written.path.partition("?")
    target = Target(method="POST", raw=written.path, path=path, query=query)
    return read_request(target, json.dumps(written.body).encode(), JSON)[0], written.dropped


def said(request: Request) -> list[Any]:
    """Everything said, in its order; neighbouring texts of one speaker are one."""
    found: list[Any] = []
    for one in request.messages:
        for text in canonical_items(one):
            speaker, item = json.loads(text)
            if item[0] == "text" and found and found[-1][0] == speaker and found[-1][1][0] == "text":
                found[-1][1][1] += item[1]
            else:
                found.append([speaker, item])
    return found


@pytest.mark.parametrize("dialect", WRITERS)
def test_an_agents_request_says_the_same_in_every_dialect(dialect: str) -> None:
    read, dropped = read_back(dialect, AGENT)
    assert read.dialect == dialect
    wrapped = json.dumps(
        {"output": "12°C"}, ensure_ascii=False, separators=(",", ":")
    )  # a result is an object to Gemini
    assert json.loads(json.dumps(said(read)).replace(json.dumps(wrapped), json.dumps("12°C"))) == said(AGENT)
    assert (read.model, read.stream, not read.problem) == ("m-1", True, True)
    assert [(tool.name, tool.description, json.loads(tool.schema)) for tool in read.tools] == [
        ("weather", "The weather", json.loads(SCHEMA))
    ]
    assert dropped == ()
    values = list(read.parameters.values())
    assert {0.5, 99, 0.9} <= {value for value in values if isinstance(value, int | float)}


@pytest.mark.parametrize("dialect", WRITERS)
@pytest.mark.parametrize(("choice", "forced"), [("required", True), ({"type": "tool", "name": "weather"}, True)])
def test_a_forced_tool_stays_forced(dialect: str, choice: Any, forced: bool) -> None:
    body = WRITERS[dialect](
        Request(dialect="", operation="chat", tools=AGENT.tools, parameters={"tool_choice": choice})
    ).body
    text = json.dumps(body.get("tool_choice") or body.get("toolConfig")).lower()
    assert forced == any(word in text for word in ("required", "any", "weather"))


@pytest.mark.parametrize("dialect", WRITERS)
def test_what_cannot_be_said_is_named(dialect: str) -> None:
    request = Request(
        dialect="anthropic-messages",
        operation="chat",
        messages=(
            message("user", TextPart(text="a")),
            message("assistant", ThinkingPart(text="hm"), TextPart(text="b")),
        ),
        tools=(ToolOffer(name="web_search", schema='{"max_uses":3}'),),
        parameters={"thinking": {"type": "enabled"}, "logit_bias": {"1": 2}},
        previous_response_id="resp_1",
    )
    dropped = WRITERS[dialect](request).dropped
    assert {"thinking", "the provider's own tool web_search", "parameter thinking", "parameter logit_bias"} <= set(
        dropped
    )
    assert any("earlier turns" in words for words in dropped)


def test_tool_calls_without_ids_get_ids_that_their_results_share() -> None:
    messages = (
        message(
            "assistant", ToolCallPart(id="", name="a", arguments="{}"), ToolCallPart(id="", name="b", arguments="{}")
        ),
        message("tool", ToolResultPart(id="", name="b", text="2"), ToolResultPart(id="", name="a", text="1")),
    )
    written = WRITERS["openai-chat"](Request(dialect="gemini-generate", operation="chat", messages=messages)).body
    calls = {call["function"]["name"]: call["id"] for call in written["messages"][0]["tool_calls"]}
    assert {one["tool_call_id"]: one["content"] for one in written["messages"][1:]} == {
        calls["a"]: "1",
        calls["b"]: "2",
    }


def test_every_recorded_request_can_be_said_in_every_dialect() -> None:
    require_cassettes()
    count = 0
    for exchange in exchanges():
        path, _, query = exchange.path.partition("?")
        target = Target(method=exchange.method, raw=exchange.path, path=path, query=query)
        request, _ = read_request(target, exchange.request_body, JSON)
        if request.dialect not in WRITERS or request.problem or request.operation == "count_tokens":
            continue
        for dialect in WRITERS:
            read, dropped = read_back(dialect, request)
            asked, found = texts(request), texts(read)
            assert found == asked, f"{exchange.name} as {dialect} (dropped: {dropped})"
        count += 1
    assert count > 300


def texts(request: Request) -> dict[str, str]:
    """All that was said, by speaker."""
    found: dict[str, str] = {}
    for speaker, item in said(request):
        if item[0] == "text":
            found[speaker] = found.get(speaker, "") + item[1]
    return found


def test_an_upstream_is_spoken_to_in_a_dialect_and_at_a_path_of_its_own() -> None:
    assert choose_dialect("anthropic", "openai-chat") == "anthropic-messages"
    assert choose_dialect("openai", "openai-responses") == "openai-responses"
    assert choose_dialect("my-lab", "gemini-generate") == "gemini-generate"
    assert path_at("groq", "/v1/chat/completions") == "/openai/v1/chat/completions"
    assert path_at("perplexity", "/v1/chat/completions") == "/chat/completions"
