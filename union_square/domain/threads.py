"""What makes a history recognisable: digests of its beginnings, for rung 3 of the session ladder.

Two requests hold the same history when they say the same, not when their bytes are the same: clients rewrite what they
got before they send it back. So messages are made canonical first:

- thinking is left out (clients drop it, or send it as `<think>` text), so are citations, cache markers, ids of items,
  signatures, and all whitespace;
- neighbouring messages of one role are one, so are neighbouring texts: a response in several items comes back as one
  message or the other way round, and an answer that continues a given beginning comes back in one piece;
- ids of tool calls stay: they are nearly unique; their arguments are compared as JSON;
- a compaction, with which a provider makes a history short, is known by itself: what it stands for does not come back;
- the system prompt is not part of it (agents rewrite it every turn); it has a digest of its own.

A call is named by its request and its answer (a `Place` of sureness 1), and, as clients also change the answer, by its
request and what they leave of it, each less sure than the one before: the id of a tool call; the tool calls, where the
provider gave them no ids; how its text opens; nothing at all, where none came or where it was left out. Of a
conversation that begins, that takes a long text of the user's, or a long system prompt.

The whole history is one running hash, so that a history and what is added to it are digested once; `threads_kept` does
so across requests.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from operator import is_
from typing import Any, assert_never, cast

from union_square.domain.messages import (
    CITATIONS,
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
from union_square.domain.tasks import LEAST_TASK, given_tasks, task_key, told_tasks

MOST_CHOICES = 16
"""Of one response that a continuation is expected of."""

MOST_TOOL_IDS = 32
"""Of one answer that it can be known by."""

MOST_CHANGED = 40
"""Of a history's last messages that are looked for though the answer before them changed: older answers came back in
the requests of calls in between, as the client had changed them."""

OPENING = 48
"""Characters of a text by which an answer is known that comes back changed; less than a third of that tells nothing."""

LEAST_UNANSWERED = 100
"""Characters that a request nobody answered must have said to be known by alone: many a chat opens with "Hello"."""

MOST_OPENINGS = 4
"""Messages of the user's before anybody answered, behind each of which a conversation may have been asked before."""

# Ids of tool calls as providers make them; clients make some for providers that give none.
_GIVEN_ID = re.compile(
    r"(call_[A-Za-z0-9]{24}|fc_[0-9a-f]{40,}|toolu_(bdrk_|vrtx_)?[A-Za-z0-9]{24}|tooluse_[A-Za-z0-9_-]{22})\Z"
)

_THOUGHT = re.compile(r"(\s*<think>.*?</think>)+", re.DOTALL)

_CHANGING_KEYS = frozenset({"id", "status", "cache_control", "signature", "encrypted_content"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a history at which it may continue an earlier call."""

    digest: str
    characters: int  # canonical ones said until there, of all roles
    has_tool_ids: bool  # until there
    sureness: float = 1.0  # 1: it repeats a call's request and its answer; less: the request and something of it


@dataclass(frozen=True, slots=True)
class _Item:
    """Something said: by whom, what kind of thing, and the bytes of it. Texts of one speaker run together."""

    speaker: str
    kind: str
    data: bytes
    tool_id: str = ""
    anonymous: bytes = b""  # of a tool call: it without its id


Said = tuple[_Item, ...]


class History:
    """A request's messages, digested as far as they go. What is said of it does not change any more.

    `known` is the history of some of their first messages: what it found is taken over with its messages, and only what
    is new digested. The system prompt is left out of `messages`.
    """

    def __init__(self, messages: Sequence[Message], known: "History | None" = None) -> None:
        told = [message for message in messages if message.role != "system"]
        self.messages: tuple[Message, ...] = (*known.messages, *told[len(known.messages) :]) if known else tuple(told)
        self._hash: hashlib.blake2b = known._hash.copy() if known else hashlib.blake2b(b"thread 2", digest_size=16)
        self._speaker, self._in_text = (known._speaker, known._in_text) if known else ("", False)
        self._characters = known._characters if known else 0
        self._has_tool_ids, self._answered = (known._has_tool_ids, known._answered) if known else (False, False)
        # The keys of what the user said, each with its length: of a conversation that begins, whose task it is.
        self._told: dict[str, int] = known._told if known else {}
        # Digests of what was said before each message of the user's that came before any answer, with its length.
        self._begun: tuple[tuple[str, int], ...] = known._begun if known else ()
        # For each message: what it may be left of an answer, and the place behind it where it is one.
        self._found: list[tuple[tuple[Place, ...], Place | None]] = list(known._found) if known else []
        for message in self.messages[len(self._found) :]:
            self._digest(said(message))

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every place at which it may continue an earlier call, the longest history first, each once."""
        return tuple(self._longest_first())

    def newest_places(self, most: int) -> tuple[Place, ...]:
        """The first of `places`, found without looking at the others."""
        return tuple(islice(self._longest_first(), most))

    def as_kept(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages, and for those it knew already the very objects that it knew. A conversation over a WebSocket
        goes on, and changes, after its history was taken."""
        said = [message for message in messages if message.role != "system"]
        if len(said) == len(self.messages) and all(map(is_, said, self.messages)):
            return tuple(messages)
        kept, found = iter(self.messages), list[Message]()
        for message in messages:
            known = message if message.role == "system" else next(kept, message)
            found.append(known if known == message else message)
        return tuple(found)

    def _digest(self, items: Said) -> None:
        loose, exact = tuple[Place, ...](), None
        if told := {task_key(i.data): len(i.data) for i in items if i.speaker == "user" and _is_task(i)}:
            self._told = self._told | told  # shared with the histories before it
        if items:
            if self._is_opening and items[0].speaker != "assistant" and len(self._begun) < MOST_OPENINGS:
                self._begun += ((self._hash.hexdigest(), self._characters),)
            loose = tuple(self._loose_places(items))
            if self._add(items) == "assistant":
                exact = self._place(self._hash.copy())
                self._answered = True
        self._found.append((loose, exact))

    def _longest_first(self) -> Iterator[Place]:
        seen = set[str]()
        for number, (loose, exact) in enumerate(reversed(self._found)):
            for place in (exact, *reversed(loose if number < MOST_CHANGED else ())):
                if place is not None and place.digest not in seen:
                    seen.add(place.digest)
                    yield place

    def thread_digests(self, choices: Iterable[Message]) -> tuple[str, ...]:
        """What continuations of a call with this request may be known by: it and one of its choices, or less."""
        digests, answers = dict[str, None](), 0
        for choice in choices:
            items = said(choice)
            if items and answers < MOST_CHOICES:
                answers += 1
                after = self._hash.copy()
                _feed(after, items, self._speaker, in_text=self._in_text)
                digests[after.hexdigest()] = None
                digests |= dict.fromkeys(self._keys_of(items, given=True))
                digests |= dict.fromkeys(_compaction_key(item) for item in items if _is_telling(item))
        if self._speaker not in {"", "assistant"}:
            digests[self._key("asked" if answers else "unanswered")] = None
        return tuple(digests)

    @property
    def tasks(self) -> dict[str, int]:
        """Of a conversation that begins: the keys of the texts that may be a sub-agent's task, with their lengths."""
        return {} if self._answered or self._has_tool_ids else told_tasks(self._told)

    def given_tasks(self, choices: Iterable[Message]) -> tuple[str, ...]:
        """What sub-agents may be known by that a call with this request asked for."""
        return given_tasks(choices, self._told)

    @property
    def _is_opening(self) -> bool:
        return not (self._answered or self._has_tool_ids)

    def opening_places(self, system: str) -> tuple[Place, ...]:
        """Where it may go on without the answer, of calls that had the same long system prompt and asked as much of
        what the user says here. `system`: its `opening_system`."""
        if not system or not self._is_opening:
            return ()
        return tuple(
            Place(digest=_opening_key(system, state), characters=characters, has_tool_ids=False, sureness=0.4)
            for state, characters in reversed(self._begun)
        )

    def opening_digests(self, system: str) -> tuple[str, ...]:
        """What its continuations may be known by that leave the answer out."""
        return (_opening_key(system, self._hash.hexdigest()),) if system and self._is_opening else ()

    def _add(self, items: Said) -> str:
        """Who spoke last then."""
        self._speaker, self._in_text = _feed(self._hash, items, self._speaker, in_text=self._in_text)
        self._characters += sum(len(item.data) for item in items)
        self._has_tool_ids = self._has_tool_ids or any(item.tool_id for item in items)
        return self._speaker

    def _place(self, state: "hashlib.blake2b") -> Place:
        return Place(digest=state.hexdigest(), characters=self._characters, has_tool_ids=self._has_tool_ids)

    def _loose_places(self, items: Said) -> Iterator[Place]:
        """What this message may be left of an answer to all that came before it, the surest last."""
        keys = list[tuple[str, float]]()
        if self._speaker not in {"", "assistant"}:
            if items[0].speaker != "assistant" and self._answered:
                keys.append((self._key("asked"), 0.4))
            if self._answered or self._has_tool_ids or self._characters >= LEAST_UNANSWERED:
                keys.append((self._key("unanswered"), 0.4))
        keys += ((_compaction_key(item), 0.9) for item in items if _is_telling(item))
        if items[0].speaker == "assistant":
            keys += ((key, 0.8) for key in reversed(list(self._keys_of(items, given=False))))
        for key, sureness in keys:
            yield Place(digest=key, characters=self._characters, has_tool_ids=self._has_tool_ids, sureness=sureness)

    def _keys_of(self, items: Said, *, given: bool) -> Iterator[str]:
        """What an answer is known by though it changes, the surest first. `given`: as the provider gave it."""
        calls = [item for item in items if item.kind == "tool_call"]
        yield from (
            self._key("id", item.tool_id.encode("utf-8", "surrogatepass"))
            for item in calls[:MOST_TOOL_IDS]
            if item.tool_id
        )
        named = all(item.tool_id for item in calls) if given else any(_GIVEN_ID.match(item.tool_id) for item in calls)
        if calls and not named:
            yield self._key("calls", *(item.anonymous for item in calls))
        text = next((item.data for item in items if item.kind == "text"), b"")
        if len(text) >= OPENING // 3:
            yield self._key("opens", text[:OPENING])

    def _key(self, *what: str | bytes) -> str:
        """Of the history so far and something that is not quite what follows it."""
        state = self._hash.copy()
        state.update(b"\n\n")  # which no history holds
        for one in what:
            data = one if isinstance(one, bytes) else one.encode()
            state.update(b"%d:" % len(data) + data)
        return state.hexdigest()


def places(messages: Sequence[Message]) -> tuple[Place, ...]:
    """Every place in `messages` at which they may continue an earlier call, the longest history first."""
    return History(messages).places


def thread_digests(request: Sequence[Message], choices: Iterable[Message]) -> tuple[str, ...]:
    """The digests of the histories that continuations of a call would repeat: its request and one of its choices."""
    return History(request).thread_digests(choices)


def _is_task(item: _Item) -> bool:
    return item.kind == "text" and len(item.data) >= LEAST_TASK


def _is_telling(item: _Item) -> bool:
    """Whether it stands for a history that the provider made short, and is too long to be there twice by chance."""
    return item.kind == "compaction" and len(item.data) >= LEAST_UNANSWERED


def _compaction_key(item: _Item) -> str:
    """Whatever was said before it: what it stands for is not sent any more."""
    return hashlib.blake2b(b"compaction " + item.data, digest_size=16).hexdigest()


def _feed(state: "hashlib.blake2b", items: Said, speaker: str, *, in_text: bool) -> tuple[str, bool]:
    """Go on hashing; who spoke last, and whether it was a text. Texts hold no whitespace: what parts them is clear."""
    for item in items:
        if item.speaker != speaker:
            speaker, in_text = item.speaker, False
            state.update(b"\n" + speaker.encode())
        if item.kind != "text":
            state.update(b" %s %d:" % (item.kind.encode(), len(item.data)) + item.data)
        elif in_text:
            state.update(item.data)
        else:
            state.update(b" text " + item.data)
        in_text = item.kind == "text"
    return speaker, in_text


def said(message: Message) -> Said:
    """What a message says that counts."""
    items = list[_Item]()
    for part in message.parts:
        speaker = "tool" if isinstance(part, ToolResultPart) else message.role
        for kind, *texts in _canonical(part, speaker):
            data = _joined(texts) if kind != "text" else texts[0].encode("utf-8", "surrogatepass")
            if kind == "tool_call":
                items.append(_Item(speaker, kind, data, texts[0], _joined(texts[1:])))
            else:
                items.append(_Item(speaker, kind, data))
    return tuple(items)


def _joined(texts: Sequence[str]) -> bytes:
    """Several texts as bytes from which they could be read back."""
    return "".join(f"{len(text)}:{text}" for text in texts).encode("utf-8", "surrogatepass")


def system_digest(messages: Iterable[Message]) -> str:
    """Of the system prompt; "" = there is none."""
    said = [
        item
        for message in messages
        if message.role == "system"
        for part in message.parts
        for item in _canonical(part, message.role)
    ]
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=8).hexdigest() if said else ""


def opening_system(messages: Iterable[Message]) -> str:
    """The digest of a system prompt that says enough to know a conversation by; "" = it does not."""
    kept = [message for message in messages if message.role == "system"]
    told = sum(len(item.data) for message in kept for item in said(message))
    return system_digest(kept) if told >= LEAST_UNANSWERED else ""


def _opening_key(system: str, state: str) -> str:
    return hashlib.blake2b(f"opening {system} {state}".encode(), digest_size=16).hexdigest()


def canonical_items(message: Message) -> tuple[str, ...]:
    """What a message says, one key an item: equal where two messages say the same, however they were written.

    Neighbouring texts of the message are one item; nothing for a message that says nothing which counts."""
    items = list[list[str]]()
    for part in message.parts:
        for item in _canonical(part, message.role):
            if item[0] == "text" and items and items[-1][0] == "text":
                items[-1] = ["text", items[-1][1] + item[1]]
            else:
                items.append(item)
    return tuple(json.dumps([_speaker(message, item), item]) for item in items)


def _speaker(message: Message, item: list[str]) -> str:
    return "tool" if item[0] == "tool_result" else message.role


def _canonical(part: Part, speaker: str) -> list[list[str]]:
    """The part as a kind and what it says; nothing for what does not count."""
    match part:
        case ThinkingPart():
            return []
        case TextPart() | RefusalPart():
            text = part.text
            if speaker == "assistant" and (thought := _THOUGHT.match(text)):
                text = text[thought.end() :]
            text = _squeezed(text)
            return [["text", text]] if text else []
        case ToolCallPart():
            return [["tool_call", part.id, part.name, _as_json(part.arguments, steady=False)]]
        case ToolResultPart():
            return [["tool_result", part.id, _squeezed(part.text)]]
        case MediaPart():
            data = hashlib.blake2b(part.data.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
            return [["media", part.modality, part.url, data if part.data else ""]]
        case OtherPart() if part.label == CITATIONS:
            return []
        case OtherPart() if part.label == "compaction":
            return [["compaction", _compacted(part.json)]]
        case OtherPart():
            return [["other", part.label, _as_json(part.json, steady=True)]]
        case _:
            assert_never(part)


def _compacted(text: str) -> str:
    """What a compaction says or hides, without what names this sending of it."""
    value: Any = _json_of(text)
    if not isinstance(value, dict):
        return _squeezed(text)
    fields = cast("dict[str, Any]", value)
    return "".join(str(fields[key]) for key in ("content", "encrypted_content") if fields.get(key))


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _json_of(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None


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
