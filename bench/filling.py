"""Many calls put into a new SQLite store at once: the rows that the store's writer makes, without its bookkeeping.

The writer looks for what is there already, call by call; here nothing is. The words are indexed at the end.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, insert, text

from union_square.store import mapping
from union_square.store.engine import writing
from union_square.store.ports import Projection
from union_square.store.sql import SqlStore
from union_square.store.sums import sum_up_sessions
from union_square.store.tables import CALLS, DETAILS, MARKS, MESSAGES, TAGS, TEXTS

Rows = dict[Table, list[dict[str, Any]]]


class Filling:
    """Give it calls in pieces, then `finish`."""

    def __init__(self, store: SqlStore) -> None:
        self._engine = store.engine
        self._messages = 0
        self._sessions = set[str]()
        with writing(self._engine) as connection:
            found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            self._triggers = {str(name): str(sql) for name, sql in found}
            for name in self._triggers:
                connection.execute(text(f'DROP TRIGGER "{name}"'))

    def add(self, projections: Sequence[Projection]) -> None:
        rows: Rows = {table: [] for table in (CALLS, MESSAGES, DETAILS, TEXTS, MARKS, TAGS)}
        for projection in projections:
            self._row(rows, projection)
        with writing(self._engine) as connection:
            for table, values in rows.items():
                if values:
                    connection.execute(insert(table), values)

    def finish(self) -> None:
        with writing(self._engine) as connection:
            sum_up_sessions(connection, self._sessions)
            connection.execute(text("INSERT INTO call_texts_fts(call_texts_fts) VALUES ('rebuild')"))
            for sql in self._triggers.values():
                connection.exec_driver_sql(sql)

    def _row(self, rows: Rows, projection: Projection) -> None:
        detail = projection.detail
        call, numbers = detail.call, list[int]()
        rows[CALLS].append(mapping.call_row(projection).model_dump())
        for message in detail.messages:
            self._messages += 1
            numbers.append(self._messages)
            content = mapping.message_content(message)
            rows[MESSAGES].append({"id": self._messages, "digest": f"{self._messages:032x}", "content": content})
        rows[DETAILS].append(mapping.detail_row(detail, numbers, "").model_dump())
        rows[TEXTS].append({"call_id": call.id, "words": mapping.call_words(call, detail.messages)})
        rows[MARKS] += [{"call_id": call.id, "name": name, "value": value} for name, value in mapping.marks(detail)]
        rows[TAGS] += [
            {
                "subject": "call",
                "subject_id": call.id,
                "tag": tag,
                "source": "request",
                "removed": False,
                "created_at": mapping.to_us(call.started_at),
            }
            for tag in call.tags
        ]
        if call.session_id is not None:
            self._sessions.add(call.session_id)
