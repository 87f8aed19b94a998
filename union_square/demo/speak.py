"""The conversations in the providers' own formats: requests as clients send them, answers as timed pieces. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from union_square.demo.script import Answer, Conversation, Dialect
from union_square.demo.speak_anthropic import AnthropicVoice, anthropic_request
from union_square.demo.speak_chat import ChatVoice, chat_request
from union_square.demo.speak_responses import ResponsesVoice, responses_request
from union_square.demo.voice import Voice, count_tokens, response_id

PATHS: dict[Dialect, str] = {
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "anthropic": "/v1/messages",
}
REQUESTS = {"openai-chat": chat_request, "openai-responses": responses_request, "anthropic": anthropic_request}
VOICES: dict[Dialect, type[Voice]] = {
    "openai-chat": ChatVoice,
    "openai-responses": ResponsesVoice,
    "anthropic": AnthropicVoice,
}
JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes, and how long after the piece before it they are sent. `breaks`: the connection is cut instead."""

    after_seconds: float
    data: bytes
    breaks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A whole answer on the wire."""

    status: int
    headers: dict[str, str]
    pieces: tuple[Piece, ...]


def request_body(conversation: Conversation, index: int) -> dict[str, Any]:
    """The body of the request that step `index` sends."""
    return REQUESTS[conversation.dialect](conversation, index)


def spoken(conversation: Conversation, index: int) -> Spoken:
    """The answer to that request."""
    answer = conversation.steps[index].answer
    request_tokens = count_tokens(json.dumps(request_body(conversation, index), ensure_ascii=False))
    voice = VOICES[conversation.dialect](conversation, answer, response_id(conversation, index), request_tokens)
    if answer.status != 200:
        return _whole(answer, voice.error(), {**JSON, "retry-after": "8"})
    if not answer.streamed:
        return _whole(answer, voice.whole(), JSON)
    pieces = list(_paced(answer, list(voice.events())))
    if answer.breaks_at is not None:
        kept = max(1, int(len(pieces) * answer.breaks_at))
        pieces = [*pieces[:kept], Piece(after_seconds=0.5, data=b"", breaks=True)]
    return Spoken(status=200, headers=EVENTS, pieces=tuple(pieces))


def _whole(answer: Answer, body: dict[str, Any], headers: dict[str, str]) -> Spoken:
    data = json.dumps(body, ensure_ascii=False).encode()
    headers = {**headers, "content-length": str(len(data))}
    return Spoken(
        status=answer.status, headers=headers, pieces=(Piece(after_seconds=answer.first_token_seconds, data=data),)
    )


def _paced(answer: Answer, events: list[bytes]) -> Iterator[Piece]:
    for number, event in enumerate(events):
        wait = answer.first_token_seconds if number == 0 else 1 / answer.tokens_per_second
        yield Piece(after_seconds=wait, data=event)
