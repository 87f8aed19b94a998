"""On SQLite the index of all that is counted holds the tokens read from a cache too, which are summed up with the rest.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BEFORE = (
    "started_at, id, session_id, upstream, model, response_model, state, status_code, dialect, operation, application, "
    "link_rule, ended_at, first_token_us, first_chunk_us, input_tokens, output_tokens, cost_pico"
)
COUNTED = f"{BEFORE}, cache_read_input_tokens"


def upgrade() -> None:
    index_counted(COUNTED)


def downgrade() -> None:
    index_counted(BEFORE)


def index_counted(columns: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP INDEX calls_counted")
        op.execute(f"CREATE INDEX calls_counted ON calls ({columns})")
