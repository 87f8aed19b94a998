"""Finding the calls that another one may continue: the look-ups of the session ladder, as SQL.

The statements are built once: they are asked twice for every call, and building one costs more than executing it.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, bindparam, func, or_, select

from union_square.domain.ids import CallId, SessionId
from union_square.domain.tasks import CALLED
from union_square.store import mapping
from union_square.store.ports import LinkCandidate, LinkQuery
from union_square.store.tables import CALLS, MOVED, THREADS, AnySelect, pieces

MOST_CANDIDATES = 100


def find_links(connection: Connection, query: LinkQuery) -> list[LinkCandidate]:
    """The candidates for a call's parent: by response id, else by the longest digest that any call has."""
    if query.response_id:
        return _candidates(connection, _BY_RESPONSE, query, {"upstream": query.upstream, "name": query.response_id})
    for digest in _known(connection, query):
        if found := _candidates(connection, _BY_DIGEST, query, {"name": digest}):
            return found
    return []


def _known(connection: Connection, query: LinkQuery) -> Iterator[str]:
    """The digests that calls were stored with, and the first without asking: mostly, it is the parent's."""
    yield from query.history[:1]
    for digests in pieces(query.history[1:]):
        asked = {"names": digests, "fingerprint": query.fingerprint}
        known = set(connection.scalars(_KNOWN_DIGESTS, asked))
        yield from (digest for digest in digests if digest in known)


def _statement(matched: Any) -> AnySelect:
    """As if nobody had moved a call: the ladder sees its own answers, and people's are laid over what it finds."""
    c, child, mark = CALLS.c, CALLS.alias("child"), THREADS.alias("mark")
    session_id = func.coalesce(MOVED.c.session_id, c.session_id)
    began = bindparam("began", type_=BigInteger())
    called = select(mark.c.call_id).where(mark.c.call_id == child.c.id, mark.c.digest == CALLED)
    children = (
        select(func.count())
        .where(child.c.parent_id == c.id, child.c.answered_at <= began, ~called.exists())
        .correlate(CALLS)
        .scalar_subquery()
    )
    return (
        select(
            c.id,
            session_id.label("session_id"),
            matched.label("matched"),
            c.system_digest,
            c.started_at,
            children.label("children"),
            c.upstream,
            c.model,
        )
        .join_from(CALLS, MOVED, MOVED.c.call_id == c.id, isouter=True)
        .where(
            c.answered_at <= began,
            or_(c.started_at < began, and_(c.started_at == began, c.id < bindparam("call_id"))),
            c.session_id.is_not(None),
            or_(bindparam("session_id") == "", session_id == bindparam("session_id")),
        )
        .order_by(c.started_at.desc(), c.id.desc())
        .limit(MOST_CANDIDATES)
    )


_BY_RESPONSE = _statement(CALLS.c.response_id).where(
    CALLS.c.fingerprint == bindparam("fingerprint"),
    CALLS.c.upstream == bindparam("upstream"),
    CALLS.c.response_id == bindparam("name"),
)
_BY_DIGEST = (
    _statement(THREADS.c.digest)
    .join(THREADS, THREADS.c.call_id == CALLS.c.id)
    .where(THREADS.c.fingerprint == bindparam("fingerprint"), THREADS.c.digest == bindparam("name"))
)
_KNOWN_DIGESTS = (
    select(THREADS.c.digest)
    .where(THREADS.c.fingerprint == bindparam("fingerprint"), THREADS.c.digest.in_(bindparam("names", expanding=True)))
    .distinct()
)


def _candidates(
    connection: Connection, statement: AnySelect, query: LinkQuery, names: dict[str, Any]
) -> list[LinkCandidate]:
    asked = names | {
        "began": mapping.to_us(query.started_at),
        "call_id": query.call_id,
        "fingerprint": query.fingerprint,
        "session_id": query.session_id,
    }
    return [
        LinkCandidate(
            call_id=CallId(row.id),
            session_id=SessionId(row.session_id),
            matched=row.matched,
            system_digest=row.system_digest,
            started_at=mapping.from_us(row.started_at),
            children=row.children,
            upstream=row.upstream,
            model=row.model,
        )
        for row in connection.execute(statement, asked)
    ]
