"""AWS event streams are taken apart however they are cut; broken ones say where they are broken."""

import base64
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.aws import aws_headers, aws_message
from tests.support.calls import pieces
from union_square.wire.eventstream import AwsEventStream, is_event_stream
from union_square.wire.sse import ServerSentEvent

ONE = aws_message("messageStart", {"role": "assistant"})
TWO = aws_message("chunk", {"bytes": base64.b64encode('{"é": 1}'.encode()).decode()})
THREE = aws_message("x", b"\x00\xff", {":flag": True, ":byte": b"\x01"})


def parse(*chunks: bytes, limit: int = 1 << 20) -> tuple[list[ServerSentEvent], str]:
    stream = AwsEventStream(limit)
    events = [event for chunk in chunks for event in stream.feed(chunk)]
    return events + stream.end(), stream.problem


def test_messages_are_events_and_the_envelope_of_bytes_is_opened() -> None:
    events, problem = parse(ONE + TWO + THREE)
    assert [(event.name, event.data) for event in events] == [
        ("messageStart", '{"role": "assistant"}'),
        ("chunk", '{"é": 1}'),
        ("x", "\x00\ufffd"),
    ]
    assert [event.number for event in events] == [1, 2, 3]
    assert problem == ""


def damaged(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


STREAMS = st.one_of(
    st.lists(st.sampled_from([ONE, TWO, THREE, ONE[:20], b"\0\0"]), max_size=8).map(b"".join),
    st.integers(0, 5000).map(lambda seed: damaged(ONE + TWO + THREE, seed)),
    st.binary(max_size=200),
)


@given(STREAMS, st.lists(st.integers(0, 800), max_size=30), st.sampled_from([100, 150, 1 << 20]))
def test_any_split_of_a_stream_gives_the_same_events(stream: bytes, cuts: list[int], limit: int) -> None:
    assert parse(*pieces(stream, cuts), limit=limit) == parse(stream, limit=limit)


@given(st.integers(0, 10_000))
def test_no_damaged_bit_goes_unnoticed(seed: int) -> None:
    assert parse(damaged(ONE + TWO + THREE, seed))[1]


def test_a_wrong_checksum_is_told_with_its_place_and_the_rest_is_read() -> None:
    at = len(TWO) - 6
    broken = TWO[:at] + bytes([TWO[at] ^ 1]) + TWO[at + 1 :]
    events, problem = parse(ONE + broken + THREE)
    assert len(events) == 3
    assert problem == f"message 2 at byte {len(ONE)} has a wrong checksum"


def test_after_wrong_lengths_nothing_more_is_read() -> None:
    events, problem = parse(ONE + b"\0\0\0\x20" + TWO[4:] + THREE)
    assert [event.name for event in events] == ["messageStart"]
    assert problem.startswith(f"message 2 at byte {len(ONE)} has a wrong checksum over its lengths")


def test_a_message_that_is_too_long_is_left_out_and_the_next_one_read() -> None:
    long = aws_message("long", {"text": "x" * 500})
    events, problem = parse(*pieces(ONE + long + TWO, range(7, 2000, 7)), limit=300)
    assert [event.name for event in events] == ["messageStart", "chunk"]
    assert problem == f"message 2 at byte {len(ONE)} is longer than 300 bytes and was left out"


def test_the_end_of_a_stream_inside_a_message_is_told() -> None:
    events, problem = parse(ONE + TWO[:-1])
    assert len(events) == 1
    assert problem == f"the stream ends inside message 2, which begins at byte {len(ONE)}"


@pytest.mark.parametrize(
    ("headers", "payload", "said"),
    [
        (
            {":message-type": "exception", ":exception-type": "throttlingException"},
            {"message": "Too many requests"},
            ("throttlingException", "Too many requests"),
        ),
        (
            {":message-type": "error", ":error-code": "InternalError", ":error-message": "Broken"},
            b"",
            ("InternalError", "Broken"),
        ),
        ({":message-type": "exception", ":exception-type": "e"}, b"plain", ("e", "plain")),
    ],
)
def test_failures_are_errors_as_other_formats_write_them(
    headers: dict[str, str], payload: object, said: object
) -> None:
    ((event,), problem) = parse(aws_message("", payload, headers))
    error = json.loads(event.data)["error"]
    assert (error["type"], error["message"]) == said
    assert problem == ""


def test_headers_that_cannot_be_read_are_told() -> None:
    good = aws_headers({":event-type": "a"})
    events, problem = parse(aws_message("", {"a": 1}, raw_headers=good[:-3]))
    assert [(event.name, event.data) for event in events] == [("", '{"a": 1}')]
    assert problem == "message 1 at byte 0 has headers that cannot be read"


def test_a_stream_is_known_by_its_first_bytes() -> None:
    assert is_event_stream(ONE)
    assert is_event_stream(ONE[:12])
    assert not is_event_stream(ONE[:11])
    assert not is_event_stream(b'{"message": "no"}')
    assert not is_event_stream(b"\0" * 12)
