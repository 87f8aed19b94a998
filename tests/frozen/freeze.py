"""What earlier versions left behind, kept for the tests of upgrades. Nothing in this folder is ever written anew.

    python -m tests.frozen.freeze        before a migration is added: rows/<revision>.json of the present one

`log-v1` is an event log of format version 1 as its writer left it. `rows/<revision>.json` is what the program of that
revision stored of it, table by table; bytes stand in base64.
"""

import base64
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, inspect

from union_square.projecting.projector import Projector
from union_square.recording.log_reader import FolderLogReader
from union_square.store.engine import open_engine
from union_square.store.migrate import head, migrate
from union_square.store.sql import SqlStore

HERE = Path(__file__).parent
LOG = HERE / "log-v1"
ROWS = HERE / "rows"
TAG, NOTE = "frozen", "what a person wrote"


def project(log: Path, database_url: str) -> None:
    """Store what the log holds, with a tag and a note on its first call."""
    migrate(database_url)
    store = SqlStore(database_url)
    with tempfile.TemporaryDirectory() as name:  # reading a dead writer's log to its end may remove it
        copied = Path(shutil.copytree(log, Path(name) / "log"))
        reader = FolderLogReader(copied)
        projector = Projector(reader, store.writer)
        while projector.step().events:
            pass
        projector.step()
        reader.close()
    first = store.reader.calls(limit=100).items[-1].id
    store.annotator.add_tag("call", first, TAG)
    store.annotator.add_annotation("call", first, NOTE, "me")
    store.close()


def rows_of(database_url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table but the full-text index, which its triggers fill."""
    engine, found = open_engine(database_url), dict[str, list[dict[str, Any]]]()
    metadata = MetaData()
    names = [n for n in inspect(engine).get_table_names() if not n.startswith(("call_texts_fts", "alembic"))]
    metadata.reflect(engine, only=names)
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            rows = [dict(row._mapping) for row in connection.execute(table.select())]
            found[table.name] = [{k: _plain(v) for k, v in row.items()} for row in rows]
    engine.dispose()
    return found


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def thaw(value: Any) -> Any:
    """What `rows_of` made plain."""
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{Path(name) / 'store.db'}"
        project(LOG, url)
        target = Path(sys.argv[1] if len(sys.argv) > 1 else ROWS) / f"{head()}.json"
        if target.exists():
            sys.exit(f"{target} is frozen")
        target.write_text(json.dumps(rows_of(url), indent=1) + "\n")
    print(target)


if __name__ == "__main__":
    main()
