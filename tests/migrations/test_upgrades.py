"""What the program of every earlier revision stored is still there after an upgrade, and computed anew it is the same
as if this version had read the log: the rows in `tests/frozen/rows` were written by the code of their time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, text

from tests.frozen.freeze import LOG, NOTE, ROWS, TAG, project, thaw
from tests.support.postgres import Postgres, running_postgres
from tests.support.projecting import everything
from tests.support.proxy import fold_calls, read_events
from union_square.domain.call import CallRecording, fold
from union_square.domain.ids import CallId
from union_square.projecting.rebuild import rebuild_store
from union_square.store.engine import open_engine
from union_square.store.migrate import head, migrate
from union_square.store.ports import CallFilter
from union_square.store.sql import SqlStore

FROZEN = sorted(path.stem for path in ROWS.glob("*.json"))


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return request.getfixturevalue("postgres").database()


def load(database_url: str, revision: str) -> None:
    """The database as the program of that revision left it."""
    migrate(database_url, revision)
    rows: dict[str, list[dict[str, Any]]] = json.loads((ROWS / f"{revision}.json").read_text())
    engine, metadata = open_engine(database_url), MetaData()
    metadata.reflect(engine, only=list(rows))
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            for row in rows[table.name]:
                connection.execute(table.insert(), {name: thaw(value) for name, value in row.items()})
            if connection.dialect.name == "postgresql" and "id" in table.columns and rows[table.name]:
                sequence = f"pg_get_serial_sequence('{table.name}', 'id')"  # it knows nothing of ids that were given
                connection.execute(text(f"SELECT setval({sequence}, (SELECT max(id::text)::bigint FROM {table.name})) "
                                        f"WHERE {sequence} IS NOT NULL"))  # fmt: skip
    engine.dispose()


def kept(store: SqlStore) -> dict[str, CallRecording]:
    calls = store.reader.calls(limit=100).items
    return {call.id: fold(CallId(call.id), store.reader.call_events(CallId(call.id))) for call in calls}


@pytest.mark.parametrize("revision", FROZEN)
def test_what_an_earlier_version_stored_is_there_after_the_upgrade_and_can_be_computed_anew(
    database_url: str, revision: str, tmp_path: Path
) -> None:
    load(database_url, revision)
    assert migrate(database_url) == (revision, head())
    store = SqlStore(database_url)
    recorded = {call.call_id: call for call in fold_calls(read_events(LOG))}
    calls = {call.id: call for call in store.reader.calls(limit=100).items}
    assert set(calls) == set(recorded)
    for id_, call in kept(store).items():
        assert call.request.data == recorded[CallId(id_)].request.data
        assert call.response.data == recorded[CallId(id_)].response.data
        assert calls[id_].state == (recorded[CallId(id_)].state if recorded[CallId(id_)].ended else "cut_off")
    assert [call.id for call in store.reader.calls(where=CallFilter(text="stripes")).items] == [min(calls)]
    assert store.reader.call(CallId(min(calls))).call.tags == (TAG,)
    assert store.reader.session(str(calls[min(calls)].session_id)).session.call_count == 2
    store.close()
    rebuild_store(database_url)
    fresh = f"sqlite:///{tmp_path / 'fresh.db'}"
    project(LOG, fresh)
    one, other = SqlStore(database_url), SqlStore(fresh)
    for store in (one, other):  # the note says when it was written
        call = store.reader.call(CallId(store.reader.calls(limit=100).items[-1].id))
        (note,) = call.annotations
        assert (note.text, note.author, call.call.tags) == (NOTE, "me", (TAG,))
        store.annotator.remove_annotation("call", call.call.id, note.id)
    assert everything(one.reader) == everything(other.reader)
    one.close()
    other.close()


def test_every_revision_before_this_one_is_among_them() -> None:
    """A new migration needs what its forerunner stored: `python -m tests.frozen.freeze`, before it is added."""
    revisions = {path.name[:4] for path in (Path(__file__).parents[2] / "alembic" / "versions").glob("0*.py")}
    assert revisions - {head()} <= set(FROZEN)
