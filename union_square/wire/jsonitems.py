"""The items of one JSON array as events, each as soon as it is whole: how Gemini streams without `?alt=sse`."""

import re

from union_square.wire.sse import MAX_EVENT_BYTES, ServerSentEvent

_OUTSIDE = re.compile(rb'["{}\[\],]')
_INSIDE = re.compile(rb'["\\]')


class JsonItems:
    """Feed it bytes as they come, cut anywhere. `problem` says what was left out, and where."""

    def __init__(self, max_item_bytes: int = MAX_EVENT_BYTES) -> None:
        self.problem = ""
        self._max = max_item_bytes
        self._item = bytearray()
        self._size = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._number = 0

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The items that those bytes complete."""
        events: list[ServerSentEvent] = []
        at = kept = 0
        if self._escaped and data:
            at, self._escaped = 1, False
        while (found := (_INSIDE if self._in_string else _OUTSIDE).search(data, at)) is not None:
            char, at = found[0], found.end()
            if self._in_string:
                if char == b'"':
                    self._in_string = False
                elif at == len(data):
                    self._escaped = True
                else:
                    at += 1
                continue
            if char == b'"':
                self._in_string = True
            elif char in b"{[":
                self._depth += 1
                if self._depth == 1:  # the array begins
                    self._item.clear()
                    kept, self._size = at, 0
            elif char in b"}]":
                self._depth -= 1
            if self._depth == 0 or (self._depth == 1 and char == b","):
                self._add(data[kept : at - 1])
                events += self._take(whole=True)
                kept = at
        self._add(data[kept:])
        return events

    def end(self) -> list[ServerSentEvent]:
        """The item in which the bytes end, where the array was not closed."""
        return self._take(whole=False)

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._max:
            self._item += piece

    def _take(self, *, whole: bool) -> list[ServerSentEvent]:
        item, size = bytes(self._item).strip(), self._size
        self._item.clear()
        self._size = 0
        if not item and size <= self._max:
            return []
        self._number += 1
        if size > self._max:
            self.problem = self.problem or f"item {self._number} is longer than {self._max:,} bytes and was left out"
            return []
        return [ServerSentEvent(name="", data=item.decode("utf-8", "replace"), number=self._number, whole=whole)]
