"""Opening the database, and saying what is wrong with it in one way.

SQLite runs in write-ahead mode: readers never wait for the projector's transaction and it never waits for them. With
`synchronous=NORMAL` a power cut may take the last transactions but not harm the file; the event log still has them.
"""

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from union_square.store.ports import StoreRejected, StoreUnavailable

BUSY_MILLISECONDS = 5000
CONNECT_SECONDS = 5


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`; connects on first use. Creates SQLite's folder."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False})
        engine.dialect.statement_compiler = _WithHints
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS})


def open_existing(url: str) -> Engine:
    """For what only reads: does not make a SQLite database that is not there. Raises StoreUnavailable."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database and not Path(parsed.database).exists():
        raise StoreUnavailable(f"there is no {parsed.database} yet; `union-square up` makes it")
    return open_engine(url)


class _WithHints(SQLiteCompiler):
    """`Select.with_hint(table, "INDEXED BY …")`, which SQLAlchemy writes for other databases only."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:  # noqa: ARG002
        return text


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says so, not where the driver guesses
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MILLISECONDS}",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    _use_write_ahead(cursor)
    cursor.close()


def _use_write_ahead(cursor: Any) -> None:
    """The file remembers the mode. To switch it on, one has to be alone with the file, and SQLite does not wait for
    that by itself: of several that open a new database at once, all but one are told that it is locked."""
    deadline = time.monotonic() + BUSY_MILLISECONDS / 1000
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that will write takes the lock at once: one that begins as a reader cannot wait for it later.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Generator[Connection]:
    """One snapshot of the store. Raises StoreUnavailable."""
    with _saying_what_is_wrong(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Generator[Connection]:
    """One transaction, committed at the end of the block. Raises StoreUnavailable."""
    with _saying_what_is_wrong(), engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        with connection.begin():
            yield connection


@contextmanager
def _saying_what_is_wrong() -> Generator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, ProgrammingError, PoolTimeout) as error:
        unavailable = _unavailable(error)
        if unavailable is None:
            raise
        raise unavailable from error
    except (DataError, IntegrityError) as error:
        raise StoreRejected(_first_line(error)) from error
    except DBAPIError as error:
        if type(error) is DatabaseError:  # SQLite: "file is not a database", "disk image is malformed"
            raise StoreUnavailable(f"the database cannot be used: {_first_line(error)}") from error
        if not error.connection_invalidated:
            raise
        raise StoreUnavailable(f"the connection to the database was lost: {_first_line(error)}") from error


def _unavailable(error: Exception) -> StoreUnavailable | None:
    text = _first_line(error)
    if (
        "no such table" in text
        or "no such column" in text
        or getattr(error, "orig", None).__class__.__name__
        in {
            "UndefinedTable",
            "UndefinedColumn",
        }
    ):
        return StoreUnavailable(f"the database is not of this version ({text}); run `union-square migrate`")
    if isinstance(error, ProgrammingError):
        return None
    if "locked" in text:
        return StoreUnavailable(f"the database is locked by another program for more than {BUSY_MILLISECONDS} ms")
    return StoreUnavailable(f"the database does not answer: {text}")


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().split("\n", 1)[0]
