"""Bringing a database to this version's tables, from the source tree or from an installed wheel.

Two processes may start at once: the second waits for the first, then finds nothing left to do. A migration that fails
leaves the database as it was.
"""

from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from alembic import command
from union_square.store.engine import open_engine, reading, writing

# Any number will do as long as it is always the same: it names the lock in PostgreSQL.
_LOCK = 0x75_6E_69_6F_6E

_IN_PACKAGE = Path(__file__).parent.parent / "_alembic"
_IN_SOURCES = Path(__file__).parent.parent.parent / "alembic"


class MigrationsMissing(Exception):
    """The installation has no migrations; it is not whole."""


def migrate(database_url: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring the database to `revision`; the revisions before and after. None = no tables of ours.

    Raises StoreUnavailable when it does not answer, MigrationsMissing when the installation is not whole."""
    engine = open_engine(database_url)
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            before = _current(connection)
            config = _config(connection)
            if revision == "base" or (before is not None and _is_older(config, revision, before)):
                command.downgrade(config, revision)
            else:
                command.upgrade(config, revision)
            return before, _current(connection)
    finally:
        engine.dispose()


def current(database_url: str) -> str | None:
    """The database's revision; None = no tables of ours. Raises StoreUnavailable."""
    engine = open_engine(database_url)
    try:
        with reading(engine) as connection:
            return _current(connection)
    finally:
        engine.dispose()


def head() -> str:
    """The revision that this version of the program works with."""
    found = ScriptDirectory.from_config(_config(None)).get_current_head()
    if found is None:
        raise MigrationsMissing(f"{scripts()} holds no migration; install the program again")
    return found


def scripts() -> Path:
    """The folder of the migrations."""
    for folder in (_IN_PACKAGE, _IN_SOURCES):
        if (folder / "env.py").is_file():
            return folder
    raise MigrationsMissing(f"there are no migrations at {_IN_PACKAGE}; install the program again")


def is_ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """Whether autogenerate should look at it: what only one of the databases has is written by hand."""
    if kind == "table":
        return not (name or "").startswith("call_texts_fts")
    return name not in {"search", "ix_call_texts_search", "calls_counted"}


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _is_older(config: Config, revision: str, than: str) -> bool:
    directory = ScriptDirectory.from_config(config)
    wanted = directory.get_revision(revision)
    older = directory.iterate_revisions(than, "base")
    return wanted.revision != than and any(step.revision == wanted.revision for step in older)
