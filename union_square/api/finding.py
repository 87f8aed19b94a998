"""/api/v1/facets, /api/v1/figures and /api/v1/views: what there is to find, what it amounts to, and saved views."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from union_square.api.errors import ERRORS
from union_square.api.filters import read_filter
from union_square.api.shapes import Q_SAYS
from union_square.domain.figures import Dimension, Figures, Sums, percentile
from union_square.domain.finding.completing import Completion, complete, place_at
from union_square.domain.finding.facets import Facet
from union_square.domain.finding.fields import META
from union_square.domain.views import SavedView
from union_square.store.ports import CallFilter
from union_square.watching.ports import Watching

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
PICO = 10**12


class NewName(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)


class NewView(BaseModel):
    model_config = ConfigDict(extra="forbid")

    page: Literal["sessions", "search"]
    name: str = Field(min_length=1, max_length=100)
    query: str = Field("", max_length=2000, description=Q_SAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What some calls amounted to. Times are in milliseconds, told to three digits; null = nobody reported one."""

    calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cost_usd: float | None
    unpriced_calls: int
    duration_ms: dict[str, float | None]
    time_to_first_token_ms: dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresShape:
    step_seconds: int
    total: Amounts
    spans: dict[int, Amounts]  # by the second since the epoch at which each begins
    values: dict[str, Amounts]


def present_amounts(sums: Sums) -> Amounts:
    def times(counts: dict[str, int | None]) -> dict[str, float | None]:
        return {name: None if us is None else us / 1000 for name, us in counts.items()}

    return Amounts(
        calls=sums.calls,
        errors=sums.errors,
        input_tokens=sums.input_tokens,
        output_tokens=sums.output_tokens,
        cache_read_input_tokens=sums.cached_tokens,
        cost_usd=sums.cost_pico / PICO if sums.calls > sums.unpriced else None,
        unpriced_calls=sums.unpriced,
        duration_ms=times({name: percentile(sums.durations, share) for name, share in SHARES.items()}),
        time_to_first_token_ms=times({name: percentile(sums.firsts, share) for name, share in SHARES.items()}),
    )


def present_figures(figures: Figures) -> FiguresShape:
    step = figures.step_us // 1_000_000
    return FiguresShape(
        step_seconds=step,
        total=present_amounts(figures.total),
        spans={number * step: present_amounts(sums) for number, sums in sorted(figures.spans.items())},
        values={value: present_amounts(sums) for value, sums in figures.values.items()},
    )


Q = Annotated[str | None, Query(max_length=2000, description=Q_SAYS)]


def finding_routes(watching: Watching) -> APIRouter:
    """The routes of facets, figures and saved views."""
    routes = APIRouter(tags=["finding"], responses=ERRORS)

    @routes.get("/facets")
    async def read_facets(q: Q = None) -> list[Facet]:
        """What the calls that `q` describes are: how many of each model, upstream, state, tag, …"""
        return await watching.facets(CallFilter(query=read_filter(q)))

    @routes.get("/figures")
    async def read_figures(
        q: Q = None,
        by: Dimension = "model",
        step_seconds: Annotated[int, Query(ge=60, le=31 * 86_400)] = 3600,
    ) -> FiguresShape:
        """What the calls that `q` describes amounted to: in all, over time, and by one field."""
        where = CallFilter(query=read_filter(q))
        return present_figures(await watching.figures(where, by=by, step_us=step_seconds * 1_000_000))

    @routes.get("/complete")
    async def complete_filter(
        q: Annotated[str, Query(max_length=2000, description=Q_SAYS)] = "",
        at: Annotated[int | None, Query(ge=0, description="where in `q` is written; left out: at its end")] = None,
    ) -> Completion:
        """What may stand at that place of a filter: names of fields, or values that the store knows."""
        place = place_at(q, len(q) if at is None else at)
        if place is None:
            return Completion()
        named = place.field.name if place.field else META if place.typed.lower().startswith(META) else ""
        return complete(place, await watching.values(named, place.typed) if named else [])

    @routes.get("/views")
    async def list_views() -> list[SavedView]:
        """The views that people saved: a name for a filter, and the page it is for."""
        return await watching.saved_views()

    @routes.post("/views", status_code=201)
    async def save_view(view: NewView) -> SavedView:
        """Save a view; one of that name and page is replaced."""
        read_filter(view.query)
        return await watching.save_view(view.page, view.name, view.query)

    @routes.patch("/views/{view_id}")
    async def rename_view(view_id: int, change: NewName) -> SavedView:
        """Give a saved view another name."""
        try:
            return await watching.rename_view(view_id, change.name)
        except ValueError as error:
            raise HTTPException(422, f"name: {error}") from error

    @routes.delete("/views/{view_id}", status_code=204)
    async def remove_view(view_id: int) -> Response:
        await watching.remove_view(view_id)
        return Response(status_code=204)

    _ = (read_facets, read_figures, complete_filter, list_views, save_view, rename_view, remove_view)
    return routes
