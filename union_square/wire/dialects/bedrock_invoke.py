"""Bedrock's invoke, whole and streamed: each model's own format behind one path, which names the model.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html. The body tells whose format it is;
that dialect reads it, and the call is called by its name.
"""

import re
from base64 import b64decode
from dataclasses import replace
from typing import Any

from union_square.domain.messages import Request
from union_square.wire.dialects.anthropic_messages import AnthropicMessages
from union_square.wire.dialects.bedrock_converse import BedrockConverse, bedrock_model
from union_square.wire.dialects.cohere_v1 import CohereV1
from union_square.wire.dialects.completions import Completions
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.embeddings import Embeddings
from union_square.wire.dialects.images import Images
from union_square.wire.dialects.openai_chat import OpenAIChat
from union_square.wire.dialects.plain import PlainDraft, json_part, plain_request
from union_square.wire.dialects.protocol import Dialect
from union_square.wire.headers import Target
from union_square.wire.jsontext import list_of, obj_of, parse_json, text_of

_PATH = re.compile(r"/model/(.+)/(invoke(-with-response-stream)?|count-tokens)/?\Z")
_CONVERSE, _CHAT, _COMPLETIONS = BedrockConverse(), OpenAIChat(), Completions()
_INNER: tuple[Dialect, ...] = (AnthropicMessages(), _CONVERSE, CohereV1(), Embeddings(), Images(), _COMPLETIONS)
_BY_NAME: dict[str, Dialect] = {dialect.name: dialect for dialect in (*_INNER, _CHAT)}


class BedrockInvoke:
    name = "bedrock-invoke"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:  # noqa: ARG002 it has no shape of its own
        return False

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        if target.path.rstrip("/").endswith("/count-tokens"):
            return self._read_count(target, body)
        model, stream = bedrock_model(target.path), "-stream" in target.path.rpartition("/")[2]
        dialect = _inner(body, model)
        if dialect is None:
            request = plain_request(target, self.name, json_part(body) if body else None, body)
        else:
            request = dialect.read_request(target, body)
        return replace(request, model=model, stream=stream)

    def _read_count(self, target: Target, body: dict[str, Any]) -> Request:
        """Tokens are counted of a request that stands in an envelope, one of invoke's in base64 besides."""
        asked = obj_of(body.get("input"))
        inner = obj_of(asked.get("converse"))
        if not inner:
            inner = obj_of(parse_json(_plain(text_of(obj_of(asked.get("invokeModel")).get("body")))).value)
        model = bedrock_model(target.path)
        dialect = _CONVERSE if "converse" in asked else _inner(inner, model)
        if dialect is None:
            request = plain_request(target, self.name, json_part(body) if body else None, body)
        else:
            request = dialect.read_request(target, inner)
        return replace(request, model=model, operation="count_tokens")

    def open_response(self, request: Request) -> Draft:
        if request.operation == "count_tokens":
            return PlainDraft()
        dialect = _BY_NAME.get(request.dialect)
        return dialect.open_response(request) if dialect is not None else PlainDraft()


def _plain(encoded: str) -> bytes:
    try:
        return b64decode(encoded)
    except ValueError:  # which base64's own error is
        return b""


def _inner(body: dict[str, Any], model: str) -> Dialect | None:
    if "embed" in model:  # their `inputText` is a prompt elsewhere
        return _BY_NAME["embeddings"]
    for dialect in _INNER:
        if dialect.claims_body(body):
            return dialect
    messages = list_of(body.get("messages"))
    if messages:
        blocks = [block for message in messages for block in list_of(obj_of(message).get("content"))]
        return _CONVERSE if blocks and not any("type" in obj_of(block) for block in blocks) else _CHAT
    if isinstance(body.get("message"), str):  # Cohere's, and nothing else of it: elsewhere that could be anyone's
        return _BY_NAME["cohere-v1-chat"]
    return _COMPLETIONS if "prompt" in body else None
