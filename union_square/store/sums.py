"""A session is what its calls amount to: summed up again by SQL whenever one of them is written, never counted up, so
that writing a call twice, or moving it to another session, cannot make it wrong."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, case, delete, func, select

from union_square.store.tables import CALLS, SESSIONS, AnySelect, fetch_pairs, pieces, put

_SUMS = ("input_tokens", "output_tokens", "cost_pico")


def unpriced() -> Any:
    """1 for an ended call that a model answered and whose cost is not known, else 0."""
    c = CALLS.c
    return case((c.cost_pico.is_(None) & (c.model != "") & c.state.in_(("done", "cut_off")), 1), else_=0)


def failed() -> Any:
    """1 for a call that ended without a whole answer, else 0."""
    return case((CALLS.c.state.in_(("failed", "cut_off")), 1), else_=0)


def sum_up_sessions(connection: Connection, session_ids: Iterable[str]) -> None:
    """Write the rows of those sessions as their calls are now; a session without calls is removed."""
    for ids in pieces(sorted(set(session_ids))):
        rows = {row["id"]: dict(row) for row in connection.execute(_sums(ids)).mappings()}
        names: dict[str, dict[str, list[str]]] = {id_: {"models": [], "upstreams": []} for id_ in rows}
        for used in connection.execute(_names(ids)).all():
            for kind, name in (("models", used.model), ("upstreams", used.upstream)):
                if name and name not in names[used.session_id][kind]:
                    names[used.session_id][kind].append(name)
        titles = fetch_pairs(connection, _titles(ids))
        for id_, row in rows.items():
            for column in (*_SUMS, "gap_observations", "running_count", "error_count", "unpriced_calls"):
                row[column] = None if row[column] is None else int(row[column])  # PostgreSQL sums to a Decimal
            row |= names[id_] | {"title": titles.get(id_, "")}
            row["state"] = "running" if row["running_count"] else "ended"
        put(connection, SESSIONS, list(rows.values()), existing="replace")
        if gone := [id_ for id_ in ids if id_ not in rows]:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.id.in_(gone)))


def _sums(ids: list[str]) -> AnySelect:
    c = CALLS.c
    return (
        select(
            c.session_id.label("id"),
            func.min(c.started_at).label("started_at"),
            func.max(func.coalesce(c.ended_at, c.started_at)).label("last_at"),
            func.count().label("call_count"),
            func.sum(case((c.state == "running", 1), else_=0)).label("running_count"),
            func.sum(failed()).label("error_count"),
            *(func.sum(c[name]).label(name) for name in _SUMS),
            func.sum(unpriced()).label("unpriced_calls"),
            func.sum(c.gap_observations).label("gap_observations"),
            func.max(c.first_token_us).label("first_token_us"),
        )
        .where(c.session_id.in_(ids))
        .group_by(c.session_id)
    )


def _names(ids: list[str]) -> AnySelect:
    """Models and upstreams in the order of their first use."""
    c = CALLS.c
    return (
        select(c.session_id, c.model, c.upstream)
        .where(c.session_id.in_(ids))
        .group_by(c.session_id, c.model, c.upstream)
        .order_by(func.min(c.started_at), c.model, c.upstream)
    )


def _titles(ids: list[str]) -> AnySelect:
    """The title of the first call that has one."""
    c = CALLS.c
    place = func.row_number().over(partition_by=c.session_id, order_by=(c.started_at, c.id)).label("place")
    titled = select(c.session_id, c.title, place).where(c.session_id.in_(ids), c.title != "").subquery()
    return select(titled.c.session_id, titled.c.title).where(titled.c.place == 1)
