"""Models that judge texts instead of writing: moderation (OpenAI, Mistral), and reranking (Cohere, Voyage, Jina, …).

https://platform.openai.com/docs/api-reference/moderations, https://docs.cohere.com/reference/rerank. Their verdicts are
shown as they stand.
"""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import Message, OtherPart, Part, Request, TextPart, Usage
from union_square.wire.dialects.cohere_chat import usage_of as cohere_usage_of
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.openai_parts import parts_of
from union_square.wire.dialects.openai_usage import usage_of
from union_square.wire.dialects.plain import model_in_path
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, json_text, list_of, obj_of, text_of

_MODERATION = re.compile(r"/(chat/)?moderations/?\Z")
_RERANK = re.compile(r"/rerank(ing)?/?\Z")
_NOT_PARAMETERS = {"model", "input", "query", "documents", "texts"}


class Moderation:
    name = "moderation"

    def claims_path(self, path: str) -> bool:
        return _MODERATION.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:  # noqa: ARG002 its fields are anyone's
        return False

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        return _request(self.name, "moderation", target, body, _texts(body.get("input")))

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return ScoresDraft()


class Rerank:
    name = "rerank"

    def claims_path(self, path: str) -> bool:
        return _RERANK.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:
        documents = body.get("documents", body.get("texts"))
        return isinstance(body.get("query"), str) and isinstance(documents, list) and "messages" not in body

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        documents = [
            part if isinstance(part, TextPart) else OtherPart(label="document", json=json_text(item))
            for item in list_of(body.get("documents", body.get("texts")))
            for part in _texts(item)
        ]
        return _request(self.name, "rerank", target, body, [*_texts(body.get("query")), *documents])

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return ScoresDraft()


def _request(name: str, operation: str, target: Target, body: dict[str, Any], parts: list[Part]) -> Request:
    return Request(
        dialect=name,
        operation=operation,
        model=text_of(body.get("model")) or model_in_path(target.path),
        messages=(Message(role="user", parts=tuple(parts)),) if parts else (),
        parameters={key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS},
    )


def _texts(value: Any) -> list[Part]:
    """A text, texts, typed parts, documents with a text, or a conversation, whose messages are told by their text."""
    if isinstance(value, dict):
        fields = obj_of(value)
        if "role" in fields:
            return parts_of(fields.get("content"))
        if isinstance(fields.get("text"), str):
            return [TextPart(text=text_of(fields["text"]))]
    if isinstance(value, list):
        return [part for item in list_of(value) for part in _texts(item)]
    return parts_of(value)


class ScoresDraft(Draft):
    def __init__(self) -> None:
        super().__init__()
        self._results: list[Part] = []

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        results = list_of(value) or list_of(body.get("results", body.get("data")))
        if not results:
            return False
        self.response_id, self.model = text_of(body.get("id")), text_of(body.get("model"))
        self.usage = usage_of(body.get("usage")) or cohere_usage_of(body.get("meta"))
        total = count_of(obj_of(body.get("usage")).get("total_tokens"))
        if self.usage is None and total is not None:
            self.usage = Usage(input_tokens=total)
        self._results = [OtherPart(label="results", json=json_text(results))]
        return True

    def read_event(self, name: str, value: Any) -> bool:  # noqa: ARG002
        return self.read_body(value)

    def read_messages(self) -> Iterator[Message]:
        if self._results:
            yield Message(role="assistant", parts=tuple(self._results))
