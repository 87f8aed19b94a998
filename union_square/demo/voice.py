"""What the three formats share: an answer counted and cut into tokens. Pure.

Tokens are counted as four thirds of the words, which is near enough for a show.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from union_square.demo.script import Answer, Conversation

CREATED = 1767225600  # one moment for all answers: 2026-01-01T00:00:00Z


def count_tokens(text: str) -> int:
    return -(-len(text.split()) * 4 // 3)


def tokens_of(text: str) -> list[str]:
    """The text cut into pieces about as long as a model's tokens; joined they are the text."""
    return re.findall(r"\s*\S{1,6}|\s+\Z", text)


def response_id(conversation: Conversation, index: int) -> str:
    """The identity of an answer: the same for the same request."""
    seed = f"{conversation.name}/{conversation.steps[0].said}/{index}/{conversation.steps[index].answer.breaks_at}"
    return hashlib.sha256(seed.encode()).hexdigest()[:24]


def sse(data: dict[str, Any] | str, event: str = "") -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()


class Voice:
    """One answer in one provider's format; a subclass a format."""

    def __init__(self, conversation: Conversation, answer: Answer, id_: str, request_tokens: int) -> None:
        self.model, self.answer, self.id, self.input = conversation.model, answer, id_, request_tokens
        spoken_text = answer.text + "".join(json.dumps(dict(use.arguments)) + " " for use in answer.uses)
        self.reasoning = count_tokens(answer.thinking)
        self.output = count_tokens(spoken_text) + self.reasoning
        self.cached = min(answer.cached_tokens, request_tokens)

    def whole(self) -> dict[str, Any]:
        """The body of an answer that is not streamed."""
        raise NotImplementedError

    def events(self) -> Iterator[bytes]:
        """The server-sent events of a streamed answer."""
        raise NotImplementedError

    def error(self) -> dict[str, Any]:
        """The body of an error answer."""
        return {"error": {"message": self.answer.text, "type": "rate_limit_error", "code": "rate_limit_exceeded"}}
