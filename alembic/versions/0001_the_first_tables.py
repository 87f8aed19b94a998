"""the first tables

Revision: 0001, after
"""

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "annotations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotations")),
    )
    op.create_index(op.f("ix_annotations_subject_subject_id"), "annotations", ["subject", "subject_id"], unique=False)
    op.create_table(
        "archive",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "piece", name=op.f("pk_archive")),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("link_rule", sa.String(), nullable=True),
        sa.Column("link_confidence", sa.Float(), nullable=True),
        sa.Column("upstream", sa.String(), nullable=False),
        sa.Column("dialect", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("response_model", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("streamed", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("first_chunk_us", sa.BigInteger(), nullable=True),
        sa.Column("first_token_us", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens_per_second", sa.Float(), nullable=True),
        sa.Column("usage_reported", sa.Boolean(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cache_read_input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cache_creation_input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("reasoning_output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost_pico", sa.BigInteger(), nullable=True),
        sa.Column("finish_reasons", sa.Text(), nullable=False),
        sa.Column("error_type", sa.String(), nullable=False),
        sa.Column("error_message", sa.String(), nullable=False),
        sa.Column("request_bytes", sa.BigInteger(), nullable=False),
        sa.Column("response_bytes", sa.BigInteger(), nullable=False),
        sa.Column("recorded", sa.Boolean(), nullable=False),
        sa.Column("gap_observations", sa.BigInteger(), nullable=False),
        sa.Column("gap_bytes", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("preview", sa.String(), nullable=False),
        sa.Column("call_metadata", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("system_digest", sa.String(), nullable=False),
        sa.Column("response_id", sa.String(), nullable=False),
        sa.Column("external_session", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_index(op.f("ix_calls_fingerprint_response_id"), "calls", ["fingerprint", "response_id"], unique=False)
    op.create_index(op.f("ix_calls_model_started_at"), "calls", ["model", "started_at"], unique=False)
    op.create_index(op.f("ix_calls_parent_id"), "calls", ["parent_id"], unique=False)
    op.create_index(op.f("ix_calls_response_model_started_at"), "calls", ["response_model", "started_at"], unique=False)
    op.create_index(
        op.f("ix_calls_session_id_started_at_id"), "calls", ["session_id", "started_at", "id"], unique=False
    )
    op.create_index(op.f("ix_calls_started_at_id"), "calls", ["started_at", "id"], unique=False)
    op.create_index(op.f("ix_calls_state_started_at_id"), "calls", ["state", "started_at", "id"], unique=False)
    op.create_index(op.f("ix_calls_status_code_started_at"), "calls", ["status_code", "started_at"], unique=False)
    op.create_index(
        op.f("ix_calls_upstream_model_started_at"), "calls", ["upstream", "model", "started_at"], unique=False
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("digest", name=op.f("uq_messages_digest")),
    )
    op.create_table(
        "positions",
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("writer", name=op.f("pk_positions")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("call_count", sa.Integer(), nullable=False),
        sa.Column("running_count", sa.Integer(), nullable=False),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("models", sa.Text(), nullable=False),
        sa.Column("upstreams", sa.Text(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost_pico", sa.BigInteger(), nullable=True),
        sa.Column("unpriced_calls", sa.Integer(), nullable=False),
        sa.Column("gap_observations", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_last_at_id"), "sessions", ["last_at", "id"], unique=False)
    op.create_index(op.f("ix_sessions_state_last_at_id"), "sessions", ["state", "last_at", "id"], unique=False)
    op.create_table(
        "tags",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "subject_id", "tag", name=op.f("pk_tags")),
    )
    op.create_index(op.f("ix_tags_tag_subject"), "tags", ["tag", "subject"], unique=False)
    op.create_table(
        "tool_sets",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("tools", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_tool_sets")),
    )
    op.create_table(
        "call_details",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("message_ids", sa.Text(), nullable=False),
        sa.Column("request_message_count", sa.Integer(), nullable=False),
        sa.Column("tools_digest", sa.String(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("request_head", sa.Text(), nullable=False),
        sa.Column("response_head", sa.Text(), nullable=True),
        sa.Column("chunks", sa.LargeBinary(), nullable=False),
        sa.Column("request_chunks", sa.LargeBinary(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_details_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_details")),
    )
    op.create_table(
        "call_gaps",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("observations", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_gaps_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "number", name=op.f("pk_call_gaps")),
    )
    op.create_table(
        "call_texts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_texts_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_texts")),
        sa.UniqueConstraint("call_id", name=op.f("uq_call_texts_call_id")),
    )
    op.create_table(
        "threads",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_threads_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "digest", name=op.f("pk_threads")),
    )
    op.create_index(op.f("ix_threads_digest_fingerprint"), "threads", ["digest", "fingerprint"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        upgrade_search_sqlite()
    else:
        upgrade_search_postgresql()


def upgrade_search_sqlite() -> None:
    """An index over `call_texts` that keeps no copy of it; the triggers keep the two alike.

    The words come cut and folded (`domain.words`) and each once: the tokenizer that splits only at spaces is the right
    one, and no positions are needed (detail=none)."""
    op.execute(
        "CREATE VIRTUAL TABLE call_texts_fts USING fts5("
        "words, content='call_texts', content_rowid='id', "
        "detail='none', columnsize=0, prefix='2 3', tokenize='ascii')"
    )
    forget = "INSERT INTO call_texts_fts(call_texts_fts, rowid, words) VALUES ('delete', old.id, old.words);"
    learn = "INSERT INTO call_texts_fts(rowid, words) VALUES (new.id, new.words);"
    for name, event, action in (
        ("inserted", "INSERT", learn),
        ("deleted", "DELETE", forget),
        ("updated", "UPDATE OF words", forget + learn),
    ):
        op.execute(f"CREATE TRIGGER call_texts_{name} AFTER {event} ON call_texts BEGIN {action} END")


def upgrade_search_postgresql() -> None:
    """The words as they stand: PostgreSQL's own parser would cut some of them again."""
    op.execute(
        "ALTER TABLE call_texts ADD COLUMN search tsvector "
        "GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED"
    )
    op.execute("CREATE INDEX ix_call_texts_search ON call_texts USING gin (search)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("call_texts_fts")
    op.drop_index(op.f("ix_threads_digest_fingerprint"), table_name="threads")
    op.drop_table("threads")
    op.drop_table("call_texts")
    op.drop_table("call_gaps")
    op.drop_table("call_details")
    op.drop_table("tool_sets")
    op.drop_index(op.f("ix_tags_tag_subject"), table_name="tags")
    op.drop_table("tags")
    op.drop_index(op.f("ix_sessions_state_last_at_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_last_at_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_table("positions")
    op.drop_table("messages")
    op.drop_index(op.f("ix_calls_upstream_model_started_at"), table_name="calls")
    op.drop_index(op.f("ix_calls_status_code_started_at"), table_name="calls")
    op.drop_index(op.f("ix_calls_state_started_at_id"), table_name="calls")
    op.drop_index(op.f("ix_calls_started_at_id"), table_name="calls")
    op.drop_index(op.f("ix_calls_session_id_started_at_id"), table_name="calls")
    op.drop_index(op.f("ix_calls_response_model_started_at"), table_name="calls")
    op.drop_index(op.f("ix_calls_parent_id"), table_name="calls")
    op.drop_index(op.f("ix_calls_model_started_at"), table_name="calls")
    op.drop_index(op.f("ix_calls_fingerprint_response_id"), table_name="calls")
    op.drop_table("calls")
    op.drop_table("archive")
    op.drop_index(op.f("ix_annotations_subject_subject_id"), table_name="annotations")
    op.drop_table("annotations")
