"""What a reader of the store or of the live feed gets: finished values for the REST API and the UI.

Field names are the public ones of the REST API. Times are in milliseconds where the name says so, dates are aware
datetimes in UTC. None = unknown or not reported; it is never shown as 0.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from union_square.domain.anchors import Anchor
from union_square.domain.ids import CallId, SessionId
from union_square.domain.lifecycle import CallState
from union_square.domain.messages import Message, ToolOffer, Usage

LinkRule = Literal["header", "client", "provider", "content", "tool_call", "new", "manual"]
"""The rung that linked a call to its session: our header; a known client's own id; the provider's link; the history
its request repeats; none (it begins a session); a person."""

Subject = Literal["session", "call"]

AnnotationKind = Literal["text", "label", "number"]
"""A note; a category; a score. Each may have a text beside it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """A call in a listing."""

    id: CallId
    session_id: SessionId | None  # None: not linked yet (its request is still being read)
    parent_id: CallId | None
    link_rule: LinkRule | None
    link_confidence: float | None  # 0 to 1
    upstream: str
    dialect: str
    operation: str
    model: str  # asked for
    response_model: str  # served
    method: str
    path: str  # with its query, credentials replaced
    status_code: int | None
    state: CallState
    streamed: bool
    started_at: datetime
    duration_ms: float | None
    time_to_first_chunk_ms: float | None
    time_to_first_token_ms: float | None
    output_tokens_per_second: float | None
    usage: Usage | None  # None: not reported
    cost_usd: float | None
    finish_reasons: tuple[str, ...]
    error_type: str  # "" = none; the provider's, or the failure code of the proxy
    error_message: str
    request_bytes: int
    response_bytes: int
    recorded: bool
    gap_observations: int
    gap_bytes: int
    preview: str  # the last user text, one line, at most 200 characters
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    application: str = ""  # who called: what its metadata says, else the client's name; "" = unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadView:
    """A request's or a response's head. Header order, case and duplicates as sent."""

    start_line: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkView:
    offset_ms: float  # since the call began, to the microsecond
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapView:
    at: datetime
    observations: int
    bytes: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationView:
    """What a person said of a session, a call, or (with an anchor) of a message of a call or a span of its text."""

    id: int
    subject: Subject
    subject_id: str
    text: str
    author: str
    created_at: datetime
    kind: AnnotationKind = "text"
    name: str = ""  # what is judged, of a label or a number: "tone", "correctness"
    label: str = ""
    score: float | None = None
    anchor: Anchor | None = None  # None: the whole session or call
    version: str = ""  # of what it says: another one once somebody has edited it


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDetail:
    """One call, whole but for its body bytes."""

    call: CallView
    messages: tuple[Message, ...]  # the request's, then the response's
    request_message_count: int  # how many of them the request sent
    tools: tuple[ToolOffer, ...]
    parameters: dict[str, Any]
    request: HeadView
    response: HeadView | None
    chunks: tuple[ChunkView, ...]  # of the response
    request_chunks: tuple[ChunkView, ...]
    gaps: tuple[GapView, ...]
    problems: tuple[str, ...]  # what could not be read, and where
    cost_source: str = ""  # whose price `cost_usd` was reckoned by, and of when; "" = unknown
    annotations: tuple[AnnotationView, ...] = ()
    response_id: str = ""  # the provider's; "" = none given
    request_id: str = ""  # the provider's, from the response's headers
    rate_limits: dict[str, str] = field(default_factory=dict[str, str])  # headers that tell of limits, as sent
    usage_details: dict[str, int] = field(default_factory=dict[str, int])
    """Of the tokens in `usage`, those with a price of their own: "input_audio_tokens", "output_image_tokens", …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A session in a listing. `state` is running while any of its calls is."""

    id: SessionId
    title: str  # the first user text, one line, at most 120 characters
    state: Literal["running", "ended"]
    started_at: datetime
    last_at: datetime  # the latest begin or end of a call
    duration_ms: float
    call_count: int
    running_count: int
    error_count: int
    models: tuple[str, ...]
    upstreams: tuple[str, ...]
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None  # of the calls whose cost is known; None = of none
    unpriced_calls: int
    gap_observations: int
    tags: tuple[str, ...] = ()
    time_to_first_token_ms: float | None = None  # the longest of its calls'; None = none is known


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDetail:
    session: SessionView
    calls: tuple[CallView, ...]  # oldest first
    annotations: tuple[AnnotationView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A name for a filter, and the page it is for."""

    id: int
    page: str  # "sessions" or "search"
    name: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Newest first. `next_cursor` is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None
