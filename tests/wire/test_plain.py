"""A body that no dialect claims is shown as what it is, and is never an error."""

from base64 import b64encode
from typing import Any

import pytest

from tests.support.calls import JSON, events_of, every, understand
from tests.wire.streams import call, sse
from union_square.domain.messages import MediaPart, Message, OtherPart, TextPart, Usage
from union_square.wire.understanding import Understanding

PNG = b"\x89PNG\r\n\x1a\n\x00\x00"


def exchange(request: bytes, response: bytes, asked: str, answered: str, path: str = "/v1/thing") -> Understanding:
    return understand(
        events_of(
            path,
            request,
            response,
            request_headers=[("content-type", asked)] if asked else [],
            response_headers=[("content-type", answered)] if answered else [],
            cuts=every(3, response) if len(response) < 1000 else (),
        )
    )


def test_json_is_shown_as_json_with_the_model_it_names() -> None:
    got = call("/v1/paintings", {"model": "painter", "prompt": "cat"}, {"id": "i", "model": "painter-2"})
    assert (got.request.dialect, got.request.model, got.response.model) == ("json", "painter", "painter-2")
    assert got.request.messages == (
        Message(role="user", parts=(OtherPart(label="JSON", json='{"model":"painter","prompt":"cat"}'),)),
    )
    assert got.response.messages == (
        Message(role="assistant", parts=(OtherPart(label="JSON", json='{"id":"i","model":"painter-2"}'),)),
    )
    assert got.detail().problems == ()


@pytest.mark.parametrize(
    ("path", "operation", "model"),
    [
        ("/v1/embeddings", "embeddings", ""),
        ("/v2/embed", "embeddings", ""),
        ("/v1/completions", "text_completion", ""),
        ("/model/amazon.nova-v1%3A0/converse", "chat", "amazon.nova-v1:0"),
        ("/openai/deployments/dep/images/generations", "image_generation", "dep"),
        ("/openai/deployments/dep/things", "", "dep"),
        ("/v1/files", "", ""),
    ],
)
def test_the_path_may_tell_operation_and_model(path: str, operation: str, model: str) -> None:
    request = call(path, {"x": 1}, {"y": 1}).request
    assert (request.operation, request.model) == (operation, model)


def test_text_is_shown_as_text() -> None:
    got = exchange("Grüße".encode(), b"hello", "text/plain", "text/plain")
    assert got.request.dialect == "text"
    assert got.request.messages[0].parts == (TextPart(text="Grüße"),)
    assert got.response.messages[0].parts == (TextPart(text="hello"),)


def test_bytes_are_shown_as_bytes() -> None:
    got = exchange(PNG, PNG, "application/octet-stream", "image/png")
    data = b64encode(PNG).decode()
    assert got.request.dialect == "bytes"
    assert got.request.messages[0].parts == (
        MediaPart(modality="file", mime_type="application/octet-stream", data=data, name="10 bytes"),
    )
    assert got.response.messages[0].parts == (
        MediaPart(modality="image", mime_type="image/png", data=data, name="10 bytes"),
    )
    assert got.detail().problems == ()


def test_many_bytes_are_not_copied_into_a_part() -> None:
    part = exchange(b"", b"\xff" * (2 << 20), "", "audio/mpeg").response.messages[0].parts[0]
    assert part == MediaPart(modality="audio", mime_type="audio/mpeg", data="", name="2,097,152 bytes")


def test_nothing_is_shown_as_nothing() -> None:
    got = exchange(b"", b"", "", "")
    assert (got.request.dialect, got.request.messages, got.response.messages) == ("none", (), ())
    assert got.detail().problems == ()


def test_an_unknown_stream_is_shown_as_the_text_it_carries_while_it_comes() -> None:
    got = call("/v1/unknown", {"prompt": "x"}, sse({"a": 1}, {"b": 2}, done=False), size=5)
    assert got.response.messages[0].parts == (TextPart(text='{"a": 1}\n{"b": 2}\n'),)
    assert got.view().streamed


def test_json_lines_are_shown_line_by_line_whatever_the_header_says() -> None:
    for kind in ("application/x-ndjson", "application/octet-stream", ""):
        got = exchange(b"", b'{"a": 1}\n{"b": 2}\n', "", kind)
        assert got.response.messages[0].parts == (TextPart(text='{"a": 1}\n{"b": 2}\n'),)
        assert got.detail().problems == ()


def test_a_body_that_only_begins_like_json_is_text() -> None:
    got = exchange(b"[not json]", b"{not json}", "", "text/plain")
    assert got.request.messages[0].parts == (TextPart(text="[not json]"),)
    assert got.response.messages[0].parts == (TextPart(text="{not json}"),)


def test_a_body_that_claims_to_be_json_and_is_not_says_so() -> None:
    got = exchange(b"hello", b"hello", "application/json", "application/json")
    assert got.request.dialect == "text"
    assert got.detail().problems == (
        "the request body is not JSON: Expecting value at byte 0 (line 1)",
        "the response body is not JSON: Expecting value at byte 0 (line 1)",
    )


def test_a_very_long_json_is_shown_from_its_beginning() -> None:
    got = call("/v1/thing", {"text": "x" * (2 << 20)}, {})
    part = got.request.messages[0].parts[0]
    assert isinstance(part, TextPart)
    assert len(part.text) == 1 << 20


@pytest.mark.parametrize(
    ("usage", "found"),
    [
        ({"prompt_tokens": 4, "total_tokens": 4}, Usage(input_tokens=4)),
        ({"total_tokens": 4}, None),
        (None, None),
        ({"input_tokens": 4, "output_tokens": 5}, Usage(input_tokens=4, output_tokens=5)),
    ],
)
def test_usage_that_is_obvious_is_taken(usage: Any, found: Usage | None) -> None:
    assert call("/v1/things", {"model": "m"}, {"data": [], "usage": usage}).response.usage == found


def test_a_json_request_without_a_content_type_is_read() -> None:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'
    understanding = understand(
        events_of("/v1/chat/completions", body, b"{}", request_headers=[], response_headers=[JSON])
    )
    assert understanding.request.messages == (Message(role="user", parts=(TextPart(text="hi"),)),)
