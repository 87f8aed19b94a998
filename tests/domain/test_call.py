"""The fold of a call's events."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import CALL, events_of
from union_square.domain import events as ev
from union_square.domain.call import CallRecording, Chunk, fold, status_of
from union_square.domain.lifecycle import ENDED

HEAD = ev.RequestHead(
    call_id=CALL, at=1_000, upstream="openai", fingerprint="f", recorded=True, head=b"POST /openai/v1 HTTP/1.1\r\n\r\n"
)
ANSWER = ev.ResponseHead(call_id=CALL, at=2_000, head=b"HTTP/1.1 200 OK\r\n\r\n")


def failure(code: str, status: int = 0) -> ev.Failure:
    return ev.Failure(call_id=CALL, at=9_000, code=code, message="m", status=status, request_total=0, response_total=0)


@given(st.lists(events_of(st.just(CALL)), max_size=12), st.integers(0, 12))
def test_a_prefix_then_the_rest_is_the_whole(events: list[ev.Event], cut: int) -> None:
    in_two = CallRecording(call_id=CALL)
    for event in events[:cut]:
        in_two.apply(event)
    for event in events[cut:]:
        in_two.apply(event)
    assert in_two == fold(CALL, events)


@given(st.lists(events_of(st.just(CALL)), max_size=12))
def test_once_ended_a_call_stays_ended(events: list[ev.Event]) -> None:
    recording = CallRecording(call_id=CALL)
    ended = None
    for event in events:
        recording.apply(event)
        if ended is not None:
            assert (recording.state, recording.ended_at) == ended
        elif recording.state in ENDED:
            ended = (recording.state, recording.ended_at)


def test_bytes_and_times_of_every_chunk_are_kept() -> None:
    recording = fold(
        CALL,
        [
            HEAD,
            ev.RequestChunk(call_id=CALL, at=1_010, data=b"ask"),
            ev.RequestEnd(call_id=CALL, at=1_011, total=3),
            ev.ResponseHead(call_id=CALL, at=1_500, head=b"HTTP/1.1 103 Early Hints\r\n\r\n"),
            ANSWER,
            ev.ResponseChunk(call_id=CALL, at=2_100, data=b"an"),
            ev.ResponseChunk(call_id=CALL, at=2_300, data=b"swer"),
            ev.ResponseEnd(call_id=CALL, at=2_301, total=6),
        ],
    )
    assert bytes(recording.request.data) == b"ask"
    assert bytes(recording.response.data) == b"answer"
    assert recording.response.chunks == [Chunk(offset_us=1_100, size=2), Chunk(offset_us=1_300, size=4)]
    assert recording.informational == [b"HTTP/1.1 103 Early Hints\r\n\r\n"]
    assert (recording.state, recording.status) == ("done", 200)
    assert (recording.time_to_first_chunk_us, recording.duration_us) == (1_100, 1_301)


def test_an_error_answer_is_failed_and_a_broken_one_cut_off() -> None:
    refused = ev.ResponseHead(call_id=CALL, at=2_000, head=b"HTTP/1.1 429 Too Many Requests\r\n\r\n")
    end = ev.ResponseEnd(call_id=CALL, at=3_000, total=0)
    assert fold(CALL, [HEAD, refused, end]).state == "failed"
    assert fold(CALL, [HEAD, failure("connect_failed", 502)]).state == "failed"
    assert fold(CALL, [HEAD, failure("connect_failed", 502)]).status == 502
    assert fold(CALL, [HEAD, ANSWER, failure("upstream_closed")]).state == "cut_off"
    assert fold(CALL, [HEAD, failure("client_left")]).state == "cut_off"
    assert fold(CALL, [HEAD, ANSWER, failure("upstream_closed")]).status == 200


def test_a_status_line_that_is_none_gives_no_status() -> None:
    assert [status_of(head) for head in (b"", b"HTTP/1.1", b"HTTP/1.1 2x0 OK", b"HTTP/1.1 200")] == [0, 0, 0, 200]
