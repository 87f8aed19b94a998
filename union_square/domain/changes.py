"""What a request changed against the one it continues, and from where on a provider's prompt cache cannot have helped.

A call is compared with what its parent had said when it was answered: the parent's request, then its answer. Pure.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from union_square.domain.messages import Message, ToolOffer
from union_square.domain.threads import canonical_items
from union_square.domain.views import CallDetail

MOST_COMPARED = 2000
"""Messages that are matched up one by one, behind those that both requests begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChange:
    """`place`: the message's number in this request (in the earlier one where it was removed), from 0."""

    kind: Literal["added", "removed", "edited"]
    place: int
    before: Message | None
    after: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChange:
    kind: Literal["added", "removed", "edited"]
    name: str
    before: ToolOffer | None
    after: ToolOffer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """A parameter as JSON text; "" = it was not given."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChanges:
    kept: int  # messages at the beginning that say the same, the system prompt included
    messages: tuple[MessageChange, ...]
    tools: tuple[ToolChange, ...]
    tools_reordered: bool
    values: tuple[ValueChange, ...]  # the model first, then parameters

    @property
    def nothing(self) -> bool:
        return not (self.messages or self.tools or self.tools_reordered or self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheBreak:
    """Where the two requests' beginnings part, in the order in which providers read them: model, tools, system,
    messages. `place`: the number of the tool or the message, from 0. `appended`: only at the end, so all that was sent
    before could have come from the cache."""

    at: Literal["model", "tools", "system", "message", "nowhere"]
    place: int = 0
    name: str = ""  # of the tool
    reordered: bool = False  # the same tools in another order
    appended: bool = False


def compare_requests(before: CallDetail, after: CallDetail) -> RequestChanges:
    """What `after` sends otherwise than `before` and its answer would have it."""
    earlier = (*_sent(before), *before.messages[before.request_message_count :][:1])
    sent = _sent(after)
    keys_before, keys_after = list(map(canonical_items, earlier)), list(map(canonical_items, sent))
    kept = _same_beginning(keys_before, keys_after)
    left = earlier if len(earlier) - kept < MOST_COMPARED else earlier[: kept + MOST_COMPARED]
    return RequestChanges(
        kept=kept,
        messages=_messages(left, sent, keys_before[: len(left)], keys_after, kept),
        tools=_tools(before.tools, after.tools),
        tools_reordered=_reordered(before.tools, after.tools),
        values=tuple(_values(before, after)),
    )


def find_cache_break(before: CallDetail, after: CallDetail) -> CacheBreak:
    """The first place at which the later request is not what the earlier one was; compared exactly, because a cache
    is."""
    if before.call.model != after.call.model:
        return CacheBreak(at="model")
    if before.tools != after.tools:
        place = _same_beginning(before.tools, after.tools)
        at = (after.tools or before.tools)[min(place, len(after.tools or before.tools) - 1)]
        reordered = sorted(map(repr, before.tools)) == sorted(map(repr, after.tools))
        return CacheBreak(at="tools", place=place, name=at.name, reordered=reordered)
    earlier, sent = _sent(before), _sent(after)
    place = _same_beginning(earlier, sent)
    if place == len(earlier):
        return CacheBreak(at="nowhere" if place == len(sent) else "message", place=place, appended=True)
    first = sent[place] if place < len(sent) else earlier[place]
    return CacheBreak(at="system" if first.role == "system" else "message", place=place)


def cache_markers(body: Any) -> tuple[str, ...]:
    """Where a request body asks for its beginning to be cached (`cache_control`, `cachePoint`): the JSON paths."""
    found = list[str]()
    stack: list[tuple[str, Any]] = [("", body)]
    while stack and len(found) < 100:
        path, value = stack.pop()
        match value:
            case dict():
                items: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
                if items.get("cache_control") or items.get("cachePoint"):
                    found.append(path or "the whole request")
                stack += [(f"{path}.{key}".lstrip("."), one) for key, one in items.items()]
            case list():
                several: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
                stack += [(f"{path}[{number}]", one) for number, one in enumerate(several)]
            case _:
                pass
    return tuple(sorted(found, key=_natural))


def _natural(path: str) -> list[tuple[int, str]]:
    parts = path.replace("]", "").replace("[", ".").split(".")
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _sent(detail: CallDetail) -> tuple[Message, ...]:
    return detail.messages[: detail.request_message_count]


def _same_beginning(one: Sequence[object], other: Sequence[object]) -> int:
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return number
    return min(len(one), len(other))


def _messages(
    before: Sequence[Message],
    after: Sequence[Message],
    keys_before: list[tuple[str, ...]],
    keys_after: list[tuple[str, ...]],
    kept: int,
) -> tuple[MessageChange, ...]:
    """The changes behind the first `kept` messages. What a client left out of an answer (its thoughts) is none."""
    changes = list[MessageChange]()
    matcher = SequenceMatcher(None, keys_before[kept:], keys_after[kept:], autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = min(j - i, m - k) if tag == "replace" else 0
        edited = [n for n in range(pairs) if before[kept + i + n].role == after[kept + k + n].role]
        for n in edited:
            was, now = before[kept + i + n], after[kept + k + n]
            changes.append(MessageChange(kind="edited", place=kept + k + n, before=was, after=now))
        for n in range(j - i):
            if n not in edited and keys_before[kept + i + n]:
                was = before[kept + i + n]
                changes.append(MessageChange(kind="removed", place=kept + i + n, before=was, after=None))
        for n in range(m - k):
            if n not in edited:
                now = after[kept + k + n]
                changes.append(MessageChange(kind="added", place=kept + k + n, before=None, after=now))
    return tuple(changes)


def _tools(before: Sequence[ToolOffer], after: Sequence[ToolOffer]) -> tuple[ToolChange, ...]:
    was, now = {tool.name: tool for tool in before}, {tool.name: tool for tool in after}
    changes = list[ToolChange]()
    for name in dict.fromkeys((*was, *now)):
        one, other = was.get(name), now.get(name)
        if one != other:
            kind = "added" if one is None else "removed" if other is None else "edited"
            changes.append(ToolChange(kind=kind, name=name, before=one, after=other))
    return tuple(changes)


def _reordered(before: Sequence[ToolOffer], after: Sequence[ToolOffer]) -> bool:
    was, now = [tool.name for tool in before], [tool.name for tool in after]
    both = set(was) & set(now)
    return [name for name in was if name in both] != [name for name in now if name in both]


def _values(before: CallDetail, after: CallDetail) -> list[ValueChange]:
    was = {"model": before.call.model, **before.parameters}
    now = {"model": after.call.model, **after.parameters}
    found = list[ValueChange]()
    for name in dict.fromkeys((*was, *now)):
        one, other = _json(was, name), _json(now, name)
        if one != other:
            found.append(ValueChange(name=name, before=one, after=other))
    return found


def _json(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return ""
    return json.dumps(values[name], ensure_ascii=False, sort_keys=True)
