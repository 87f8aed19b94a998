"""The projector with the real log and real databases, where the fakes could be wrong."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.logs import WRITER, MemoryLog, call_id, chat, in_time
from tests.support.postgres import Postgres, running_postgres
from tests.support.projecting import DEADLINE_SECONDS, everything, wait_until
from union_square.domain import events as ev
from union_square.domain import records
from union_square.domain.ids import WriterId
from union_square.projecting.main import run
from union_square.projecting.projector import Health, Projector, run_projector
from union_square.projecting.rebuild import rebuild_store
from union_square.recording.segments import HEADER, LOCK_NAME, MAGIC, segment_name
from union_square.store.memory import MemoryStore
from union_square.store.migrate import migrate
from union_square.store.ports import StoreReader
from union_square.store.sql import SqlStore


def conversations(count: int, first: int = 1) -> list[ev.Event]:
    calls = list[list[ev.Event]]()
    for number in range(first, first + count, 2):
        question = f"question {number} of some length"
        calls.append(chat(number, [question], ["answer"]))
        calls.append(chat(number + 1, [question, "answer", "more"], ["done"]))
    return in_time(*calls)


def expected(events: list[ev.Event]) -> tuple[object, ...]:
    log, store = MemoryLog(), MemoryStore()
    log.append(events)
    while Projector(log, store).step().more:
        pass
    return everything(store)


def write_segment(folder: Path, position: int, events: list[ev.Event], writer: WriterId = WRITER) -> int:
    """A segment as the log writer would leave it; the position behind it."""
    here = folder / writer
    here.mkdir(parents=True, exist_ok=True)
    (here / LOCK_NAME).touch()
    data = b"".join(map(records.encode, events))
    header = HEADER.pack(MAGIC, records.FORMAT_VERSION, bytes.fromhex(writer), position)
    (here / segment_name(position)).write_bytes(header + data)
    return position + len(data)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").migrated()
    url = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(url)
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    sql = SqlStore(database_url)
    yield sql
    sql.close()


class Running:
    """A projector running in a thread."""

    def __init__(self, log: MemoryLog, store: SqlStore) -> None:
        self.health = Health()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=run_projector,
            args=(Projector(log, store.writer), self._stop),
            kwargs={"health": self.health, "most_retry_seconds": 0.2},
        )

    def __enter__(self) -> "Running":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(DEADLINE_SECONDS)
        assert not self._thread.is_alive()


def calls_in(reader: StoreReader) -> int:
    return len(reader.calls(limit=1000).items)


def test_a_database_holds_what_the_store_in_memory_holds(store: SqlStore):
    log, events = MemoryLog(), conversations(12)
    log.append(events)
    Projector(log, store.writer).step()
    assert everything(store.reader) == expected(events)


def test_stopped_again_and_again_a_database_holds_the_same(store: SqlStore):
    log, events = MemoryLog(), conversations(6)
    for event in events:
        log.append([event])
        Projector(log, store.writer).step()
    assert everything(store.reader) == expected(events)


def test_the_process_projects_a_folder_and_says_how_it_goes(tmp_path: Path, database_url: str, store: SqlStore):
    events = conversations(4)
    position = write_segment(tmp_path / "log", 0, events[:9])
    stop = threading.Event()
    thread = threading.Thread(target=run, kwargs={"home": tmp_path, "database_url": database_url, "stop": stop})
    thread.start()
    try:
        wait_until(lambda: calls_in(store.reader) >= 1)
        write_segment(tmp_path / "log", position, events[9:])
        wait_until(lambda: calls_in(store.reader) == 4)
        heartbeat = tmp_path / "run" / "projector.json"
        wait_until(lambda: heartbeat.exists() and json.loads(heartbeat.read_text())["last_commit"] is not None)
        wait_until(lambda: json.loads(heartbeat.read_text())["backlog_bytes"] == 0)
        assert json.loads(heartbeat.read_text())["last_error"] == ""
    finally:
        stop.set()
        thread.join(DEADLINE_SECONDS)
    assert not (tmp_path / "run" / "projector.json").exists()


def test_what_was_written_just_before_the_stop_is_projected_too(tmp_path: Path, database_url: str, store: SqlStore):
    write_segment(tmp_path / "log", 0, conversations(2))
    stop = threading.Event()
    stop.set()
    run(home=tmp_path, database_url=database_url, stop=stop)
    assert calls_in(store.reader) == 2


def test_rebuilding_a_database_gives_the_same(database_url: str, store: SqlStore):
    log, events = MemoryLog(), conversations(30)
    log.append(events)
    Projector(log, store.writer).step()
    before = everything(store.reader)
    store.annotator.add_tag("session", call_id(1), "kept")
    assert rebuild_store(database_url) == 30
    store.annotator.remove_tag("session", call_id(1), "kept")
    assert everything(store.reader) == before


def test_a_locked_database_is_waited_for_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("union_square.store.engine.BUSY_MILLISECONDS", 50)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(url)
    sql, log, events = SqlStore(url), MemoryLog(), conversations(6)
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    log.append(events[:10])
    with Running(log, sql) as running:
        wait_until(lambda: "locked" in running.health.problem)
        assert calls_in(sql.reader) == 0  # readers are not kept waiting
        log.append(events[10:])
        other.execute("ROLLBACK")
        wait_until(lambda: calls_in(sql.reader) == 6 and running.health.problem == "")
    other.close()
    assert everything(sql.reader) == expected(events)
    sql.close()


def test_a_postgresql_that_stops_and_starts_is_waited_for_and_nothing_is_lost():
    with running_postgres() as server:
        url = server.database()
        migrate(url)
        sql, log, events = SqlStore(url), MemoryLog(), conversations(6)
        log.append(events[:10])
        with Running(log, sql) as running:
            wait_until(lambda: running.health.calls > 0)
            server.stop()
            log.append(events[10:])
            wait_until(lambda: "does not answer" in running.health.problem or "lost" in running.health.problem)
            server.start()
            wait_until(lambda: running.health.problem == "" and calls_in(sql.reader) == 6)
        assert everything(sql.reader) == expected(events)
        sql.close()
