"""A message's end is found in any split of its bytes, and at the same byte as an independent parser finds it."""

import contextlib
from itertools import pairwise

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.wire.http1 import CHUNKED, UNTIL_CLOSE
from union_square.wire.http1_body import MORE, Body, BodyError, body_of

CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
EXTENSIONS = st.sampled_from([b"", b";a=b", b" ;x", b';q="y"'])


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, bytes]:
    chunks = draw(CHUNKS)
    raw = b"".join(b"%X%s\r\n%s\r\n" % (len(c), draw(EXTENSIONS), c) for c in chunks)
    trailers = draw(st.sampled_from([b"", b"X-A: 1\r\n", b"X-A: 1\r\nX-B: 2\r\n"]))
    return raw + b"0\r\n" + trailers + b"\r\n", b"".join(chunks)


def feed(body: Body, data: bytes, cuts: list[int]) -> tuple[bytes, int]:
    """Feed in pieces; the payload, and the offset in `data` where the message ended (MORE = it did not)."""
    payload = b""
    points = sorted({0, len(data), *(c % (len(data) + 1) for c in cuts)})
    for start, end in pairwise(points):
        part, stop = body.feed(data[start:end], 0)
        payload += part
        if stop != MORE:
            return payload, start + stop
    return payload, MORE


@given(chunked(), st.lists(st.integers(0, 1000), max_size=8), st.binary(max_size=10))
def test_any_split_of_a_chunked_body_reads_alike(message: tuple[bytes, bytes], cuts: list[int], after: bytes) -> None:
    raw, payload = message
    body = body_of(CHUNKED)
    assert body is not None
    assert feed(body, raw + after, cuts) == (payload, len(raw))


@given(st.binary(min_size=1, max_size=60), st.lists(st.integers(0, 100), max_size=5), st.binary(max_size=10))
def test_any_split_of_a_body_of_known_length_reads_alike(data: bytes, cuts: list[int], after: bytes) -> None:
    body = body_of(len(data))
    assert body is not None
    assert feed(body, data + after, cuts) == (data, len(data))


@given(st.binary(min_size=1, max_size=60), st.lists(st.integers(0, 100), max_size=5))
def test_a_body_until_the_close_never_ends_by_itself(data: bytes, cuts: list[int]) -> None:
    body = body_of(UNTIL_CLOSE)
    assert body is not None
    assert feed(body, data, cuts) == (data, MORE)


def test_no_length_is_no_body() -> None:
    assert body_of(0) is None


class Heard:
    def __init__(self) -> None:
        self.payload = b""
        self.complete = False

    def on_body(self, body: bytes) -> None:
        self.payload += body

    def on_message_complete(self) -> None:
        self.complete = True


def as_httptools_reads(raw: bytes) -> tuple[bytes, bool] | None:
    heard = Heard()
    parser = httptools.HttpRequestParser(heard)
    parser.feed_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    try:
        parser.feed_data(raw)
    except httptools.HttpParserError:
        return None
    return heard.payload, heard.complete


MUTATIONS = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from([b"", b"\r", b"\n", b"\r\n", b"0", b" ", b";", b"g", b"+", b"-"])),
    max_size=3,
)


@given(chunked(), MUTATIONS)
def test_nothing_is_taken_that_another_parser_reads_otherwise(
    message: tuple[bytes, bytes], changes: list[tuple[int, bytes]]
) -> None:
    raw = message[0]
    for at, text in changes:
        at %= len(raw) + 1
        raw = raw[:at] + text + raw[at:]
    body = body_of(CHUNKED)
    assert body is not None
    with contextlib.suppress(BodyError):
        payload, end = body.feed(raw, 0)
        if end != MORE:
            other = as_httptools_reads(raw[:end])
            assert other is None or other == (payload, True)


@pytest.mark.parametrize(
    "raw",
    [
        b"+5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"-1\r\n", b" 5\r\nhello\r\n", b"5\nhello\r\n", b"5\r\nhelloX\r\n",
        b"5\r\nhello\n", b"\r\n", b"g\r\n", b"1_0\r\n", b"f" * 16 + b"\r\n", b";x\r\n", b"5\rX\r\n", b"0\r\nX: 1\n\r\n",
        b"5;" + b"x" * 20_000, b"0\r\n" + b"X: 1\r\n" * 20_000,
    ],
    ids=lambda raw: repr(raw[:16]),
)  # fmt: skip
def test_a_chunk_that_is_not_plainly_one_breaks_the_body(raw: bytes) -> None:
    body = body_of(CHUNKED)
    assert body is not None
    with pytest.raises(BodyError):
        body.feed(raw, 0)
