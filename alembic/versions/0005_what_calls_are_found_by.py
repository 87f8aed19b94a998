"""What calls are found by: their application, what they have several of, and words in their order.

`union-square rebuild` fills them for calls that were recorded before; until then those are found by single words only.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("application", sa.String(), server_default=sa.text("''"), nullable=False))
    op.create_table(
        "call_marks",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_marks_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "name", "value", name=op.f("pk_call_marks")),
    )
    op.create_index(op.f("ix_call_marks_name_value_call_id"), "call_marks", ["name", "value", "call_id"], unique=False)
    index_words("full")


def downgrade() -> None:
    index_words("none")
    op.drop_index(op.f("ix_call_marks_name_value_call_id"), table_name="call_marks")
    op.drop_table("call_marks")
    op.execute("ALTER TABLE calls DROP COLUMN application")  # the table itself must stay: others hang on its rows


def index_words(detail: str) -> None:
    """SQLite's index anew: with `full` detail it knows where words stand, and finds phrases."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE call_texts_fts")
        op.execute(
            "CREATE VIRTUAL TABLE call_texts_fts USING fts5("
            "words, content='call_texts', content_rowid='id', "
            f"detail='{detail}', columnsize=0, prefix='2 3', tokenize='ascii')"
        )
        op.execute("INSERT INTO call_texts_fts(call_texts_fts) VALUES ('rebuild')")
