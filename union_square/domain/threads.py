"""What makes a history recognisable: digests of its beginnings, for rung 3 of the session ladder.

Two requests hold the same history when they say the same, not when their bytes are the same: clients rewrite what they
got before they send it back. So messages are made canonical first:

- thinking is left out (clients drop it), so are cache markers, ids of items, signatures, and all whitespace;
- neighbouring messages of one role are one, so are neighbouring texts: a response in several items comes back as one
  message or the other way round, and an answer that continues a given beginning comes back in one piece;
- ids of tool calls stay: they are nearly unique; their arguments are compared as JSON;
- the system prompt is not part of the chain (agents rewrite it every turn); it has a digest of its own.

The chain: each run of messages of one role is hashed onto what came before it. A history can continue an earlier call
only where an assistant has just spoken, so those are the places that are looked up.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

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

MOST_CHOICES = 16
"""Of one response that a continuation is expected of."""

_CHANGING_KEYS = frozenset({"id", "status", "cache_control", "signature", "encrypted_content"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a history where an assistant has just spoken."""

    digest: str
    characters: int  # canonical ones said until there, of all roles
    has_tool_ids: bool  # until there


def places(messages: Iterable[Message]) -> tuple[Place, ...]:
    """Every place in `messages` at which they may continue an earlier call, the longest history first."""
    found = list[Place]()
    chain, characters, tool_ids = hashlib.blake2b(b"thread 1", digest_size=16).digest(), 0, False
    for role, items in _runs(messages):
        chain = hashlib.blake2b(chain + _unambiguous(role, items), digest_size=16).digest()
        characters += sum(len(value) for item in items for value in item[1:])
        tool_ids = tool_ids or any(item[0] == "tool_call" and item[1] for item in items)
        if role == "assistant":
            found.append(Place(digest=chain.hex(), characters=characters, has_tool_ids=tool_ids))
    return tuple(reversed(found))


def thread_digests(request: Sequence[Message], choices: Iterable[Message]) -> tuple[str, ...]:
    """The digests of the histories that continuations of a call would repeat: its request and one of its choices."""
    digests = dict[str, None]()
    for choice in choices:
        if len(digests) < MOST_CHOICES and any(_canonical(part) for part in choice.parts):
            digests[places((*request, choice))[0].digest] = None
    return tuple(digests)


def system_digest(messages: Iterable[Message]) -> str:
    """Of the system prompt; "" = there is none."""
    said = [
        item for message in messages if message.role == "system" for part in message.parts for item in _canonical(part)
    ]
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=8).hexdigest() if said else ""


def canonical_items(message: Message) -> tuple[str, ...]:
    """What a message says, one key an item: equal where two messages say the same, however they were written.

    Neighbouring texts of the message are one item; nothing for a message that says nothing which counts."""
    items = list[list[str]]()
    for part in message.parts:
        for item in _canonical(part):
            if item[0] == "text" and items and items[-1][0] == "text":
                items[-1] = ["text", items[-1][1] + item[1]]
            else:
                items.append(item)
    return tuple(json.dumps([_speaker(message, item), item]) for item in items)


def _speaker(message: Message, item: list[str]) -> str:
    return "tool" if item[0] == "tool_result" else message.role


def _runs(messages: Iterable[Message]) -> Iterator[tuple[str, list[list[str]]]]:
    """Runs of one role, each with its canonical items; neighbouring texts are one item."""
    role, items = "", list[list[str]]()
    for message in messages:
        if message.role == "system":
            continue
        for part in message.parts:
            speaker = "tool" if isinstance(part, ToolResultPart) else message.role
            for item in _canonical(part):
                if speaker != role:
                    if items:
                        yield role, items
                    role, items = speaker, []
                if item[0] == "text" and items and items[-1][0] == "text":
                    items[-1] = ["text", items[-1][1] + item[1]]
                else:
                    items.append(item)
    if items:
        yield role, items


def _unambiguous(role: str, items: list[list[str]]) -> bytes:
    """A run as bytes from which it could be read back: each text with its length before it."""
    texts = [f"{role} {len(items)};"]
    for item in items:
        texts += [f"{len(item)};", *(f"{len(text)}:{text}" for text in item)]
    return "".join(texts).encode("utf-8", "surrogatepass")


def _canonical(part: Part) -> list[list[str]]:
    """The part as a kind and what it says; nothing for what does not count."""
    match part:
        case ThinkingPart():
            return []
        case TextPart() | RefusalPart():
            text = _squeezed(part.text)
            return [["text", text]] if text else []
        case ToolCallPart():
            return [["tool_call", part.id, part.name, _as_json(part.arguments, steady=False)]]
        case ToolResultPart():
            return [["tool_result", part.id, _squeezed(part.text)]]
        case MediaPart():
            data = hashlib.blake2b(part.data.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
            return [["media", part.modality, part.url, data if part.data else ""]]
        case OtherPart():
            return [["other", part.label, _as_json(part.json, steady=True)]]
        case _:
            assert_never(part)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _as_json(text: str, *, steady: bool) -> str:
    """JSON text with its keys in order; `steady`: without the keys whose values change from one sending to the next."""
    try:
        value: Any = json.loads(text or "{}")
        return json.dumps(_steady(value) if steady else value, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return _squeezed(text)


def _steady(value: Any) -> Any:
    match value:
        case dict():
            return {key: _steady(item) for key, item in value.items() if key not in _CHANGING_KEYS}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case list():
            return [_steady(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value
