"""The archive: every ended call's records, byte for byte, in about the space of what is new in them.

A call's frame is compressed with the packed records of another call, its base, as dictionary: its parent, else the
nearest earlier call of its session. To read a call, its base is read first, and so on down to a call without one.
What that costs is bounded, in bytes to decompress:

- calls stand on their parents for as long as their group costs at most `MOST_GROUP_BYTES`;
- the next call begins a new group: it stands on the call that began the group before it;
- where even the chain of those costs more than `MOST_CHAIN_BYTES`, a call stands on nothing.

What is archived is never written again, so a base is what it was when a call was compressed with it; the database
refuses to delete one (`ArchiveRow.base_id`), and a frame's checksum would tell if it were another.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import zstandard
from sqlalchemy import Connection, or_, select

from union_square.store import mapping
from union_square.store.packing import pack_records, unpack_records
from union_square.store.ports import Projection
from union_square.store.tables import ARCHIVE_PIECES, ARCHIVES, CALLS, AnySelect, pieces

MOST_GROUP_BYTES = 40 << 20
MOST_CHAIN_BYTES = 64 << 20
"""Decompressing so much takes about 17 ms of CPU time. A group of that size holds some hundred turns of an agent whose
last request has half a megabyte; each further group holds what is new in it twice, as key and as steps."""

STEP_BYTES = 100 << 10
"""What one more call in a chain costs besides its bytes: finding it takes as long as decompressing so many."""

PIECE_BYTES = 512 << 10
LEVEL = 6
"""Of zstd. The lowest ones do not find again what is far away in a large base; higher ones take longer for nothing."""

_RECENT_BYTES = 32 << 20
_PLAIN, _PACKED = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a call is in the chains; its row in `archives`."""

    call_id: str
    base_id: str | None
    key_id: str
    layout: int
    chain_cost: int
    group_cost: int


class Archive:
    """Writes archives, and remembers those it saw last: they are what the next ones stand on. For one thread."""

    def __init__(self, *, most_group_bytes: int = MOST_GROUP_BYTES, most_chain_bytes: int = MOST_CHAIN_BYTES) -> None:
        self._most_group_bytes = most_group_bytes
        self._most_chain_bytes = most_chain_bytes
        self._recent = OrderedDict[str, bytes]()
        self._recent_bytes = 0

    def write(self, connection: Connection, projections: Iterable[Projection]) -> None:
        """Archive the calls that are not archived yet. Their rows in `calls` must be there."""
        ended = [projection for projection in projections if projection.archive is not None]
        # What a call stands on began before it.
        ended.sort(key=lambda projection: (projection.detail.call.started_at, projection.detail.call.id))
        there = _places(connection, (projection.detail.call.id for projection in ended))
        for projection in ended:
            if projection.archive is not None and projection.detail.call.id not in there:
                self._write(connection, projection, projection.archive)

    def read(self, connection: Connection, call_id: str) -> bytes:
        """As `load_archive`, for reading many of them in their order."""
        content, layout = _contents(connection, call_id, self._recent)
        self._remember(call_id, content)
        return _records(content, layout)

    def forget(self) -> None:
        """After a transaction that failed: what was written in it is not there."""
        self._recent.clear()
        self._recent_bytes = 0

    def _write(self, connection: Connection, projection: Projection, archive: bytes) -> None:
        call_id = projection.detail.call.id
        packed = pack_records(archive)
        layout, content = (_PLAIN, archive) if packed is None else (_PACKED, packed)
        cost = len(content) + STEP_BYTES
        base, begins_group = self._choose_base(connection, projection, cost)
        place = _Place(
            call_id=call_id,
            base_id=base.call_id if base else None,
            key_id=base.key_id if base and not begins_group else call_id,
            layout=layout,
            chain_cost=cost + (base.chain_cost if base else 0),
            group_cost=cost + (base.group_cost if base and not begins_group else 0),
        )
        frame = _compress(content, self._load(connection, base.call_id) if base else None)
        connection.execute(ARCHIVES.insert(), {name: getattr(place, name) for name in place.__slots__})
        rows = [
            {"call_id": call_id, "piece": number, "data": frame[start : start + PIECE_BYTES]}
            for number, start in enumerate(range(0, len(frame), PIECE_BYTES))
        ]
        connection.execute(ARCHIVE_PIECES.insert(), rows)
        self._remember(call_id, content)

    def _choose_base(self, connection: Connection, projection: Projection, cost: int) -> tuple[_Place | None, bool]:
        """What a call of that cost is to stand on, and whether it begins a new group thereby."""
        near = _nearest(connection, projection)
        if near is None:
            return None, True
        if near.group_cost + cost <= self._most_group_bytes:
            return near, False
        key = near if near.key_id == near.call_id else _places(connection, [near.key_id]).get(near.key_id)
        if key is not None and key.chain_cost + cost <= self._most_chain_bytes - self._most_group_bytes:
            return key, True
        return None, True

    def _load(self, connection: Connection, call_id: str) -> bytes:
        content = self._recent.get(call_id)
        if content is None:
            content = _contents(connection, call_id, self._recent)[0]
        self._remember(call_id, content)
        return content

    def _remember(self, call_id: str, content: bytes) -> None:
        self._recent_bytes += len(content) - len(self._recent.pop(call_id, b""))
        self._recent[call_id] = content
        while self._recent_bytes > _RECENT_BYTES and len(self._recent) > 1:
            self._recent_bytes -= len(self._recent.popitem(last=False)[1])


def load_archive(connection: Connection, call_id: str) -> bytes:
    """The records of an archived call; nothing where there is no archive of it."""
    content, layout = _contents(connection, call_id, {})
    return _records(content, layout)


def _records(content: bytes, layout: int) -> bytes:
    return unpack_records(content) if layout == _PACKED else content


def _nearest(connection: Connection, projection: Projection) -> _Place | None:
    """The archived call that this one repeats most of: its parent, else the one before it in its session."""
    call = projection.detail.call
    if call.parent_id and (parent := _places(connection, [call.parent_id])):
        return parent[call.parent_id]
    if call.session_id is None or call.link_rule == "new":
        return None
    c, began = CALLS.c, mapping.to_us(call.started_at)
    before = (
        select(ARCHIVES)
        .join(CALLS, c.id == ARCHIVES.c.call_id)
        .where(c.session_id == call.session_id, or_(c.started_at < began, (c.started_at == began) & (c.id < call.id)))
        .order_by(c.started_at.desc(), c.id.desc())
        .limit(1)
    )
    return next(iter(_read_places(connection, before).values()), None)


def _places(connection: Connection, call_ids: Iterable[str]) -> dict[str, _Place]:
    found = dict[str, _Place]()
    for ids in pieces(call_ids):
        found |= _read_places(connection, select(ARCHIVES).where(ARCHIVES.c.call_id.in_(ids)))
    return found


def _read_places(connection: Connection, statement: AnySelect) -> dict[str, _Place]:
    return {row["call_id"]: _Place(**row) for row in connection.execute(statement).mappings()}


def _contents(connection: Connection, call_id: str, known: Mapping[str, bytes]) -> tuple[bytes, int]:
    """What was compressed of a call, and its layout; nothing where there is no archive of it. Raises LookupError where
    what it stands on is not there."""
    chain = _chain(connection, call_id)
    if not chain:
        return b"", _PLAIN
    first = next((n for n, place in enumerate(chain) if place.call_id in known), len(chain))
    content = known[chain[first].call_id] if first < len(chain) else None
    frames = _frames(connection, [place.call_id for place in chain[:first]])
    for place in reversed(chain[:first]):
        if (content is None) != (place.base_id is None):
            raise LookupError(f"the archive of call {call_id} stands on call {place.base_id}, which is not there")
        content = _decompress(frames[place.call_id], content)
    return content or b"", chain[0].layout


def _chain(connection: Connection, call_id: str) -> list[_Place]:
    """The call and all it stands on, the nearest first."""
    chain = select(ARCHIVES).where(ARCHIVES.c.call_id == call_id).cte("chain", recursive=True)
    chain = chain.union_all(select(ARCHIVES).join(chain, ARCHIVES.c.call_id == chain.c.base_id))
    places = _read_places(connection, select(chain))
    found, here = list[_Place](), places.get(call_id)
    while here is not None:
        found.append(here)
        here = places.get(here.base_id or "")
    return found


def _frames(connection: Connection, call_ids: list[str]) -> dict[str, bytes]:
    found = dict[str, bytes]()
    p = ARCHIVE_PIECES.c
    for ids in pieces(call_ids):
        rows = connection.execute(select(p.call_id, p.data).where(p.call_id.in_(ids)).order_by(p.call_id, p.piece))
        for id_, data in rows:
            found[id_] = found.get(id_, b"") + data
    return found


def _compress(content: bytes, base: bytes | None) -> bytes:
    if base is None:
        return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(content)
    parameters = zstandard.ZstdCompressionParameters.from_level(  # pyright: ignore[reportUnknownMemberType]
        LEVEL,
        source_size=len(content),
        dict_size=len(base),
        window_log=max(zstandard.WINDOWLOG_MIN, (len(base) + len(content)).bit_length()),  # so that all of it is seen
        write_checksum=True,
    )
    return zstandard.ZstdCompressor(compression_params=parameters, dict_data=_dictionary(base)).compress(content)


def _decompress(frame: bytes, base: bytes | None) -> bytes:
    given = None if base is None else _dictionary(base)
    return zstandard.ZstdDecompressor(dict_data=given).decompress(frame)


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
