"""In which order a listing stands. PURE.

Written as the key alone, smallest first, or with a minus before it, largest first (`-cost`): JSON:API's way. What
nobody reported comes last either way; what is equal stands by its id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

CallKey = Literal["time", "cost", "duration", "tokens", "input_tokens", "output_tokens", "ttft"]
SessionKey = CallKey | Literal["calls", "errors"]

CALL_KEYS: tuple[CallKey, ...] = get_args(CallKey)
SESSION_KEYS: tuple[SessionKey, ...] = (*CALL_KEYS, "calls", "errors")


class SortError(ValueError):
    """There is no such order. The message says which there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """The time of a call is when it began, that of a session when something was last heard of it. The time to the first
    token of a session is the longest of its calls'."""

    key: SessionKey = "time"
    descending: bool = True

    @property
    def spelled(self) -> str:
        return f"{'-' if self.descending else ''}{self.key}"


NEWEST = Sort()


def parse_sort(spelled: str, keys: Sequence[SessionKey]) -> Sort:
    """Raises SortError."""
    name = spelled.strip()
    for key in keys:
        if key == name.removeprefix("-"):
            return Sort(key=key, descending=name.startswith("-"))
    raise SortError(f"there is no order by {name[:40]!r}: one of {', '.join(keys)}, with - before it largest first")
