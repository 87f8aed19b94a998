"""annotations have kinds and places; tags have colours; rules, review queues, and a history of all of it

Revision: 0003, after 0002
"""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("annotations") as table:
        table.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="text"))
        table.add_column(sa.Column("name", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("label", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("score", sa.Float(), nullable=True))
        table.add_column(sa.Column("anchor", sa.Text(), nullable=True))
        table.add_column(sa.Column("removed", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("annotations") as table:
        for name in ("kind", "name", "label"):
            table.alter_column(name, existing_type=sa.String(), existing_nullable=False, server_default=None)
        table.alter_column("removed", existing_type=sa.Boolean(), existing_nullable=False, server_default=None)
    op.create_table(
        "tag_styles",
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_tag_styles")),
    )
    op.create_table(
        "rules",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
    )
    op.create_table(
        "queues",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queues")),
    )
    op.create_table(
        "queue_items",
        sa.Column("queue_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("queue_id", "subject", "subject_id", name=op.f("pk_queue_items")),
    )
    op.create_table(
        "changes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_index(op.f("ix_changes_subject_id_id"), "changes", ["subject_id", "id"], unique=False)
    op.create_index(op.f("ix_changes_change_id"), "changes", ["change_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_changes_change_id"), table_name="changes")
    op.drop_index(op.f("ix_changes_subject_id_id"), table_name="changes")
    for name in ("changes", "queue_items", "queues", "rules", "tag_styles"):
        op.drop_table(name)
    op.execute("DELETE FROM annotations WHERE removed")
    with op.batch_alter_table("annotations") as table:
        for name in ("removed", "anchor", "score", "label", "name", "kind"):
            table.drop_column(name)
