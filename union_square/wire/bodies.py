"""Request bodies read on top of earlier ones. An agent sends its whole history again with every call, mostly byte for
byte: what is the same needs to be compared (one comparison of bytes), not read again.

A body is kept up to the end of its conversation's last item. Another body that begins with the same bytes has the same
values there, so reading goes on behind them. The last items are compared one by one, as clients write these anew: a
cache marker moves on. What is told of a body does not depend on what was kept: whatever is not plain (a key that stands
twice, bytes that are not UTF-8, a body that ends too early) is left to `jsontext.parse_json`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from union_square.domain.messages import Message
from union_square.wire.jsontext import MAX_VALUES, JsonRead, decode_value, parse_json

LISTS = frozenset({"messages", "input", "contents"})
"""Under which names the formats have their conversation."""

LEAST_BYTES = 4 << 10
"""Of a body that is worth keeping: the others are read in less time than it takes to look for them."""

MOST_BODIES = 64
LOOSE_ITEMS = 8
"""Of a kept conversation's last items that a body need not repeat to be recognised."""

_KEY = re.compile(r'[ \t\r\n]*([{,])[ \t\r\n]*(?=")')
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_OPEN = re.compile(r"\[[ \t\r\n]*")
_NEXT = re.compile(r"[ \t\r\n]*([,\]])[ \t\r\n]*")
_END = re.compile(r"[ \t\r\n]*\}[ \t\r\n]*\Z")


class Items(list[Any]):
    """A conversation's items. `messages` are those of its first items that were read for an earlier body."""

    __slots__ = ("messages", "reader")

    def __init__(self, items: Sequence[Any] = ()) -> None:
        super().__init__(items)
        self.reader: Callable[[Any], Message] | None = None
        self.messages: tuple[Message, ...] = ()


def read_each(items: list[Any], reader: Callable[[Any], Message]) -> tuple[Message, ...]:
    """Each item as a message. `reader` looks at the item alone; what it made of an item before is not made again."""
    if not isinstance(items, Items):
        return tuple(map(reader, items))
    known = items.messages if items.reader is reader else ()
    items.reader, items.messages = reader, (*known, *map(reader, items[len(known) :]))
    return items.messages


class _NotPlain(ValueError):
    """Nothing that is read here."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A body up to its conversation's last item: `head` ends behind an item, `tail` is the items behind that one."""

    head: bytes
    tail: tuple[bytes, ...]
    fields: dict[str, Any]  # what stands before the conversation
    name: str
    items: Items

    @property
    def size(self) -> int:
        return len(self.head) + sum(map(len, self.tail))

    def shared(self, data: bytes) -> list[int]:
        """Where the items end, from the head's last one on, that a body which begins with the head has too."""
        ends = [len(self.head)]
        for piece in self.tail:
            if not data.startswith(piece, ends[-1]):
                break
            ends.append(ends[-1] + len(piece))
        return ends


class Bodies:
    """The latest bodies. For one thread."""

    MOST_BYTES = 16 << 20

    def __init__(self, least_bytes: int = LEAST_BYTES) -> None:
        self._least = least_bytes
        self._kept = list[_Kept]()  # the latest last
        self._size = 0

    def parse(self, data: bytes) -> JsonRead:
        """As `parse_json`."""
        if not self._least <= len(data) <= MAX_VALUES:  # a longer one has to be counted first
            return parse_json(data)
        alike = [one for one in self._kept if data.startswith(one.head)]
        known = max(alike, key=lambda one: len(one.head), default=None)
        try:
            kept, value = _read_on(data, known) if known else _read(data)
        except (ValueError, RecursionError):
            return parse_json(data)
        self._keep(kept, instead=known)
        return JsonRead(value=value)

    def _keep(self, kept: _Kept, instead: _Kept | None) -> None:
        if instead is not None:
            self._size -= instead.size
            self._kept = [one for one in self._kept if one is not instead]
        self._size += kept.size
        self._kept.append(kept)
        while len(self._kept) > MOST_BODIES or self._size > self.MOST_BYTES:
            self._size -= self._kept.pop(0).size


def _read(data: bytes) -> tuple[_Kept, dict[str, Any]]:
    """A body of which nothing is known. Raises ValueError, RecursionError."""
    text, fields = data.decode(), dict[str, Any]()
    at, name = _read_fields(text, 0, fields)
    opened = _OPEN.match(text, at)
    if not name or opened is None:
        raise _NotPlain
    items, ends = Items(), list[int]()
    at = _read_items(text, opened.end(), items, ends)
    return _finish(data, text, at, fields, name, items, _in_bytes(data, text, ends))


def _read_on(data: bytes, known: _Kept) -> tuple[_Kept, dict[str, Any]]:
    """A body that begins as a known one does. Raises ValueError, RecursionError."""
    ends = known.shared(data)
    count = len(known.items) - len(known.tail) + len(ends) - 1
    items = Items(known.items[:count])
    items.reader, items.messages = known.items.reader, known.items.messages[:count]
    text, more = data[ends[-1] :].decode(), list[int]()
    after = _NEXT.match(text)
    if after is None:
        raise _NotPlain
    at = _read_items(text, after.end(), items, more) if after[1] == "," else after.end()
    ends += _in_bytes(data, text, more)
    return _finish(data, text, at, dict(known.fields), known.name, items, ends)


def _read_items(text: str, at: int, items: Items, ends: list[int]) -> int:
    """The rest of an array, from an item's begin on; where it ends. `ends`: behind each item."""
    while True:
        item, end = decode_value(text, at)
        items.append(item)
        ends.append(end)
        after = _NEXT.match(text, end)
        if after is None or not isinstance(item, dict):  # tokens of an embedding, by the thousand
            raise _NotPlain
        at = after.end()
        if after[1] == "]":
            return at


def _read_fields(text: str, at: int, fields: dict[str, Any]) -> tuple[int, str]:
    """The members of an object, up to its conversation or its end; where that is, and the conversation's name."""
    while (found := _KEY.match(text, at)) is not None:
        if (found[1] == "{") != (at == 0):
            raise _NotPlain
        key, at = decode_value(text, found.end())
        colon = _COLON.match(text, at)
        if colon is None or key in fields:
            raise _NotPlain
        at = colon.end()
        if key in LISTS and not LISTS & fields.keys():
            return at, key
        fields[key], at = decode_value(text, at)
    return at, ""


def _finish(
    data: bytes, text: str, at: int, fields: dict[str, Any], name: str, items: Items, ends: list[int]
) -> tuple[_Kept, dict[str, Any]]:
    """What stands behind the conversation; and the body as it is kept. `ends`: of the last items, in bytes."""
    ends = ends[-LOOSE_ITEMS - 1 :]
    tail = tuple(data[start:end] for start, end in pairwise(ends))
    kept = _Kept(head=data[: ends[0]], tail=tail, fields=dict(fields), name=name, items=items)
    fields[name] = items
    at, _ = _read_fields(text, at, fields)
    if _END.match(text, at) is None:
        raise _NotPlain
    return kept, fields


def _in_bytes(data: bytes, text: str, ends: list[int]) -> list[int]:
    """The last of those places in `text`, which `data` ends with, as places in `data`."""
    return [len(data) - len(text[end:].encode()) for end in ends[-LOOSE_ITEMS - 1 :]]
