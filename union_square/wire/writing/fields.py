"""A request's body as the fields of a form, each at its place in the dialect: parameters, system prompt, what was said.

A field that is written changes its place and nothing else: what the form does not know stays as it was recorded. Pure.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from union_square.wire.jsonplaces import value_at, with_value_at, without
from union_square.wire.jsontext import list_of, obj_of, text_of
from union_square.wire.writing.said import Said, read_said, system_places, with_system

Kind = Literal["number", "whole", "words", "list", "switch"]

SYSTEM = "system"


class FieldError(ValueError):
    """The text does not fit the field. The message says what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`value` as text; "" = not in the body. A list has an entry a line (a line end in it is \\n), a
    switch is "true" or "false"."""

    name: str
    label: str
    kind: Kind
    value: str


_KINDS: dict[str, tuple[str, Kind]] = {
    "max_tokens": ("Max tokens", "whole"),
    "temperature": ("Temperature", "number"),
    "top_p": ("Top p", "number"),
    "top_k": ("Top k", "whole"),
    "seed": ("Seed", "whole"),
    "frequency_penalty": ("Frequency penalty", "number"),
    "presence_penalty": ("Presence penalty", "number"),
    "reasoning": ("Reasoning effort", "words"),
    "thinking": ("Thinking tokens", "whole"),
    "stop": ("Stop at", "list"),
    "stream": ("Streamed", "switch"),
}
_GEMINI = {"max_tokens": "maxOutputTokens", "temperature": "temperature", "top_p": "topP", "top_k": "topK",
           "seed": "seed", "frequency_penalty": "frequencyPenalty", "presence_penalty": "presencePenalty",
           "thinking": "thinkingConfig.thinkingBudget", "stop": "stopSequences"}  # fmt: skip
_BEDROCK = {"max_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP", "stop": "stopSequences"}
_OLLAMA = {"max_tokens": "num_predict", "temperature": "temperature", "top_p": "top_p", "top_k": "top_k",
           "seed": "seed", "stop": "stop"}  # fmt: skip


def _same(*names: str) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for name in names}


PLACES: dict[str, dict[str, tuple[str, ...]]] = {
    "openai-chat": {
        "max_tokens": ("max_completion_tokens", "max_tokens"),
        **_same("temperature", "top_p", "seed", "frequency_penalty", "presence_penalty"),
        "reasoning": ("reasoning_effort",),
        **_same("stop", "stream"),
    },
    "openai-responses": {
        "max_tokens": ("max_output_tokens",),
        **_same("temperature", "top_p"),
        "reasoning": ("reasoning.effort",),
        **_same("stream"),
    },
    "anthropic-messages": {
        **_same("max_tokens", "temperature", "top_p", "top_k"),
        "stop": ("stop_sequences",),
        **_same("stream"),
    },
    "gemini-generate": {name: (f"generationConfig.{at}", f"generation_config.{at}") for name, at in _GEMINI.items()},
    "bedrock-converse": {name: (f"inferenceConfig.{at}",) for name, at in _BEDROCK.items()},
    "ollama-chat": {**{name: (f"options.{at}",) for name, at in _OLLAMA.items()}, **_same("stream")},
    "cohere-chat": {
        **_same("max_tokens", "temperature"),
        "top_p": ("p",),
        "top_k": ("k",),
        **_same("seed", "frequency_penalty", "presence_penalty"),
        "stop": ("stop_sequences",),
        **_same("stream"),
    },
}
"""By dialect, where the body holds a parameter. Of several spellings the one in the body is kept; else the first."""


def read_fields(dialect: str, body: Any) -> tuple[Field, ...]:
    """Every parameter that the dialect has, those not in the body too. Of an unknown dialect: none."""
    return tuple(_field(name, value_at(body, _place(places, body))) for name, places in PLACES.get(dialect, {}).items())


def read_system(dialect: str, body: Any) -> str:
    """The system prompt's first text; "" = there is none."""
    places = system_places(dialect, body)
    return text_of(value_at(body, places[0])) if places else ""


def read_messages(dialect: str, body: Any) -> tuple[Said, ...]:
    """What is said in the request, but for the text that `read_system` gives."""
    taken = system_places(dialect, body)[:1]
    return tuple(said for said in read_said(dialect, body) if said.place not in taken)


def has_fields(dialect: str) -> bool:
    """Whether the dialect's bodies can be shown as fields."""
    return dialect in PLACES


def write_field(dialect: str, body: Any, name: str, text: str) -> Any:
    """The body with a field changed: one of a parameter's names, `system`, or the place of something said. An empty
    text takes a parameter out. Raises FieldError."""
    if name == SYSTEM:
        return with_system(dialect, body, text)
    if name in {said.place for said in read_said(dialect, body)}:
        return with_value_at(body, name, text)
    places = PLACES.get(dialect, {}).get(name)
    if places is None:
        raise FieldError(f"{dialect} has no {_KINDS.get(name, (name,))[0].lower()}")
    label, kind = _KINDS[name]
    place, value = _place(places, body), _value(label, kind, text)
    if value is None:
        return without(body, place)
    parent = place.rpartition(".")[0]
    if parent and value_at(body, parent) is not None and not isinstance(value_at(body, parent), dict):
        raise FieldError(f"{label} has no place: {parent} is not an object in this body")
    return with_value_at(body, place, value)


def _place(places: tuple[str, ...], body: Any) -> str:
    """Where it stands; where it does not, beside what is there already."""
    standing = (place for place in places if value_at(body, place) is not None)
    beside = (place for place in places if "." in place and value_at(body, place.partition(".")[0]) is not None)
    return next(standing, next(beside, places[0]))


def _field(name: str, value: Any) -> Field:
    label, kind = _KINDS[name]
    return Field(name=name, label=label, kind=kind, value=_text(value))


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case list():
            return "\n".join(_escaped(text_of(item)) for item in list_of(value))
        case _:
            return ""


def _value(label: str, kind: Kind, text: str) -> Any:
    """The text as a JSON value; None = it is to be left out. Raises FieldError."""
    if kind == "list":
        return [_unescaped(line) for line in text.split("\n") if line] or None
    plain = text.strip()
    if not plain:
        return None
    match kind:
        case "words":
            return plain
        case "switch":
            return plain == "true"
        case "whole":
            if not re.fullmatch("-?[0-9]{1,17}", plain):
                raise FieldError(f"{label} must be a whole number, not {plain[:40]!r}")
            return int(plain)
        case "number":
            try:
                number = float(plain)
            except ValueError:
                number = float("nan")
            if abs(number) > 1e15 or number != number:
                raise FieldError(f"{label} must be a number, not {plain[:40]!r}")
            return int(number) if number.is_integer() else number


def _escaped(text: str) -> str:
    """On one line, for stop sequences are line ends more often than not."""
    return re.sub(r"[\\\n\r\t]", lambda found: _ESCAPES[found[0]], text)


def _unescaped(line: str) -> str:
    return re.sub(r"\\[\\nrt]", lambda found: _PLAIN[found[0]], line)


_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PLAIN = {escaped: plain for plain, escaped in _ESCAPES.items()}


def model_in_body(dialect: str, body: Any) -> str | None:
    """The model that a body asks for; None = the dialect names it elsewhere (in the path)."""
    return None if dialect in {"gemini-generate", "bedrock-converse"} else text_of(obj_of(body).get("model"))
