"""Tasks that an answer gives to sub-agents: how the first call of a sub-agent finds the call that asked for it.

A sub-agent's request repeats nothing of its caller's conversation. It has a system prompt of its own, and what it is
asked is a text that stands in the arguments of a tool call: `{"prompt": "…"}` of a coding agent's Task, `{"input":
"…"}` of an agent used as a tool, or deeper in JSON. Such a text is a key when it is long enough to be nobody else's by
chance, and when the caller's own request does not hold it: a question that is passed on as it came says nothing, for
everybody who asks it begins like that.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from union_square.domain.messages import Message, ToolCallPart

LEAST_TASK = 40
"""Characters, spaces not counted, of a text by which a caller is known."""

MOST_TASKS = 8
"""Of one answer that are kept, the longest; and of one request that are looked for."""

_MOST_TEXTS = 256  # of one tool call that are looked at
_MOST_NESTED = 64 << 10  # characters of a text in arguments that is read as JSON again
_DEEPEST = 12

CALLED = "called"
"""Stands among the digests of a call that a tool call of its parent's asked for: it does not continue the parent."""


def task_key(text: bytes) -> str:
    """What a task is known by; `text` without its spaces."""
    return hashlib.blake2b(b"task " + text, digest_size=16).hexdigest()


def told_tasks(told: Mapping[str, int]) -> dict[str, int]:
    """Of the texts that a conversation opens with, those that are looked for, the longest first."""
    return dict(sorted(told.items(), key=lambda item: (-item[1], item[0]))[:MOST_TASKS])


def given_tasks(choices: Iterable[Message], told: Mapping[str, int]) -> tuple[str, ...]:
    """The keys of the texts that an answer's tool calls give away, but for what the request was `told`."""
    found = dict[str, int]()
    for choice in choices:
        for part in choice.parts:
            if isinstance(part, ToolCallPart) and len(part.arguments) >= LEAST_TASK:
                found |= _keys_in(part.arguments)
    return tuple(told_tasks({key: size for key, size in found.items() if key not in told}))


def _keys_in(arguments: str) -> dict[str, int]:
    keys = dict[str, int]()
    for number, text in enumerate(_texts_in(arguments, 0)):
        squeezed = "".join(text.split()).encode("utf-8", "surrogatepass")
        if len(squeezed) >= LEAST_TASK:
            keys[task_key(squeezed)] = len(squeezed)
        if number >= _MOST_TEXTS:
            break
    return keys


def _texts_in(value: Any, depth: int) -> Iterator[str]:
    """Every text in a JSON value, also in texts that are JSON themselves."""
    if depth > _DEEPEST:
        return
    match value:
        case str():
            inner = _json_in(value)
            if inner is None:
                yield value
            else:
                yield from _texts_in(inner, depth + 1)
        case dict():
            for item in cast("dict[str, Any]", value).values():
                yield from _texts_in(item, depth + 1)
        case list():
            for item in cast("list[Any]", value):
                yield from _texts_in(item, depth + 1)
        case _:
            return


def _json_in(text: str) -> dict[str, Any] | list[Any] | None:
    if len(text) > _MOST_NESTED or text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any] | list[Any]", value) if isinstance(value, dict | list) else None
