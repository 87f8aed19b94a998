"""Heads are read as they are, whatever they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.wire.headers import parse_content_type, parse_head, parse_target


def test_headers_keep_order_case_and_duplicates() -> None:
    head = parse_head(b"POST /x HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nx-two:2\r\nEmpty:\r\n\r\n")
    assert head.start_line == "POST /x HTTP/1.1"
    assert head.headers == (("Host", "a"), ("X-Two", "1"), ("x-two", "2"), ("Empty", ""))
    assert head.get("x-TWO") == "1"
    assert head.get_all("X-two") == ("1", "2")
    assert head.get("missing", "default") == "default"


def test_bytes_that_are_not_utf8_are_latin_1() -> None:
    assert parse_head(b"GET / HTTP/1.1\r\nName: caf\xe9\r\n\r\n").get("name") == "café"


def test_a_folded_header_is_one_header() -> None:
    assert parse_head(b"GET / HTTP/1.1\r\nA: 1\r\n  2\r\n\r\n").headers == (("A", "1 2"),)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    head = parse_head(data)
    parse_target(head.start_line, "openai")
    parse_content_type(head.get("content-type"))
    parse_content_type(data.decode("latin-1"))


@pytest.mark.parametrize(
    ("line", "upstream", "raw", "path"),
    [
        ("POST /openai/v1/chat?x=%2F HTTP/1.1", "openai", "/v1/chat?x=%2F", "/v1/chat"),
        ("GET /openai HTTP/1.1", "openai", "/", "/"),
        ("GET /openai?a=1 HTTP/1.1", "openai", "/?a=1", "/"),
        ("GET http://127.0.0.1:8787/openai/v1/models HTTP/1.1", "openai", "/v1/models", "/v1/models"),
        ("GET /other/v1 HTTP/1.1", "openai", "/other/v1", "/other/v1"),
        ("POST /bedrock/model/a%3A0/converse HTTP/1.1", "bedrock", "/model/a%3A0/converse", "/model/a:0/converse"),
        ("POST /a//b HTTP/1.1", "a", "//b", "//b"),
        ("", "openai", "", ""),
    ],
)
def test_the_target_is_the_providers_own(line: str, upstream: str, raw: str, path: str) -> None:
    target = parse_target(line, upstream)
    assert (target.raw, target.path) == (raw, path)


def test_a_content_type_is_taken_apart() -> None:
    kind = parse_content_type('Multipart/Form-Data; boundary="a b"; Charset=utf-8; odd')
    assert kind.media_type == "multipart/form-data"
    assert kind.parameters == {"boundary": "a b", "charset": "utf-8"}
    assert parse_content_type("application/problem+json").is_json
    assert parse_content_type("application/x-ndjson").is_json_lines
    assert parse_content_type("text/html; charset=utf-8").is_text
    assert not parse_content_type("").is_text
