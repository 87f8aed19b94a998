"""What was said: messages and their parts, the same for every dialect.

Part kinds follow OpenTelemetry's GenAI message schema where it has a name for them. `extra` keeps nothing: what a
dialect's decoder does not know becomes an `OtherPart` with the JSON as it stood.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    type: Literal["text"] = "text"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingPart:
    """What the model thought. `text` is empty where the provider gives only a signature or ciphertext."""

    type: Literal["thinking"] = "thinking"
    text: str
    redacted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallPart:
    """The model asks for a tool. `arguments` is JSON text as the model wrote it (cut short while it streams)."""

    type: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResultPart:
    """What the application answered to the tool call `id`. `text` is the result as text or JSON text."""

    type: Literal["tool_result"] = "tool_result"
    id: str
    name: str = ""
    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPart:
    """An image, audio, video or document: by reference, or where its base64 data stands in the body."""

    type: Literal["media"] = "media"
    modality: Literal["image", "audio", "video", "file"]
    mime_type: str = ""
    url: str = ""  # http(s) only where the request said so; never fetched by us
    data: str = ""  # base64
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalPart:
    type: Literal["refusal"] = "refusal"
    text: str


CITATIONS = "citations"
"""The label of a part that holds a JSON list of where a text has its knowledge from, as the provider tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPart:
    """A part this version does not know, as the JSON text it was; or citations."""

    type: Literal["other"] = "other"
    label: str
    json: str


Part = TextPart | ThinkingPart | ToolCallPart | ToolResultPart | MediaPart | RefusalPart | OtherPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: Role
    parts: tuple[Part, ...]
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the provider reported them. None = not reported (which is not 0).

    `input_tokens` counts the whole input, cached tokens included, and `output_tokens` the whole output, reasoning
    included, as OpenTelemetry's GenAI conventions define them; dialects whose provider counts otherwise add up.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    reasoning_output_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOffer:
    """A tool the request offers to the model. `schema` is the JSON text of its parameters."""

    name: str
    description: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a request body says, whatever its dialect."""

    dialect: str  # "openai-chat", "openai-responses", "anthropic-messages", "json", "text", "bytes", "none"
    operation: str  # OpenTelemetry's gen_ai.operation.name: "chat", "embeddings", …; "" = unknown
    model: str = ""
    messages: tuple[Message, ...] = ()  # the system prompt first, as a message of role "system"
    tools: tuple[ToolOffer, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])  # temperature, max_tokens, …: JSON values
    stream: bool = False
    previous_response_id: str = ""  # the provider's own link to an earlier response
    conversation_id: str = ""  # the provider's own conversation object
    problem: str = ""  # why the body could not be read as its dialect, and where; "" = it could


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a response body says so far; complete once the call has ended."""

    messages: tuple[Message, ...] = ()  # one a choice
    response_id: str = ""
    request_id: str = ""  # the provider's own id of the request, from its headers
    rate_limits: dict[str, str] = field(default_factory=dict[str, str])  # headers that tell of limits, as sent
    model: str = ""
    usage: Usage | None = None  # None = not reported
    usage_details: dict[str, int] = field(default_factory=dict[str, int])  # of those tokens, the kinds told apart
    finish_reasons: tuple[str, ...] = ()
    error_type: str = ""
    error_message: str = ""
    problem: str = ""  # why the body could not be read, and where
    streamed: bool = False
