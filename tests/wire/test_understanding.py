"""A call is understood while its events come in, in whatever order and however it ends."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.calls import BEGAN, CALL, JSON, SSE, events_of, head, understand
from tests.wire.streams import call, sse
from union_square.domain import events as ev
from union_square.domain.messages import Message, TextPart
from union_square.wire.understanding import Understanding

PATH = "/v1/chat/completions"
ASKED = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Say  hello\nplease"}]}


def said(text: str) -> dict[str, object]:
    return {"id": "c1", "model": "gpt-4o-2024-08-06", "choices": [{"index": 0, "delta": {"content": text}}]}


EVENTS = [
    said(""),
    said("Hel"),
    said("lo"),
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 100}},
]
STREAM = sse(*EVENTS)
CUTS = [STREAM.index(b"data: ", at) for at in range(1, len(STREAM)) if STREAM.startswith(b"data: ", at)]


def streamed(request: object = ASKED, stream: bytes = STREAM, cuts: list[int] | None = None) -> list[ev.Event]:
    return list(
        events_of(
            PATH,
            json.dumps(request).encode(),
            stream,
            response_headers=(SSE,),
            cuts=CUTS if cuts is None else cuts,
        )
    )


def test_a_streamed_call_gives_times_rates_and_cost() -> None:
    view = understand(streamed()).view()
    assert (view.upstream, view.method, view.path) == ("openai", "POST", PATH)
    assert (view.dialect, view.operation, view.model, view.response_model) == (
        "openai-chat",
        "chat",
        "gpt-4o",
        "gpt-4o-2024-08-06",
    )
    assert view.started_at == datetime.fromtimestamp(BEGAN / 1e6, UTC)
    assert view.duration_ms == 50 + 6 * 10 + 10
    assert view.time_to_first_chunk_ms == 60
    assert view.time_to_first_token_ms == 70  # the first chunk holds an empty text
    assert view.output_tokens_per_second == pytest.approx(100 / 0.050)
    assert view.cost_usd == pytest.approx(1000 * 2.5e-6 + 100 * 10e-6)
    assert (view.state, view.status_code, view.streamed) == ("done", 200, True)
    assert (view.request_bytes, view.response_bytes) == (len(json.dumps(ASKED)), len(STREAM))
    assert view.finish_reasons == ("stop",)
    assert view.preview == "Say hello please"
    assert (view.session_id, view.parent_id, view.link_rule, view.link_confidence) == (None, None, None, None)


def test_a_streamed_and_an_unstreamed_call_of_the_same_usage_cost_the_same() -> None:
    body = {
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
    }
    whole = call(PATH, ASKED, body, upstream="openai").view()
    assert whole.cost_usd == understand(streamed()).view().cost_usd
    assert whole.cost_usd is not None
    assert (whole.streamed, whole.time_to_first_token_ms, whole.output_tokens_per_second) == (False, None, None)


def test_an_answer_in_one_chunk_has_no_rate() -> None:
    assert understand(streamed(cuts=[])).view().output_tokens_per_second is None


def test_a_stream_that_reports_no_usage_has_neither_usage_nor_cost() -> None:
    view = understand(streamed(stream=sse(*EVENTS[:-1]), cuts=[])).view()
    assert (view.usage, view.cost_usd) == (None, None)


def test_the_answer_is_there_while_it_grows() -> None:
    understanding = Understanding(CALL)
    seen: list[str] = []
    for event in streamed():
        understanding.apply(event)
        for message in understanding.response.messages:
            seen += [part.text for part in message.parts if isinstance(part, TextPart)]
        assert understanding.view().session_id is None
    assert sorted(set(seen), key=len) == ["Hel", "Hello"]
    assert understanding.tail() == ("text", "Hello")
    assert understanding.tail(2) == ("text", "lo")


def test_a_view_is_made_once_for_each_event() -> None:
    understanding = understand(streamed())
    assert understanding.view() is understanding.view()
    assert understanding.detail() is understanding.detail()
    assert understanding.response is understanding.response


def test_before_its_request_was_read_it_is_of_no_dialect() -> None:
    understanding = Understanding(CALL)
    assert (understanding.request.dialect, understanding.response.messages) == ("none", ())
    assert understanding.view().started_at == datetime(1970, 1, 1, tzinfo=UTC)
    understanding.apply(streamed()[0])
    assert (understanding.view().dialect, understanding.view().path) == ("none", PATH)


def test_an_answer_that_begins_before_its_request_has_ended_is_read_all_the_same() -> None:
    events = streamed()
    end = next(event for event in events if isinstance(event, ev.RequestEnd))
    late = [event for event in events if event is not end]
    late.insert(len(late) - 2, end)
    assert understand(late).response == understand(events).response


def test_a_call_cut_off_keeps_what_was_said_and_names_the_failure() -> None:
    events = streamed()[:-3]
    failure = ev.Failure(
        call_id=CALL,
        at=BEGAN + 200_000,
        code="client_left",
        message="gone",
        status=0,
        request_total=9,
        response_total=9,
    )
    view = (understanding := understand([*events, failure])).view()
    assert (view.state, view.error_type, view.error_message) == ("cut_off", "client_left", "gone")
    assert understanding.response.messages == (Message(role="assistant", parts=(TextPart(text="Hello"),)),)
    assert view.output_tokens_per_second is None


def test_a_request_that_breaks_off_is_read_as_far_as_it_came() -> None:
    body = json.dumps(ASKED).encode()[:-10]
    begin = events_of(PATH, body, b"")
    events = [next(begin), next(begin)]
    failure = ev.Failure(
        call_id=CALL,
        at=BEGAN + 9_000,
        code="client_left",
        message="m",
        status=0,
        request_total=len(body),
        response_total=0,
    )
    detail = understand([*events, failure]).detail()
    assert (detail.call.dialect, detail.call.model, detail.call.preview) == ("openai-chat", "gpt-4o", "Say hello")
    assert detail.problems[0].startswith("the request body is not JSON: Unterminated string")


def test_a_call_that_never_reached_its_upstream_is_told() -> None:
    events = streamed()[:3]
    failure = ev.Failure(
        call_id=CALL,
        at=BEGAN + 9_000,
        code="connect_failed",
        message="refused",
        status=502,
        request_total=9,
        response_total=0,
    )
    view = understand([*events, failure]).view()
    assert (view.state, view.status_code, view.error_type) == ("failed", 502, "connect_failed")


def test_a_call_that_is_not_to_be_recorded_shows_its_sizes_only() -> None:
    body = json.dumps(ASKED).encode()
    understanding = understand(events_of(PATH, body, STREAM, response_headers=(SSE,), recorded=False))
    view = understanding.view()
    assert (view.recorded, view.request_bytes, view.response_bytes) == (False, len(body), len(STREAM))
    assert (view.dialect, view.model, view.usage, view.preview) == ("none", "", None, "")
    assert understanding.detail().messages == ()


def test_labels_come_from_headers_and_a_bad_one_is_a_problem() -> None:
    good = call(
        PATH,
        ASKED,
        STREAM,
        headers=[("X-Union-Square-Metadata", '{"user": "é"}'), ("x-union-square-tags", " a, b ,a,, c")],
    ).view()
    assert (good.metadata, good.tags) == ({"user": "é"}, ("a", "b", "c"))
    bad = call(PATH, ASKED, STREAM, headers=[("x-union-square-metadata", "{oops}")]).detail()
    assert bad.call.metadata == {}
    assert bad.problems == (
        "x-union-square-metadata is not JSON: Expecting property name enclosed in double quotes at byte 1 (line 1); "
        "it says '{oops}'",
    )
    listed = call(PATH, ASKED, STREAM, headers=[("x-union-square-metadata", "[1]")]).detail()
    assert listed.problems == ("x-union-square-metadata is not a JSON object; it says '[1]'",)


def test_a_detail_holds_heads_chunks_and_gaps() -> None:
    gap = ev.Gap(call_id=CALL, at=BEGAN + 60_000, observations=2, bytes=30, reason="stream_full")
    events = streamed()
    detail = understand([*events[:-1], gap, events[-1]]).detail()
    assert detail.request.start_line == f"POST /openai{PATH} HTTP/1.1"
    assert detail.request.headers == (JSON,)
    assert detail.response is not None
    assert detail.response.start_line == "HTTP/1.1 200 Said"
    assert [chunk.offset_ms for chunk in detail.chunks] == [60, 70, 80, 90, 100, 110]
    assert sum(chunk.bytes for chunk in detail.chunks) == len(STREAM)
    assert len(detail.request_chunks) == 1
    assert [(gap.observations, gap.bytes, gap.reason) for gap in detail.gaps] == [(2, 30, "stream_full")]
    assert (detail.call.gap_observations, detail.call.gap_bytes) == (2, 30)
    assert (detail.request_message_count, len(detail.messages)) == (1, 2)
    assert detail.parameters == {}


def test_a_hole_in_a_stream_spoils_its_event_only() -> None:
    events = streamed()
    holed = [event for event in events if not (isinstance(event, ev.ResponseChunk) and b"Hel" in event.data)]
    assert understand(holed).response.messages == (Message(role="assistant", parts=(TextPart(text="lo"),)),)


def test_what_follows_a_switch_of_protocols_is_not_taken_for_a_body() -> None:
    begin = list(events_of("/v1/realtime", b"", b"", method="GET"))
    switched = ev.ResponseHead(
        call_id=CALL, at=BEGAN + 1, head=head("HTTP/1.1 101 Switching", [("upgrade", "irc/6.9")])
    )
    chunk = ev.ResponseChunk(call_id=CALL, at=BEGAN + 2, data=b"\x81\x02{}")
    understanding = understand([*begin[:2], switched, chunk, begin[-1]])
    assert understanding.response.messages == ()
    assert understanding.view().status_code == 101


@pytest.mark.parametrize(
    "change",
    [
        lambda events: events[::-1],
        lambda events: events + events,
        lambda events: events[1:],
        lambda events: [event for event in events if not isinstance(event, ev.ResponseHead)],
        lambda events: [replace(event, at=0) for event in events],
        lambda events: [replace(event, at=2**63) for event in events],
    ],
)
def test_events_in_any_order_never_make_it_raise(change: Callable[[list[ev.Event]], list[ev.Event]]) -> None:
    understanding = Understanding(CALL)
    for event in change(streamed()):
        understanding.apply(event)
        understanding.detail()
    assert understanding.view().id == CALL


def test_a_long_stream_is_read_whole_and_each_piece_once() -> None:
    stream = sse(*[said("word ") for _ in range(20_000)])
    understanding = understand(streamed(stream=stream, cuts=list(range(0, len(stream), 100))))
    assert understanding.response.messages == (Message(role="assistant", parts=(TextPart(text="word " * 20_000),)),)
    assert understanding.draft is not None
    assert understanding.draft.output_pieces == 20_000


def test_an_encoded_request_that_breaks_is_read_as_far_as_it_goes() -> None:
    whole = gzip.compress(json.dumps(ASKED | {"pad": list(range(5000))}).encode())
    headers = [JSON, ("content-encoding", "gzip")]
    good = understand(events_of(PATH, whole, b"{}", request_headers=headers))
    assert (good.request.model, good.request.problem) == ("gpt-4o", "")
    broken = understand(events_of(PATH, whole[:-500], b"{}", request_headers=headers)).request
    assert broken.model == "gpt-4o"
    assert broken.problem.startswith("the request body gzip data ends too early")
    assert "the request body is not JSON" in broken.problem


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", b'data: {"choices":[{"delta":{"content":"yes"}}]}\n\ndata: [DONE]\n\n'),
        ("/v1/messages", b'event: message_stop\ndata: {"type":"message_stop"}\n\n'),
        ("/v1/responses", b'data: {"type":"response.completed","response":{"id":"r","status":"completed"}}\n\n'),
    ],
)
def test_a_client_that_leaves_after_the_streams_last_word_has_not_been_cut_off(path: str, body: bytes) -> None:
    for said, state, error in ((body, "done", ""), (body[:-12], "cut_off", "client_left")):
        *events, end = events_of(path, b'{"stream":true}', said, response_headers=(SSE,))
        left = ev.Failure(
            call_id=CALL, at=end.at, code="client_left", message="m", status=0, request_total=0, response_total=0
        )
        view = understand([*events, left]).view()
        assert (view.state, view.error_type) == (state, error)


def test_an_error_in_a_stream_that_began_well_is_a_failure() -> None:
    body = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"later"}}\n\n'
    view = understand(events_of("/v1/messages", b'{"stream":true}', body, response_headers=(SSE,))).view()
    assert (view.state, view.error_type, view.error_message) == ("failed", "overloaded_error", "later")
