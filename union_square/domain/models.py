"""The tables, as SQLModel rows. Only `store` and the migrations touch them; `store.mapping` turns them into values.

Times are integer microseconds since 1970-01-01T00:00:00Z and money is integer picodollars (10⁻¹² US dollars), so that
both databases keep them exactly and sums do not depend on their order. Tags and annotations name their subject by its
id and have no foreign key: they outlive a `rebuild`, which drops and recomputes every other table but the archive.
"""

# SQLModel declares __tablename__ as a declared_attr, which a plain name is not.
# pyright: reportAssignmentType=false

import json
from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, ForeignKey, Index, Integer, LargeBinary, MetaData, Text, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

BigKey = BigInteger().with_variant(Integer(), "sqlite")
"""A generated key: SQLite generates only for INTEGER, PostgreSQL's INTEGER is too small."""


class JsonText(TypeDecorator[Any]):
    """JSON kept as text on every database: what is read is what was written, NUL and lone surrogates included, which
    PostgreSQL's own JSON types refuse."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 (its signature)
        return None if value is None else dump_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 (its signature)
        return None if value is None else json.loads(value)


def dump_json(value: Any) -> str:
    """Compact JSON that can be stored as UTF-8: readable, but escaped where a lone surrogate would not encode."""
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(value, separators=(",", ":")) if _has_surrogates(plain) else plain


def _has_surrogates(plain: str) -> bool:
    try:
        plain.encode()
    except UnicodeEncodeError:
        return True
    return False


def _json(*, nullable: bool = False) -> Any:
    return Column(JsonText(), nullable=nullable)


def _big(*, nullable: bool = False) -> Any:
    return Column(BigInteger(), nullable=nullable)


def _call_key() -> Any:
    return Column[str]("call_id", ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)


class TableRow(SQLModel):
    """What every table shares: a metadata of its own, with names for constraints that migrations can rely on."""

    metadata = MetaData(naming_convention=NAMING)


class SessionRow(TableRow, table=True):
    """The calls that belong together, summed up. Recomputed from the calls whenever one of them is written."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "last_at", "id"), Index(None, "state", "last_at", "id"))

    id: str = Field(primary_key=True)
    title: str
    state: str
    started_at: int = Field(sa_column=_big())
    last_at: int = Field(sa_column=_big())
    call_count: int
    running_count: int
    error_count: int
    models: list[str] = Field(sa_column=_json())
    upstreams: list[str] = Field(sa_column=_json())
    input_tokens: int | None = Field(sa_column=_big(nullable=True))
    output_tokens: int | None = Field(sa_column=_big(nullable=True))
    cost_pico: int | None = Field(sa_column=_big(nullable=True))
    unpriced_calls: int
    gap_observations: int = Field(sa_column=_big())
    first_token_us: int | None = Field(sa_column=_big(nullable=True))  # the longest time to a first token of its calls


class CallRow(TableRow, table=True):
    """A call as listings show it, with what links it to others."""

    __tablename__ = "calls"
    __table_args__ = (
        Index(None, "started_at", "id"),
        Index(None, "session_id", "started_at", "id"),
        Index(None, "state", "started_at", "id"),
        Index(None, "upstream", "model", "started_at"),
        Index(None, "model", "started_at"),
        Index(None, "response_model", "started_at"),
        Index(None, "status_code", "started_at"),
        Index(None, "fingerprint", "response_id"),
    )

    id: str = Field(primary_key=True)
    session_id: str | None
    parent_id: str | None = Field(index=True)
    link_rule: str | None
    link_confidence: float | None
    upstream: str
    dialect: str
    operation: str
    model: str
    response_model: str
    method: str
    path: str
    status_code: int | None
    state: str
    streamed: bool
    started_at: int = Field(sa_column=_big())
    ended_at: int | None = Field(sa_column=_big(nullable=True))
    answered_at: int | None = Field(sa_column=_big(nullable=True))  # the last payload byte of the response
    first_chunk_us: int | None = Field(sa_column=_big(nullable=True))
    first_token_us: int | None = Field(sa_column=_big(nullable=True))
    output_tokens_per_second: float | None
    usage_reported: bool
    input_tokens: int | None = Field(sa_column=_big(nullable=True))
    output_tokens: int | None = Field(sa_column=_big(nullable=True))
    cache_read_input_tokens: int | None = Field(sa_column=_big(nullable=True))
    cache_creation_input_tokens: int | None = Field(sa_column=_big(nullable=True))
    reasoning_output_tokens: int | None = Field(sa_column=_big(nullable=True))
    cost_pico: int | None = Field(sa_column=_big(nullable=True))
    finish_reasons: list[str] = Field(sa_column=_json())
    error_type: str
    error_message: str
    request_bytes: int = Field(sa_column=_big())
    response_bytes: int = Field(sa_column=_big())
    recorded: bool
    gap_observations: int = Field(sa_column=_big())
    gap_bytes: int = Field(sa_column=_big())
    title: str  # the first user text, one line; its session's title where it is the first call
    preview: str
    call_metadata: dict[str, Any] = Field(sa_column=_json())  # "metadata" itself is taken by SQLAlchemy
    fingerprint: str
    system_digest: str
    response_id: str
    external_session: str
    application: str = Field(sa_column_kwargs={"server_default": text("''")})


class CallMarkRow(TableRow, table=True):
    """What a call is found by that it may have several of: finish reasons, tools called, metadata
    (`domain.finding.marks`)."""

    __tablename__ = "call_marks"
    __table_args__ = (Index(None, "name", "value", "call_id"),)

    call_id: str = Field(sa_column=_call_key())
    name: str = Field(primary_key=True)
    value: str = Field(primary_key=True)


class CallDetailRow(TableRow, table=True):
    """What one call's own page needs beside the listing. Messages and tools are stored once and named here."""

    __tablename__ = "call_details"

    call_id: str = Field(sa_column=_call_key())
    message_numbers: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))  # `packing.pack_numbers`
    request_message_count: int
    tools_digest: str
    parameters: dict[str, Any] = Field(sa_column=_json())
    request_head: dict[str, Any] = Field(sa_column=_json())
    response_head: dict[str, Any] | None = Field(sa_column=_json(nullable=True))
    chunks: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))  # `mapping.pack_chunks`
    request_chunks: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))
    problems: list[str] = Field(sa_column=_json())
    cost_source: str
    answer_facts: dict[str, Any] = Field(sa_column=_json())  # `mapping.ANSWER_FACTS`: ids, limits, kinds of tokens


class MessageRow(TableRow, table=True):
    """A message, once however many calls repeat it: an agent's request holds its whole history each time."""

    __tablename__ = "messages"

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    digest: str = Field(unique=True)
    content: dict[str, Any] = Field(sa_column=_json())


class ToolSetRow(TableRow, table=True):
    """The tools a request offered, once however many calls offer them."""

    __tablename__ = "tool_sets"

    digest: str = Field(primary_key=True)
    tools: list[dict[str, Any]] = Field(sa_column=_json())


class CallTextRow(TableRow, table=True):
    """The words of what a call added to its session, in their order: what full-text search looks through.

    SQLite indexes it with FTS5 (`call_texts_fts`), PostgreSQL with a generated tsvector (`search`); the migrations own
    both."""

    __tablename__ = "call_texts"

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    call_id: str = Field(sa_column=Column(ForeignKey("calls.id", ondelete="CASCADE"), nullable=False, unique=True))
    words: str = Field(sa_column=Column(Text(), nullable=False))


class ThreadRow(TableRow, table=True):
    """What later calls are linked to the call by: digests of the history that a continuation would repeat, keys of the
    tasks that it gave to sub-agents; and the mark that it is a sub-agent's itself (`domain.tasks`)."""

    __tablename__ = "threads"
    __table_args__ = (Index(None, "digest", "fingerprint"),)

    call_id: str = Field(sa_column=_call_key())
    digest: str = Field(primary_key=True)
    fingerprint: str


class GapRow(TableRow, table=True):
    """What was not recorded of a call, why, and how much."""

    __tablename__ = "call_gaps"

    call_id: str = Field(sa_column=_call_key())
    number: int = Field(primary_key=True)
    at: int = Field(sa_column=_big())
    observations: int = Field(sa_column=_big())
    bytes: int = Field(sa_column=_big())
    reason: str


class ArchiveRow(TableRow, table=True):
    """How an ended call's records are kept: as one zstd frame, mostly with another call's as its dictionary.

    A call mostly repeats its parent's request, so what stands in its own frame is what it added. No row that another
    one names as its base can be deleted."""

    __tablename__ = "archives"

    call_id: str = Field(primary_key=True)
    base_id: str | None = Field(
        sa_column=Column(ForeignKey("archives.call_id", ondelete="RESTRICT"), nullable=True, index=True)
    )
    key_id: str  # the call that began its group; `store.archive` says what groups are for
    layout: int  # 0: the records as they are; 1: packed (`store.packing`)
    chain_cost: int = Field(sa_column=_big())  # of reading it: bytes to decompress, itself and all it stands on
    group_cost: int = Field(sa_column=_big())  # the same, down to its group's first call only


class ArchivePieceRow(TableRow, table=True):
    """A piece of an archived call's frame; all pieces in their order are the frame.

    Pieces keep a value small enough to be read and written without a second copy of a large call in the driver."""

    __tablename__ = "archive_pieces"

    call_id: str = Field(
        sa_column=Column[str]("call_id", ForeignKey("archives.call_id", ondelete="CASCADE"), primary_key=True)
    )
    piece: int = Field(primary_key=True)
    data: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))


class TagRow(TableRow, table=True):
    """A tag on a session or a call. `removed` outlives a removal, so that a tag the request brought along does not
    come back when the call is projected again."""

    __tablename__ = "tags"
    __table_args__ = (Index(None, "tag", "subject"),)

    subject: str = Field(primary_key=True)
    subject_id: str = Field(primary_key=True)
    tag: str = Field(primary_key=True)
    source: str  # "request": its headers asked for it; "person": someone put it there; "rule": a rule did
    removed: bool
    created_at: int = Field(sa_column=_big())


class TagStyleRow(TableRow, table=True):
    """How a tag looks, wherever it is put."""

    __tablename__ = "tag_styles"

    tag: str = Field(primary_key=True)
    colour: str  # of `domain.edits.COLOURS`


class AnnotationRow(TableRow, table=True):
    """What somebody said of a session, a call, or a place in a call. One that was taken off is kept, as `removed`."""

    __tablename__ = "annotations"
    __table_args__ = (Index(None, "subject", "subject_id"),)

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    subject: str
    subject_id: str
    kind: str
    text: str = Field(sa_column=Column(Text(), nullable=False))
    name: str
    label: str
    score: float | None
    anchor: dict[str, Any] | None = Field(sa_column=_json(nullable=True))
    author: str
    removed: bool
    created_at: int = Field(sa_column=_big())


class RuleRow(TableRow, table=True):
    """A rule that tags calls when they end."""

    __tablename__ = "rules"

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    name: str
    tag: str
    conditions: dict[str, Any] = Field(sa_column=_json())
    enabled: bool
    removed: bool


class QueueRow(TableRow, table=True):
    """A review queue, and the keys that label what is in it."""

    __tablename__ = "queues"

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    name: str
    labels: list[list[str]] = Field(sa_column=_json())
    removed: bool
    created_at: int = Field(sa_column=_big())


class QueueItemRow(TableRow, table=True):
    """A session or call in a queue, in its order."""

    __tablename__ = "queue_items"

    queue_id: int = Field(sa_column=Column("queue_id", BigInteger(), primary_key=True, autoincrement=False))
    subject: str = Field(primary_key=True)
    subject_id: str = Field(primary_key=True)
    position: int
    state: str
    author: str
    removed: bool


class PlacementRow(TableRow, table=True):
    """Where a person put a call, or into which session another one was merged: then `session_id` is where its calls
    are to go."""

    __tablename__ = "placements"

    subject: str = Field(primary_key=True)  # "call", "session"
    subject_id: str = Field(primary_key=True)
    session_id: str
    parent_id: str | None
    removed: bool


class MovedCallRow(TableRow, table=True):
    """Where the ladder put a call that stands elsewhere now because of what people did."""

    __tablename__ = "moved_calls"

    call_id: str = Field(sa_column=_call_key())
    session_id: str
    parent_id: str | None
    link_rule: str | None
    link_confidence: float | None


class ChangeRow(TableRow, table=True):
    """One row that people (or a rule) changed: what it was and what it became. Only ever added to."""

    __tablename__ = "changes"
    __table_args__ = (Index(None, "subject_id", "id"), Index(None, "change_id"))

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    change_id: int = Field(sa_column=_big())  # the id of the first row that was changed with it
    at: int = Field(sa_column=_big())
    author: str
    action: str
    kind: str
    subject: str
    subject_id: str
    before: dict[str, Any] | None = Field(sa_column=_json(nullable=True))
    after: dict[str, Any] = Field(sa_column=_json())
    undoes: int | None = Field(sa_column=_big(nullable=True))


class SavedViewRow(TableRow, table=True):
    """A filter of a page that somebody gave a name."""

    __tablename__ = "saved_views"

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    page: str
    name: str
    query: str
    removed: bool


class PositionRow(TableRow, table=True):
    """How far each writer's log is projected: the first byte that still has to be read."""

    __tablename__ = "positions"

    writer: str = Field(primary_key=True)
    position: int = Field(sa_column=_big())
