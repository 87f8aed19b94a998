"""The archive in its chains: every byte comes back, little is kept twice, and no chain can be broken."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import delete, func, select, update

from tests.support.postgres import Postgres
from tests.support.projections import call_id, projection
from union_square.domain import records
from union_square.domain.ids import WriterId
from union_square.store.archive import STEP_BYTES, Archive, load_archive
from union_square.store.engine import reading, writing
from union_square.store.migrate import migrate
from union_square.store.ports import Projection, StoreRejected
from union_square.store.sql import SqlStore
from union_square.store.tables import ARCHIVE_PIECES, ARCHIVES, fetch_pairs


@pytest.fixture(params=["sqlite", "postgresql"])
def sql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.migrated()
    else:
        url = f"sqlite:///{tmp_path / 'store.db'}"
        migrate(url)
    store = SqlStore(url)
    yield store
    store.close()


def noise(size: int, seed: int) -> bytes:
    """Bytes that do not compress."""
    return Random(seed).randbytes(size)


def recorded(number: int, body: bytes) -> bytes:
    call = bytes.fromhex(call_id(number))
    chunks = (body[start : start + 4096] for start in range(0, len(body), 4096))
    return b"".join(records.pack(records.REQUEST_CHUNK, call, 1000 + n, chunk) for n, chunk in enumerate(chunks))


def turns(count: int, added: int = 2000, first: int = 1) -> list[Projection]:
    """A conversation in which every call repeats the one before and adds that many bytes."""
    body, made = b"", list[Projection]()
    for number in range(first, first + count):
        body += noise(added, number)
        parent = number - 1 if number > first else None
        made.append(projection(number, f"s{first}", parent=parent, archive=recorded(number, body)))
    return made


def stored_bytes(sql: SqlStore) -> int:
    with reading(sql.engine) as connection:
        return int(connection.scalar(select(func.sum(func.length(ARCHIVE_PIECES.c.data)))) or 0)


def bases(sql: SqlStore) -> dict[int, int | None]:
    """What each archived call stands on, by their numbers."""
    with reading(sql.engine) as connection:
        found = fetch_pairs(connection, select(ARCHIVES.c.call_id, ARCHIVES.c.base_id))
    return {int(id_, 16): None if base is None else int(base, 16) for id_, base in found.items()}


def assert_all_come_back(sql: SqlStore, projections: list[Projection]) -> None:
    fresh = SqlStore(sql.engine.url.render_as_string(hide_password=False))
    with reading(fresh.engine) as connection:
        for one in projections:
            assert load_archive(connection, one.detail.call.id) == one.archive
    archived = dict(fresh.writer.archived(limit=1000))
    assert [archived[one.detail.call.id] for one in projections] == [one.archive for one in projections]
    fresh.close()


@pytest.mark.parametrize("at_once", [1, 7, 40])
def test_a_conversation_takes_the_space_of_what_is_new_in_it(sql: SqlStore, at_once: int):
    calls = turns(40)
    for start in range(0, 40, at_once):
        sql.writer.write(calls[start : start + at_once], {})
    assert stored_bytes(sql) < 40 * 2000 * 1.1
    assert bases(sql) == {1: None} | {number: number - 1 for number in range(2, 41)}
    assert_all_come_back(sql, calls)


def test_a_call_without_a_parent_stands_on_the_one_before_it_in_its_session(sql: SqlStore):
    body = noise(3000, 1)
    calls = [projection(n, "named", archive=recorded(n, body + noise(9, n)), link_rule="header") for n in range(1, 5)]
    sql.writer.write(calls, {})
    sql.writer.write([projection(5, "other", archive=recorded(5, body), link_rule="header")], {})
    assert bases(sql) == {1: None, 2: 1, 3: 2, 4: 3, 5: None}
    assert stored_bytes(sql) < 2 * 3000 * 1.1
    assert_all_come_back(sql, calls)


def test_a_call_whose_parent_is_not_archived_stands_alone(sql: SqlStore):
    calls = turns(2)
    sql.writer.write([replace(calls[0], archive=None), calls[1]], {})
    assert bases(sql) == {2: None}
    assert_all_come_back(sql, calls[1:])


def test_branches_stand_on_the_same_call(sql: SqlStore):
    body = noise(5000, 1)
    calls = [
        projection(n, parent=1 if n > 1 else None, archive=recorded(n, body + noise(10, n) * (n > 1)))
        for n in (1, 2, 3)
    ]
    sql.writer.write(calls, {})
    assert bases(sql) == {1: None, 2: 1, 3: 1}
    assert_all_come_back(sql, calls)


def test_what_reading_costs_is_bounded_by_groups_and_they_by_the_whole(sql: SqlStore):
    calls = turns(30, added=10)
    sql.writer.write([replace(one, archive=None) for one in calls], {})
    writer = Archive(most_group_bytes=4 * STEP_BYTES, most_chain_bytes=7 * STEP_BYTES)
    with writing(sql.engine) as connection:
        writer.write(connection, calls)
    found = bases(sql)
    assert [number for number, base in found.items() if base is None] == [1, 7, 13, 19, 25]
    assert {number: base for number, base in found.items() if base is not None and base != number - 1} == {
        4: 1,
        10: 7,
        16: 13,
        22: 19,
        28: 25,
    }
    with reading(sql.engine) as connection:
        assert connection.scalar(select(func.max(ARCHIVES.c.chain_cost))) <= 7 * STEP_BYTES
    assert_all_come_back(sql, calls)


def test_a_call_too_large_to_be_read_for_another_is_nobodys_base(sql: SqlStore):
    calls = turns(3, added=5000)
    sql.writer.write([replace(one, archive=None) for one in calls], {})
    with writing(sql.engine) as connection:
        Archive(most_group_bytes=STEP_BYTES, most_chain_bytes=STEP_BYTES).write(connection, calls)
    assert set(bases(sql).values()) == {None}
    assert_all_come_back(sql, calls)


def test_what_is_archived_is_never_written_again(sql: SqlStore):
    calls = turns(3)
    sql.writer.write(calls, {})
    sql.writer.write([replace(calls[0], archive=recorded(1, b"something else"))], {})
    assert_all_come_back(sql, calls)


def test_records_that_cannot_be_packed_are_kept_as_they_are(sql: SqlStore):
    odd = [projection(1, archive=b"no record"), projection(2, parent=1, archive=b"no record either" * 100)]
    odd.append(projection(3, parent=2, archive=recorded(3, b"no record either" * 100)))
    sql.writer.write(odd, {})
    assert_all_come_back(sql, odd)


def test_the_database_refuses_to_delete_what_another_stands_on(sql: SqlStore):
    calls = turns(3)
    sql.writer.write(calls, {})
    with pytest.raises(StoreRejected), writing(sql.engine) as connection:
        connection.execute(delete(ARCHIVES).where(ARCHIVES.c.call_id == call_id(2)))
    with writing(sql.engine) as connection:
        connection.execute(delete(ARCHIVES).where(ARCHIVES.c.call_id == call_id(3)))
    assert_all_come_back(sql, calls[:2])
    assert stored_bytes(sql) < 2 * 2000 * 1.1  # its pieces went with it


def test_a_base_that_is_not_the_one_it_was_is_noticed(sql: SqlStore):
    sql.writer.write([*turns(2), projection(9, archive=recorded(9, noise(2000, 9)))], {})
    with writing(sql.engine) as connection:
        p = ARCHIVE_PIECES.c
        other = select(p.data).where(p.call_id == call_id(9)).scalar_subquery()
        connection.execute(update(ARCHIVE_PIECES).where(p.call_id == call_id(1)).values(data=other))
    with reading(sql.engine) as connection, pytest.raises(Exception, match=r"(?i)checksum|corrupt|dictionary"):
        load_archive(connection, call_id(2))


def test_a_chain_whose_end_is_gone_says_so(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(url)
    store = SqlStore(url)
    store.writer.write(turns(3), {})
    with sqlite3.connect(tmp_path / "store.db") as careless:  # which does not heed foreign keys unless told to
        careless.execute("DELETE FROM archives WHERE call_id = ?", (call_id(1),))
    careless.close()
    with reading(store.engine) as connection, pytest.raises(LookupError, match=call_id(1)):
        load_archive(connection, call_id(3))
    store.close()


def test_a_transaction_that_failed_leaves_nothing_to_stand_on(sql: SqlStore):
    calls = turns(2)
    broken = replace(calls[0], archive=recorded(1, noise(2000, 1) + b"as it was first read"))
    with pytest.raises((OverflowError, StoreRejected)):
        sql.writer.write([broken], {WriterId("a" * 32): 2**70})
    sql.writer.write(calls, {})
    assert_all_come_back(sql, calls)
