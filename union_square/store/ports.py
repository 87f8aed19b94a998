"""The seams of the store. `store.sql` and `store.memory` fulfil both, under one contract suite.

All calls block; async callers hand them to a thread. A store that cannot be reached raises `StoreUnavailable`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from union_square.domain import edits
from union_square.domain.events import Event
from union_square.domain.figures import Dimension, Figures
from union_square.domain.finding import EVERYTHING, Filter
from union_square.domain.finding.facets import Facet
from union_square.domain.finding.hits import Hit
from union_square.domain.ids import CallId, SessionId, WriterId
from union_square.domain.rules import Rule
from union_square.domain.session import LinkCandidate, LinkQuery
from union_square.domain.sorting import NEWEST, Sort
from union_square.domain.views import (
    AnnotationView,
    CallDetail,
    CallView,
    Page,
    SavedView,
    SessionDetail,
    SessionView,
    Subject,
)


class StoreUnavailable(Exception):
    """The database did not answer, or is locked. Nothing was written; try again later."""


class StoreRejected(Exception):
    """The database refuses these values, whenever they are written. Nothing was written."""


class NoSuchSubject(LookupError):
    """No session or call of that id."""


class CursorError(ValueError):
    """A page cursor is not one that a listing gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """What a listing of calls or sessions is narrowed to; every field given must hold. `text` is matched against
    messages (full text), model, path and ids.

    A call is found by the text that it added to its session (not by the history it repeats): every word must occur, the
    last one as the beginning of a word. A session is listed when one of its calls fulfils every field; `tag` may then
    also be the session's own, and `state` also "running" or "ended". `since` is included, `until` is not. `query` is
    the filter language (`domain.finding`), settled; in it, a tag may always be the session's."""

    session_id: str | None = None
    model: str | None = None
    upstream: str | None = None
    state: str | None = None
    status_code: int | None = None
    tag: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    query: Filter = EVERYTHING


NO_FILTER = CallFilter()
HOUR_US = 3_600_000_000


class StoreReader(Protocol):
    def sessions(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[SessionView]:
        """Raises CursorError."""
        ...

    def session(self, session_id: str) -> SessionDetail:
        """Raises NoSuchSubject."""
        ...

    def calls(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[CallView]:
        """Raises CursorError; AssertionError for an order that only sessions have."""
        ...

    def call(self, call_id: CallId) -> CallDetail:
        """Raises NoSuchSubject."""
        ...

    def session_calls(self, session_id: str, *, limit: int = 500) -> list[CallDetail]:
        """The newest `limit` calls of a session, oldest first, with their messages. Raises NoSuchSubject."""
        ...

    def call_events(self, call_id: CallId) -> list[Event]:
        """Every recorded event of an ended call, from the archive; of a running one, none. Raises NoSuchSubject."""
        ...

    def session_of_calls(self, call_ids: Sequence[CallId]) -> dict[CallId, SessionId]:
        """The sessions of those calls that are linked already."""
        ...

    def facets(self, where: CallFilter = NO_FILTER) -> list[Facet]:
        """What the calls found are: how many of each model, upstream, tag, …"""
        ...

    def figures(self, where: CallFilter = NO_FILTER, *, by: Dimension = "model", step_us: int = HOUR_US) -> Figures:
        """What the calls found amounted to, over time in spans of `step_us`, and by the dimension."""
        ...

    def span(self, where: CallFilter = NO_FILTER) -> tuple[int, int] | None:
        """When the first and the last of the calls found began, in microseconds since the epoch; None: none is."""
        ...

    def tag_names(self) -> list[str]:
        """Every tag in use, by name."""
        ...

    def hits(self, call_ids: Sequence[CallId], query: Filter) -> dict[CallId, Hit]:
        """Where the filter's words stand in those calls: in their newest messages."""
        ...

    def values(self, field: str, begins: str = "", limit: int = 200) -> list[str]:
        """The values that a field of the filter language has here, by name; of `meta.`, the names of what metadata
        there is. Where there are more than `limit`, those that begin with `begins` are among them."""
        ...


class SavedViews(Protocol):
    """What people gave a name."""

    def saved_views(self) -> list[SavedView]:
        """By page and name."""
        ...

    def save_view(self, page: str, name: str, query: str) -> SavedView:
        """One of that page and name is replaced. Raises ValueError."""
        ...

    def rename_view(self, view_id: int, name: str) -> SavedView:
        """Raises NoSuchSubject; ValueError where the page has another of that name."""
        ...

    def remove_view(self, view_id: int) -> None:
        """Raises NoSuchSubject."""
        ...


class StoreAnnotator(SavedViews, Protocol):
    """What people say of sessions and calls, and the history of it. Survives `rebuild`."""

    def change(self, edit: edits.Edit, author: str = "") -> edits.Change:
        """Do it, and keep that it was done, in one transaction. Raises NoSuchSubject, ValueError."""
        ...

    def add_tag(self, subject: Subject, subject_id: str, tag: str, author: str = "") -> tuple[str, ...]:
        """All tags of the subject after it; adding one twice is once. Raises NoSuchSubject, ValueError."""
        ...

    def remove_tag(self, subject: Subject, subject_id: str, tag: str, author: str = "") -> tuple[str, ...]:
        """All tags of the subject after it. Raises NoSuchSubject."""
        ...

    def annotate(self, target: edits.Target, note: edits.Note, author: str = "") -> AnnotationView:
        """Raises NoSuchSubject, ValueError."""
        ...

    def add_annotation(self, subject: Subject, subject_id: str, text: str, author: str = "") -> AnnotationView:
        """A plain note. Raises NoSuchSubject, ValueError."""
        ...

    def remove_annotation(self, subject: Subject, subject_id: str, annotation_id: int, author: str = "") -> None:
        """Raises NoSuchSubject."""
        ...

    def said(self, subject: Subject, subject_id: str) -> tuple[tuple[str, ...], tuple[AnnotationView, ...]]:
        """Its tags and its annotations; none where nothing of that id is known."""
        ...

    def annotation(self, annotation_id: int) -> AnnotationView:
        """Raises NoSuchSubject."""
        ...

    def tag_uses(self) -> list[edits.TagUse]:
        """Every tag in use, by name, with its colour and how many have it."""
        ...

    def changes(
        self,
        *,
        subject_ids: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[edits.ChangeView]:
        """What was changed, newest first: of those subjects, of things of those kinds, before that one."""
        ...

    def rules(self) -> list[Rule]:
        """In the order in which they were made."""
        ...

    def apply_rule(
        self, rule_id: int, *, after: str = "", limit: int = 500, change_id: int | None = None
    ) -> edits.Applied:
        """Tag the next `limit` calls behind the id `after` that fit; all under one change (`change_id`, once there is
        one). Where the tag was taken off a call it stays off. Raises NoSuchSubject."""
        ...

    def count_calls(self) -> int: ...

    def queues(self) -> list[edits.Queue]:
        """In the order in which they were made, without their items."""
        ...

    def queue(self, queue_id: int) -> edits.Queue:
        """With its items. Raises NoSuchSubject."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Everything the projector says of one call at one moment: written whole, by call id, as often as it likes."""

    detail: CallDetail
    fingerprint: str
    system_digest: str = ""
    thread_digests: tuple[str, ...] = ()  # of the history that a continuation would repeat, one a choice it was given
    response_id: str = ""
    external_session: str = ""  # what the client called its session, where that is not the session id
    archive: bytes | None = None  # the call's records (`domain.records`); None while it runs


class StoreWriter(Protocol):
    def position(self, writer: WriterId) -> int:
        """Where following that writer's log has to go on; 0 = from its beginning."""
        ...

    def find_links(self, query: LinkQuery) -> list[LinkCandidate]:
        """Calls that could be the parent: by response id, else by the longest digest that any call has."""
        ...

    def ended(self, call_ids: Sequence[CallId]) -> set[CallId]:
        """Those of them that are stored as ended: reading their events again must not change them."""
        ...

    def write(self, projections: Sequence[Projection], positions: dict[WriterId, int]) -> None:
        """Insert or replace those calls, sum their sessions up again, move the positions: all in one transaction. An
        archive that is there already stays as it is: other calls may be kept as what they add to it.

        Raises StoreRejected where a value cannot be stored at all."""
        ...

    def forget_projections(self) -> None:
        """Drop everything that `rebuild` recomputes; archives, tags and annotations stay."""
        ...

    def archived_count(self) -> int:
        """How many calls are archived."""
        ...

    def archived(self, after: CallId | None = None, limit: int = 100) -> list[tuple[CallId, bytes]]:
        """Archived calls in the order of their ids, after that one: what `rebuild` folds again."""
        ...
