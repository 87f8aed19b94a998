"""What writing a request in a dialect gives, and what every dialect's writer shares.

A writer takes the canonical `Request` and makes the body that says the same in its dialect: texts, media, tools, what
they were called with and gave, the system prompt, and the parameters that it has a name for. What it cannot say is
named in `dropped`, in words for people. Pure; never raises.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from union_square.domain.messages import (
    MediaPart,
    Message,
    Part,
    RefusalPart,
    Request,
    TextPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
)
from union_square.wire.jsontext import list_of, obj_of, parse_json, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """`path` is the provider's own, with query; `dropped` names what the dialect cannot say, each once."""

    path: str
    body: dict[str, Any]
    dropped: tuple[str, ...]


_NAMES = {
    "max_tokens": ("max_completion_tokens", "max_tokens", "max_output_tokens", "maxOutputTokens"),
    "temperature": ("temperature",),
    "top_p": ("top_p", "topP"),
    "top_k": ("top_k", "topK"),
    "stop": ("stop", "stop_sequences", "stopSequences"),
    "seed": ("seed",),
    "frequency_penalty": ("frequency_penalty", "frequencyPenalty"),
    "presence_penalty": ("presence_penalty", "presencePenalty"),
}
_CHOICES = ("tool_choice", "toolConfig", "tool_config")
_OF_NO_MEANING = {"stream_options"}  # every writer asks for usage as its dialect does


@dataclass(slots=True)
class Plain:
    """A request's parameters under one set of names. `choice` says what is asked of tools: "", "auto", "none",
    "required", or a tool's name in `only`."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    choice: str = ""
    only: str = ""
    dropped: list[str] = field(default_factory=list[str])

    def take(self, *names: str) -> dict[str, Any]:
        """The values that a dialect has a name for; the others are dropped."""
        for name in self.values:
            if name not in names:
                self.drop(f"parameter {name}")
        return {name: value for name, value in self.values.items() if name in names}

    def drop(self, what: str) -> None:
        if what not in self.dropped:
            self.dropped.append(what)


def read_plain(request: Request) -> Plain:
    """The request's parameters under their plain names."""
    plain = Plain()
    known = {name for names in _NAMES.values() for name in names} | {*_CHOICES} | _OF_NO_MEANING
    for name, names in _NAMES.items():
        found = [request.parameters[one] for one in names if request.parameters.get(one) is not None]
        if found:
            plain.values[name] = found[0]
    if isinstance(plain.values.get("stop"), str):
        plain.values["stop"] = [plain.values["stop"]]
    for name in _CHOICES:
        if request.parameters.get(name) is not None:
            plain.choice, plain.only = _read_choice(request.parameters[name])
    for name, value in request.parameters.items():
        if name not in known and value is not None:
            plain.drop(f"parameter {name}")
    if request.previous_response_id or request.conversation_id:
        plain.drop("the link to what the provider keeps of earlier turns")
    return plain


def _read_choice(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return {"any": "required"}.get(value, value), ""
    fields = obj_of(value)
    calling = obj_of(fields.get("functionCallingConfig") or fields.get("function_calling_config"))
    if calling:
        allowed = list_of(calling.get("allowedFunctionNames"))
        mode = {"ANY": "required", "NONE": "none"}.get(text_of(calling.get("mode")), "auto")
        return ("only", text_of(allowed[0])) if len(allowed) == 1 else (mode, "")
    name = text_of(obj_of(fields.get("function")).get("name")) or text_of(fields.get("name"))
    if name:
        return "only", name
    return {"any": "required", "auto": "auto", "none": "none"}.get(text_of(fields.get("type")), ""), ""


@dataclass(frozen=True, slots=True)
class Turn:
    """Neighbouring messages of one role. Tools' results have a role of their own."""

    role: str  # "user", "assistant", "tool"
    parts: tuple[Part, ...]


def system_text(messages: Iterable[Message]) -> str:
    """The system prompt, its messages parted by an empty line."""
    texts = (text_of_parts(message.parts) for message in messages if message.role == "system")
    return "\n\n".join(text for text in texts if text)


def text_of_parts(parts: Iterable[Part]) -> str:
    return "\n".join(part.text for part in parts if isinstance(part, TextPart | RefusalPart))


def turns_of(messages: Sequence[Message], plain: Plain) -> Iterator[Turn]:
    """What was said but for the system prompt; what cannot be said again is dropped. Every tool call has an id, and
    every result the id and the name of its call."""
    role, parts = "", list[Part]()
    for message in with_tool_ids(messages):
        for part in message.parts:
            side = "tool" if isinstance(part, ToolResultPart) else message.role
            if side == "system":
                continue
            if part.type in {"thinking", "other"}:
                plain.drop("thinking" if part.type == "thinking" else f"parts of kind {getattr(part, 'label', '')}")
                continue
            if side != role:
                if parts:
                    yield Turn(role, tuple(parts))
                role, parts = side, []
            parts.append(part)
    if parts:
        yield Turn(role, tuple(parts))


def alternating(
    messages: Sequence[Message],
    plain: Plain,
    *,
    model: str,
    content: str,
    write: Callable[[Part, Plain], Iterator[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Turns of the user and the model one after the other, as formats want it in which results of tools are the
    user's. `model` is its role's name, `content` the field that holds what `write` makes of each part."""
    found: list[dict[str, Any]] = []
    for turn in turns_of(messages, plain):
        role = model if turn.role == "assistant" else "user"
        written = [one for part in turn.parts for one in write(part, plain)]
        if found and found[-1]["role"] == role:
            found[-1][content] += written
        elif written:
            found.append({"role": role, content: written})
    return found


def with_tool_ids(messages: Iterable[Message]) -> Iterator[Message]:
    """The messages with an id on each tool call (some providers give none), and the same one on its result."""
    count, waiting, names = 0, list[ToolCallPart](), dict[str, str]()
    for message in messages:
        parts = list[Part]()
        for part in message.parts:
            if isinstance(part, ToolCallPart):
                count += 1
                given = replace(part, id=part.id or f"call_{count}")
                waiting.append(given)
                names[given.id] = given.name
                parts.append(given)
            elif isinstance(part, ToolResultPart):
                call = next(
                    (one for one in waiting if part.id == one.id or (not part.id and part.name == one.name)), None
                )
                if call is not None:
                    waiting.remove(call)
                identity = part.id or (call.id if call else f"call_{count}")
                parts.append(replace(part, id=identity, name=part.name or names.get(identity, "")))
            else:
                parts.append(part)
        yield replace(message, parts=tuple(parts))


def function_tools(tools: Iterable[ToolOffer], plain: Plain) -> Iterator[tuple[ToolOffer, dict[str, Any]]]:
    """The tools that the application runs, with their schemas; those of the provider's own are dropped."""
    for tool in tools:
        schema = obj_of(parse_json(tool.schema).value) if tool.schema else {}
        if schema and not {"type", "properties", "$ref", "anyOf"} & schema.keys():
            plain.drop(f"the provider's own tool {tool.name}")
        else:
            yield tool, schema or {"type": "object", "properties": {}}


def arguments_of(call: ToolCallPart) -> dict[str, Any]:
    """What a tool was called with, as an object."""
    value: Any = parse_json(call.arguments).value if call.arguments else {}
    return obj_of(value) if isinstance(value, dict) else {"input": call.arguments}


def data_url(part: MediaPart) -> str:
    """Where a medium is, or it itself as a data URL."""
    return part.url or f"data:{part.mime_type or 'application/octet-stream'};base64,{part.data}"
