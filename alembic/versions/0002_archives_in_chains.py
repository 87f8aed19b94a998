"""archives stand on each other; the numbers of a call's messages are packed

Revision: 0002, after 0001
"""

import json
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AT_ONCE = 500


def upgrade() -> None:
    op.create_table(
        "archives",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("base_id", sa.String(), nullable=True),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("layout", sa.Integer(), nullable=False),
        sa.Column("chain_cost", sa.BigInteger(), nullable=False),
        sa.Column("group_cost", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"], ["archives.call_id"], name=op.f("fk_archives_base_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_archives")),
    )
    op.create_index(op.f("ix_archives_base_id"), "archives", ["base_id"], unique=False)
    op.create_table(
        "archive_pieces",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["archives.call_id"], name=op.f("fk_archive_pieces_call_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call_id", "piece", name=op.f("pk_archive_pieces")),
    )
    # What was archived before stands on nothing and stays as it is. What reading it costs is not known without
    # decompressing it; a group that begins with it is longer by that much.
    op.execute(
        "INSERT INTO archives (call_id, base_id, key_id, layout, chain_cost, group_cost) "
        "SELECT call_id, NULL, call_id, 0, 0, 0 FROM archive WHERE piece = 0"
    )
    op.execute("INSERT INTO archive_pieces (call_id, piece, data) SELECT call_id, piece, data FROM archive")
    op.drop_table("archive")
    op.add_column("call_details", sa.Column("message_numbers", sa.LargeBinary(), nullable=True))
    rewrite("message_ids", "message_numbers", from_json)
    with op.batch_alter_table("call_details") as table:
        table.alter_column("message_numbers", existing_type=sa.LargeBinary(), nullable=False)
        table.drop_column("message_ids")


def downgrade() -> None:
    standing = op.get_bind().scalar(sa.text("SELECT count(*) FROM archives WHERE layout <> 0 OR base_id IS NOT NULL"))
    if standing:
        raise RuntimeError(f"{standing} archived calls are kept in a way that the version before this one cannot read")
    op.add_column("call_details", sa.Column("message_ids", sa.Text(), nullable=True))
    rewrite("message_numbers", "message_ids", to_json)
    with op.batch_alter_table("call_details") as table:
        table.alter_column("message_ids", existing_type=sa.Text(), nullable=False)
        table.drop_column("message_numbers")
    op.create_table(
        "archive",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "piece", name=op.f("pk_archive")),
    )
    op.execute("INSERT INTO archive (call_id, piece, data) SELECT call_id, piece, data FROM archive_pieces")
    op.drop_table("archive_pieces")
    op.drop_index(op.f("ix_archives_base_id"), table_name="archives")
    op.drop_table("archives")


def rewrite(old: str, new: str, convert: Callable[[Any], object]) -> None:
    """Fill one column of `call_details` from another, some rows at a time."""
    details = sa.table("call_details", sa.column("call_id"), sa.column(old), sa.column(new))
    connection, last = op.get_bind(), ""
    while True:
        some = sa.select(details.c.call_id, details.c[old]).where(details.c.call_id > last)
        rows = connection.execute(some.order_by(details.c.call_id).limit(AT_ONCE)).all()
        if not rows:
            return
        change = sa.update(details).where(details.c.call_id == sa.bindparam("which"))
        connection.execute(
            change.values({new: sa.bindparam("value")}),
            [{"which": id_, "value": convert(value)} for id_, value in rows],
        )
        last = rows[-1][0]


def from_json(ids: str) -> bytes:
    return pack(json.loads(ids))


def to_json(packed: bytes) -> str:
    return json.dumps(unpack(packed))


def pack(numbers: Iterable[int]) -> bytes:
    """As `store.packing.pack_numbers` did when this was written."""
    packed, before = bytearray(), 0
    for number in numbers:
        step, before = number - before, number
        left = step << 1 if step >= 0 else (-step << 1) - 1
        while left >= 0x80:
            packed.append(left & 0x7F | 0x80)
            left >>= 7
        packed.append(left)
    return zlib.compress(bytes(packed), 6)


def unpack(packed: bytes) -> list[int]:
    numbers, number, left, shift = list[int](), 0, 0, 0
    for byte in zlib.decompress(packed):
        left |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            number += -((left + 1) >> 1) if left & 1 else left >> 1
            numbers.append(number)
            left = shift = 0
    return numbers
