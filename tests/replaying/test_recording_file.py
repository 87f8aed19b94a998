"""A recording as a file gives back the very events."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import CALL, events_of
from tests.support.recorded import recorded, recording
from union_square.domain.events import Event
from union_square.replaying.recording import recorded_call, recording_of
from union_square.replaying.recording_file import RecordingFileError, read_lines, write_lines

EVENTS = st.lists(events_of(st.just(CALL)), min_size=1, max_size=12)


@given(EVENTS)
def test_whatever_was_recorded_is_read_back(events: list[Event]) -> None:
    read = read_lines(list(write_lines(recording_of([recorded_call(CALL, events)]))))
    assert [list(each.events) for each in read.calls] == [events]


def test_a_file_is_text_that_a_diff_shows_line_by_line() -> None:
    call = recorded(1, "/v1/chat/completions", {"model": "m"}, b"data: {}\n\n" * 20, streamed=True)
    lines = list(write_lines(recording(call)))
    assert json.loads(lines[0]) == {"format": "union-square-recording", "version": 1}
    assert json.loads(lines[1]) == {"call": call.id, "at": call.call.started_at}
    kinds = [json.loads(line)["kind"] for line in lines[2:]]
    assert kinds[:4] == ["request_head", "request_chunk", "request_end", "response_head"]
    assert kinds[4:] == ["response_chunk"] * 5 + ["response_end"]
    assert json.loads(lines[2])["head"][0] == "POST /openai/v1/chat/completions HTTP/1.1"
    assert "data: {}" in lines[6]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "is empty"),
        (["{}"], "line 1: is not a recording"),
        (["nothing"], "line 1"),
        (['{"format": "union-square-recording", "version": 2}'], "reads version 1"),
        (['{"format": "union-square-recording", "version": 1}', '{"kind": "gap", "us": 0}'], "line 2: an event stands"),
        (
            [
                '{"format": "union-square-recording", "version": 1}',
                '{"call": "0192f0c1a2b37c4d8e5f60718293a4b5", "at": 1}',
                '{"kind": "request_end", "us": 0}',
            ],
            "line 3: 'total' is missing",
        ),
    ],
)
def test_what_is_no_recording_is_told_with_its_line(lines: list[str], words: str) -> None:
    with pytest.raises(RecordingFileError, match=words):
        read_lines(lines, "a.jsonl")
