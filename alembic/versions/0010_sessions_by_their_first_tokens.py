"""A session says how long its calls waited for a first token at most, so that the slowest are found first.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("first_token_us", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE sessions SET first_token_us = "
        "(SELECT max(calls.first_token_us) FROM calls WHERE calls.session_id = sessions.id)"
    )


def downgrade() -> None:
    with op.batch_alter_table("sessions") as table:
        table.drop_column("first_token_us")
