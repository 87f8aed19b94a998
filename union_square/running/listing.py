"""Sessions and calls in a terminal: a table for people, JSON lines for programs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from union_square.domain.views import CallView, SessionView
from union_square.running.expected import ExpectedFailure
from union_square.store.engine import open_existing
from union_square.store.ports import CallFilter
from union_square.store.reader import SqlReader

NOT_REPORTED = "–"
NONE_YET = "nothing recorded yet: point an application at the proxy (`union-square up` says how)"


def session_lines(database_url: str, limit: int, *, as_json: bool) -> Iterator[RenderableType]:
    """The newest sessions. Raises StoreUnavailable."""
    page = SqlReader(open_existing(database_url)).sessions(limit=limit)
    if as_json:
        yield from _json_lines(page.items)
        return
    columns = ("session", "state", "last", "calls", "errors", "models", "tokens in/out", "cost", "title")
    yield (_table(columns, [_session_cells(item) for item in page.items]) if page.items else NONE_YET)


def call_lines(database_url: str, limit: int, *, session: str | None, as_json: bool) -> Iterator[RenderableType]:
    """The newest calls, of one session or of all. Raises ExpectedFailure, StoreUnavailable."""
    page = SqlReader(open_existing(database_url)).calls(limit=limit, where=CallFilter(session_id=session))
    if as_json:
        yield from _json_lines(page.items)
        return
    if session and not page.items:
        raise ExpectedFailure(f"no session {session} (`union-square sessions` lists what is recorded)")
    columns = ("call", "state", "started", "status", "model", "tokens in/out", "cost", "ms", "said")
    yield (_table(columns, [_call_cells(item) for item in page.items]) if page.items else NONE_YET)


def _json_lines(items: Iterable[SessionView | CallView]) -> Iterator[str]:
    def plain(value: Any) -> str:
        return value.isoformat()

    for item in items:
        yield escape(json.dumps(asdict(item), default=plain, ensure_ascii=False))


def _table(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    """A table whose last column takes what room is left; the others are shown whole."""
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    for column, cells in zip(columns[:-1], list(zip(*rows, strict=True))[:-1], strict=True):
        table.add_column(column, no_wrap=True, min_width=max(map(len, cells)))
    table.add_column(columns[-1], no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        table.add_row(*row)
    return table


def _session_cells(item: SessionView) -> tuple[str, ...]:
    return (
        escape(item.id),
        item.state,
        f"{item.last_at.astimezone():%Y-%m-%d %H:%M:%S}",
        str(item.call_count),
        str(item.error_count),
        escape(", ".join(item.models)),
        f"{_number(item.input_tokens)}/{_number(item.output_tokens)}",
        _cost(item.cost_usd),
        escape(item.title),
    )


def _call_cells(item: CallView) -> tuple[str, ...]:
    usage = item.usage
    return (
        item.id,
        item.state,
        f"{item.started_at.astimezone():%Y-%m-%d %H:%M:%S}",
        _number(item.status_code),
        escape(item.model),
        f"{_number(usage and usage.input_tokens)}/{_number(usage and usage.output_tokens)}",
        _cost(item.cost_usd),
        NOT_REPORTED if item.duration_ms is None else f"{item.duration_ms:.0f}",
        escape(item.preview),
    )


def _number(value: int | None) -> str:
    return NOT_REPORTED if value is None else str(value)


def _cost(value: float | None) -> str:
    return NOT_REPORTED if value is None else f"${value:.4f}"
