"""What the UI and the REST API read through: the store's answers with the live feed laid over them.

One object fulfils this in the UI's process (`watching.watcher.Watcher`); every method may be called from any task.
What is running comes from the feed, what has ended from the store; a reader never sees the seam.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from union_square.domain.conversation import Conversation, Turn
from union_square.domain.edits import Change, Edit
from union_square.domain.events import Event
from union_square.domain.figures import Dimension, Figures
from union_square.domain.finding import Filter
from union_square.domain.finding.facets import Facet
from union_square.domain.finding.hits import Hit
from union_square.domain.ids import CallId, SessionId
from union_square.domain.sorting import NEWEST, Sort
from union_square.domain.views import (
    CallDetail,
    CallView,
    Page,
    SavedView,
    SessionDetail,
    SessionView,
)
from union_square.store.ports import HOUR_US, NO_FILTER, CallFilter
from union_square.watching.people import People

__all__ = [
    "CallChanged",
    "Conversation",
    "LiveCall",
    "LiveEvent",
    "LiveSession",
    "LiveSnapshot",
    "RecordedBody",
    "SessionCalls",
    "TextDelta",
    "Turn",
    "Watching",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """A running call (or one that ended a moment ago) on the live page."""

    call: CallView
    tail: str  # the end of what it has said, as long as was asked for; "" = nothing yet
    tail_kind: Literal["text", "thinking", "tool_call"]
    last_chunk_ms_ago: float | None  # None = no chunk yet
    gaps_ms: tuple[float, ...] = ()  # between its last chunks, oldest first, at most `live.MOST_GAPS`


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession:
    session: SessionView
    calls: tuple[LiveCall, ...]  # oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSnapshot:
    """`version` grows with every change; compare it, do not count with it."""

    version: int
    running: tuple[LiveSession, ...]  # newest first
    recording_problem: str  # a gap or a stopped projector, in words for a banner; "" = all is well


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChanged:
    """A call began, has news besides its text (its answer began, it was linked, a gap, …), or ended."""

    kind: Literal["call_started", "call_updated", "call_ended"]
    version: int
    call: CallView


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """What a part of an answer grew by. The part's text from character `offset` on is `text` now; joining late, the
    first delta has offset 0 and everything said so far."""

    kind: Literal["text"] = "text"
    version: int
    call_id: CallId
    session_id: SessionId | None
    message: int  # of the answer: 0, or the number of the choice
    part: int
    part_type: str  # "text", "thinking", "tool_call", "refusal"
    name: str  # of the tool; "" elsewhere
    offset: int
    text: str


LiveEvent = CallChanged | TextDelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedBody:
    """A body as it was forwarded: content encoding kept, so is the content type."""

    data: bytes
    content_type: str  # "" = none was sent
    content_encoding: str  # "" = none


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCalls:
    """A session with its calls and all that was said in them."""

    detail: SessionDetail
    calls: tuple[CallDetail, ...]  # oldest first; a running call holds what has come so far
    truncated: bool  # True: only the newest are here


class Watching(Protocol):
    @property
    def version(self) -> int:
        """Of the live feed; grows when anything running changes."""
        ...

    async def changed(self, since: int, timeout_seconds: float = 10) -> int:
        """Wait until the version is above `since`; its value then, or `since` when the time has passed."""
        ...

    async def live(self, tail_characters: int = 300) -> LiveSnapshot: ...

    def follow(self) -> AsyncIterator[LiveEvent]:
        """Everything that runs now, then what changes, without end. Slow readers get fewer, larger steps."""
        ...

    async def sessions(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[SessionView]: ...

    async def session(self, session_id: str) -> SessionDetail: ...

    async def conversation(self, session_id: str) -> Conversation: ...

    async def session_calls(self, session_id: str) -> SessionCalls: ...

    async def calls(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[CallView]: ...

    async def call(self, call_id: CallId) -> CallDetail: ...

    async def body(self, call_id: CallId, side: Literal["request", "response"]) -> RecordedBody: ...

    async def call_events(self, call_id: CallId) -> list[Event]:
        """Every recorded event of an ended call; of a running one, none."""
        ...

    async def facets(self, where: CallFilter = NO_FILTER) -> list[Facet]: ...

    async def figures(
        self, where: CallFilter = NO_FILTER, *, by: Dimension = "model", step_us: int = HOUR_US
    ) -> Figures: ...

    async def span(self, where: CallFilter = NO_FILTER) -> tuple[int, int] | None: ...

    async def saved_views(self) -> list[SavedView]: ...

    async def save_view(self, page: str, name: str, query: str) -> SavedView: ...

    async def rename_view(self, view_id: int, name: str) -> SavedView: ...

    async def remove_view(self, view_id: int) -> None: ...

    async def hits(self, call_ids: Sequence[CallId], query: Filter) -> dict[CallId, Hit]:
        """See `StoreReader.hits`."""
        ...

    async def values(self, field: str, begins: str = "") -> list[str]:
        """Stored values of a field of the filter language; see `StoreReader.values`."""
        ...

    async def tag_names(self) -> list[str]: ...

    async def arrange(self, edit: Edit, author: str = "") -> Change:
        """Merge, split, move, or take that back. Raises NoSuchSubject, StoreUnavailable, ValueError."""
        ...

    @property
    def people(self) -> People:
        """What people say of all this, and do to say it."""
        ...
