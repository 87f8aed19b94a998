"""How Alembic reaches the database: through the connection that `union_square.store.migrate` hands over, or, on the
command line while developing, by `alembic -x url=<database URL> …`."""

from typing import Any, Literal

from sqlalchemy import Connection
from sqlmodel.sql.sqltypes import AutoString

from alembic import context
from union_square.domain.models import JsonText, TableRow
from union_square.store.engine import open_engine, writing
from union_square.store.migrate import is_ours


def render(kind: str, value: Any, _context: Any) -> str | Literal[False]:
    """Migrations name plain column types, so that they mean the same whatever becomes of the models."""
    if kind == "type" and isinstance(value, JsonText):
        return "sa.Text()"
    if kind == "type" and isinstance(value, AutoString):
        return "sa.String()"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=TableRow.metadata,
        include_object=is_ours,
        compare_type=True,
        render_item=render,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


def run_from_command_line() -> None:
    url = context.get_x_argument(as_dictionary=True).get("url")
    if not url:
        raise SystemExit("say which database: alembic -x url=sqlite:///union-square.db …")
    with writing(open_engine(url)) as connection:
        run(connection)


handed_over = context.config.attributes.get("connection")
if handed_over is None:
    run_from_command_line()
else:
    run(handed_over)
