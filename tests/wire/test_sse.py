"""Server-sent events are parsed as the HTML standard says, however they are cut."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.calls import pieces
from union_square.wire.jsonlines import JsonLines
from union_square.wire.sse import ServerSentEvent, SseParser


def parse(*chunks: bytes) -> list[ServerSentEvent]:
    parser = SseParser()
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.end()


def data_of(*chunks: bytes) -> list[tuple[str, str]]:
    return [(event.name, event.data) for event in parse(*chunks)]


PIECES = b"data: a|data:b|data|event: x|:comment|\r|\n|\r\n|\n\n|\xef\xbb\xbf|data: \xc3\xa9|\xff|id: 1|data: 1\n\n"
STREAM_BYTES = st.lists(st.sampled_from(PIECES.split(b"|")), max_size=40).map(b"".join)


@given(STREAM_BYTES, st.lists(st.integers(0, 400), max_size=30))
def test_any_split_of_a_stream_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    assert parse(*pieces(stream, cuts)) == parse(stream)


@given(STREAM_BYTES)
def test_line_ends_are_all_alike(stream: bytes) -> None:
    lines = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert parse(lines) == parse(lines.replace(b"\n", b"\r\n")) == parse(lines.replace(b"\n", b"\r"))


def test_the_examples_of_the_standard() -> None:
    assert data_of(b"data: YHOO\ndata: +2\ndata: 10\n\n") == [("", "YHOO\n+2\n10")]
    stream = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    assert data_of(stream) == [("", "first event"), ("", "second event"), ("", " third event")]
    assert data_of(b"data\n\ndata\ndata\n\ndata:x\n\n") == [("", ""), ("", "\n"), ("", "x")]
    assert data_of(b"data:test\n\ndata: test\n\n") == [("", "test"), ("", "test")]


def test_a_leading_byte_order_mark_is_no_part_of_the_first_field() -> None:
    assert data_of(b"\xef\xbb", b"\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n") == [("", "a")]


def test_an_event_without_data_is_none_and_its_name_does_not_stay() -> None:
    assert data_of(b"event: ping\n\ndata: a\n\n") == [("", "a")]


def test_an_event_that_the_end_cuts_off_is_given_and_said_not_to_be_whole() -> None:
    first, second = parse(b"data: a\n\nevent: x\ndata: b")
    assert first.whole
    assert second == ServerSentEvent(name="x", data="b", number=2, whole=False)


def test_an_event_longer_than_the_limit_is_left_out_and_said() -> None:
    parser = SseParser(max_event_bytes=10)
    events = parser.feed(b"data: 1\n\ndata: " + b"x" * 50 + b"\n\ndata: 3\n\n")
    assert [(event.number, event.data) for event in events] == [(1, "1"), (3, "3")]
    assert parser.problem == "event 2 is longer than 10 bytes and was left out"


def test_many_short_data_lines_are_bounded_too() -> None:
    parser = SseParser(max_event_bytes=100)
    assert parser.feed(b"data: 123456789\n" * 1000 + b"\n") == []
    assert "longer than 100 bytes" in parser.problem


@given(st.lists(st.sampled_from([b'{"a":1}', b"\n", b"\r\n", b" ", b"[", b"\xff"]), max_size=30).map(b"".join))
def test_json_lines_are_the_lines_however_they_are_cut(stream: bytes) -> None:
    whole, cut = JsonLines(), JsonLines()
    wanted = whole.feed(stream) + whole.end()
    got = [event for at in range(len(stream)) for event in cut.feed(stream[at : at + 1])] + cut.end()
    assert got == wanted
    assert [event.data.encode() for event in wanted] == [
        line.strip().decode("utf-8", "replace").encode() for line in stream.split(b"\n") if line.strip()
    ]


def test_a_line_longer_than_the_limit_is_left_out_and_said() -> None:
    lines = JsonLines(max_line_bytes=5)
    assert [event.data for event in lines.feed(b"1\n1234567\n3\n")] == ["1", "3"]
    assert "line 2 is longer than 5 bytes" in lines.problem
