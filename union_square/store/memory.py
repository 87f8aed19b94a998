"""The store in memory: for tests, and for looking at one log without a database. Nothing outlives the process.

It keeps what the tables would keep and answers as they would (the contract suite holds all stores to that), in the
plainest way; it is not made for many calls.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from union_square.domain import records
from union_square.domain.events import Event
from union_square.domain.figures import Dimension, Figures, Tally, add_up, three_digits
from union_square.domain.finding import EVERYTHING, Candidate, Filter, fulfils
from union_square.domain.finding.facets import MOST_COUNTED, Facet, count_facets
from union_square.domain.finding.fields import META
from union_square.domain.finding.hits import Hit, find_hit, sought_words
from union_square.domain.finding.marks import tools_called
from union_square.domain.ids import CallId, SessionId, WriterId
from union_square.domain.lifecycle import ENDED
from union_square.domain.models import CallRow, SessionRow
from union_square.domain.placing import Standing
from union_square.domain.sorting import NEWEST, Sort
from union_square.domain.tasks import CALLED
from union_square.domain.views import (
    AnnotationView,
    CallDetail,
    CallView,
    Page,
    SessionDetail,
    SessionView,
    Subject,
)
from union_square.domain.words import matches, query_words
from union_square.store import mapping
from union_square.store.annotator import Annotator, now_utc
from union_square.store.cursors import encode_cursor, parse_cursor
from union_square.store.ordering import call_value, page_of_rows, session_value
from union_square.store.placing import place_projected
from union_square.store.ports import (
    HOUR_US,
    NO_FILTER,
    CallFilter,
    LinkCandidate,
    LinkQuery,
    NoSuchSubject,
    Projection,
)
from union_square.store.rows import LinkedCall, MemoryRows, Rows
from union_square.store.tagging import tag_projected


class _Rows(MemoryRows):
    """What people keep, beside the calls of a store."""

    def __init__(self, store: "MemoryStore") -> None:
        super().__init__()
        self._store = store

    def existing(self, subject: Subject, ids: Iterable[str]) -> set[str]:
        return self._store.existing(subject, ids)

    def calls_after(self, after: str, limit: int) -> list[CallView]:
        return self._store.calls_after(after, limit)

    def candidates(self, calls: Sequence[CallView]) -> list[Candidate]:
        return self._store.candidates(calls)

    def count_calls(self) -> int:
        return len(self._store.calls_after("", 1 << 30))

    def linked(self, session_ids: Sequence[str]) -> list[LinkedCall]:
        return self._store.linked(session_ids)

    def sessions_of(self, call_ids: Sequence[str]) -> dict[str, str]:
        return {
            str(id_): str(of) for id_, of in self._store.session_of_calls([CallId(id_) for id_ in call_ids]).items()
        }

    def stand(self, moves: Sequence[tuple[LinkedCall, Standing]]) -> None:
        self._store.stand(moves)


class MemoryStore(Annotator):
    """`StoreReader`, `StoreWriter` and `StoreAnnotator` in one. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], datetime] = now_utc) -> None:
        self._lock = threading.RLock()
        self._kept = _Rows(self)
        super().__init__(self._locked, self._locked, clock)
        self._projections = dict[CallId, Projection]()
        self._rows = dict[CallId, CallRow]()
        self._words = dict[CallId, str]()
        self._archives = dict[CallId, bytes]()
        self._positions = dict[WriterId, int]()

    @contextmanager
    def _locked(self) -> Generator[Rows]:
        with self._lock:
            yield self._kept

    def existing(self, subject: Subject, ids: Iterable[str]) -> set[str]:
        known = self._rows if subject == "call" else {row.session_id for row in self._rows.values()}
        return {id_ for id_ in ids if id_ in known}

    def calls_after(self, after: str, limit: int) -> list[CallView]:
        return [mapping.call_view(self._rows[id_], ()) for id_ in sorted(self._rows) if id_ > after][:limit]

    def linked(self, session_ids: Sequence[str]) -> list[LinkedCall]:
        rows = [row for row in self._rows.values() if row.session_id in session_ids]
        rows.sort(key=lambda row: (row.started_at, row.id))
        found = list[LinkedCall]()
        for row in rows:
            by_ladder = self._projections[CallId(row.id)].detail.call
            linked = Standing(
                by_ladder.session_id or "", by_ladder.parent_id, by_ladder.link_rule, by_ladder.link_confidence
            )
            view = mapping.call_view(row, ())
            stands = Standing(view.session_id or "", view.parent_id, view.link_rule, view.link_confidence)
            found.append(LinkedCall(id=row.id, stands=stands, linked=linked))
        return found

    def stand(self, moves: Sequence[tuple[LinkedCall, Standing]]) -> None:
        for call, to in moves:
            row = self._rows[CallId(call.id)]
            row.session_id, row.parent_id = to.session_id, to.parent_id
            row.link_rule, row.link_confidence = to.rule, to.confidence

    def candidates(self, calls: Sequence[CallView]) -> list[Candidate]:
        return [self._candidate(self._rows[call.id]) for call in calls]

    # StoreWriter

    def position(self, writer: WriterId) -> int:
        return self._positions.get(writer, 0)

    def ended(self, call_ids: Sequence[CallId]) -> set[CallId]:
        with self._lock:
            return {id_ for id_ in call_ids if id_ in self._rows and self._rows[id_].state in ENDED}

    def find_links(self, query: LinkQuery) -> list[LinkCandidate]:
        with self._lock:
            if query.response_id:
                return self._candidates(query, query.response_id)
            for digest in query.history:
                if found := self._candidates(query, digest):
                    return found
            return []

    def write(self, projections: Sequence[Projection], positions: Mapping[WriterId, int]) -> None:
        with self._lock:
            latest = {projection.detail.call.id: projection for projection in projections}
            placed, _ = place_projected(self._kept, latest)
            for projection in latest.values():
                call = projection.detail.call
                self._projections[call.id] = projection
                self._rows[call.id] = mapping.call_row(placed[call.id])
                if projection.archive is not None:
                    self._archives.setdefault(call.id, projection.archive)
            for projection in projections:
                self._words[projection.detail.call.id] = self._words_of(placed[projection.detail.call.id])
            tag_projected(self._kept, [projection.detail.call for projection in projections])
            self._positions.update(positions)

    def forget_projections(self) -> None:
        with self._lock:
            self._projections.clear()
            self._rows.clear()
            self._words.clear()
            self._kept.forget("tags", source="request", removed=False)

    def archived_count(self) -> int:
        return len(self._archives)

    def archived(self, after: CallId | None = None, limit: int = 100) -> list[tuple[CallId, bytes]]:
        with self._lock:
            ids = sorted(id_ for id_ in self._archives if after is None or id_ > after)
            return [(id_, self._archives[id_]) for id_ in ids[:limit]]

    # StoreReader

    def sessions(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[SessionView]:
        after = None if cursor is None else parse_cursor("sessions", sort, cursor)
        with self._lock:
            rows = [self._session_row(id_) for id_ in {row.session_id for row in self._rows.values()} if id_]
            fitting = [row for row in rows if self._session_fits(row, where)]
            rest = page_of_rows(fitting, lambda row: session_value(row, sort.key), sort, after)
            items = tuple(mapping.session_view(row, self._tags_of("session", row.id)) for row in rest[:limit])
        last = rest[limit - 1] if len(rest) > limit else None
        next_cursor = last and encode_cursor("sessions", sort, (session_value(last, sort.key), last.id))
        return Page(items=items, next_cursor=next_cursor)

    def session(self, session_id: str) -> SessionDetail:
        with self._lock:
            self._check_exists("session", session_id)
            return SessionDetail(
                session=mapping.session_view(self._session_row(session_id), self._tags_of("session", session_id)),
                calls=tuple(self._view(row) for row in self._rows_of(session_id)),
                annotations=self._notes_of("session", session_id),
            )

    def calls(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[CallView]:
        after = None if cursor is None else parse_cursor("calls", sort, cursor)
        with self._lock:
            rows = [row for row in self._rows.values() if self._call_fits(row, where, ("call",))]
            rest = page_of_rows(rows, lambda row: call_value(row, sort.key), sort, after)
            items = tuple(self._view(row) for row in rest[:limit])
        last = rest[limit - 1] if len(rest) > limit else None
        next_cursor = last and encode_cursor("calls", sort, (call_value(last, sort.key), last.id))
        return Page(items=items, next_cursor=next_cursor)

    def call(self, call_id: CallId) -> CallDetail:
        with self._lock:
            self._check_exists("call", call_id)
            return self._detail(self._rows[call_id])

    def session_calls(self, session_id: str, *, limit: int = 500) -> list[CallDetail]:
        with self._lock:
            self._check_exists("session", session_id)
            return [self._detail(row) for row in self._rows_of(session_id)[-limit:]]

    def call_events(self, call_id: CallId) -> list[Event]:
        with self._lock:
            self._check_exists("call", call_id)
            return [event for event, _ in records.decode(self._archives.get(call_id, b""))]

    def session_of_calls(self, call_ids: Sequence[CallId]) -> dict[CallId, SessionId]:
        with self._lock:
            rows = ((id_, self._rows.get(id_)) for id_ in call_ids)
            return {id_: SessionId(row.session_id) for id_, row in rows if row is not None and row.session_id}

    def facets(self, where: CallFilter = NO_FILTER) -> list[Facet]:
        with self._lock:
            newest = sorted(self._found(where), key=lambda row: (row.started_at, row.id), reverse=True)
            return count_facets(map(self._candidate, newest[:MOST_COUNTED]), partial=len(newest) > MOST_COUNTED)

    def figures(self, where: CallFilter = NO_FILTER, *, by: Dimension = "model", step_us: int = HOUR_US) -> Figures:
        with self._lock:
            found = self._found(where)
            by_value = [self._tally(row, value, step_us) for row in found for value in self._values(row, by)]
            return add_up([self._tally(row, "", step_us) for row in found], by_value, step_us)

    def span(self, where: CallFilter = NO_FILTER) -> tuple[int, int] | None:
        with self._lock:
            began = [row.started_at for row in self._found(where)]
            return (min(began), max(began)) if began else None

    def hits(self, call_ids: Sequence[CallId], query: Filter) -> dict[CallId, Hit]:
        with self._lock:
            sought = sought_words(query)
            told = ((id_, self._projections[id_].detail) for id_ in call_ids if id_ in self._projections)
            found = ((id_, find_hit(detail.messages, sought)) for id_, detail in told)
            return {id_: hit for id_, hit in found if hit is not None}

    def values(self, field: str, begins: str = "", limit: int = 200) -> list[str]:
        with self._lock:
            found = {value for row in self._rows.values() for value in self._known(row, field) if value}
            found |= set(self.tag_names()) if field == "tag" else set[str]()
            ordered = sorted(found)
            return ordered[:limit] + [one for one in ordered[limit:] if begins and one.startswith(begins)]

    def _known(self, row: CallRow, field: str) -> Sequence[str]:
        """The values of a field of the filter language that the call has."""
        match field:
            case "model":
                return (row.model, row.response_model)
            case "upstream" | "application" | "dialect" | "operation":
                return (str(getattr(row, field)),)
            case "label":
                return [note.label for note in self._candidate(row).annotations if note.kind == "label"]
            case _:
                marks = mapping.marks(self._projections[CallId(row.id)].detail)
                if field == META:
                    return [name for name, _ in marks if name.startswith(META)]
                return [value for name, value in marks if name == field]

    def _found(self, where: CallFilter) -> list[CallRow]:
        return [row for row in self._rows.values() if self._call_fits(row, where, ("call",))]

    def _values(self, row: CallRow, by: Dimension) -> Sequence[str]:
        match by:
            case "model":
                return [row.model or row.response_model]
            case "upstream":
                return [row.upstream]
            case "application":
                return [row.application]
            case "tag":
                return sorted({*self._tags_of("call", row.id), *self._tags_of("session", row.session_id or "")})

    @staticmethod
    def _tally(row: CallRow, value: str, step_us: int) -> Tally:
        return Tally(
            bucket=row.started_at // step_us,
            value=value,
            durations=[] if row.ended_at is None else [three_digits(row.ended_at - row.started_at)],
            firsts=[] if row.first_token_us is None else [three_digits(row.first_token_us)],
            calls=1,
            errors=_failed(row),
            input_tokens=row.input_tokens or 0,
            output_tokens=row.output_tokens or 0,
            cached_tokens=row.cache_read_input_tokens or 0,
            cost_pico=row.cost_pico or 0,
            unpriced=_unpriced(row),
        )

    def tag_names(self) -> list[str]:
        with self._lock:
            return sorted({tag for tag, _, _ in self._kept.tag_counts()})

    # What the tables would hold

    def _words_of(self, projection: Projection) -> str:
        call = projection.detail.call
        parent = self._projections.get(call.parent_id) if call.parent_id else None
        before = set(map(_digest, parent.detail.messages)) if parent else set[str]()
        return mapping.call_words(call, [m for m in projection.detail.messages if _digest(m) not in before])

    def _candidates(self, query: LinkQuery, matched: str) -> list[LinkCandidate]:
        began = mapping.to_us(query.started_at)
        found = list[LinkCandidate]()
        for id_, row in self._rows.items():
            digests = self._projections[id_].thread_digests
            same = (
                query.upstream == row.upstream and matched == row.response_id
                if query.response_id
                else matched in digests
            )
            earlier = (row.started_at, row.id) < (began, query.call_id) and _answered_by(row, began)
            linked = self._projections[id_].detail.call.session_id  # as if nobody had moved it
            here = linked is not None and query.session_id in {"", linked}
            if same and earlier and here and row.fingerprint == query.fingerprint:
                children = sum(
                    c.parent_id == id_
                    and _answered_by(c, began)
                    and CALLED not in self._projections[CallId(c.id)].thread_digests
                    for c in self._rows.values()
                )
                found.append(
                    LinkCandidate(
                        call_id=id_,
                        session_id=SessionId(linked or ""),
                        matched=matched,
                        system_digest=row.system_digest,
                        started_at=mapping.from_us(row.started_at),
                        children=children,
                        upstream=row.upstream,
                        model=row.model,
                    )
                )
        return sorted(found, key=lambda candidate: (candidate.started_at, candidate.call_id), reverse=True)

    def _rows_of(self, session_id: str) -> list[CallRow]:
        rows = [row for row in self._rows.values() if row.session_id == session_id]
        return sorted(rows, key=lambda row: (row.started_at, row.id))

    def _session_row(self, session_id: str) -> SessionRow:
        rows = self._rows_of(session_id)
        running = sum(row.state == "running" for row in rows)
        names = sorted(rows, key=lambda row: (row.started_at, row.model, row.upstream))
        return SessionRow(
            id=session_id,
            title=next((row.title for row in rows if row.title), ""),
            state="running" if running else "ended",
            started_at=rows[0].started_at,
            last_at=max(row.started_at if row.ended_at is None else row.ended_at for row in rows),
            call_count=len(rows),
            running_count=running,
            error_count=sum(map(_failed, rows)),
            models=list(dict.fromkeys(row.model for row in names if row.model)),
            upstreams=list(dict.fromkeys(row.upstream for row in names if row.upstream)),
            input_tokens=_sum(row.input_tokens for row in rows),
            output_tokens=_sum(row.output_tokens for row in rows),
            cost_pico=_sum(row.cost_pico for row in rows),
            unpriced_calls=sum(map(_unpriced, rows)),
            gap_observations=sum(row.gap_observations for row in rows),
            first_token_us=max((row.first_token_us for row in rows if row.first_token_us is not None), default=None),
        )

    def _session_fits(self, row: SessionRow, where: CallFilter) -> bool:
        if where.state in {"running", "ended"}:
            if row.state != where.state:
                return False
            where = replace(where, state=None)
        return any(self._call_fits(call, where, ("call", "session")) for call in self._rows_of(row.id))

    def _call_fits(self, row: CallRow, where: CallFilter, tagged: tuple[Subject, ...]) -> bool:
        ids = {"call": row.id, "session": row.session_id or ""}
        asked = where.text if where.text is not None and where.text.strip() else None
        return all(
            (
                where.since is None or row.started_at >= mapping.to_us(where.since),
                where.until is None or row.started_at < mapping.to_us(where.until),
                where.session_id in {None, row.session_id},
                where.upstream in {None, row.upstream},
                where.state in {None, row.state},
                where.model in {None, row.model, row.response_model},
                where.status_code in {None, row.status_code},
                where.tag is None or any(where.tag in self._tags_of(kind, ids[kind]) for kind in tagged),
                asked is None or matches(self._words[CallId(row.id)], query_words(asked)),
                where.query == EVERYTHING or fulfils(self._candidate(row), where.query),
            )
        )

    def _candidate(self, row: CallRow) -> Candidate:
        """The call as the filter language looks at it."""
        detail = self._projections[CallId(row.id)].detail
        session = row.session_id or ""
        return Candidate(
            call=self._view(row),
            words=lambda: self._words[CallId(row.id)],
            tools=tools_called(detail.messages[detail.request_message_count :]),
            session_tags=self._tags_of("session", session),
            annotations=(*self._notes_of("call", row.id), *self._notes_of("session", session)),
        )

    def _notes_of(self, subject: Subject, subject_id: str) -> tuple[AnnotationView, ...]:
        mine = self._kept.find("annotations", subject=subject, subject_id=subject_id, removed=False)
        return tuple(map(mapping.annotation_view, mine))

    def _view(self, row: CallRow) -> CallView:
        return mapping.call_view(row, self._tags_of("call", row.id))

    def _detail(self, row: CallRow) -> CallDetail:
        detail = self._projections[CallId(row.id)].detail
        return replace(detail, call=self._view(row), annotations=self._notes_of("call", row.id))

    def _check_exists(self, subject: Subject, subject_id: str) -> None:
        if not self.existing(subject, [subject_id]):
            raise NoSuchSubject(f"no {subject} {subject_id[:128]}")


def _digest(message: object) -> str:
    return repr(message)


def _failed(row: CallRow) -> bool:
    return row.state in {"failed", "cut_off"}


def _unpriced(row: CallRow) -> bool:
    return row.cost_pico is None and row.model != "" and row.state in {"done", "cut_off"}


def _answered_by(row: CallRow, at: int) -> bool:
    return row.answered_at is not None and row.answered_at <= at


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
