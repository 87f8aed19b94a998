"""What is particular to databases: how much they are asked, which index they use, what they say when away."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.store.conftest import Store
from tests.support.postgres import Postgres
from tests.support.projections import call_id, projection, said
from union_square.domain.words import BOUNDARY, MOST_IN_ORDER, query_words, search_words, words
from union_square.store import mapping
from union_square.store.migrate import migrate
from union_square.store.ports import CallFilter, StoreRejected, StoreUnavailable
from union_square.store.sql import SqlStore


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


def statements(sql: SqlStore, ask: Callable[[], object]) -> list[str]:
    """The statements that reach the database meanwhile."""
    seen = list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(sql.engine, "before_cursor_execute", note)
    ask()
    event.remove(sql.engine, "before_cursor_execute", note)
    return seen


@pytest.mark.parametrize("listing", ["sessions", "calls"])
def test_a_page_of_many_takes_as_many_statements_as_a_page_of_one(sql: SqlStore, listing: str):
    fetch = getattr(sql.reader, listing)
    sql.writer.write([projection(n, f"s{n}", tags=("t",)) for n in range(60)], {})
    assert len(statements(sql, lambda: fetch(limit=1))) == len(statements(sql, lambda: fetch(limit=50))) <= 4


def test_a_session_of_many_calls_takes_as_many_statements_as_one_of_few(sql: SqlStore):
    for session, count in (("few", 2), ("many", 60)):
        first = 0 if session == "few" else 100
        sql.writer.write(
            [projection(first + n, session, messages=[said("user", f"{session} {n}")]) for n in range(count)], {}
        )
    few, many = (len(statements(sql, lambda name=name: sql.reader.session_calls(name))) for name in ("few", "many"))
    assert few == many <= 9


def test_writing_a_batch_takes_as_many_statements_as_writing_one_call(sql: SqlStore):
    one = statements(sql, lambda: sql.writer.write([projection(1, messages=[said("user", "a")])], {}))
    batch = [projection(n, f"s{n}", messages=[said("user", f"m{n}")]) for n in range(2, 52)]
    assert len(statements(sql, lambda: sql.writer.write(batch, {}))) == len(one)


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (CallFilter(), "ix_calls_started_at_id"),
        (CallFilter(state="running"), "ix_calls_state_started_at_id"),
        (CallFilter(session_id="s"), "ix_calls_session_id_started_at_id"),
        (CallFilter(status_code=429), "ix_calls_status_code_started_at"),
        (CallFilter(upstream="openai", model="gpt"), "ix_calls_"),
        (CallFilter(text="zebra"), "call_texts_fts"),
        (CallFilter(tag="red"), "ix_tags_tag_subject"),
    ],
    ids=str,
)
def test_no_listing_looks_at_every_call(tmp_path: Path, where: CallFilter, index: str):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(url)
    sql = SqlStore(url)
    (statement,) = (s for s in statements(sql, lambda: sql.reader.calls(where=where)) if "FROM calls" in s)
    with sqlite3.connect(tmp_path / "store.db") as database:
        plan = database.execute(f"EXPLAIN QUERY PLAN {statement}", ["x"] * statement.count("?")).fetchall()
    database.close()
    sql.close()
    steps = [str(row[3]) for row in plan]
    assert any(index in step for step in steps), steps
    assert not any(step == "SCAN calls" for step in steps), steps


def test_the_index_of_sqlite_agrees_with_its_texts_after_every_kind_of_change(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(url)
    sql = SqlStore(url)
    for text in ("zebra", "okapi", "okapi"):
        sql.writer.write([projection(n, messages=[said("user", f"{text} {n}")]) for n in range(5)], {})
    check = "INSERT INTO call_texts_fts(call_texts_fts, rank) VALUES ('integrity-check', 1)"
    with sqlite3.connect(tmp_path / "store.db") as database:
        database.execute(check)
    database.close()
    sql.writer.forget_projections()
    with sqlite3.connect(tmp_path / "store.db") as database:
        database.execute(check)
        assert database.execute("SELECT count(*) FROM call_texts_fts").fetchone() == (0,)
    database.close()
    sql.close()


def test_values_that_no_column_can_hold_are_rejected_and_nothing_is_written(postgres: Postgres):
    """PostgreSQL only: SQLite holds anything in any column."""
    sql = SqlStore(postgres.migrated())
    with pytest.raises(StoreRejected):
        sql.writer.write([projection(1), projection(2, status_code=1 << 40)], {})
    assert sql.reader.calls().items == ()
    sql.close()


def test_a_huge_call_is_written_and_found(store: Store):
    """More different words, and longer texts, than PostgreSQL's search would take as they are."""
    text = " ".join(f"w{n:x}ü{n}" for n in range(200_000))
    store.writer.write(
        [projection(1, messages=[said("user", text)], model="m" * 9000, response_id="r" * 9000, path="/" + "p" * 9000)],
        {},
    )
    assert [call.id for call in store.reader.calls(where=CallFilter(text="w64ü100")).items] == [call_id(1)]


def test_a_database_that_is_locked_is_unavailable_to_writers_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("union_square.store.engine.BUSY_MILLISECONDS", 20)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(url)
    sql = SqlStore(url)
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        sql.writer.write([projection(1)], {})
    assert sql.reader.calls().items == ()
    other.execute("ROLLBACK")
    other.close()
    sql.writer.write([projection(1)], {})
    sql.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Weather, in BERLIN!", ["the", "weather", "in", "berlin"]),
        ("/v1/chat/completions?x=1", ["v1", "chat", "completions", "x", "1"]),
        ("snake_case gpt-4o", ["snake", "case", "gpt", "4o"]),
        ("Ünïcödé STRASSE ﬁne", ["unicode", "strasse", "fine"]),
        ("東京都 a ก", ["東京", "京都", "a", "ก"]),
        ("mix東京mix", ["mix", "東京", "mix"]),
        ("a" * 100, ["a" * 64]),
        ("… — !", []),
    ],
)
def test_texts_are_cut_into_words(text: str, expected: list[str]):
    assert list(words(text)) == expected


def test_words_are_kept_in_order_and_a_querys_once():
    assert search_words(["b a", "a c b"]) == f"b a {BOUNDARY} a c b"
    assert query_words("b a b") == ("b", "a")


def test_of_a_long_text_the_later_words_are_kept_once():
    kept = search_words(["again and again " * 60_000, "later again later", "last"]).split(" ")
    assert (kept.count("later"), kept.count("last"), kept[-1]) == (1, 1, "last")
    assert len(" ".join(kept).encode()) < MOST_IN_ORDER + 100


def test_times_of_chunks_are_kept_to_the_microsecond():
    chunks = projection(1).detail.chunks
    assert mapping.unpack_chunks(mapping.pack_chunks(chunks)) == chunks
    assert mapping.unpack_chunks(mapping.pack_chunks(())) == ()


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path):
    (tmp_path / "store.db").write_bytes(b"something else, and long enough to be looked at " * 100)
    sql = SqlStore(f"sqlite:///{tmp_path / 'store.db'}")
    with pytest.raises(StoreUnavailable, match="not a database"):
        sql.reader.sessions()
    sql.close()
