"""Heads are passed on as they came, and what two servers might read in two ways is not passed on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.wire.http1 import (
    CHUNKED,
    UNTIL_CLOSE,
    HeadError,
    parse_request_head,
    request_head_for,
)
from union_square.wire.http1_response import parse_response_head, response_head_for


def passed_on(head: bytes, prefix: bytes = b"") -> bytes:
    return request_head_for(parse_request_head(head), authority=b"up.test", prefix=prefix)


def get(*lines: bytes, target: bytes = b"/t/v1", version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join([b"GET " + target + b" " + version, b"Host: p", *lines]) + b"\r\n\r\n"


SMUGGLING = {
    "both length and encoding": get(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "encoding, then length": get(b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "lengths that differ": get(b"Content-Length: 5", b"Content-Length: 6"),
    "lengths that are equal": get(b"Content-Length: 5", b"content-length: 5"),
    "a list of lengths": get(b"Content-Length: 5, 5"),
    "a signed length": get(b"Content-Length: +5"),
    "a negative length": get(b"Content-Length: -5"),
    "a length in hexadecimal": get(b"Content-Length: 0x5"),
    "an empty length": get(b"Content-Length:"),
    "a length with an underscore": get(b"Content-Length: 1_0"),
    "a length beyond all bounds": get(b"Content-Length: " + b"9" * 19),
    "an unknown encoding": get(b"Transfer-Encoding: xchunked"),
    "identity": get(b"Transfer-Encoding: identity"),
    "chunked twice": get(b"Transfer-Encoding: chunked, chunked"),
    "two encodings": get(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    "a quoted encoding": get(b'Transfer-Encoding: "chunked"'),
    "an encoding with a vertical tab": get(b"Transfer-Encoding: \x0bchunked"),
    "an encoding in HTTP/1.0": get(b"Transfer-Encoding: chunked", version=b"HTTP/1.0"),
    "space before the colon": get(b"Content-Length : 5"),
    "tab before the colon": get(b"Transfer-Encoding\t: chunked"),
    "a folded line": get(b"X-A: 1", b" Transfer-Encoding: chunked"),
    "a first line that is folded": get(b"\tX-A: 1"),
    "a bare line feed": get(b"X-A: 1\nTransfer-Encoding: chunked"),
    "a bare carriage return": get(b"X-A: 1\rTransfer-Encoding: chunked"),
    "a NUL byte": get(b"X-A: \0"),
    "a name with a NUL byte": get(b"Content-Length\0: 5"),
    "a line without a colon": get(b"Content-Length"),
    "a line without a name": get(b": 5"),
    "two hosts": get(b"Host: q"),
    "no host": b"GET /t/v1 HTTP/1.1\r\nX: 1\r\n\r\n",
    "a host that Connection drops": get(b"Connection: host"),
    "a length that Connection drops": get(b"Connection: close, Content-Length", b"Content-Length: 5"),
    "an encoding that Connection drops": get(b"Connection: Transfer-Encoding", b"Transfer-Encoding: chunked"),
    "another server's address": get(target=b"http://evil.test/t/v1"),
    "a tunnel": b"CONNECT evil.test:443 HTTP/1.1\r\nHost: p\r\n\r\n",
    "a tunnel to a path": b"CONNECT /t HTTP/1.1\r\nHost: p\r\n\r\n",
    "an asterisk": get(target=b"*"),
    "no path": get(target=b"t/v1"),
    "an upstream of dots": get(target=b"/../t/v1"),
    "an upstream of one dot": get(target=b"/./t"),
    "an upstream of encoded dots": get(target=b"/%2e%2e/t"),
    "an encoded slash in the upstream": get(target=b"/t%2fv1"),
    "an empty upstream": get(target=b"//evil.test/t"),
    "a backslash in the upstream": get(target=b"/t\\..\\x"),
    "an address in the upstream": get(target=b"/t@evil.test/x"),
    "a port in the upstream": get(target=b"/t:80/x"),
    "a space in the target": get(target=b"/t/v1 x"),
    "a tab in the target": get(target=b"/t/v1\tx"),
    "a fragment": get(target=b"/t/v1#x"),
    "two spaces": b"GET  /t/v1 HTTP/1.1\r\nHost: p\r\n\r\n",
    "a tab for a space": b"GET\t/t/v1 HTTP/1.1\r\nHost: p\r\n\r\n",
    "no version": b"GET /t/v1\r\nHost: p\r\n\r\n",
    "a method that is none": b"GE(T /t/v1 HTTP/1.1\r\nHost: p\r\n\r\n",
    "another protocol": get(version=b"ICAP/1.0"),
    "a version in small letters": get(version=b"http/1.1"),
}


@pytest.mark.parametrize("head", SMUGGLING.values(), ids=SMUGGLING)
def test_what_could_be_read_in_two_ways_is_refused(head: bytes) -> None:
    with pytest.raises(HeadError) as refused:
        parse_request_head(head)
    assert refused.value.status == 400


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/1.2", b"HTTP/0.9"])
def test_other_versions_are_a_505(version: bytes) -> None:
    with pytest.raises(HeadError) as refused:
        parse_request_head(get(version=version))
    assert refused.value.status == 505


@pytest.mark.parametrize(
    ("target", "segment", "rest"),
    [
        (b"/openai/v1/chat", b"openai", b"/v1/chat"),
        (b"/openai", b"openai", b""),
        (b"/openai?x=/y", b"openai", b"?x=/y"),
        (b"/openai//v1/%2e%2e/../x?y#"[:-1], b"openai", b"//v1/%2e%2e/../x?y"),
        (b"/", b"", b""),
        (b"/?x", b"", b"?x"),
        (b"/-/healthy", b"-", b"/healthy"),
        (b"/vertex-ai/v1/models/gemini:streamGenerateContent?alt=sse", b"vertex-ai",
         b"/v1/models/gemini:streamGenerateContent?alt=sse"),
    ],
)  # fmt: skip
def test_the_target_names_the_upstream_and_the_providers_own_path(target: bytes, segment: bytes, rest: bytes) -> None:
    head = parse_request_head(get(target=target))
    assert (head.segment, head.rest) == (segment, rest)


def test_lengths_and_wishes_are_read() -> None:
    assert parse_request_head(get()).length == 0
    assert parse_request_head(get(b"content-length:  7 ")).length == 7
    assert parse_request_head(get(b"transfer-ENCODING: Chunked")).length == CHUNKED
    assert parse_request_head(get(b"Expect: 100-Continue")).expects_continue
    assert not parse_request_head(get(b"Connection: Close")).keep_alive
    assert parse_request_head(get(b"Connection: keep-alive")).keep_alive
    assert not parse_request_head(get(version=b"HTTP/1.0")).keep_alive
    for value, wished in (
        (b"1", True),
        (b"true", True),
        (b"yes", True),
        (b"0", False),
        (b"false", False),
        (b"", False),
    ):
        assert parse_request_head(get(b"X-Union-Square-Do-Not-Record: " + value)).do_not_record is wished


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ([b"Connection: keep-alive"], []),
        ([b"Connection: close"], []),
        ([b"Connection: X-A, close", b"X-A: 1", b"x-a: 2", b"X-B: 3"], [b"X-B: 3"]),
        ([b"Keep-Alive: timeout=1", b"Proxy-Connection: x", b"Proxy-Authorization: y"], []),
        ([b"TE: trailers", b"Connection: TE"], [b"TE: trailers", b"Connection: TE"]),
        ([b"TE: gzip"], []),
        ([b"Upgrade: websocket"], []),
        ([b"Upgrade: websocket", b"Connection: keep-alive, Upgrade"], [b"Upgrade: websocket", b"Connection: Upgrade"]),
        ([b"Upgrade: h2c", b"HTTP2-Settings: x", b"Connection: Upgrade, HTTP2-Settings"], []),
        ([b"X-Union-Square-Session-Id: s", b"x-union-square-tags: a"], []),
        ([b"Trailer: X", b"Transfer-Encoding: chunked"], [b"Trailer: X", b"Transfer-Encoding: chunked"]),
    ],
)
def test_only_hop_by_hop_headers_and_our_own_are_taken_off(lines: list[bytes], kept: list[bytes]) -> None:
    expected = b"\r\n".join([b"GET /v1 HTTP/1.1", b"Host: up.test", *kept]) + b"\r\n\r\n"
    assert passed_on(get(*lines)) == expected


NAMES = st.text("abcXYZ-09", min_size=1, max_size=12).filter(lambda n: n.lower() not in {"te", "host"}).map(str.encode)
VALUES = st.binary(max_size=30).map(lambda v: bytes(b for b in v if b not in b"\r\n\0"))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_ordinary_headers_keep_order_case_spacing_and_duplicates(fields: list[tuple[bytes, bytes]]) -> None:
    lines = [name + b":" + value for name, value in fields]
    assert passed_on(get(*lines)) == b"\r\n".join([b"GET /v1 HTTP/1.1", b"Host: up.test", *lines]) + b"\r\n\r\n"


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(data: bytes) -> None:
    for head in (data + b"\r\n\r\n", get(data)):
        try:
            out = passed_on(head)
        except HeadError:
            continue
        assert out.endswith(b"\r\n\r\n")
        assert out.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize(
    ("lines", "method", "status", "length"),
    [
        ([b"Content-Length: 5"], b"GET", 200, 5),
        ([b"Content-Length: 5", b"content-length: 5"], b"GET", 200, 5),
        ([], b"GET", 200, UNTIL_CLOSE),
        ([b"Transfer-Encoding: gzip, chunked"], b"GET", 200, CHUNKED),
        ([b"Transfer-Encoding: gzip"], b"GET", 200, UNTIL_CLOSE),
        ([b"Content-Length: 5"], b"HEAD", 200, 0),
        ([b"Content-Length: 5"], b"GET", 304, 0),
        ([b"Transfer-Encoding: chunked"], b"GET", 204, 0),
        ([], b"GET", 100, 0),
    ],
)
def test_the_length_of_a_response_is_known_from_its_head(
    lines: list[bytes], method: bytes, status: int, length: int
) -> None:
    head = b"\r\n".join([b"HTTP/1.1 %d Whatever" % status, *lines]) + b"\r\n\r\n"
    assert parse_response_head(head, method=method).length == length


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: 1\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 No\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
    ],
)
def test_a_response_whose_end_is_in_doubt_is_refused(head: bytes) -> None:
    with pytest.raises(HeadError) as refused:
        parse_response_head(head, method=b"GET")
    assert refused.value.status == 502


def test_a_response_with_both_length_and_encoding_loses_the_length() -> None:
    head = parse_response_head(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        method=b"GET",
    )
    assert (head.length, head.keep_alive) == (CHUNKED, False)
    out = response_head_for(head, call_id=b"abc", closing=False)
    assert out == b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-union-square-call-id: abc\r\n\r\n"


def test_an_own_path_of_the_upstream_is_not_climbed_out_of() -> None:
    for target in (b"/t/../x", b"/t/a/%2E%2e/x", b"/t/..%2fx", b"/t/..\\x"):
        with pytest.raises(HeadError):
            passed_on(get(target=target), prefix=b"/pre")
        assert target[2:] in passed_on(get(target=target))
    assert b" /pre/a..b?x=.. " in passed_on(get(target=b"/t/a..b?x=.."), prefix=b"/pre")
