"""Reading the store: listings, one session, one call, what was recorded of it, and figures.

Each method is one snapshot and a fixed number of statements, however many items it returns.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, false, func, or_, select

from union_square.domain import records
from union_square.domain.events import Event
from union_square.domain.figures import Dimension, Figures
from union_square.domain.finding import EVERYTHING, Filter
from union_square.domain.finding.facets import Facet
from union_square.domain.finding.hits import MOST_MESSAGES, Hit, find_hit, sought_words
from union_square.domain.ids import CallId, SessionId
from union_square.domain.messages import Message
from union_square.domain.models import CallDetailRow, CallRow, GapRow, SessionRow
from union_square.domain.sorting import NEWEST, Sort
from union_square.domain.views import (
    AnnotationView,
    CallDetail,
    CallView,
    Page,
    SessionDetail,
    SessionView,
    Subject,
)
from union_square.domain.words import query_words
from union_square.store import mapping
from union_square.store.archive import load_archive
from union_square.store.conditions import condition
from union_square.store.counting import load_facets, load_figures
from union_square.store.cursors import Last, encode_cursor, parse_cursor
from union_square.store.engine import reading
from union_square.store.knowing import load_values
from union_square.store.ordering import call_value, order_calls, order_sessions, session_value
from union_square.store.packing import unpack_numbers
from union_square.store.ports import HOUR_US, NO_FILTER, CallFilter, NoSuchSubject
from union_square.store.tables import (
    ANNOTATIONS,
    CALLS,
    DETAILS,
    GAPS,
    MESSAGES,
    SESSIONS,
    TAGS,
    TOOL_SETS,
    by_time,
    fetch_pairs,
    fetch_rows,
    having_words,
    pieces,
)

WALK = bool(os.environ.get("WALK"))
MOST_ITEMS = 1000
"""Of one page, whatever is asked for."""

_FOREMOST = 3
"""Of so many pages of sessions each is looked at before all calls are."""


class SqlReader:
    """`store.ports.StoreReader` on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sessions(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[SessionView]:
        limit = max(1, min(limit, MOST_ITEMS))
        after = None if cursor is None else parse_cursor("sessions", sort, cursor)
        with reading(self._engine) as connection:
            rows = _fitting_sessions(connection, where, sort, after, limit + 1)
            tags = _tags(connection, "session", [row.id for row in rows[:limit]])
        views = tuple(mapping.session_view(row, tags.get(row.id, ())) for row in rows[:limit])
        last = rows[limit - 1] if len(rows) > limit else None
        next_cursor = last and encode_cursor("sessions", sort, (session_value(last, sort.key), last.id))
        return Page(items=views, next_cursor=next_cursor)

    def session(self, session_id: str) -> SessionDetail:
        with reading(self._engine) as connection:
            row = _session_row(connection, session_id)
            c = CALLS.c
            own = select(CALLS).where(c.session_id == session_id).order_by(c.started_at, c.id)
            return SessionDetail(
                session=mapping.session_view(row, _tags(connection, "session", [session_id]).get(session_id, ())),
                calls=tuple(_call_views(connection, fetch_rows(connection, CallRow, own))),
                annotations=_annotations(connection, "session", [session_id]).get(session_id, ()),
            )

    def calls(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[CallView]:
        limit = max(1, min(limit, MOST_ITEMS))
        c = CALLS.c
        after = None if cursor is None else parse_cursor("calls", sort, cursor)
        ids = order_calls(select(c.id), sort, after).limit(limit + 1)
        if where.query != EVERYTHING or sort.key != "time":
            ids = by_time(ids)
        with reading(self._engine) as connection:
            found = ids.where(*_call_conditions(connection, where))
            rows = fetch_rows(connection, CallRow, order_calls(select(CALLS).where(c.id.in_(found)), sort, None))
            views = tuple(_call_views(connection, rows[:limit]))
        last = rows[limit - 1] if len(rows) > limit else None
        next_cursor = last and encode_cursor("calls", sort, (call_value(last, sort.key), last.id))
        return Page(items=views, next_cursor=next_cursor)

    def call(self, call_id: CallId) -> CallDetail:
        with reading(self._engine) as connection:
            rows = fetch_rows(connection, CallRow, select(CALLS).where(CALLS.c.id == call_id))
            if not rows:
                raise NoSuchSubject(f"no call {call_id}")
            return _details(connection, rows)[0]

    def session_calls(self, session_id: str, *, limit: int = 500) -> list[CallDetail]:
        with reading(self._engine) as connection:
            _session_row(connection, session_id)
            c = CALLS.c
            newest = select(CALLS).where(c.session_id == session_id).order_by(c.started_at.desc(), c.id.desc())
            rows = fetch_rows(connection, CallRow, newest.limit(max(1, limit)))
            return _details(connection, rows[::-1])

    def call_events(self, call_id: CallId) -> list[Event]:
        with reading(self._engine) as connection:
            if connection.scalar(select(CALLS.c.id).where(CALLS.c.id == call_id)) is None:
                raise NoSuchSubject(f"no call {call_id}")
            archive = load_archive(connection, call_id)
        return [event for event, _ in records.decode(archive)]

    def session_of_calls(self, call_ids: Sequence[CallId]) -> dict[CallId, SessionId]:
        found = dict[CallId, SessionId]()
        with reading(self._engine) as connection:
            for ids in pieces(call_ids):
                linked = select(CALLS.c.id, CALLS.c.session_id)
                found |= fetch_pairs(connection, linked.where(CALLS.c.id.in_(ids), CALLS.c.session_id.is_not(None)))
        return found

    def facets(self, where: CallFilter = NO_FILTER) -> list[Facet]:
        with reading(self._engine) as connection:
            return load_facets(connection, _call_conditions(connection, where))

    def figures(self, where: CallFilter = NO_FILTER, *, by: Dimension = "model", step_us: int = HOUR_US) -> Figures:
        with reading(self._engine) as connection:
            return load_figures(connection, _call_conditions(connection, where), by, step_us)

    def span(self, where: CallFilter = NO_FILTER) -> tuple[int, int] | None:
        c = CALLS.c
        with reading(self._engine) as connection:
            conditions = _call_conditions(connection, where)
            first, last = (
                connection.scalar(by_time(select(one(c.started_at)).where(*conditions))) for one in (func.min, func.max)
            )
            return None if first is None or last is None else (int(first), int(last))

    def tag_names(self) -> list[str]:
        statement = select(TAGS.c.tag).where(TAGS.c.removed.is_(False)).distinct()
        with reading(self._engine) as connection:
            return sorted(connection.scalars(statement))

    def hits(self, call_ids: Sequence[CallId], query: Filter) -> dict[CallId, Hit]:
        sought = sought_words(query)
        if not sought:
            return {}
        numbers, found = dict[str, tuple[int, list[int]]](), dict[CallId, Hit]()
        with reading(self._engine) as connection:
            for ids in pieces(call_ids):
                packed = select(DETAILS.c.call_id, DETAILS.c.message_numbers).where(DETAILS.c.call_id.in_(ids))
                for id_, all_numbers in fetch_pairs(connection, packed).items():
                    every = list(unpack_numbers(all_numbers))
                    newest = every[-MOST_MESSAGES:]
                    numbers[id_] = (len(every) - len(newest), newest)
            messages = _messages(connection, {n for _, newest in numbers.values() for n in newest})
        for id_, (first, newest) in numbers.items():
            if hit := find_hit([messages[number] for number in newest], sought):
                found[CallId(id_)] = replace(hit, message=first + hit.message)
        return found

    def values(self, field: str, begins: str = "", limit: int = 200) -> list[str]:
        with reading(self._engine) as connection:
            return load_values(connection, field, mapping.clean(begins), limit)


def _session_row(connection: Connection, session_id: str) -> SessionRow:
    rows = fetch_rows(connection, SessionRow, select(SESSIONS).where(SESSIONS.c.id == mapping.clean(session_id)))
    if not rows:
        raise NoSuchSubject(f"no session {session_id[:128]}")
    return rows[0]


def _time_conditions(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    conditions = list[ColumnElement[bool]]()
    if since is not None:
        conditions.append(CALLS.c.started_at >= mapping.to_us(since))
    if until is not None:
        conditions.append(CALLS.c.started_at < mapping.to_us(until))
    return conditions


def _has_tag(subject: Subject, of: ColumnElement[Any], tag: str) -> ColumnElement[bool]:
    t = TAGS.c
    tagged = select(t.subject_id).where(t.subject == subject, t.tag == mapping.clean(tag), t.removed.is_(False))
    return of.in_(tagged)


def _call_conditions(connection: Connection, where: CallFilter, *, tags: bool = True) -> list[ColumnElement[bool]]:
    c = CALLS.c
    conditions = _time_conditions(where.since, where.until)
    for column, value in ((c.session_id, where.session_id), (c.upstream, where.upstream), (c.state, where.state)):
        if value is not None:
            conditions.append(column == mapping.clean(value))
    if where.model is not None:
        model = mapping.clean(where.model)
        conditions.append(or_(c.model == model, c.response_model == model))
    if where.status_code is not None:
        conditions.append(c.status_code == where.status_code)
    if where.tag is not None and tags:
        conditions.append(_has_tag("call", c.id, where.tag))
    if where.text is not None and where.text.strip():
        words = query_words(where.text)
        conditions.append(having_words(connection, words) if words else false())
    if where.query != EVERYTHING:
        conditions.append(condition(connection, where.query))
    return conditions


def _fitting_sessions(
    connection: Connection, where: CallFilter, sort: Sort, after: Last | None, limit: int
) -> list[SessionRow]:
    """The first sessions of the order that fit. Each of the foremost is looked at by itself, which
    fills the page where many fit; only where it does not, all that fit are looked for."""
    s = SESSIONS.c
    statement = order_sessions(select(SESSIONS), sort, after).limit(limit)
    if where == NO_FILTER:
        return fetch_rows(connection, SessionRow, statement)
    most = _FOREMOST * limit
    foremost = list(connection.scalars(order_sessions(select(s.id), sort, after).limit(most)))
    among = statement.where(s.id.in_(foremost), *_session_conditions(connection, where, each=True))
    rows = fetch_rows(connection, SessionRow, among)
    if len(rows) == limit or len(foremost) < most:
        return rows
    return fetch_rows(connection, SessionRow, statement.where(*_session_conditions(connection, where, each=False)))


def _session_conditions(connection: Connection, where: CallFilter, *, each: bool) -> list[ColumnElement[bool]]:
    """Some call of the session fulfils all of it; a tag may be the session's own, a state may be the session's. `each`:
    a session's calls are looked at; otherwise sessions are looked for among all calls that fit."""
    s, c = SESSIONS.c, CALLS.c
    conditions = list[ColumnElement[bool]]()
    if where.state in {"running", "ended"}:
        conditions.append(s.state == where.state)
        where = replace(where, state=None)
    of_calls = _call_conditions(connection, where, tags=False)
    if where.tag is not None:
        of_calls.append(or_(_has_tag("call", c.id, where.tag), _has_tag("session", c.session_id, where.tag)))
    if of_calls and each:
        conditions.append(select(c.id).where(c.session_id == s.id, *of_calls).correlate(SESSIONS).exists())
    elif of_calls:
        conditions.append(s.id.in_(select(c.session_id).where(and_(*of_calls), c.session_id.is_not(None))))
    return conditions


def _tags(connection: Connection, subject: Subject, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found = dict[str, tuple[str, ...]]()
    t = TAGS.c
    for some in pieces(ids):
        statement = select(t.subject_id, t.tag).where(
            t.subject == subject, t.subject_id.in_(some), t.removed.is_(False)
        )
        for row in sorted(connection.execute(statement).all(), key=lambda row: row.tag):
            found[row.subject_id] = (*found.get(row.subject_id, ()), row.tag)
    return found


def _annotations(connection: Connection, subject: Subject, ids: Iterable[str]) -> dict[str, tuple[AnnotationView, ...]]:
    found = dict[str, tuple[AnnotationView, ...]]()
    a = ANNOTATIONS.c
    for some in pieces(ids):
        there = (a.subject == subject, a.subject_id.in_(some), a.removed.is_(False))
        for row in map(dict[str, Any], connection.execute(select(ANNOTATIONS).where(*there).order_by(a.id)).mappings()):
            found[row["subject_id"]] = (*found.get(row["subject_id"], ()), mapping.annotation_view(row))
    return found


def _call_views(connection: Connection, rows: Sequence[CallRow]) -> list[CallView]:
    tags = _tags(connection, "call", [row.id for row in rows])
    return [mapping.call_view(row, tags.get(row.id, ())) for row in rows]


def _details(connection: Connection, rows: Sequence[CallRow]) -> list[CallDetail]:
    ids = [row.id for row in rows]
    details = dict[str, CallDetailRow]()
    gaps = dict[str, list[GapRow]]()
    for some in pieces(ids):
        for detail in fetch_rows(connection, CallDetailRow, select(DETAILS).where(DETAILS.c.call_id.in_(some))):
            details[detail.call_id] = detail
        in_order = select(GAPS).where(GAPS.c.call_id.in_(some)).order_by(GAPS.c.call_id, GAPS.c.number)
        for gap in fetch_rows(connection, GapRow, in_order):
            gaps.setdefault(gap.call_id, []).append(gap)
    messages = _messages(connection, {n for row in details.values() for n in unpack_numbers(row.message_numbers)})
    tools = _tools(connection, {row.tools_digest for row in details.values() if row.tools_digest})
    notes = _annotations(connection, "call", ids)
    return [
        mapping.detail_view(
            view,
            details[view.id],
            messages,
            tools.get(details[view.id].tools_digest, ()),
            gaps.get(view.id, ()),
            notes.get(view.id, ()),
        )
        for view in _call_views(connection, rows)
    ]


def _messages(connection: Connection, numbers: Iterable[int]) -> dict[int, Message]:
    found = dict[int, Message]()
    for some in pieces(numbers):
        stored = fetch_pairs(connection, select(MESSAGES.c.id, MESSAGES.c.content).where(MESSAGES.c.id.in_(some)))
        found |= {number: mapping.message_value(content) for number, content in stored.items()}
    return found


def _tools(connection: Connection, digests: Iterable[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    found = dict[str, Sequence[Mapping[str, Any]]]()
    for some in pieces(digests):
        statement = select(TOOL_SETS.c.digest, TOOL_SETS.c.tools).where(TOOL_SETS.c.digest.in_(some))
        found |= fetch_pairs(connection, statement)
    return found
