"""The words of the demo: conversations as plain values. Pure.

A conversation is a list of steps. Each step's request repeats the whole history, as real clients do; the upstream of
the demo recognises a request by its content, so nothing needs a marker on the wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Dialect = Literal["openai-chat", "openai-responses", "anthropic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    name: str
    description: str
    properties: Mapping[str, str]  # parameter → what it is; all are required strings

    @property
    def schema(self) -> dict[str, Any]:
        properties = {name: {"type": "string", "description": text} for name, text in self.properties.items()}
        return {"type": "object", "properties": properties, "required": list(self.properties)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The model asks for a tool."""

    id: str
    name: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the upstream says, and how fast."""

    text: str = ""
    thinking: str = ""
    uses: tuple[Use, ...] = ()
    first_token_seconds: float = 0.7
    tokens_per_second: float = 38.0
    cached_tokens: int = 0
    breaks_at: float | None = None  # the share of the answer after which the connection breaks
    status: int = 200  # another one: an error answer with `text` as its message
    streamed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What the user says."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What the application's tools answered, by tool call id."""

    of: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    said: Ask | Results
    answer: Answer
    pause_seconds: float = 1.2  # before it is sent: someone reads or a tool runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    name: str
    dialect: Dialect
    model: str
    system: str
    steps: tuple[Step, ...]
    tools: tuple[Tool, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    begins_at: int = 0  # the first step that is sent; the ones before it are history of another conversation
    starts_after_seconds: float = 0.0


def filled(conversation: Conversation, words: Mapping[str, str]) -> Conversation:
    """The conversation with every `{word}` replaced: the same script for another customer."""

    def put(text: str) -> str:
        for word, value in words.items():
            text = text.replace("{" + word + "}", value)
        return text

    def put_use(use: Use) -> Use:
        arguments = {name: put(value) for name, value in use.arguments.items()}
        return replace(use, id=put(use.id), arguments=arguments)

    def put_step(step: Step) -> Step:
        answer = replace(
            step.answer,
            text=put(step.answer.text),
            thinking=put(step.answer.thinking),
            uses=tuple(map(put_use, step.answer.uses)),
        )
        match step.said:
            case Ask(text=text):
                said: Ask | Results = Ask(text=put(text))
            case Results(of=results):
                said = Results(of={put(id_): put(text) for id_, text in results.items()})
        return replace(step, said=said, answer=answer)

    return replace(
        conversation,
        system=put(conversation.system),
        steps=tuple(map(put_step, conversation.steps)),
        headers={name: put(value) for name, value in conversation.headers.items()},
    )
