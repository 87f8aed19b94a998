"""The database gone and back: no client notices, nothing is missing afterwards, and the product starts without it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.resilience.conftest import Sizes
from tests.support.postgres import Postgres, running_postgres
from tests.support.product import Product, running_product
from tests.support.traffic import NumberedUpstream, Seen, Traffic, numbered_upstream
from tests.support.upstream import eventually
from union_square.domain.call import fold
from union_square.domain.ids import CallId
from union_square.store.sql import SqlStore
from union_square.watching.health import read_heartbeat

Outage = Callable[[], AbstractContextManager[None]]
CLIENTS = 4

_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process has the database to itself."""
    command = [sys.executable, "-c", _HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        yield
        holder.communicate()


@contextmanager
def stopped(server: Postgres) -> Iterator[None]:
    server.stop()
    yield
    server.start()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Outage]:
    """The URL of a database that does not hold anything yet, and a way to have it away for a while."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        return server.database(), lambda: stopped(server)
    file = tmp_path / "store.db"
    return f"sqlite:///{file}", lambda: locked(file)


async def until_told(product: Product, *, away: bool) -> None:
    async with asyncio.timeout(60):
        while bool(read_heartbeat(product.home / "run" / "projector.json", 0).last_error) != away:
            await asyncio.sleep(0.05)


async def all_recorded(database_url: str, upstream: NumberedUpstream, every: list[Seen]) -> None:
    store = SqlStore(database_url)
    async with asyncio.timeout(60):
        for seen in every:
            while CallId(seen.call_id) not in store.writer.ended([CallId(seen.call_id)]):
                await asyncio.sleep(0.05)
            recording = fold(CallId(seen.call_id), store.reader.call_events(CallId(seen.call_id)))
            assert (recording.state, recording.gaps) == ("done", [])
            assert bytes(recording.response.data) == upstream.answer_to(seen.number) == seen.received()
    assert store.writer.archived_count() == len(every)
    store.close()


async def test_no_client_notices_that_the_database_was_away(
    tmp_path: Path, sizes: Sizes, database: tuple[str, Outage]
) -> None:
    url, outage = database
    environment = {"UNION_SQUARE_DATABASE_URL": url}
    async with numbered_upstream(pieces=10, size=200, pause=0.01) as upstream:
        with running_product(
            tmp_path / "home", {"t": upstream.base_url}, arguments=["--no-ui"], environment=environment
        ) as product:
            async with Traffic(lambda: product.port("proxy")) as traffic:
                traffic.begin(CLIENTS)
                await eventually(lambda: len(traffic.seen) > CLIENTS)
                with outage():
                    await until_told(product, away=True)
                    before = len(traffic.seen)
                    await asyncio.sleep(sizes.outage_seconds)
                    await eventually(lambda: len(traffic.seen) > before + CLIENTS)
                await traffic.end()
                await until_told(product, away=False)
            assert all(seen.whole for seen in traffic.seen)
            await all_recorded(url, upstream, traffic.seen)


async def test_the_product_starts_without_its_database_and_stores_everything_once_that_is_there(
    tmp_path: Path, database: tuple[str, Outage]
) -> None:
    url, outage = database
    environment = {"UNION_SQUARE_DATABASE_URL": url}
    async with numbered_upstream(pieces=2, size=200, pause=0) as upstream:
        gone = outage()
        gone.__enter__()
        with running_product(
            tmp_path / "home", {"t": upstream.base_url}, arguments=["--no-ui"], environment=environment
        ) as product:
            async with Traffic(lambda: product.port("proxy")) as traffic:
                traffic.begin(1)
                await until_told(product, away=True)
                assert "The log waits" in product.words()
                await traffic.end()
            gone.__exit__(None, None, None)
            await until_told(product, away=False)
            assert all(seen.whole for seen in traffic.seen)
            await all_recorded(url, upstream, traffic.seen)
            assert "Traceback" not in product.words()
