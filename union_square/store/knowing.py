"""The values that a field of the filter language has in the store, for completion: found by steps down an index."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, true

from union_square.domain.finding.fields import META
from union_square.store.tables import ANNOTATIONS, CALLS, MARKS, TAGS

_c = CALLS.c
_COLUMNS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "model": (_c.model, _c.response_model),
    "upstream": (_c.upstream,),
}
_SCANNED: dict[str, ColumnElement[Any]] = {
    "application": _c.application,
    "dialect": _c.dialect,
    "operation": _c.operation,
}
"""Few values, and in no index of their own."""


def load_values(connection: Connection, field: str, begins: str, limit: int) -> list[str]:
    """In their order; `META`: the names of what metadata there is. Where there are more than `limit`, those that begin
    with `begins` are among them."""
    match field:
        case "tag":
            there = TAGS.c.removed.is_(False)
            found = connection.scalars(select(TAGS.c.tag).where(there).distinct().order_by(TAGS.c.tag).limit(limit))
            return [str(value) for value in found]
        case "label":
            labels = (ANNOTATIONS.c.kind == "label", ANNOTATIONS.c.removed.is_(False))
            named = select(ANNOTATIONS.c.label).where(*labels).distinct().order_by(ANNOTATIONS.c.label)
            return [str(value) for value in connection.scalars(named.limit(limit)) if value]
        case _ if field == META:
            return [one for one in _steps(connection, MARKS.c.name, true(), META, limit) if one.startswith(META)]
        case "tool" | "finish":
            return _known(connection, MARKS.c.value, MARKS.c.name == field, begins, limit)
        case _ if field.startswith(META):
            return _known(connection, MARKS.c.value, MARKS.c.name == field, begins, limit)
        case _ if field in _SCANNED:
            column = _SCANNED[field]
            return [one for one in connection.scalars(select(column).distinct().order_by(column).limit(limit)) if one]
        case _:
            columns = _COLUMNS.get(field, ())
            return sorted({one for column in columns for one in _known(connection, column, true(), begins, limit)})


def _known(
    connection: Connection, column: ColumnElement[Any], among: ColumnElement[bool], begins: str, limit: int
) -> list[str]:
    found = _steps(connection, column, among, "", limit)
    if begins and len(found) == limit:
        found += [one for one in _steps(connection, column, among, begins, limit) if one.startswith(begins)]
    return [one for one in dict.fromkeys(found) if one]


def _steps(
    connection: Connection, column: ColumnElement[Any], among: ColumnElement[bool], begin: str, limit: int
) -> list[str]:
    """The first `limit` different values from `begin` on, each by one step down the index."""
    known = select(func.min(column).label("value")).where(among, column >= begin).cte("known", recursive=True)
    following = select(func.min(column)).where(among, column > known.c.value).scalar_subquery()
    known = known.union_all(select(following).where(known.c.value.is_not(None)))
    return list(connection.scalars(select(known.c.value).where(known.c.value.is_not(None)).limit(limit)))
