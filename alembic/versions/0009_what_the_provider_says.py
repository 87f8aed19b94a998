"""what a provider says of its answer: its ids, its limits, and the kinds of the tokens it counted

Revision: 0009, after 0008
"""

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("call_details") as table:
        table.add_column(sa.Column("answer_facts", sa.Text(), nullable=False, server_default="{}"))
    with op.batch_alter_table("call_details") as table:
        table.alter_column("answer_facts", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("call_details") as table:
        table.drop_column("answer_facts")
