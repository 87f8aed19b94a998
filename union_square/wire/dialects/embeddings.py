"""Embeddings of every provider: texts in, vectors out. What is shown of the vectors is how many there are and how long
they are; their numbers can be had as bytes.

OpenAI's and its copies' `/embeddings`, Cohere's `/embed`, Ollama's `/api/embed`, Gemini's `:embedContent`, Vertex AI's
`:predict`, and the models behind Bedrock's invoke.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from union_square.domain.messages import Message, OtherPart, Part, Request, TextPart, Usage
from union_square.wire.dialects.cohere_chat import usage_of as cohere_usage_of
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.gemini_parts import parts_of as gemini_parts_of
from union_square.wire.dialects.openai_parts import parts_of
from union_square.wire.dialects.openai_usage import usage_of
from union_square.wire.dialects.plain import model_in_path
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, json_text, list_of, obj_of, text_of

_PATH = re.compile(
    r"/(multimodal|contextualized)?-?embed(dings?)?(/multimodal)?/?\Z|:(batchE|asyncBatchE|e)mbed(Contents?|Text)\Z",
    re.I,
)
_INPUTS = ("input", "inputs", "texts", "prompt", "inputText", "content", "requests", "instances", "images")
_NOT_PARAMETERS = {"model", "parameters", *_INPUTS}
MAX_INPUTS = 4096
"""Of one request that are shown. OpenAI allows 2,048."""


class Embeddings:
    name = "embeddings"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:
        if isinstance(body.get("texts"), list) or "singleEmbeddingParams" in body:
            return True
        instances = list_of(body.get("instances"))
        return bool(instances) and all("content" in obj_of(item) for item in instances)

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        asked = [part for key in _INPUTS if key in body for part in _inputs(body[key])]
        if not asked and isinstance(body.get("singleEmbeddingParams"), dict):
            asked = _inputs([body["singleEmbeddingParams"]])
        parameters = {key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS}
        return Request(
            dialect=self.name,
            operation="embeddings",
            model=text_of(body.get("model")).removeprefix("models/") or model_in_path(target.path),
            messages=tuple(Message(role="user", parts=(part,)) for part in asked[:MAX_INPUTS]),
            parameters=parameters | clean_value(obj_of(body.get("parameters"))),
            problem=f"{len(asked):,} inputs, of which {MAX_INPUTS:,} are shown" if len(asked) > MAX_INPUTS else "",
        )

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return EmbeddingsDraft()


def _inputs(value: Any) -> list[Part]:
    """A text, a list of them, lists of token numbers, or objects that hold a content."""
    items = list_of(value)
    if not items or isinstance(items[0], int):
        items = [value] if value else []
    return [part for item in items for part in _input(item)]


def _input(item: Any) -> list[Part]:
    if isinstance(item, str):
        return [TextPart(text=text_of(item))]
    fields = obj_of(item)
    content = fields.get("content", fields.get("text"))
    if isinstance(content, dict) and "parts" in content:
        return gemini_parts_of(content)
    if "parts" in fields:
        return gemini_parts_of(fields)
    if isinstance(content, dict):
        content = obj_of(content).get("value", content)
    if isinstance(content, str):
        return [TextPart(text=text_of(content))]
    parts = parts_of(content)
    return parts or [OtherPart(label="tokens" if isinstance(item, list) else "input", json=json_text(item))]


class EmbeddingsDraft(Draft):
    def __init__(self) -> None:
        super().__init__()
        self._shapes: list[tuple[int, int]] = []  # of each kind of vector: how many, and how many numbers each

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        self.model = text_of(body.get("model"))
        self.response_id = text_of(body.get("id"))
        self.usage = _usage_of(body)
        self._shapes = [shape for shape in (_shape(kind) for kind in _vectors(body)) if shape[0]]
        return bool(self._shapes)

    def read_event(self, name: str, value: Any) -> bool:  # noqa: ARG002
        return self.read_body(value)

    def read_messages(self) -> Iterator[Message]:
        parts = [
            OtherPart(
                label="embeddings", json=json.dumps({"embeddings": number} | ({"dimensions": size} if size else {}))
            )
            for number, size in self._shapes
        ]
        if parts:
            yield Message(role="assistant", parts=tuple(parts))


def _vectors(body: dict[str, Any]) -> Iterator[list[Any]]:
    """The lists of vectors that an answer holds; Cohere has one for each type that was asked for."""
    for key in ("data", "embeddings", "predictions"):
        value = body.get(key)
        if isinstance(value, dict):
            yield from (list_of(kind) for kind in obj_of(value).values())
        elif isinstance(value, list):
            yield list_of(value)
    single = body.get("embedding")
    if single:
        yield [single]


def _shape(vectors: list[Any]) -> tuple[int, int]:
    return len(vectors), _length(vectors[0]) if vectors else 0


def _length(vector: Any) -> int:
    """How many numbers a vector has; of one in base64, which says nothing of their size, 0."""
    for _ in range(4):
        fields = obj_of(vector)
        vector = next((fields[key] for key in ("embedding", "values", "embeddings") if key in fields), vector)
    if not isinstance(vector, list):
        return 0
    numbers = cast("list[Any]", vector)
    return _length(numbers[0]) if numbers and isinstance(numbers[0], list | dict) else len(numbers)


def _usage_of(body: dict[str, Any]) -> Usage | None:
    usage = usage_of(body.get("usage")) or cohere_usage_of(body.get("meta"))
    if usage is not None:
        return usage
    counts = [body.get("prompt_eval_count"), body.get("inputTextTokenCount")]
    counts += [obj_of(body.get("usageMetadata")).get("promptTokenCount"), obj_of(body.get("usage")).get("total_tokens")]
    found = next((count for count in map(count_of, counts) if count is not None), None)
    if found is None:
        by_text = [_statistics(item) for item in list_of(body.get("predictions"))]
        said = [count for count in by_text if count is not None]
        found = sum(said) if said else None
    return None if found is None else Usage(input_tokens=found)


def _statistics(prediction: Any) -> int | None:
    return count_of(obj_of(obj_of(obj_of(prediction).get("embeddings")).get("statistics")).get("token_count"))
