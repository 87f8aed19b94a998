"""A head that was seen before gives what reading it anew gives."""

from hypothesis import given
from hypothesis import strategies as st

from proxy_app.heads import HeadReader
from proxy_app.routes import routes_of
from union_square.domain.redaction import Redactor
from union_square.settings import Upstream
from union_square.wire.http1 import HeadError

ROUTES = routes_of({"t": Upstream(base_url="http://up.test/pre"), "u": Upstream(base_url="http://other.test")})
REDACTOR = Redactor(b"k" * 32)
LINES = st.sampled_from(
    [
        b"Content-Length: 5", b"content-length: 1234", b"Content-Length:7", b"Content-Length: 5 ",
        b"Content-Length: 05",
        b"Content-Length: x", b"X-Length: 5", b"X-Length: 6", b"Authorization: Bearer abcdef", b"Cookie: ength: 5",
        b"Transfer-Encoding: chunked", b"X-Union-Square-Do-Not-Record: 1", b"X-Union-Square-Tags: length: 5",
        b"Accept: */*",
        b"Connection: X-Length", b"Expect: 100-continue",
    ]
)  # fmt: skip
HEADS = st.builds(
    lambda target, lines: b"\r\n".join([b"POST " + target + b" HTTP/1.1", b"Host: p", *lines]) + b"\r\n\r\n",
    st.sampled_from([b"/t/v1", b"/u/v1?key=abc", b"/nobody", b"/t/length:"]),
    st.lists(LINES, max_size=4),
)


def outcome(reader: HeadReader, raw: bytes) -> object:
    try:
        read, length, digits = reader.read(raw)
    except HeadError as error:
        return str(error)
    out, record = (a + digits + b if b else a for a, b in (read.out, read.record))
    head = read.head
    return out, record, length, read.route, head.method, head.keep_alive, head.do_not_record, head.expects_continue


@given(st.lists(HEADS, min_size=1, max_size=12))
def test_a_kept_head_gives_what_a_fresh_reading_gives(heads: list[bytes]) -> None:
    keeping = HeadReader(ROUTES, REDACTOR)
    for raw in (*heads, *heads):
        assert outcome(keeping, raw) == outcome(HeadReader(ROUTES, REDACTOR), raw)


def test_heads_that_differ_in_the_length_only_share_what_is_kept() -> None:
    reader = HeadReader(ROUTES, REDACTOR)
    first, length, _ = reader.read(b"POST /t/x HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\n")
    second, other, digits = reader.read(b"POST /t/x HTTP/1.1\r\nHost: p\r\nContent-Length: 77\r\n\r\n")
    assert (length, other, digits) == (5, 77, b"77")
    assert second.head is first.head
    assert second.out[0] + digits + second.out[1] == (
        b"POST /pre/x HTTP/1.1\r\nHost: up.test\r\nContent-Length: 77\r\n\r\n"
    )
