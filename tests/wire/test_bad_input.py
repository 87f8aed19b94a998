"""What is no good is recorded whole and shown as what it is: a failure to read it, with its place."""

import json
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.calls import JSON, SSE, events_of, understand
from tests.support.cassettes import Exchange, exchanges
from tests.wire.streams import call, sse
from union_square.domain.messages import TextPart
from union_square.wire.understanding import Understanding

CHAT = "/v1/chat/completions"
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
SAID = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}
WHOLE = json.dumps(SAID).encode()
DELTA = {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}


def problems(request: bytes | dict[str, object], response: bytes, kind: tuple[str, str] = JSON) -> tuple[str, ...]:
    """What is said of a call with those bodies, of which every byte must be kept."""
    asked = request if isinstance(request, bytes) else json.dumps(request).encode()
    found = understand(events_of(CHAT, asked, response, response_headers=(kind,), cuts=(len(response) // 2,)))
    assert bytes(found.recording.request.data) == asked
    assert bytes(found.recording.response.data) == response
    return found.detail().problems


@pytest.mark.parametrize(
    ("request_body", "said"),
    [
        (b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}', "at byte 61 (line 1)"),
        (b'{"model": "m",\n "messages": oops}', "at byte 28 (line 2)"),
        (b'{"model": "m", "messages": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"model": "\xff\xfe", "messages": []}', "UTF-8"),
        (b"not JSON at all", "at byte 0 (line 1)"),
    ],
)
def test_a_request_that_cannot_be_read_says_where(request_body: bytes, said: str) -> None:
    (problem,) = problems(request_body, WHOLE)
    assert problem.startswith("the request body")
    assert said in problem


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (WHOLE[:-20], "at byte 80 (line 1)"),
        (b"[" * 100_000, "nested too deeply"),
        (WHOLE.replace(b"Hello", b"H\xffllo"), "UTF-8"),
    ],
)
def test_an_answer_that_cannot_be_read_says_where(response: bytes, said: str) -> None:
    (problem,) = problems(ASKED, response)
    assert problem.startswith("the response body")
    assert said in problem


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (sse(DELTA, done=False) + b'data: {"choices": [{"ind', "event 2, in which the stream ends,"),
        (sse(DELTA, done=False) + b"data: {oops}\n\n" + sse(DELTA), "event 2 "),
        (sse(DELTA, done=False) + b'data: {"choices": "\xff"}\n\n', "event 2 is not UTF-8 at byte 13"),
        (b"data: " + b"[" * 100_000 + b"\n\n" + sse(DELTA), "event 1 "),
    ],
)
def test_a_stream_that_breaks_says_at_which_event_and_keeps_the_others(stream: bytes, said: str) -> None:
    (problem,) = problems(ASKED, stream, SSE)
    assert problem.startswith("the response body")
    assert said in problem
    assert understand(events_of(CHAT, b"{}", stream, response_headers=(SSE,))).response.messages[0].parts[0] in {
        TextPart(text="Hello"),
        TextPart(text="HelloHello"),
    }


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/octet-stream", "image/png", "text/html", "text/event-stream", ""]
)
def test_a_wrong_content_type_hides_nothing(kind: str) -> None:
    found = understand(events_of(CHAT, json.dumps(ASKED).encode(), WHOLE, response_headers=(("content-type", kind),)))
    assert bytes(found.recording.response.data) == WHOLE
    assert "Hello" in json.dumps([repr(message) for message in found.response.messages]) or found.detail().problems


@pytest.mark.parametrize(
    "body", [b'{"model": "a", "model": "b", "messages": [], "messages": [{"role": "user", "content": "Hi"}]}']
)
def test_of_a_key_that_is_there_twice_the_last_counts_as_it_does_at_providers(body: bytes) -> None:
    found = call(CHAT, body, WHOLE)
    assert (found.request.model, found.request.messages[0].parts) == ("b", (TextPart(text="Hi"),))
    assert 'the request body repeats the key "model" at byte 15' in found.detail().problems[0]


def test_a_key_that_an_event_of_a_stream_holds_twice_is_told_with_the_event() -> None:
    event = b'data: {"choices": [{"index": 0, "delta": {"content": "x", "content": "y"}}]}\n\n'
    found = call(CHAT, ASKED, event)
    assert found.response.messages[0].parts == (TextPart(text="y"),)
    assert 'event 1 repeats the key "content" at byte 52 (line 1)' in found.response.problem


TEN_MEGABYTES = 10 << 20


@pytest.mark.parametrize("frame", ["body", "event", "line"])
def test_a_line_of_ten_megabytes_is_read_once_however_small_its_pieces(frame: str) -> None:
    """Bounded by steps that Python makes, not by a clock: reading the line anew with every piece would take 2,500 times
    as many."""
    answer = {"choices": [{"index": 0, "delta" if frame == "event" else "message": {"content": "x" * TEN_MEGABYTES}}]}
    text = json.dumps(answer).encode()
    body, kind = {
        "body": (text, JSON),
        "event": (b"data: " + text + b"\n\n", SSE),
        "line": (text + b"\n" + text[:40], ("content-type", "application/x-ndjson")),
    }[frame]
    pieces = range(4096, len(body), 4096)
    events = events_of(CHAT, json.dumps(ASKED).encode(), body, response_headers=(kind,), cuts=pieces)
    steps, found = _steps(lambda: understand(events))
    assert steps < 400 * len(pieces)
    assert bytes(found.recording.response.data) == body
    if frame != "line":
        assert len(found.response.messages[0].parts[0].text) == TEN_MEGABYTES  # pyright: ignore[reportAttributeAccessIssue]
    else:
        assert found.response.messages or found.detail().problems


def _steps(do: Callable[[], Understanding]) -> tuple[int, Understanding]:
    """How many Python functions it called, built-in ones counted, and what it gave."""
    count = 0

    def profile(_frame: object, _event: str, _argument: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        found = do()
    finally:
        sys.setprofile(before)
    return count, found


# Recorded traffic, spoilt

MADE = Exchange(
    provider="openai", method="POST", path=CHAT, request_headers=(JSON,), request_body=json.dumps(ASKED).encode(),
    status=200, response_headers=(SSE,), response_body=sse(DELTA, DELTA), form="raw", file="made", index=0,
)  # fmt: skip
SHORT = [one for one in exchanges() if len(one.request_body) + len(one.response_body) < 20_000] or [MADE]
JUNK = [b"", b"{", b"}", b"[", b"]", b'"', b"\\", b"\x00", b"\xff", b"null", b"-1", b"1e999", b"\n", b"\n\n", b"data: ",
        b"event: error\n", b'"type":', b'{"error":{"message":1}}', b'"\\ud800"', b"[[[[", b"0"]  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, body: bytes) -> bytes:
    """The body with pieces cut out, doubled, moved or replaced by what breaks formats."""
    for _ in range(draw(st.integers(0, 4))):
        a, b = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
        b = min(b, a + draw(st.sampled_from([0, 1, 8, 200])))
        body = body[:a] + draw(st.sampled_from([*JUNK, body[a:b] * 2, body[b : b + 50]])) + body[b:]
    return body


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_recorded_traffic_that_was_spoilt_stops_nothing_and_is_read_alike_however_it_is_cut(
    data: st.DataObject,
) -> None:
    exchange = data.draw(st.sampled_from(SHORT))
    asked, answered = data.draw(spoilt(exchange.request_body)), data.draw(spoilt(exchange.response_body))

    def read(cuts: tuple[int, ...]) -> Understanding:
        return understand(
            events_of(
                exchange.path,
                asked,
                answered,
                method=exchange.method,
                request_headers=exchange.request_headers,
                response_headers=exchange.response_headers,
                status=exchange.status,
                cuts=cuts,
            )
        )

    whole, cut = read(()), read(tuple(sorted({data.draw(st.integers(0, len(answered))) for _ in range(3)})))
    assert (whole.request, whole.response) == (cut.request, cut.response)
    assert bytes(cut.recording.response.data) == answered
    json.dumps([str(message) for message in whole.detail().messages]).encode()
