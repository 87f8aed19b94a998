"""What people say of sessions and calls: tags and notes, kept by the subject's id so that `rebuild` leaves them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from union_square.domain.models import AnnotationRow
from union_square.domain.views import AnnotationView, Subject
from union_square.store import mapping
from union_square.store.engine import writing
from union_square.store.ports import NoSuchSubject
from union_square.store.tables import ANNOTATIONS, CALLS, SESSIONS, TAGS, put


def now_utc() -> datetime:
    return datetime.now(UTC)


class SqlAnnotator:
    """`store.ports.StoreAnnotator` on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._clock = clock

    def add_tag(self, subject: Subject, subject_id: str, tag: str) -> tuple[str, ...]:
        row = {
            "subject": subject,
            "subject_id": subject_id,
            "tag": parse_tag(tag),
            "source": "person",
            "removed": False,
            "created_at": mapping.to_us(self._clock()),
        }
        with writing(self._engine) as connection:
            _check_exists(connection, subject, subject_id)
            put(connection, TAGS, [row], existing="replace", only_if=("removed",))
            return _tags_of(connection, subject, subject_id)

    def remove_tag(self, subject: Subject, subject_id: str, tag: str) -> tuple[str, ...]:
        t = TAGS.c
        this = (t.subject == subject, t.subject_id == subject_id, t.tag == mapping.clean(tag.strip()))
        with writing(self._engine) as connection:
            _check_exists(connection, subject, subject_id)
            connection.execute(update(TAGS).where(*this).values(removed=True))
            return _tags_of(connection, subject, subject_id)

    def add_annotation(self, subject: Subject, subject_id: str, text: str, author: str = "") -> AnnotationView:
        row: dict[str, Any] = {
            "subject": subject,
            "subject_id": subject_id,
            "text": mapping.clean(text),
            "author": mapping.clean(author, mapping.LONGEST_INDEXED),
            "created_at": mapping.to_us(self._clock()),
        }
        with writing(self._engine) as connection:
            _check_exists(connection, subject, subject_id)
            number = connection.scalar(insert(ANNOTATIONS).values(row).returning(ANNOTATIONS.c.id))
            return mapping.annotation_view(AnnotationRow(id=number, **row))

    def remove_annotation(self, subject: Subject, subject_id: str, annotation_id: int) -> None:
        a = ANNOTATIONS.c
        this = (a.id == annotation_id, a.subject == subject, a.subject_id == subject_id)
        with writing(self._engine) as connection:
            _check_exists(connection, subject, subject_id)
            if connection.execute(delete(ANNOTATIONS).where(*this)).rowcount == 0:
                raise NoSuchSubject(f"no annotation {annotation_id} on {subject} {subject_id[:128]}")


def parse_tag(tag: str) -> str:
    """A tag as it is kept: trimmed, 1 to 256 characters. Raises ValueError."""
    kept = mapping.clean(tag.strip())
    if not 0 < len(kept) <= mapping.LONGEST_INDEXED:
        raise ValueError(f"a tag has 1 to {mapping.LONGEST_INDEXED} characters, not {len(kept)}")
    return kept


def _check_exists(connection: Connection, subject: Subject, subject_id: str) -> None:
    table = CALLS if subject == "call" else SESSIONS
    if connection.scalar(select(table.c.id).where(table.c.id == mapping.clean(subject_id))) is None:
        raise NoSuchSubject(f"no {subject} {subject_id[:128]}")


def _tags_of(connection: Connection, subject: Subject, subject_id: str) -> tuple[str, ...]:
    t = TAGS.c
    statement = select(t.tag).where(t.subject == subject, t.subject_id == subject_id, t.removed.is_(False))
    return tuple(sorted(connection.scalars(statement)))
