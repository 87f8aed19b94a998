"""What is wrong with a filter, in place; and facets that narrow by a click or the keyboard."""

import reflex as rx

from union_square.ui.components.elements import page_link
from union_square.ui.components.reflex import cond, el, foreach
from union_square.ui.views import FacetLine, FacetLink, FilterProblem


def filter_problem(problem: FilterProblem) -> rx.Component:
    return cond(
        problem.message,
        el.div(
            el.p(el.span(problem.before), el.mark(problem.wrong), el.span(problem.after), class_name="mono"),
            el.p(problem.message),
            class_name="filter-problem",
            role="alert",
            id="filter-problem",
            custom_attrs={"data-testid": "filter-problem"},
        ),
    )


def _link(one: FacetLink) -> rx.Component:
    return page_link(el.span(one.value), el.span(one.calls, class_name="num muted"), href=one.href, class_name="facet")


def facets(lines: list[FacetLine]) -> rx.Component:
    def line(facet: FacetLine) -> rx.Component:
        return el.div(
            el.h2(facet.name),
            foreach(facet.links, _link),
            class_name="facet-line",
            custom_attrs={"data-testid": "facet", "data-field": facet.name},
        )

    return el.nav(foreach(lines, line), class_name="facets", custom_attrs={"aria-label": "narrow by"})
