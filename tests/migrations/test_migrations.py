"""The migrations: that they make what the models say, on both databases, from any beginning, with data in them."""

import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, Table, inspect, text

from tests.support.postgres import Postgres, running_postgres
from tests.support.projections import call_id, projection, said
from union_square.domain import records
from union_square.domain.models import TableRow
from union_square.store import migrate as migrations
from union_square.store.engine import open_engine
from union_square.store.migrate import current, head, is_ours, migrate
from union_square.store.ports import CallFilter, StoreUnavailable
from union_square.store.sql import SqlStore


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database in a folder that is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'not' / 'yet' / 'store.db'}"
    return request.getfixturevalue("postgres").database()


def tables(database_url: str) -> set[str]:
    engine = open_engine(database_url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_an_empty_database_gets_the_newest_tables(database_url: str):
    assert current(database_url) is None
    assert migrate(database_url) == (None, head())
    assert current(database_url) == head()
    assert tables(database_url) >= set(TableRow.metadata.tables)


def test_migrating_twice_changes_nothing(database_url: str):
    migrate(database_url)
    assert migrate(database_url) == (head(), head())


def test_the_migrations_make_exactly_what_the_models_say(database_url: str):
    migrate(database_url)
    engine = open_engine(database_url)
    options = {"include_object": is_ours, "compare_type": True, "compare_server_default": True}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, TableRow.metadata) == []
    engine.dispose()


def test_the_comparison_would_notice_a_difference(database_url: str):
    migrate(database_url)
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_calls_started_at_id"))
        connection.execute(text("ALTER TABLE sessions ADD COLUMN mood TEXT"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        found = {change[0] for change in compare_metadata(context, TableRow.metadata) if isinstance(change, tuple)}
    engine.dispose()
    assert found == {"add_index", "remove_column"}


def test_every_migration_can_be_taken_back_and_made_again(database_url: str):
    migrate(database_url)
    assert migrate(database_url, "base") == (head(), None)
    assert tables(database_url) <= {"alembic_version"}
    assert migrate(database_url) == (None, head())


def test_data_is_still_there_and_still_found_after_migrating(database_url: str):
    migrate(database_url)
    store = SqlStore(database_url)
    store.writer.write([projection(1, messages=[said("user", "a zebra")])], {})
    store.close()
    migrate(database_url)
    store = SqlStore(database_url)
    assert [call.id for call in store.reader.calls(where=CallFilter(text="zebra")).items] == [call_id(1)]
    store.close()


def columns(table: Table) -> dict[str, object]:
    """A value for each column, of its type."""
    kinds: dict[type, object] = {int: 0, float: 0.0, bool: False, bytes: b"", str: ""}
    return {column.name: kinds[column.type.python_type] for column in table.columns}


def test_what_the_first_version_stored_is_kept_and_can_be_built_upon(database_url: str):
    migrate(database_url, "0001")
    archives = {number: recorded(number, b"the first words, " + b"and more " * number) for number in (1, 2)}
    engine = open_engine(database_url)
    tables = MetaData()
    tables.reflect(engine, only=["calls", "call_details", "messages", "archive"])
    with engine.begin() as connection:
        for number in (1, 2):
            table, words = tables.tables["calls"], {"finish_reasons": "[]", "call_metadata": "{}", "state": "done"}
            own = {"id": call_id(number), "session_id": "s", "parent_id": None} | words
            connection.execute(table.insert(), columns(table) | own)
            table, json = tables.tables["messages"], '{"role":"user","name":"","parts":[{"type":"text","text":"%d"}]}'
            connection.execute(table.insert(), {"id": 9 - number, "digest": f"d{number}", "content": json % number})
            table, empty = tables.tables["call_details"], dict.fromkeys(("problems",), "[]")
            empty |= {"parameters": "{}", "request_head": '{"start_line":"","headers":[]}', "response_head": None}
            own = {"call_id": call_id(number), "message_ids": "[8,7,8]"[: 2 * number] + "]", "request_message_count": 1}
            packed = {"chunks": zlib.compress(b""), "request_chunks": zlib.compress(b"")}
            connection.execute(table.insert(), columns(table) | empty | own | packed)
            frame, table = zstandard.ZstdCompressor().compress(archives[number]), tables.tables["archive"]
            for piece, data in enumerate((frame[:9], frame[9:])):
                connection.execute(table.insert(), {"call_id": call_id(number), "piece": piece, "data": data})
    engine.dispose()
    assert migrate(database_url) == ("0001", head())
    store = SqlStore(database_url)
    assert [said("user", str(n)) for n in (1, 2)] == list(store.reader.call(call_id(2)).messages)
    assert [said("user", "1")] == list(store.reader.call(call_id(1)).messages)
    archives[3] = recorded(3, archives[2] * 2)
    store.writer.write([projection(3, parent=2, archive=archives[3])], {})
    store.close()
    store = SqlStore(database_url)
    assert store.writer.archived() == [(call_id(number), archives[number]) for number in (1, 2, 3)]
    store.close()


def test_going_back_is_refused_where_the_version_before_could_not_read_what_is_kept(database_url: str):
    migrate(database_url)
    store = SqlStore(database_url)
    store.writer.write([projection(1, archive=recorded(1, b"hello"))], {})
    store.close()
    with pytest.raises(RuntimeError, match="1 archived calls"):
        migrate(database_url, "0001")
    assert current(database_url) == head()


def recorded(number: int, body: bytes) -> bytes:
    call = bytes.fromhex(call_id(number))
    return records.pack(records.REQUEST_CHUNK, call, 1000, body) + records.pack(records.REQUEST_END, call, 1001, b"x")


def test_several_that_start_at_once_do_not_disturb_each_other(database_url: str):
    results, errors = list[object](), list[Exception]()

    def start() -> None:
        try:
            results.append(migrate(database_url)[1])
        except Exception as error:  # noqa: BLE001 (whatever it is, the test is to show it)
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (results, errors) == ([head()] * 3, [])


def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str):
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE threads (odd INTEGER)"))  # in the way of one of the last tables
    engine.dispose()
    with pytest.raises(Exception, match="already exists"):
        migrate(database_url)
    assert tables(database_url) == {"threads"}


def test_a_store_whose_tables_are_missing_says_what_to_do(database_url: str):
    store = SqlStore(database_url)
    with pytest.raises(StoreUnavailable, match="union-square migrate"):
        store.reader.sessions()
    store.close()


def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    for url in (f"sqlite:///{tmp_path / 'folder'}", "postgresql+psycopg://nobody@127.0.0.1:1/none"):
        with pytest.raises(StoreUnavailable):
            current(url)
        with pytest.raises(StoreUnavailable):
            migrate(url)


def test_the_scripts_are_found_in_an_installed_package_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    packaged = tmp_path / "_alembic"
    packaged.mkdir()
    monkeypatch.setattr(migrations, "_IN_PACKAGE", packaged)
    assert migrations.scripts().name == "alembic"
    (packaged / "env.py").touch()
    assert migrations.scripts() == packaged


def test_an_installation_without_scripts_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(migrations, "_IN_PACKAGE", tmp_path)
    monkeypatch.setattr(migrations, "_IN_SOURCES", tmp_path)
    with pytest.raises(migrations.MigrationsMissing, match="install the program again"):
        head()
