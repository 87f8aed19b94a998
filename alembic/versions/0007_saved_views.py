"""Views that people save; and on SQLite an index that holds all that is filtered, counted and summed.

A row of calls is wide: to look at a hundred thousand of them takes a second, to look at this index a tenth of that.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COUNTED = (
    "started_at, id, session_id, upstream, model, response_model, state, status_code, dialect, operation, application, "
    "link_rule, ended_at, first_token_us, first_chunk_us, input_tokens, output_tokens, cost_pico"
)


def upgrade() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    if op.get_bind().dialect.name == "sqlite":  # PostgreSQL's entries are limited to 2,700 bytes
        op.execute(f"CREATE INDEX calls_counted ON calls ({COUNTED})")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP INDEX calls_counted")
    op.drop_table("saved_views")
