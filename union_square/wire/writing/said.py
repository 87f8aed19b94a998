"""What is said in a request's body, text by text, each with the place where it stands.

Pure; never raises because of what a body holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from union_square.wire.jsonplaces import value_at, with_value_at, without
from union_square.wire.jsontext import list_of, obj_of, text_of

_HISTORY = {"openai-responses": ("input", "content"), "gemini-generate": ("contents", "parts")}
_MESSAGES = ("messages", "content")
_SYSTEM_AT_TOP = {"openai-responses": ("instructions",), "anthropic-messages": ("system",),
                  "bedrock-converse": ("system",),
                  "gemini-generate": ("systemInstruction", "system_instruction")}  # fmt: skip
_SYSTEM_ROLES = ("system", "developer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One text. `message`: of which entry of the history, from 0; -1 = it stands before it."""

    place: str
    message: int
    speaker: str  # system, user, assistant, tool
    text: str


def read_said(dialect: str, body: Any) -> tuple[Said, ...]:
    """Every text of a body: system prompt, messages, results of tools and what tools were called with as text."""
    return (*_top(dialect, body), *_history(dialect, body))


def system_places(dialect: str, body: Any) -> tuple[str, ...]:
    """Where the texts of the system prompt stand."""
    return tuple(said.place for said in read_said(dialect, body) if said.speaker == "system")


def with_system(dialect: str, body: Any, text: str) -> Any:
    """The body with another system prompt (its first text); "" takes it out."""
    places = system_places(dialect, body)
    if places and text:
        return with_value_at(body, places[0], text)
    if places:
        return without(body, _whole(body, places[0]))
    return _with_new_system(dialect, body, text) if text else body


def _with_new_system(dialect: str, body: Any, text: str) -> Any:
    fields = obj_of(body)
    match dialect:
        case "gemini-generate":
            name = "system_instruction" if "system_instruction" in fields else "systemInstruction"
            return fields | {name: {"parts": [{"text": text}]}}
        case "bedrock-converse":
            return fields | {"system": [{"text": text}]}
        case "openai-responses" | "anthropic-messages":
            return fields | {_SYSTEM_AT_TOP[dialect][0]: text}
        case _:
            return fields | {"messages": [{"role": "system", "content": text}, *list_of(fields.get("messages"))]}


def _whole(body: Any, place: str) -> str:
    """What goes with the only text in it: its block; its message too where that says nothing else."""
    block = place.removesuffix(".text")
    steps = block.split(".")
    if len(steps) < 3 or steps[0] not in {"messages", "input"}:
        return block
    message = ".".join(steps[:2])
    content = value_at(body, f"{message}.content")
    return message if isinstance(content, str) or len(list_of(content)) == 1 else block


def _top(dialect: str, body: Any) -> Iterator[Said]:
    for name in _SYSTEM_AT_TOP.get(dialect, ()):
        value = obj_of(body).get(name)
        if dialect == "gemini-generate" and isinstance(value, dict):
            name, value = f"{name}.parts", obj_of(value).get("parts")
        for place, text in _texts(name, value):
            yield Said(place=place, message=-1, speaker="system", text=text)


def _history(dialect: str, body: Any) -> Iterator[Said]:
    name, content = _HISTORY.get(dialect, _MESSAGES)
    entries = obj_of(body).get(name)
    if isinstance(entries, str) and entries:
        yield Said(place=name, message=0, speaker="user", text=entries)
    for number, entry in enumerate(list_of(entries)):
        where, fields = f"{name}.{number}", obj_of(entry)
        speaker = _speaker(fields)
        for place, text in _texts(f"{where}.{content}", fields.get(content)):
            yield Said(place=place, message=number, speaker=speaker, text=text)
        for place, text in _results(f"{where}.{content}", fields.get(content)):
            yield Said(place=place, message=number, speaker="tool", text=text)
        if isinstance(fields.get("output"), str):
            yield Said(place=f"{where}.output", message=number, speaker="tool", text=text_of(fields["output"]))
        yield from _called(where, number, fields)


def _speaker(fields: dict[str, Any]) -> str:
    role = text_of(fields.get("role"))
    if role in _SYSTEM_ROLES:
        return "system"
    return {"model": "assistant", "function": "tool"}.get(role, role) or "user"


def _texts(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, text_of(value)
    for number, block in enumerate(list_of(value)):
        if isinstance(obj_of(block).get("text"), str) and not obj_of(block).get("thought"):
            yield f"{place}.{number}.text", text_of(obj_of(block)["text"])
        elif isinstance(block, str):
            yield f"{place}.{number}", text_of(block)


def _results(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """The texts inside of results of tools (Anthropic, Bedrock)."""
    for number, block in enumerate(list_of(value)):
        for inner in ("content", "toolResult.content"):
            if isinstance(block, dict) and (found := value_at(block, inner)) is not None:
                yield from _texts(f"{place}.{number}.{inner}", found)


def _called(where: str, number: int, fields: dict[str, Any]) -> Iterator[Said]:
    """What tools were called with, where that is a text (OpenAI)."""
    if isinstance(fields.get("arguments"), str):
        yield Said(place=f"{where}.arguments", message=number, speaker="assistant", text=text_of(fields["arguments"]))
    for index, call in enumerate(list_of(fields.get("tool_calls"))):
        if isinstance(value_at(call, "function.arguments"), str):
            place = f"{where}.tool_calls.{index}.function.arguments"
            yield Said(
                place=place, message=number, speaker="assistant", text=text_of(value_at(call, "function.arguments"))
            )
