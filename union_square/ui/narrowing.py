"""What pages with a filter share: its text and what is wrong with it, facets, saved views; one mixin for their states.

The listing is shown first; what is counted and looked up besides comes after it (`look_closer`).
"""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import reflex as rx

from union_square.domain.finding import FilterError, parse_filter, settle
from union_square.domain.sorting import Sort
from union_square.store.ports import CallFilter
from union_square.ui import failures
from union_square.ui.present_finding import address_of, present_facets, present_problem, present_views
from union_square.ui.present_order import CALL_COLUMNS, SESSION_COLUMNS, Column, present_heads, read_order
from union_square.ui.services import services
from union_square.ui.views import FacetLine, FilterProblem, Heads, ViewLine

NAME_LIMIT = 100


class Narrowed(rx.State, mixin=True):
    """`_page` names the page in saved views. A page loads its listing, then has `look_closer` called."""

    text: str = ""
    problem: FilterProblem = FilterProblem()
    facet_lines: list[FacetLine] = []
    counting: bool = False
    saved: list[ViewLine] = []
    said: str = ""
    heads: Heads = Heads()
    order: str = ""

    def _page(self) -> Literal["search", "sessions"]:
        raise NotImplementedError

    def _where(self, text: str) -> CallFilter | None:
        """The filter that the address asks for; None: it cannot be read, and the page says why."""
        if text != self.text:
            self.facet_lines = []
        self.text, self.problem, self.said, self.counting = text, FilterProblem(), "", True
        try:
            return CallFilter(query=settle(parse_filter(text), datetime.now(UTC)))
        except FilterError as error:
            self.problem, self.counting, self.facet_lines = present_problem(text, error), False, []
            return None

    def _sort(self, spelled: str) -> Sort:
        """The order that the address asks for; with the filter known."""
        columns = self._columns()
        sort = read_order(spelled, columns)
        self.order = sort.spelled
        self.heads = present_heads(columns, sort, f"/{self._page()}", self.text)
        return sort

    def _columns(self) -> Sequence[Column]:
        return SESSION_COLUMNS if self._page() == "sessions" else CALL_COLUMNS

    async def _closer(self, where: CallFilter) -> None:
        """What the page looks up besides facets, once the listing is shown."""

    @rx.event(background=True, supersedes=True)
    async def look_closer(self) -> None:
        """Count the facets of what is listed, and fetch the saved views."""
        async with self:
            text, page, readable = self.text, self._page(), not self.problem.message
            sort = read_order(self.order, self._columns())
        watching = services().watching
        try:
            saved = present_views(await watching.saved_views(), page, text)
            async with self:
                self.saved = saved
            if not readable:
                return
            where = CallFilter(query=settle(parse_filter(text), datetime.now(UTC)))
            async with self:
                await self._closer(where)
            lines = present_facets(await watching.facets(where), f"/{page}", text, sort)
        except failures.EXPECTED as error:
            lines = []
            async with self:
                self.said = failures.phase_of(error)[1]
        async with self:
            if self.text == text:
                self.facet_lines, self.counting = lines, False

    @rx.event
    def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to the address of this filter."""
        sort = read_order(self.order, self._columns())
        return rx.redirect(address_of(f"/{self._page()}", str(form.get("text", "")), sort=sort))

    @rx.event
    async def save_view(self, form: dict[str, Any]) -> None:
        """Keep the present filter under a name."""
        name = str(form.get("name", ""))[:NAME_LIMIT]
        if name.strip():
            await self._change_views(services().watching.save_view(self._page(), name, self.text))

    @rx.event
    async def rename_view(self, form: dict[str, Any]) -> None:
        name = str(form.get("name", ""))[:NAME_LIMIT]
        if name.strip():
            await self._change_views(services().watching.rename_view(int(form.get("id", 0)), name))

    @rx.event
    async def remove_view(self, view_id: int) -> None:
        await self._change_views(services().watching.remove_view(view_id))

    async def _change_views(self, change: Any) -> None:
        try:
            await change
            self.said = ""
            self.saved = present_views(await services().watching.saved_views(), self._page(), self.text)
        except ValueError as error:
            self.said = f"The view was not kept: {error}"
        except failures.EXPECTED as error:
            self.said = f"The view was not kept: {failures.phase_of(error)[1]}"
