"""Finding the calls that another one may continue: the look-ups of the session ladder, as SQL.

The statements are built once: they are asked twice for every call, and building one costs more than executing it.
"""

from typing import Any

from sqlalchemy import BigInteger, Connection, and_, bindparam, func, or_, select

from union_square.domain.ids import CallId, SessionId
from union_square.store import mapping
from union_square.store.ports import LinkCandidate, LinkQuery
from union_square.store.tables import CALLS, THREADS, AnySelect, pieces

MOST_CANDIDATES = 100
_HISTORY_AT_ONCE = 16  # the parent is nearly always among the longest few


def find_links(connection: Connection, query: LinkQuery) -> list[LinkCandidate]:
    """The candidates for a call's parent: by response id, else by the longest digest that any call has."""
    if query.response_id:
        return _candidates(connection, _BY_RESPONSE, query, {"upstream": query.upstream, "name": query.response_id})
    for digests in pieces(query.history, _HISTORY_AT_ONCE):
        found = _candidates(connection, _BY_DIGEST, query, {"names": digests})
        if found:
            longest = min((candidate.matched for candidate in found), key=digests.index)
            return [candidate for candidate in found if candidate.matched == longest]
    return []


def _statement(matched: Any) -> AnySelect:
    c, child = CALLS.c, CALLS.alias("child")
    began = bindparam("began", type_=BigInteger())
    children = (
        select(func.count())
        .where(child.c.parent_id == c.id, child.c.answered_at <= began)
        .correlate(CALLS)
        .scalar_subquery()
    )
    return (
        select(c.id, c.session_id, matched.label("matched"), c.system_digest, c.started_at, children.label("children"))
        .where(
            c.fingerprint == bindparam("fingerprint"),
            c.answered_at <= began,
            or_(c.started_at < began, and_(c.started_at == began, c.id < bindparam("call_id"))),
            c.session_id.is_not(None),
            or_(bindparam("session_id") == "", c.session_id == bindparam("session_id")),
        )
        .order_by(c.started_at.desc(), c.id.desc())
        .limit(MOST_CANDIDATES)
    )


_BY_RESPONSE = _statement(CALLS.c.response_id).where(
    CALLS.c.upstream == bindparam("upstream"), CALLS.c.response_id == bindparam("name")
)
_BY_DIGEST = (
    _statement(THREADS.c.digest)
    .join(THREADS, THREADS.c.call_id == CALLS.c.id)
    .where(THREADS.c.fingerprint == bindparam("fingerprint"), THREADS.c.digest.in_(bindparam("names", expanding=True)))
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
        )
        for row in connection.execute(statement, asked)
    ]
