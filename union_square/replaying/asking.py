"""What a request asks for, in the form in which two requests are compared. The same for recorded and incoming ones.

A request is a list of facets: its method and path, its model, its parameters, its tools, each thing said. Left out or
made steady is what changes from one run to the next without a request being another one:

- headers, the credential in the query, the upstream's name before the path;
- what `domain.threads` leaves out of messages (thinking, whitespace, cache markers, ids of items);
- ids of tool calls: they are numbered in the order in which they occur;
- parameters that only name the caller or the request (`user`, `metadata`, …);
- and, where that alone makes no match, dates, times and UUIDs inside of texts.

Must not: do I/O, raise because of what was sent.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from union_square.domain.messages import Message, RefusalPart, Request, TextPart, ToolOffer
from union_square.domain.redaction import is_credential_parameter
from union_square.domain.threads import canonical_items
from union_square.wire.content import ContentDecoder
from union_square.wire.dialects.registry import read_request
from union_square.wire.headers import Head, Target, parse_content_type, parse_head, parse_target
from union_square.wire.jsontext import parse_json

_NAMING_PARAMETERS = frozenset({"user", "metadata", "prompt_cache_key", "safety_identifier", "idempotency_key"})
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d(?:t?\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:z|[+-]\d\d:?\d\d)?)?"
    rf"|(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?)?(?:\d\d?{_MONTH},?\d{{4}}|{_MONTH}\d\d?,?\d{{4}})"
    r"|\d\d?:\d\d(?::\d\d)?(?:[ap]m)?",
    re.I,
)
"""In a text without whitespace."""

_SLASHES = re.compile(r"/{2,}")

LONGEST_SHOWN = 400
"""Characters of one text that a difference shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """`key` is compared; `shown` is for people."""

    key: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str  # the provider's own, without query
    query: str  # in order, without credentials
    request: Request
    facets: tuple[Facet, ...]
    last: tuple[str, ...]  # keys of what was said since the model spoke last

    @property
    def key(self) -> tuple[str, ...]:
        return (self.method, self.path, self.query, *self.facet_keys)

    @property
    def facet_keys(self) -> tuple[str, ...]:
        return tuple(facet.key for facet in self.facets)

    @property
    def steady_key(self) -> tuple[str, ...]:
        return (self.method, self.path, self.query, *(steady(facet.key) for facet in self.facets))

    @property
    def kind(self) -> tuple[str, ...]:
        """What must be alike for an answer to be understood by who asked."""
        request = self.request
        if request.dialect in {"none", "json", "text", "bytes"}:
            return (self.method, self.path)
        return (self.method, request.dialect, request.operation, str(request.stream))

    @property
    def lines(self) -> tuple[str, ...]:
        """For people: a line a facet."""
        query = f"?{self.query}" if self.query else ""
        return (f"{self.method} {self.path}{query}", *(facet.shown for facet in self.facets))


def read_asked(head: bytes, body: bytes, upstream: str) -> Asked:
    """What a request with that head and (still encoded) body asks, of the upstream whose name may lead its path."""
    fields = parse_head(head)
    target = parse_target(fields.start_line, upstream)
    request = _read(fields, target, body)
    facets = (*_settings(request), *(_offer(tool) for tool in sorted(request.tools, key=lambda tool: tool.name)))
    items = list(_items(request.messages))
    return Asked(
        method=target.method,
        path=_SLASHES.sub("/", target.path),
        query=_query(target),
        request=request,
        facets=(*facets, *(_said(item) for item in items)),
        last=_last(items),
    )


def steady(text: str) -> str:
    """The text with a mark in the place of every date, time and UUID."""
    return _CHANGING.sub("<*>", text)


def _read(head: Head, target: Target, body: bytes) -> Request:
    content = ContentDecoder(",".join(head.get_all("content-encoding")))
    data = content.feed(body) + content.end()
    return read_request(target, data, parse_content_type(head.get("content-type")))[0]


def _query(target: Target) -> str:
    pairs = parse_qsl(target.query, keep_blank_values=True)
    kept = (f"{name}={value}" for name, value in pairs if not is_credential_parameter(name.encode()))
    return "&".join(sorted(kept))


def _settings(request: Request) -> Iterator[Facet]:
    plain = {"model": request.model, "previous response": request.previous_response_id}
    for name, value in plain.items():
        if value:
            yield Facet(key=f"{name}={value}", shown=f"{name}: {value}")
    yield Facet(key=f"stream={request.stream}", shown=f"stream: {'yes' if request.stream else 'no'}")
    for name, value in sorted(request.parameters.items()):
        if name not in _NAMING_PARAMETERS and value is not None:
            text = json.dumps(value, sort_keys=True, ensure_ascii=False)
            yield Facet(key=f"parameter {name}={text}", shown=_cut(f"{name}: {text}"))


def _offer(tool: ToolOffer) -> Facet:
    schema = parse_json(tool.schema).value if tool.schema else None
    text = json.dumps([tool.name, "".join(tool.description.split()), schema], sort_keys=True, ensure_ascii=False)
    return Facet(key=f"tool {text}", shown=_cut(f"tool {tool.name}: {tool.description} {tool.schema}"))


@dataclass(frozen=True, slots=True)
class _Item:
    """One thing said: by whom, what (tool ids numbered), the same without any tool id, and as people read it."""

    speaker: str
    key: str
    anonymous: str
    shown: str


def _items(messages: Iterable[Message]) -> Iterator[_Item]:
    numbers: dict[str, str] = {}
    for message in messages:
        texts = (part.text for part in message.parts if isinstance(part, TextPart | RefusalPart))
        readable = " ".join(" ".join(texts).split())
        for text in canonical_items(message):
            speaker, item = json.loads(text)
            anonymous = item
            if item[0] in {"tool_call", "tool_result"}:
                item[1] = numbers.setdefault(item[1], f"#{len(numbers)}") if item[1] else ""
                anonymous = [item[0], *item[2:]]
            shown = readable if item[0] == "text" else " ".join(str(value) for value in item)
            yield _Item(speaker, f"{speaker}: {item}", f"{speaker}: {anonymous}", f"{speaker}: {shown}")


def _said(item: _Item) -> Facet:
    return Facet(key=item.key, shown=_cut(item.shown))


def _last(items: list[_Item]) -> tuple[str, ...]:
    found: list[str] = []
    for item in reversed(items):
        if item.speaker == "assistant":
            break
        if item.speaker != "system":
            found.append(steady(item.anonymous))
    return tuple(reversed(found))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({len(text):,} characters)"
