"""What the projector writes: calls and all that hangs on them, their sessions, and how far each log is projected.

Everything one `write` is given lands in one transaction or not at all, and writing it again changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select

from union_square.domain.ids import CallId, WriterId
from union_square.domain.lifecycle import ENDED
from union_square.domain.messages import Message
from union_square.domain.models import TableRow
from union_square.store import mapping
from union_square.store.archive import Archive
from union_square.store.engine import reading, writing
from union_square.store.links import find_links
from union_square.store.messages import MessageWriter
from union_square.store.packing import unpack_numbers
from union_square.store.placing import place_projected
from union_square.store.ports import LinkCandidate, LinkQuery, Projection
from union_square.store.rows import SqlRows
from union_square.store.sums import sum_up_sessions
from union_square.store.tables import (
    ARCHIVES,
    CALLS,
    DETAILS,
    GAPS,
    MARKS,
    MESSAGES,
    MOVED,
    POSITIONS,
    SESSIONS,
    TAGS,
    TEXTS,
    THREADS,
    TOOL_SETS,
    fetch_pairs,
    pieces,
    put,
)
from union_square.store.tagging import tag_projected


class SqlWriter:
    """`store.ports.StoreWriter` on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._archive = Archive()
        self._messages = MessageWriter()

    def position(self, writer: WriterId) -> int:
        with reading(self._engine) as connection:
            found = connection.scalar(select(POSITIONS.c.position).where(POSITIONS.c.writer == writer))
            return int(found or 0)

    def ended(self, call_ids: Sequence[CallId]) -> set[CallId]:
        found = set[CallId]()
        if call_ids:
            with reading(self._engine) as connection:
                for ids in pieces(call_ids):
                    stored = select(CALLS.c.id).where(CALLS.c.id.in_(ids), CALLS.c.state.in_(ENDED))
                    found.update(connection.scalars(stored))
        return found

    def find_links(self, query: LinkQuery) -> list[LinkCandidate]:
        with reading(self._engine) as connection:
            return find_links(connection, query)

    def write(self, projections: Sequence[Projection], positions: Mapping[WriterId, int]) -> None:
        latest = {projection.detail.call.id: projection for projection in projections}
        try:
            with writing(self._engine) as connection:
                if latest:
                    self._write_calls(connection, latest)
                rows = [{"writer": writer, "position": position} for writer, position in positions.items()]
                put(connection, POSITIONS, rows, existing="replace", only_if=("position",))
        except BaseException:
            self._archive.forget()
            self._messages.forget()
            raise

    def forget_projections(self) -> None:
        self._messages.forget()
        with writing(self._engine) as connection:
            for table in (MOVED, THREADS, TEXTS, GAPS, MARKS, DETAILS, CALLS, SESSIONS, MESSAGES, TOOL_SETS):
                connection.execute(delete(table))
            connection.execute(delete(TAGS).where(TAGS.c.source == "request", TAGS.c.removed.is_(False)))

    def archived_count(self) -> int:
        with reading(self._engine) as connection:
            return int(connection.scalar(select(func.count()).select_from(ARCHIVES)) or 0)

    def archived(self, after: CallId | None = None, limit: int = 100) -> list[tuple[CallId, bytes]]:
        with reading(self._engine) as connection:
            ids = select(ARCHIVES.c.call_id).order_by(ARCHIVES.c.call_id).limit(limit)
            if after is not None:
                ids = ids.where(ARCHIVES.c.call_id > after)
            return [(CallId(id_), self._archive.read(connection, id_)) for id_ in connection.scalars(ids).all()]

    def _write_calls(self, connection: Connection, latest: Mapping[CallId, Projection]) -> None:
        before = set[str]()
        for ids in pieces(latest):
            before.update(connection.scalars(select(CALLS.c.session_id).where(CALLS.c.id.in_(ids))))
        linked, rows = latest, SqlRows(connection)
        latest, moved = place_projected(rows, linked)
        put(connection, CALLS, [_values(mapping.call_row(p)) for p in latest.values()], existing="replace")
        if rows.any_placed():
            for ids in pieces(latest):
                connection.execute(delete(MOVED).where(MOVED.c.call_id.in_(ids)))
            put(connection, MOVED, moved, existing="replace")
        message_ids = self._messages.write(connection, {id_: p.detail.messages for id_, p in latest.items()})
        _write_details(connection, latest, message_ids)
        _write_texts(connection, latest, message_ids)
        _write_what_hangs_on_them(connection, latest)
        tag_projected(rows, [projection.detail.call for projection in latest.values()])
        self._archive.write(connection, linked.values())
        now = {p.detail.call.session_id for p in latest.values()}
        sum_up_sessions(connection, (id_ for id_ in before | now if id_))


def _values(row: TableRow) -> dict[str, Any]:
    return row.model_dump()


def _write_details(
    connection: Connection, latest: Mapping[CallId, Projection], message_ids: Mapping[CallId, list[int]]
) -> None:
    tools, rows = dict[str, list[dict[str, Any]]](), list[dict[str, Any]]()
    for call_id, projection in latest.items():
        content = mapping.tools_content(projection.detail.tools)
        digest = mapping.content_digest(content) if content else ""
        if digest:
            tools[digest] = content
        rows.append(_values(mapping.detail_row(projection.detail, message_ids[call_id], digest)))
    put(connection, TOOL_SETS, [{"digest": d, "tools": t} for d, t in tools.items()], existing="keep")
    put(connection, DETAILS, rows, existing="replace")


def _write_texts(
    connection: Connection, latest: Mapping[CallId, Projection], message_ids: Mapping[CallId, list[int]]
) -> None:
    """A call is found by what it added: what its parent's request and answer hold already is found there."""
    parents = {p.detail.call.parent_id for p in latest.values() if p.detail.call.parent_id}
    held: dict[str, list[int]] = {id_: message_ids[id_] for id_ in parents if id_ in message_ids}
    for ids in pieces(id_ for id_ in parents if id_ not in held):
        stored = select(DETAILS.c.call_id, DETAILS.c.message_numbers).where(DETAILS.c.call_id.in_(ids))
        held |= {id_: unpack_numbers(packed) for id_, packed in fetch_pairs(connection, stored).items()}
    rows = list[dict[str, Any]]()
    for call_id, projection in latest.items():
        call, messages = projection.detail.call, projection.detail.messages
        before = set(held.get(call.parent_id or "", ()))
        added: list[Message] = [
            message for message, number in zip(messages, message_ids[call_id], strict=True) if number not in before
        ]
        rows.append({"call_id": call_id, "words": mapping.call_words(call, added)})
    put(connection, TEXTS, rows, existing="replace", key=("call_id",), only_if=("words",))


def _write_what_hangs_on_them(connection: Connection, latest: Mapping[CallId, Projection]) -> None:
    for ids in pieces(latest):
        connection.execute(delete(THREADS).where(THREADS.c.call_id.in_(ids)))
        connection.execute(delete(GAPS).where(GAPS.c.call_id.in_(ids)))
        connection.execute(delete(MARKS).where(MARKS.c.call_id.in_(ids)))
    threads, gaps, marks = list[dict[str, Any]](), list[dict[str, Any]](), list[dict[str, Any]]()
    for call_id, projection in latest.items():
        threads += [
            {"call_id": call_id, "digest": digest, "fingerprint": projection.fingerprint}
            for digest in dict.fromkeys(projection.thread_digests)
        ]
        gaps += [_values(row) for row in mapping.gap_rows(call_id, projection.detail.gaps)]
        marks += [
            {"call_id": call_id, "name": name, "value": value} for name, value in mapping.marks(projection.detail)
        ]
    put(connection, THREADS, threads, existing="keep")
    put(connection, MARKS, marks, existing="keep")
    put(connection, GAPS, gaps, existing="replace")
