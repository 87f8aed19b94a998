"""Nothing that a client or a provider may send makes understanding raise, or gives what cannot be stored."""

import json
from base64 import b64encode
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.aws import aws_message
from tests.support.calls import events_of, understand
from union_square.wire.dialects.registry import DIALECTS

PATHS = [
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/api/chat",
    "/api/generate",
    "/v2/chat",
    "/v1beta/models/gemini-x:generateContent",
    "/v1beta/models/gemini-x:streamGenerateContent",
    "/model/m/converse",
    "/model/m/converse-stream",
    "/model/m/invoke",
    "/model/m/invoke-with-response-stream",
    "/v1/completions",
    "/v1/embeddings",
    "/v1beta/models/m:batchEmbedContents",
    "/v1/images/generations",
    "/v1/audio/transcriptions",
    "/v1/audio/speech",
    "/v1/moderations",
    "/v2/rerank",
    "/v1/chat",
    "/unknown",
]
VOCABULARY = """
id type role content text model messages input output choices delta message index usage error data tool_calls function
name arguments finish_reason reasoning_content thinking signature content_block item output_index response candidates
parts functionCall usageMetadata contents system tools summary image_url source tool_use tool_result assistant user tool
message_start content_block_delta content_block_start message_delta text_delta input_json_delta function_call reasoning
response.output_item.added response.output_item.done response.completed response.output_text.delta prompt_tokens
completion_tokens input_tokens output_tokens x_groq done stop_reason instructions images thought inlineData
toolUse toolResult reasoningContent contentBlockDelta contentBlockIndex contentBlockStart start metadata toolConfig
toolSpec source bytes prompt inputText outputText generation results outputs texts embedding embeddings instances
predictions values message chat_history tool_results event_type documents query b64_json url file form_file text.delta
event_type inputs requests request custom_id result params amazon-bedrock-invocationMetrics inputTokenCount
"""
WORDS = VOCABULARY.split()
LEAVES = st.sampled_from(WORDS) | st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats() | st.text(max_size=3)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=25,
)
OBJECTS = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6)
AWS = "application/vnd.amazon.eventstream"
KINDS = st.sampled_from(
    [AWS, "application/json", "text/event-stream", "application/x-ndjson", "text/html", "image/png", ""]
)


def check(path: str, request: bytes, response: bytes, kind: str, status: int, encoding: str, cut: int) -> None:
    call = understand(
        events_of(
            path,
            request,
            response,
            status=status,
            response_headers=[("content-type", kind), ("content-encoding", encoding)],
            cuts=[cut],
        )
    )
    json.dumps(asdict(call.detail()), default=str, allow_nan=False, ensure_ascii=False).encode()
    view = call.view()
    assert view.state == ("failed" if status >= 400 or view.error_type else "done")


@given(
    st.sampled_from(PATHS),
    st.binary(max_size=120),
    st.binary(max_size=200),
    KINDS,
    st.sampled_from([200, 404, 500]),
    st.sampled_from(["", "gzip", "br", "zstd", "deflate, gzip"]),
    st.integers(0, 200),
)
def test_any_bytes(path: str, request: bytes, response: bytes, kind: str, status: int, encoding: str, cut: int) -> None:
    check(path, request, response, kind, status, encoding, cut)


@given(st.sampled_from(PATHS), OBJECTS, st.lists(OBJECTS, max_size=6), st.sampled_from([200, 400]), st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])  # large objects take a busy machine long
def test_any_json(path: str, request: Any, answers: list[Any], status: int, data: st.DataObject) -> None:
    texts = [json.dumps(answer) for answer in answers]
    shape = data.draw(st.sampled_from(["events", "lines", "messages", "envelopes", "body", "list"]))
    names = [data.draw(st.sampled_from(WORDS)) for _ in texts]
    envelopes = [{"bytes": b64encode(text.encode()).decode()} for text in texts]
    response = {
        "events": "".join(f"event: {name}\ndata: {text}\n\n" for name, text in zip(names, texts, strict=True)).encode(),
        "lines": "\n".join(texts).encode(),
        "messages": b"".join(aws_message(name, text.encode()) for name, text in zip(names, texts, strict=True)),
        "envelopes": b"".join(aws_message("chunk", envelope) for envelope in envelopes),
        "body": texts[0].encode() if texts else b"",
        "list": f"[{','.join(texts)}]".encode(),
    }[shape]
    kinds = {"events": "text/event-stream", "lines": "application/x-ndjson", "messages": AWS, "envelopes": AWS}
    kind = kinds.get(shape, "application/json")
    check(path, json.dumps(request).encode(), response, kind, status, "", data.draw(st.integers(0, 300)))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"messages":' * 20_000,
        b'{"messages": [{"role": "user", "content": ' + b"[" * 900 + b"]" * 900 + b"}]}",
        b'{"input": [{"type": "x", "y": ' + b"[" * 900 + b"]" * 900 + b"}]}",
        b'{"choices": [{"message": {"content": [{"type": "x", "y": ' + b"[" * 900 + b"]" * 900 + b"}]}}]}",
        b'{"model": "\xff\xfe", "messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "user", "content": "a"}], "temperature": NaN, "top_p": 1e999}',
    ],
)
def test_absurd_bodies(path: str, body: bytes) -> None:
    check(path, body, body, "application/json", 200, "", 7)
    check(path, body, b"data: " + body + b"\n\n", "text/event-stream", 200, "", 7)


def test_every_dialect_has_a_name_of_its_own() -> None:
    names = [dialect.name for dialect in DIALECTS]
    assert len(set(names)) == len(names)
