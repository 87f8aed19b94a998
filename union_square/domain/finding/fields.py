"""The fields that a filter may name: one table, read by the parser, the evaluation, the SQL, completion and the docs.

Kinds: `name` is compared whole, `part` anywhere in it, both without regard to ASCII case and with `*` for anything;
`model` also finds dated versions and a vendor's prefix; `number` is compared by size; `time` is before or after; `has`
asks whether there is one.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "part", "model", "status", "number", "time", "has"]

Unit = Literal["count", "usd", "duration", "plain"]
"""A number's unit. Values are whole numbers: counts, picodollars, microseconds, millionths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`values`: all there are, where they are known beforehand."""

    name: str
    kind: Kind
    says: str
    example: str
    unit: Unit = "count"
    values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


def _name(name: str, says: str, example: str, *aliases: str, values: tuple[str, ...] = ()) -> Field:
    return Field(name=name, kind="name", says=says, example=example, aliases=aliases, values=values)


def _number(name: str, says: str, example: str, *aliases: str, unit: Unit = "count") -> Field:
    return Field(name=name, kind="number", says=says, example=example, aliases=aliases, unit=unit)


STATES = ("running", "done", "failed", "cut_off", "ended")
STATUS_WORDS = ("ok", "error", "running", "2xx", "3xx", "4xx", "5xx")
LINK_RULES = ("header", "client", "provider", "content", "tool_call", "new", "manual")
THINGS = ("note", "tag", "label", "score", "gap", "error", "tool", "usage", "cost", "parent", "model")

FIELDS: tuple[Field, ...] = (
    Field(
        name="model",
        kind="model",
        says="asked for or served; finds dated versions and a vendor's prefix too",
        example="model:gpt-4o",
    ),
    _name("upstream", "the provider endpoint it was sent to", "upstream:openai", "provider"),
    Field(
        name="status",
        kind="status",
        says="HTTP status, or ok, error, running",
        example="status:error",
        aliases=("status_code",),
        values=STATUS_WORDS,
    ),
    _name("state", "how far the call is", "state:running", values=STATES),
    _name("tag", "on the call or on its session", "tag:bug"),
    _name("label", "given to the call, its session, or something in it", "label:good"),
    _name("application", "who called: metadata, else the client's name", "application:billing", "app"),
    _name("tool", "that the answer called", "tool:search"),
    _name("finish", "why the answer ended", "finish:length", "finish_reason"),
    Field(name="error", kind="part", says="its type or message", example="error:rate_limit"),
    _name("dialect", "the wire format", "dialect:openai-chat"),
    _name("operation", "what was asked of the provider", "operation:chat", "op"),
    _name("session", "its id", "session:checkout-42", "session_id"),
    _name("id", "the call's own", "id:0192f0c1*"),
    _name("parent", "the call that it continues", "parent:0192f0c1*", "parent_id"),
    _name("link", "how the call was linked to its session", "link:content", "link_rule", values=LINK_RULES),
    Field(name="path", kind="part", says="the request's path", example="path:embeddings"),
    _number("cost", "in US dollars, by list price", "cost>0.10", "cost_usd", unit="usd"),
    _number("tokens", "input and output together", "tokens>10k"),
    _number("input_tokens", "as reported", "input_tokens>1000", "input"),
    _number("output_tokens", "as reported", "output_tokens>1000", "output"),
    _number("cached_tokens", "input read from the provider's cache", "cached_tokens>0", "cached"),
    _number("reasoning_tokens", "output that was thought", "reasoning_tokens>0", "reasoning"),
    _number("duration", "from the request's first byte to the answer's last", "duration>10s", unit="duration"),
    _number("ttft", "time to the first token of a streamed answer", "ttft>2s", unit="duration"),
    _number("ttfc", "time to the answer's first byte", "ttfc>500ms", "ttfb", unit="duration"),
    _number("speed", "output tokens a second", "speed<20", unit="plain"),
    _number("score", "a number given to the call, its session, or something in it", "score>0.8", unit="plain"),
    _number("request_bytes", "of the body", "request_bytes>100k"),
    _number("response_bytes", "of the body", "response_bytes>100k"),
    Field(name="after", kind="time", says="began then or later", example="after:2026-11-01", aliases=("since",)),
    Field(name="before", kind="time", says="began earlier", example="before:2026-11-01T18:00", aliases=("until",)),
    Field(name="has", kind="has", says="whether there is one", example="has:note", values=THINGS),
)

META = "meta."
"""`meta.user:alice`: metadata that the request's headers gave; what lies deeper is `meta.user.name`."""

_BY_NAME = {name: field for field in FIELDS for name in (field.name, *field.aliases)}


def field_named(name: str) -> Field | None:
    """The field of that name or alias, any case; None = there is none. `meta.…` keeps its case."""
    if name.lower().startswith(META) and len(name) > len(META):
        key = name[len(META) :]
        return Field(name=META + key, kind="name", says="metadata of the request", example=f"{META}{key}:value")
    return _BY_NAME.get(name.lower())
