"""whose price a call's cost was reckoned by, and of when

Revision: 0004, after 0003
"""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("call_details") as table:
        table.add_column(sa.Column("cost_source", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("call_details") as table:
        table.alter_column("cost_source", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("call_details") as table:
        table.drop_column("cost_source")
