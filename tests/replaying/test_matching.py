"""Which recorded request a request is the same as."""

import json
from typing import Any

import pytest

from tests.support.calls import JSON, head
from union_square.replaying.asking import Asked, read_asked
from union_square.replaying.matching import Answered, Matcher, Unmatched

CHAT = "/v1/chat/completions"


def ask(path: str, body: Any = b"", *, method: str = "POST", upstream: str = "") -> Asked:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_asked(head(f"{method} {path} HTTP/1.1", [JSON]), data, upstream)


def chat(*said: str, **more: Any) -> Asked:
    return ask(CHAT, {"model": "gpt-5", "messages": [{"role": "user", "content": text} for text in said], **more})


def matched(recorded: list[Asked], *asked: Asked, **how: Any) -> list[int | None]:
    matcher = Matcher(recorded, **how)
    found = [matcher.match([one]) for one in asked]
    return [one.index if isinstance(one, Answered) else None for one in found]


def tool_turn(identity: str, result: str = "12 °C") -> Asked:
    call = {"id": identity, "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}
    messages = [
        {"role": "user", "content": "How warm is it?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": identity, "content": result},
    ]
    return ask(CHAT, {"model": "gpt-5", "messages": messages})


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        (chat("Hello"), chat("Hello")),
        (ask(f"/openai{CHAT}", {"model": "m"}, upstream="openai"), ask(CHAT, {"model": "m"})),
        (chat("Hello", temperature=1, n=1), chat("Hello", n=1, temperature=1)),
        (chat("Hello there"), chat("Hello\n  there ")),
        (chat("Hello", user="u1", metadata={"a": "1"}), chat("Hello", user="u2")),
        (tool_turn("call_abc"), tool_turn("call_xyz")),
        (chat("It is 2026-11-24 09:30."), chat("It is 2027-01-02 23:59.")),
        (chat("Today is Tuesday, 24 November 2026."), chat("Today is Friday, 1 January 2027.")),
        (chat("id 0a1b2c3d-0000-4000-8000-1234567890ab"), chat("id ffffffff-1111-4111-9111-ba0987654321")),
        (
            ask("/v1beta/models/gemini-3:generateContent?key=one&alt=sse", {"contents": [{"parts": [{"text": "a"}]}]}),
            ask("/v1beta/models/gemini-3:generateContent?alt=sse&key=two", {"contents": [{"parts": [{"text": "a"}]}]}),
        ),
        (ask("/v1/models", method="GET"), ask("/v1/models", method="GET")),
        (ask("/custom", {"b": 1, "a": [1, 2]}), ask("/custom", {"a": [1, 2], "b": 1})),
    ],
)
def test_the_same_is_asked(recorded: Asked, asked: Asked) -> None:
    assert matched([recorded], asked) == [0]


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        (chat("Hello"), chat("Goodbye")),
        (chat("Hello"), chat("Hello", temperature=1)),
        (chat("Hello"), chat("Hello", stream=True)),
        (chat("Hello"), ask("/v1/responses", {"model": "gpt-5", "input": "Hello"})),
        (tool_turn("a"), tool_turn("a", "13 °C")),
        (ask("/v1/models", method="GET"), ask("/v1/models/x", method="GET")),
        (chat("Hello"), chat("Hello", tools=[{"type": "function", "function": {"name": "weather"}}])),
    ],
)
def test_something_else_is_asked(recorded: Asked, asked: Asked) -> None:
    assert matched([recorded], asked) == [None]


def test_equal_requests_are_answered_in_their_order_and_once() -> None:
    assert matched([chat("a"), chat("b"), chat("a")], chat("a"), chat("a"), chat("a"), chat("b")) == [0, 2, None, 1]


def test_where_repeats_are_allowed_the_last_answer_goes_on() -> None:
    assert matched([chat("a"), chat("a")], chat("a"), chat("a"), chat("a"), repeat=True) == [0, 1, 1]


def test_a_date_is_only_ignored_where_nothing_is_equal() -> None:
    days = [chat("on 2026-01-01"), chat("on 2026-01-02")]
    assert matched(days, chat("on 2026-01-02"), chat("on 2030-01-01")) == [1, 0]


def test_loosely_what_was_said_last_counts_then_the_order() -> None:
    recorded = [chat("a"), chat("b"), tool_turn("x")]
    assert matched(recorded, chat("b", temperature=0.3), chat("never said"), mode="loose") == [1, 0]
    rewritten = ask(CHAT, {"model": "other", "messages": [{"role": "tool", "tool_call_id": "z", "content": "12 °C"}]})
    assert matched(recorded, rewritten, mode="loose") == [2]


def test_loosely_a_stream_is_never_answered_with_a_whole_answer() -> None:
    assert matched([chat("a")], chat("a", stream=True), mode="loose") == [None]


def test_the_nearest_is_named_with_what_differs() -> None:
    matcher = Matcher([chat("Tell me about Bern", temperature=0), chat("Something else altogether")])
    found = matcher.match([chat("Tell me about Basel", temperature=0)])
    assert isinstance(found, Unmatched)
    assert found.nearest == 0
    assert [line for line in found.diff if line[:1] in "+-"][2:] == [
        "-user: Tell me about Bern",
        "+user: Tell me about Basel",
    ]
    assert matcher.unmatched == [found]
    assert matcher.unused == (0, 1)


def test_a_request_that_was_answered_already_is_told_so() -> None:
    matcher = Matcher([chat("a")])
    matcher.match([chat("a")])
    again = matcher.match([chat("a")])
    assert isinstance(again, Unmatched)
    assert again.is_used_up
