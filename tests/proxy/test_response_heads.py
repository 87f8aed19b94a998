"""A response's head that equals the one before gives what reading it anew gives."""

from hypothesis import given
from hypothesis import strategies as st

from proxy_app.response_heads import ResponseReader
from union_square.domain.redaction import Redactor
from union_square.wire.http1 import HeadError

REDACTOR = Redactor(b"k" * 32)
LINES = st.sampled_from(
    [
        b"Content-Length: 5", b"content-length: 1234", b"Content-Length: 99", b"Content-Length:7", b"Content-Length: ",
        b"Content-Length: 05", b"Content-Length: x", b"X-Length: 5", b"Set-Cookie: ength: 5", b"Set-Cookie: a=b",
        b"Transfer-Encoding: chunked", b"Connection: close", b"X-Key-Length: 5", b"Date: now", b"Keep-Alive: ength: 5",
    ]
)  # fmt: skip
HEADS = st.builds(
    lambda first, lines: b"\r\n".join([first, *lines]) + b"\r\n\r\n",
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 100 Continue"]),
    st.lists(LINES, max_size=3),
)
METHODS = st.sampled_from([b"GET", b"POST", b"HEAD"])


def outcome(reader: ResponseReader, raw: bytes, method: bytes) -> object:
    known = reader.recall(raw + b"the body") if method != b"HEAD" else None
    try:
        read, end, digits = known or (reader.read(raw, method=method), len(raw), b"")
    except HeadError as error:
        return str(error)
    out, record = read.out[0] + digits + read.out[1], read.record[0] + digits + read.record[1]
    length = int(digits) if digits else read.length
    return end, out, record, length, read.status, read.keep_alive, read.last


@given(st.lists(st.tuples(HEADS, METHODS), min_size=1, max_size=12))
def test_a_kept_head_gives_what_a_fresh_reading_gives(heads: list[tuple[bytes, bytes]]) -> None:
    keeping = ResponseReader(REDACTOR)
    for raw, method in [one for pair in heads for one in (pair, pair)]:
        assert outcome(keeping, raw, method) == outcome(ResponseReader(REDACTOR), raw, method)


def test_heads_that_differ_in_the_length_only_are_known_again() -> None:
    reader = ResponseReader(REDACTOR)
    first = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: secret=1\r\n\r\n"
    assert reader.recall(first) is None
    reader.read(first, method=b"POST")
    second = first.replace(b"5", b"777")
    known = reader.recall(second + b"x" * 777)
    assert known is not None
    read, end, digits = known
    assert (end, digits) == (len(second), b"777")
    assert read.out[0] + digits + read.out[1] == second[:-2] + b"x-union-square-call-id: "
    assert b"secret" not in read.record[0] + read.record[1]


def test_half_a_head_is_not_known() -> None:
    reader = ResponseReader(None)
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 55\r\nServer: a\r\n\r\n"
    reader.read(raw, method=b"GET")
    assert all(reader.recall(raw[:end]) is None for end in range(len(raw)))
    assert reader.recall(raw) is not None
