"""A filter's box with completion, what is wrong with it in place, facets that narrow, and saved views."""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import page_link
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.views import FacetLine, FacetLink, FilterProblem, ViewLine

EXAMPLE = 'Words, "a phrase", model:gpt-4o status:error cost>0.10 -tag:seen'


def filter_input(text: Any, *, name: str = "text", search: bool = True, **props: Any) -> rx.Component:
    """A line for a filter; `assets/finding.js` completes what is written. `search`: the key / goes to it."""
    attributes = {
        "aria-label": "filter",
        "aria-autocomplete": "list",
        "aria-expanded": "false",
        "data-complete": "",
    }
    return el.input(
        name=name,
        type="text",
        placeholder=EXAMPLE,
        default_value=text,
        key="query-" + text,
        auto_complete="off",
        spell_check=False,
        role="combobox",
        custom_attrs=attributes | ({"data-search": "", "data-testid": "search-input"} if search else {}),
        **props,
    )


def query_box(text: Any, search: Any, clear: str) -> rx.Component:
    """`clear`: the address without a filter."""
    return el.form(
        filter_input(text),
        el.button("Search", type="submit", class_name="button"),
        cond(text, page_link("Clear", href=clear, class_name="button quiet")),
        on_submit=search,
        class_name="search-box",
        role="search",
    )


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


def facets(lines: list[FacetLine], counting: Any) -> rx.Component:
    def line(facet: FacetLine) -> rx.Component:
        return el.div(
            el.h3(facet.name, cond(facet.note, el.span(facet.note))),
            foreach(facet.links, _link),
            class_name="facet-line",
            custom_attrs={"data-testid": "facet", "data-field": facet.name},
        )

    bones = el.div(*(el.div(class_name="bone") for _ in range(5)), class_name="bones")
    counted = el.nav(
        el.h2("Narrow by", el.span("calls", class_name="muted")),
        foreach(lines, line),
        class_name="facets",
        custom_attrs={"aria-label": "narrow by"},
    )
    return cond(lines, counted, cond(counting, el.div(el.h2("Narrow by"), bones, class_name="facets")))


def saved_views(saved: list[ViewLine], said: Any, save: Any, rename: Any, remove: Any) -> rx.Component:
    def line(view: ViewLine) -> rx.Component:
        return el.li(
            page_link(
                view.name,
                href=view.href,
                title=view.query,
                class_name="view-link",
                custom_attrs={"data-current": view.current},
            ),
            el.details(
                el.summary("⋯", title="rename, review or remove", custom_attrs={"aria-label": "change " + view.name}),
                el.form(
                    el.input(name="id", type="hidden", value=view.id, read_only=True),
                    el.input(name="name", default_value=view.name, custom_attrs={"aria-label": "new name"}),
                    el.button("Rename", type="submit", class_name="button"),
                    on_submit=rename,
                    class_name="view-form",
                ),
                page_link("Review these", href=view.review_href, class_name="button quiet"),
                el.button("Remove", type="button", class_name="button quiet", on_click=remove(view.id)),
                class_name="view-menu",
            ),
            key=view.id,
            custom_attrs={"data-testid": "saved-view"},
        )

    return el.section(
        el.h2("Saved views"),
        cond(saved, el.ul(foreach(saved, line), class_name="view-list"), el.p("None yet.", class_name="muted")),
        el.form(
            el.input(
                name="name",
                placeholder="Name this view",
                max_length=100,
                custom_attrs={"aria-label": "name of the view", "data-testid": "view-name"},
            ),
            el.button("Save", type="submit", class_name="button"),
            on_submit=save,
            reset_on_submit=True,
            class_name="view-form",
        ),
        cond(said, el.p(said, class_name="problem", role="alert")),
        class_name="saved-views",
        custom_attrs={"data-testid": "saved-views"},
    )


def narrowing(state: Any, listing: rx.Component, clear: str) -> rx.Component:
    """The whole of a page with a filter: its box, its listing, and beside it what narrows. `state` is a `Narrowed`."""
    return fragment(
        query_box(state.text, state.search, clear),
        filter_problem(state.problem),
        el.div(
            el.aside(
                saved_views(state.saved, state.said, state.save_view, state.rename_view, state.remove_view),
                facets(state.facet_lines, state.counting),
                class_name="narrow-side",
                custom_attrs={"aria-label": "saved views and facets"},
            ),
            el.div(listing, class_name="narrow-list"),
            class_name="narrowing",
        ),
    )
