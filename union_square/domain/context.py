"""What fills a request: how much of it is system prompt, tools, history by role, tool results and media.

Counted in characters, because no provider says which part took how many tokens; a reader may share out the reported
tokens by them, and has to say that this is an estimate. Pure.
"""

from dataclasses import dataclass, fields, replace
from operator import is_not
from typing import assert_never

from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from union_square.domain.views import CallDetail

MEDIA_CHARACTERS = 4000
"""What an image, a sound or a document is counted as, whatever its size: about 1,000 tokens, which is what providers
charge for a picture of medium size. Its base64 text is never what the model gets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Characters of one request, by what they are. `media` holds MEDIA_CHARACTERS an item."""

    system: int = 0
    tools: int = 0
    user: int = 0
    assistant: int = 0  # its texts, thoughts and tool calls
    tool_results: int = 0
    media: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, kind) for kind in KINDS)


KINDS = tuple(one.name for one in fields(Context))


class Weights:
    """Weighs requests. What the one before held already is not weighed again: a session repeats its history."""

    def __init__(self) -> None:
        self._messages: list[Message] = []  # of the request before
        self._until: list[Context] = []  # for each of them, all until its end

    def of_request(self, detail: CallDetail) -> Context:
        sent = detail.messages[: detail.request_message_count]
        differ = (number for number, one in enumerate(map(is_not, sent, self._messages)) if one)
        same = next(differ, min(len(sent), len(self._messages)))
        del self._messages[same:], self._until[same:]
        so_far = self._until[-1] if same else Context()
        for message in sent[same:]:
            so_far = _sum(so_far, weigh(message))
            self._messages.append(message)
            self._until.append(so_far)
        tools = sum(len(tool.name) + len(tool.description) + len(tool.schema) for tool in detail.tools)
        return replace(so_far, tools=tools)


def _sum(one: Context, other: Context) -> Context:
    return Context(**{kind: getattr(one, kind) + getattr(other, kind) for kind in KINDS})


_OF_MESSAGES = tuple(kind for kind in KINDS if kind != "tools")


def weigh(message: Message) -> Context:
    """What one message holds."""
    counts = dict.fromkeys(_OF_MESSAGES, 0)
    for part in message.parts:
        kind = _kind(part, message.role)
        counts[kind] += _characters(part)
    return Context(**counts)


def _kind(part: Part, role: str) -> str:
    match part:
        case MediaPart():
            return "media"
        case ToolResultPart():
            return "tool_results"
        case _:
            return "tool_results" if role == "tool" else role


def _characters(part: Part) -> int:
    match part:
        case TextPart() | ThinkingPart() | RefusalPart() | ToolResultPart():
            return len(part.text)
        case ToolCallPart():
            return len(part.name) + len(part.arguments)
        case MediaPart():
            return MEDIA_CHARACTERS
        case OtherPart():
            return len(part.json)
        case _:
            assert_never(part)
