"""The same tests for every store: in memory, in SQLite and in PostgreSQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.postgres import Postgres, running_postgres
from union_square.store.memory import MemoryStore
from union_square.store.migrate import migrate
from union_square.store.ports import StoreAnnotator, StoreReader, StoreWriter
from union_square.store.sql import SqlStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    reader: StoreReader
    writer: StoreWriter
    annotator: StoreAnnotator


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store with nothing in it."""
    if request.param == "memory":
        memory = MemoryStore()
        yield Store(reader=memory, writer=memory, annotator=memory)
        return
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").migrated()
    else:
        url = f"sqlite:///{tmp_path / 'store.db'}"
        migrate(url)
    sql = SqlStore(url)
    yield Store(reader=sql.reader, writer=sql.writer, annotator=sql.annotator)
    sql.close()
