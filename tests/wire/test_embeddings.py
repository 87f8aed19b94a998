"""Embeddings, reranking and moderation of every provider are understood; vectors are counted, not shown."""

from typing import Any

import pytest

from tests.wire.streams import call
from union_square.domain.messages import OtherPart, TextPart, Usage
from union_square.wire.understanding import Understanding

VERTEX = "/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict"
SHAPES: list[tuple[str, Any, Any, str, Usage | None]] = [
    (
        "/v1/embeddings",
        {"model": "m", "input": ["a", "b"]},
        {"data": [{"embedding": [1, 2, 3]}, {"embedding": [4, 5, 6]}], "usage": {"prompt_tokens": 2}},
        '{"embeddings": 2, "dimensions": 3}',
        Usage(input_tokens=2),
    ),
    (
        "/v1/embeddings",
        {"model": "voyage-3", "input": ["a", "b"]},
        {"data": [{"embedding": "AAAA"}, {"embedding": "AAAA"}], "usage": {"total_tokens": 7}},
        '{"embeddings": 2}',
        Usage(input_tokens=7),
    ),
    (
        "/v2/embed",
        {"model": "embed-v4.0", "texts": ["a", "b"]},
        {"embeddings": {"float": [[1, 2], [3, 4]]}, "meta": {"billed_units": {"input_tokens": 2}}},
        '{"embeddings": 2, "dimensions": 2}',
        Usage(input_tokens=2),
    ),
    (
        "/api/embed",
        {"model": "nomic", "input": ["a", "b"]},
        {"embeddings": [[1, 2], [3, 4]], "prompt_eval_count": 4},
        '{"embeddings": 2, "dimensions": 2}',
        Usage(input_tokens=4),
    ),
    (
        "/v1beta/models/gemini-embedding-001:batchEmbedContents",
        {"requests": [{"content": {"parts": [{"text": "a"}]}}, {"content": {"parts": [{"text": "b"}]}}]},
        {"embeddings": [{"values": [1]}, {"values": [2]}]},
        '{"embeddings": 2, "dimensions": 1}',
        None,
    ),
    (
        VERTEX,
        {"instances": [{"content": "a"}, {"content": "b"}], "parameters": {"autoTruncate": True}},
        {"predictions": [{"embeddings": {"values": [1, 2], "statistics": {"token_count": n}}} for n in (1, 2)]},
        '{"embeddings": 2, "dimensions": 2}',
        Usage(input_tokens=3),
    ),
]


@pytest.mark.parametrize(("path", "asked", "answer", "shown", "usage"), SHAPES)
def test_texts_are_shown_and_vectors_counted(
    path: str, asked: Any, answer: Any, shown: str, usage: Usage | None
) -> None:
    got = call(path, asked, answer)
    assert (got.request.dialect, got.request.operation) == ("embeddings", "embeddings")
    assert [message.parts for message in got.request.messages] == [(TextPart(text="a"),), (TextPart(text="b"),)]
    assert got.request.model
    assert got.response.messages[0].parts == (OtherPart(label="embeddings", json=shown),)
    assert got.response.usage == usage
    assert got.detail().problems == ()


def texts_of(got: Understanding) -> list[str]:
    return [part.text for message in got.request.messages for part in message.parts if isinstance(part, TextPart)]


@pytest.mark.parametrize(
    ("asked", "texts"),
    [
        ("a", ["a"]),
        ([{"text": "a"}, {"content": "b"}], ["a", "b"]),
        ([{"content": [{"type": "text", "text": "a"}]}], ["a"]),
        ([1, 2, 3], []),
        ([], []),
    ],
)
def test_inputs_have_many_shapes(asked: Any, texts: list[str]) -> None:
    got = call("/v1/embeddings", {"input": asked}, {})
    assert texts_of(got) == texts
    assert bool(got.request.messages) == bool(asked)


def test_ever_so_many_inputs_are_shown_in_part_and_said() -> None:
    got = call("/v1/embeddings", {"input": ["a"] * 5000}, {"data": []})
    assert len(got.request.messages) == 4096
    assert got.detail().problems == ("5,000 inputs, of which 4,096 are shown",)


def test_one_gemini_embedding_is_read() -> None:
    asked = {"model": "models/e", "content": {"parts": [{"text": "a"}]}}
    got = call("/v1beta/models/e:embedContent", asked, {"embedding": {"values": [1, 2]}})
    assert (texts_of(got), got.request.model) == (["a"], "e")
    assert got.response.messages[0].parts == (OtherPart(label="embeddings", json='{"embeddings": 1, "dimensions": 2}'),)


@pytest.mark.parametrize("path", ["/v2/rerank", "/v1/rerank", "/anywhere"])
def test_reranking_is_read(path: str) -> None:
    asked = {"model": "rerank-v3.5", "query": "q", "documents": ["a", {"text": "b"}, {"title": "c"}], "top_n": 1}
    got = call(path, asked, {"id": "r", "results": [{"index": 1, "relevance_score": 0.5}], "meta": {}})
    assert (got.request.dialect, got.request.operation, got.request.parameters) == ("rerank", "rerank", {"top_n": 1})
    assert got.request.messages[0].parts == (
        TextPart(text="q"),
        TextPart(text="a"),
        TextPart(text="b"),
        OtherPart(label="document", json='{"title":"c"}'),
    )
    assert got.response.messages[0].parts == (OtherPart(label="results", json='[{"index":1,"relevance_score":0.5}]'),)


@pytest.mark.parametrize(
    "asked", ["bad", ["bad"], [{"type": "text", "text": "bad"}], [{"role": "user", "content": "bad"}]]
)
def test_moderation_is_read(asked: Any) -> None:
    got = call("/v1/moderations", {"model": "m", "input": asked}, {"id": "x", "results": [{"flagged": True}]})
    assert (got.request.dialect, texts_of(got)) == ("moderation", ["bad"])
    assert got.response.messages[0].parts == (OtherPart(label="results", json='[{"flagged":true}]'),)
