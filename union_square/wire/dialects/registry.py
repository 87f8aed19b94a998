"""Which dialects there are, and whose a request is: by its path, else by its shape, never by its provider's name."""

from dataclasses import replace
from typing import Any

from union_square.domain.messages import Request
from union_square.wire.bodies import Bodies
from union_square.wire.dialects.anthropic_batches import AnthropicBatches
from union_square.wire.dialects.anthropic_messages import AnthropicMessages
from union_square.wire.dialects.audio import Speech, Transcription
from union_square.wire.dialects.bedrock_converse import BedrockConverse
from union_square.wire.dialects.bedrock_invoke import BedrockInvoke
from union_square.wire.dialects.cohere_chat import CohereChat
from union_square.wire.dialects.cohere_v1 import CohereV1
from union_square.wire.dialects.completions import Completions
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.embeddings import Embeddings
from union_square.wire.dialects.gemini_generate import GeminiGenerate
from union_square.wire.dialects.gemini_interactions import GeminiInteractions
from union_square.wire.dialects.images import Images
from union_square.wire.dialects.ollama_chat import OllamaChat
from union_square.wire.dialects.openai_chat import OpenAIChat
from union_square.wire.dialects.openai_responses import OpenAIResponses
from union_square.wire.dialects.plain import PlainDraft, json_part, plain_request, read_plain_form, read_plain_request
from union_square.wire.dialects.protocol import Dialect
from union_square.wire.dialects.scores import Moderation, Rerank
from union_square.wire.headers import ContentType, Target
from union_square.wire.jsontext import obj_of, parse_json
from union_square.wire.multipart import is_form, parse_form

DIALECTS: tuple[Dialect, ...] = (
    OpenAIResponses(),
    BedrockInvoke(),
    BedrockConverse(),
    AnthropicBatches(),
    AnthropicMessages(),
    GeminiGenerate(),
    GeminiInteractions(),
    OllamaChat(),
    CohereChat(),
    OpenAIChat(),
    CohereV1(),
    Embeddings(),
    Images(),
    Transcription(),
    Speech(),
    Moderation(),
    Rerank(),
    Completions(),
)
"""In the order in which they are asked."""


def recognise(target: Target, body: Any = None) -> Dialect | None:
    """The dialect of a request whose JSON body is that; None = no one's."""
    for dialect in DIALECTS:
        if dialect.claims_path(target.path):
            return dialect
    fields = obj_of(body)
    return next((dialect for dialect in DIALECTS if fields and dialect.claims_body(fields)), None)


def read_request(target: Target, data: bytes, kind: ContentType, bodies: Bodies | None = None) -> tuple[Request, Draft]:
    """What a request's decoded body says, and the draft for its answer; read on top of `bodies`. Never raises.

    A body that cannot be read on a path that a dialect claims is that dialect's, with a problem.
    """
    form = parse_form(data, kind) if is_form(kind) else {}
    if form:
        dialect = recognise(target, form)
        if dialect is None:
            return read_plain_form(target, form), PlainDraft()
        request = dialect.read_request(target, form)
        return request, dialect.open_response(request)
    if not data.strip() or not (kind.is_json or data.lstrip()[:1] in {b"{", b"["}):
        dialect = recognise(target)
        if data.strip() or dialect is None:
            return read_plain_request(target, data, kind), PlainDraft()
        request = dialect.read_request(target, {})
        return request, dialect.open_response(request)
    read = bodies.parse(data) if bodies else parse_json(data)
    problem = f"the request body {read.problem}" if read.problem else ""
    dialect = recognise(target, read.value)
    if dialect is not None:
        request = dialect.read_request(target, obj_of(read.value))
        request = replace(request, problem="; ".join(filter(None, (problem, request.problem))))
        return request, dialect.open_response(request)
    if read.value is None and problem:
        return replace(read_plain_request(target, data, kind), problem=problem), PlainDraft()
    return plain_request(target, "json", json_part(read.value), read.value, problem), PlainDraft()
