"""Orders of listings: by a value, then by the id; what is not known comes last. In SQL, and for rows in memory.

Calls have no index for each order: SQLite goes through the one index that holds every value, PostgreSQL through the
table, and both keep no more than a page of it. Six more indexes would cost every call that is written more than that.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import gt, lt
from typing import Any, Literal, TypeVar, assert_never

from sqlalchemy import BigInteger, ColumnElement, case, func, literal, or_, tuple_

from union_square.domain.models import CallRow, SessionRow
from union_square.domain.sorting import CALL_KEYS, SessionKey, Sort
from union_square.store.conditions import NUMBERS
from union_square.store.cursors import Last
from union_square.store.tables import CALLS, SESSIONS, AnySelect

_s = SESSIONS.c
_CALLS: Mapping[SessionKey, ColumnElement[Any]] = {
    key: CALLS.c.started_at if key == "time" else NUMBERS[key] for key in CALL_KEYS
}
_SESSIONS: Mapping[SessionKey, ColumnElement[Any]] = {
    "time": _s.last_at,
    "cost": _s.cost_pico,
    "duration": case((_s.running_count == 0, _s.last_at - _s.started_at)),  # one that runs has none yet
    "tokens": func.coalesce(_s.input_tokens + _s.output_tokens, _s.input_tokens, _s.output_tokens),
    "input_tokens": _s.input_tokens,
    "output_tokens": _s.output_tokens,
    "ttft": _s.first_token_us,
    "calls": _s.call_count,
    "errors": _s.error_count,
}

_ALWAYS_KNOWN: set[SessionKey] = {"time", "calls", "errors"}

RowT = TypeVar("RowT", CallRow, SessionRow)


def order_calls(statement: AnySelect, sort: Sort, after: Last | None) -> AnySelect:
    """The calls in that order, from behind `after` on."""
    return _ordered(statement, _CALLS[sort.key], CALLS.c.id, sort, after)


def order_sessions(statement: AnySelect, sort: Sort, after: Last | None) -> AnySelect:
    """The sessions in that order, from behind `after` on."""
    return _ordered(statement, _SESSIONS[sort.key], _s.id, sort, after)


def _ordered(
    statement: AnySelect, value: ColumnElement[Any], id_: ColumnElement[Any], sort: Sort, after: Last | None
) -> AnySelect:
    always_known = sort.key in _ALWAYS_KNOWN
    directed = [one.desc() if sort.descending else one.asc() for one in (value, id_)]
    statement = statement.order_by(*directed) if always_known else statement.order_by(value.is_(None), *directed)
    if after is None:
        return statement
    at, last_id = after
    beyond = lt if sort.descending else gt
    if at is None:
        return statement.where(value.is_(None), beyond(id_, last_id))
    behind = beyond(tuple_(value, id_), tuple_(literal(at, BigInteger()), literal(last_id)))
    return statement.where(behind if always_known else or_(behind, value.is_(None)))


def call_value(row: CallRow, key: SessionKey) -> int | None:
    """What the order of calls goes by."""
    match key:
        case "time":
            return row.started_at
        case "duration":
            return None if row.ended_at is None else row.ended_at - row.started_at
        case "ttft":
            return row.first_token_us
        case "calls" | "errors":
            raise AssertionError(f"calls have no order by {key}")
        case _:
            return _summed(row, key)


def session_value(row: SessionRow, key: SessionKey) -> int | None:
    """What the order of sessions goes by."""
    match key:
        case "time":
            return row.last_at
        case "duration":
            return None if row.running_count else row.last_at - row.started_at
        case "ttft":
            return row.first_token_us
        case "calls":
            return row.call_count
        case "errors":
            return row.error_count
        case _:
            return _summed(row, key)


def _summed(row: CallRow | SessionRow, key: Literal["cost", "tokens", "input_tokens", "output_tokens"]) -> int | None:
    match key:
        case "cost":
            return row.cost_pico
        case "input_tokens":
            return row.input_tokens
        case "output_tokens":
            return row.output_tokens
        case "tokens":
            known = [count for count in (row.input_tokens, row.output_tokens) if count is not None]
            return sum(known) if known else None
        case _:
            assert_never(key)


def page_of_rows(
    rows: Iterable[RowT], value: Callable[[RowT], int | None], sort: Sort, after: Last | None
) -> list[RowT]:
    """Rows in memory in that order, from behind `after` on."""

    def place(known: int | None, id_: str) -> tuple[bool, int, str]:
        """Unknown ones come last in either direction."""
        return (known is None) != sort.descending, known or 0, id_

    ordered = sorted(rows, key=lambda row: place(value(row), row.id), reverse=sort.descending)
    if after is None:
        return ordered
    beyond = lt if sort.descending else gt
    return [row for row in ordered if beyond(place(value(row), row.id), place(*after))]
