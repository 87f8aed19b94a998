"""What people keep, as rows: the narrow seam under `store.annotator`, which has all of the meaning.

A row is a dictionary of its table's columns. `MemoryRows` is the reference, `SqlRows` the same on a connection.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, Protocol

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from union_square.domain.finding import Candidate
from union_square.domain.models import CallRow
from union_square.domain.placing import Standing
from union_square.domain.views import AnnotationView, CallView, Subject
from union_square.store import mapping
from union_square.store.sums import sum_up_sessions
from union_square.store.tables import (
    ANNOTATIONS,
    CALLS,
    CHANGES,
    MARKS,
    MOVED,
    PLACEMENTS,
    QUEUE_ITEMS,
    QUEUES,
    RULES,
    SAVED_VIEWS,
    SESSIONS,
    TAG_STYLES,
    TAGS,
    TEXTS,
    fetch_pairs,
    fetch_rows,
    pieces,
    put,
)

Kind = Literal[
    "tags", "tag_styles", "annotations", "rules", "queues", "queue_items", "placements", "changes", "saved_views"
]
Row = dict[str, Any]

TABLES: dict[Kind, Table] = {
    "tags": TAGS,
    "tag_styles": TAG_STYLES,
    "annotations": ANNOTATIONS,
    "rules": RULES,
    "queues": QUEUES,
    "queue_items": QUEUE_ITEMS,
    "placements": PLACEMENTS,
    "changes": CHANGES,
    "saved_views": SAVED_VIEWS,
}
KEYS: dict[Kind, tuple[str, ...]] = {
    kind: tuple(column.name for column in table.primary_key) for kind, table in TABLES.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedCall:
    """A call as it stands, and as the ladder has it."""

    id: str
    stands: Standing
    linked: Standing


class Rows(Protocol):
    def find(self, kind: Kind, /, **where: Any) -> list[Row]:
        """The rows whose columns have those values (a list: one of them), in the order of their keys."""
        ...

    def put(self, kind: Kind, rows: Sequence[Row]) -> list[Row]:
        """Insert rows, or replace those with the same key; a key that is None is made up."""
        ...

    def existing(self, subject: Subject, ids: Iterable[str]) -> set[str]:
        """Those of the ids that are sessions or calls."""
        ...

    def any_placed(self) -> bool:
        """Whether anybody ever put a call or a session somewhere."""
        ...

    def linked(self, session_ids: Sequence[str]) -> list[LinkedCall]:
        """The calls of those sessions, in the order in which they began."""
        ...

    def sessions_of(self, call_ids: Sequence[str]) -> dict[str, str]:
        """The sessions in which those calls stand."""
        ...

    def stand(self, moves: Sequence[tuple[LinkedCall, Standing]]) -> None:
        """Let calls stand there from now on; their sessions are summed up again."""
        ...

    def calls_after(self, after: str, limit: int) -> list[CallView]:
        """Calls in the order of their ids, without their tags."""
        ...

    def candidates(self, calls: Sequence[CallView]) -> list[Candidate]:
        """The calls with all that the filter language may ask of them."""
        ...

    def count_calls(self) -> int: ...

    def tag_counts(self) -> list[tuple[str, str, int]]:
        """Tag, subject, how many have it."""
        ...

    def latest_changes(
        self, ids: Sequence[str] | None, kinds: Sequence[str] | None, before: int | None, limit: int
    ) -> list[Row]:
        """Newest first; `ids`: of these subjects; `kinds`: of these tables; `before`: older than that one."""
        ...


class SqlRows:
    """`Rows` within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, kind: Kind, /, **where: Any) -> list[Row]:
        table = TABLES[kind]
        statement = select(table).order_by(*table.primary_key)
        many = next((name for name, value in where.items() if isinstance(value, list)), None)
        for name, value in where.items():
            if name != many:
                statement = statement.where(table.c[name] == value)
        if many is None:
            return [dict(row) for row in self._connection.execute(statement).mappings()]
        found = list[Row]()
        for some in pieces(where[many]):
            found += map(dict, self._connection.execute(statement.where(table.c[many].in_(some))).mappings())
        return found

    def put(self, kind: Kind, rows: Sequence[Row]) -> list[Row]:
        table, key = TABLES[kind], KEYS[kind][0]
        put(self._connection, table, [row for row in rows if row[key] is not None], existing="replace")
        made = [row for row in rows if row[key] is None]
        if made:
            values = [{name: value for name, value in row.items() if name != key} for row in made]
            statement = insert(table).returning(table.c[key], sort_by_parameter_order=True)
            for row, id_ in zip(made, self._connection.scalars(statement, values), strict=True):
                row[key] = id_
        return list(rows)

    def existing(self, subject: Subject, ids: Iterable[str]) -> set[str]:
        table, found = CALLS if subject == "call" else SESSIONS, set[str]()
        for some in pieces(set(ids)):
            found.update(self._connection.scalars(select(table.c.id).where(table.c.id.in_(some))))
        return found

    def any_placed(self) -> bool:
        return self._connection.execute(select(PLACEMENTS.c.subject_id).limit(1)).first() is not None

    def linked(self, session_ids: Sequence[str]) -> list[LinkedCall]:
        c, m = CALLS.c, MOVED.c
        columns = (c.id, c.started_at, c.session_id, c.parent_id, c.link_rule, c.link_confidence)
        others = (m.session_id, m.parent_id, m.link_rule, m.link_confidence)
        statement = select(*columns, m.call_id, *others).join_from(CALLS, MOVED, m.call_id == c.id, isouter=True)
        found = list[tuple[Any, ...]]()
        for some in pieces(session_ids):
            found += map(tuple, self._connection.execute(statement.where(c.session_id.in_(some))).all())
        found.sort(key=lambda row: (row[1], row[0]))
        return [
            LinkedCall(
                id=row[0], stands=Standing(*row[2:6]), linked=Standing(*(row[2:6] if row[6] is None else row[7:]))
            )
            for row in found
        ]

    def sessions_of(self, call_ids: Sequence[str]) -> dict[str, str]:
        found = dict[str, str]()
        for some in pieces(call_ids):
            linked = select(CALLS.c.id, CALLS.c.session_id).where(CALLS.c.id.in_(some), CALLS.c.session_id.is_not(None))
            found |= fetch_pairs(self._connection, linked)
        return found

    def stand(self, moves: Sequence[tuple[LinkedCall, Standing]]) -> None:
        if not moves:
            return
        values = [
            {"this": call.id, "s": to.session_id, "p": to.parent_id, "r": to.rule, "f": to.confidence}
            for call, to in moves
        ]
        where = update(CALLS).where(CALLS.c.id == bindparam("this"))
        names = {"session_id": "s", "parent_id": "p", "link_rule": "r", "link_confidence": "f"}
        self._connection.execute(where.values({column: bindparam(name) for column, name in names.items()}), values)
        for some in pieces(call.id for call, _ in moves):
            self._connection.execute(delete(MOVED).where(MOVED.c.call_id.in_(some)))
        away = [_moved(call) for call, to in moves if to != call.linked]
        put(self._connection, MOVED, away, existing="replace")
        touched = {call.stands.session_id for call, _ in moves} | {to.session_id for _, to in moves}
        sum_up_sessions(self._connection, touched)

    def calls_after(self, after: str, limit: int) -> list[CallView]:
        statement = select(CALLS).where(CALLS.c.id > after).order_by(CALLS.c.id).limit(limit)
        return [mapping.call_view(row, ()) for row in fetch_rows(self._connection, CallRow, statement)]

    def candidates(self, calls: Sequence[CallView]) -> list[Candidate]:
        ids = [call.id for call in calls]
        sessions = list({call.session_id for call in calls if call.session_id})
        tags, tools = dict[str, list[str]](), dict[str, list[str]]()
        for row in (
            *self.find("tags", subject_id=ids, removed=False),
            *self.find("tags", subject_id=sessions, removed=False),
        ):
            tags.setdefault(row["subject_id"], []).append(row["tag"])
        notes = dict[str, list[AnnotationView]]()
        for row in self.find("annotations", subject_id=[*ids, *sessions], removed=False):
            notes.setdefault(row["subject_id"], []).append(mapping.annotation_view(row))
        for some in pieces(ids):
            called = select(MARKS.c.call_id, MARKS.c.value).where(MARKS.c.call_id.in_(some), MARKS.c.name == "tool")
            for id_, tool in self._connection.execute(called):
                tools.setdefault(id_, []).append(tool)
        return [
            Candidate(
                call=replace(call, tags=tuple(tags.get(call.id, call.tags))),
                words=partial(self._words, call.id),
                tools=tuple(tools.get(call.id, ())),
                session_tags=tuple(tags.get(call.session_id or "", ())),
                annotations=(*notes.get(call.id, ()), *notes.get(call.session_id or "", ())),
            )
            for call in calls
        ]

    def _words(self, call_id: str) -> str:
        return str(self._connection.scalar(select(TEXTS.c.words).where(TEXTS.c.call_id == call_id)) or "")

    def count_calls(self) -> int:
        return int(self._connection.scalar(select(func.count()).select_from(CALLS)) or 0)

    def tag_counts(self) -> list[tuple[str, str, int]]:
        t = TAGS.c
        statement = select(t.tag, t.subject, func.count()).where(t.removed.is_(False)).group_by(t.tag, t.subject)
        return [(row[0], row[1], int(row[2])) for row in self._connection.execute(statement)]

    def latest_changes(
        self, ids: Sequence[str] | None, kinds: Sequence[str] | None, before: int | None, limit: int
    ) -> list[Row]:
        c = CHANGES.c
        statement = select(CHANGES).order_by(c.id.desc()).limit(limit)
        if ids is not None:
            statement = statement.where(c.subject_id.in_(list(ids)))
        if kinds is not None:
            statement = statement.where(c.kind.in_(list(kinds)))
        if before is not None:
            statement = statement.where(c.id < before)
        return [dict(row) for row in self._connection.execute(statement).mappings()]


def _moved(call: LinkedCall) -> Row:
    linked = call.linked
    names = ("session_id", "parent_id", "link_rule", "link_confidence")
    values = (linked.session_id, linked.parent_id, linked.rule, linked.confidence)
    return {"call_id": call.id} | dict(zip(names, values, strict=True))


class MemoryRows:
    """`Rows` in dictionaries. Who subclasses it knows which sessions and calls there are."""

    def __init__(self) -> None:
        self._kept: dict[Kind, dict[tuple[Any, ...], Row]] = {kind: {} for kind in TABLES}
        self._last = dict.fromkeys(TABLES, 0)

    def find(self, kind: Kind, /, **where: Any) -> list[Row]:
        def fits(row: Mapping[str, Any]) -> bool:
            return all(row[name] in v if isinstance(v, list) else row[name] == v for name, v in where.items())

        return [dict(row) for _, row in sorted(self._kept[kind].items()) if fits(row)]

    def put(self, kind: Kind, rows: Sequence[Row]) -> list[Row]:
        keys = KEYS[kind]
        for row in rows:
            if row[keys[0]] is None:
                self._last[kind] += 1
                row[keys[0]] = self._last[kind]
            self._kept[kind][tuple(row[name] for name in keys)] = dict(row)
        return list(rows)

    def forget(self, kind: Kind, /, **where: Any) -> None:
        """Drop the rows that `find` finds."""
        for row in self.find(kind, **where):
            del self._kept[kind][tuple(row[name] for name in KEYS[kind])]

    def existing(self, subject: Subject, ids: Iterable[str]) -> set[str]:
        raise NotImplementedError

    def any_placed(self) -> bool:
        return bool(self._kept["placements"])

    def linked(self, session_ids: Sequence[str]) -> list[LinkedCall]:
        raise NotImplementedError

    def sessions_of(self, call_ids: Sequence[str]) -> dict[str, str]:
        raise NotImplementedError

    def stand(self, moves: Sequence[tuple[LinkedCall, Standing]]) -> None:
        raise NotImplementedError

    def calls_after(self, after: str, limit: int) -> list[CallView]:
        raise NotImplementedError

    def candidates(self, calls: Sequence[CallView]) -> list[Candidate]:
        raise NotImplementedError

    def count_calls(self) -> int:
        raise NotImplementedError

    def tag_counts(self) -> list[tuple[str, str, int]]:
        counts = dict[tuple[str, str], int]()
        for row in self.find("tags", removed=False):
            key = (row["tag"], row["subject"])
            counts[key] = counts.get(key, 0) + 1
        return [(tag, subject, count) for (tag, subject), count in counts.items()]

    def latest_changes(
        self, ids: Sequence[str] | None, kinds: Sequence[str] | None, before: int | None, limit: int
    ) -> list[Row]:
        found = [
            row
            for row in self.find("changes")
            if (ids is None or row["subject_id"] in ids)
            and (kinds is None or row["kind"] in kinds)
            and (before is None or row["id"] < before)
        ]
        return found[::-1][:limit]
