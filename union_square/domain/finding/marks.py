"""What a call is found by that it may have several of: finish reasons, tools called, metadata. PURE.

As pairs of a name and a value, so that a store keeps them in one table and a filter finds all of them alike.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from union_square.domain.finding.fields import META
from union_square.domain.messages import Message, ToolCallPart
from union_square.domain.storable import clean
from union_square.domain.views import CallView

MOST = 100
LONGEST = 256
"""Marks of one call, and characters of a value: what an index entry can hold."""

Mark = tuple[str, str]


def tools_called(messages: Iterable[Message]) -> tuple[str, ...]:
    """The names of the tools that these messages call, each once."""
    parts = (part for message in messages for part in message.parts)
    return tuple(dict.fromkeys(part.name for part in parts if isinstance(part, ToolCallPart) and part.name))


def marks_of(call: CallView, tools: Iterable[str]) -> tuple[Mark, ...]:
    """The marks of a call whose answer called those tools, each once, as a text column can hold them."""
    found = [("finish", reason) for reason in call.finish_reasons]
    found += [("tool", tool) for tool in tools]
    found += _leaves(META.rstrip("."), call.metadata)
    kept = dict.fromkeys((clean(name, LONGEST), clean(value, LONGEST)) for name, value in found)
    return tuple(kept)[:MOST]


def _leaves(path: str, value: Any, depth: int = 0) -> Iterator[Mark]:
    match value:
        case dict() if depth < 8:
            for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
                yield from _leaves(f"{path}.{key}", inner, depth + 1)
        case list() if depth < 8:
            for inner in value:  # pyright: ignore[reportUnknownVariableType]
                yield from _leaves(path, inner, depth + 1)
        case bool():
            yield path, "true" if value else "false"
        case str() | int() | float():
            yield path, str(value)
        case _:
            return
