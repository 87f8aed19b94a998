"""A session as a tree of its calls."""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import icon, page_link, state_mark
from union_square.ui.components.reflex import cond, el, foreach
from union_square.ui.session_views import TreeRow, TreeView


def tree(view: TreeView, acting: Any, show_above: Any) -> rx.Component:
    """The calls, a line's branches before the line goes on. `acting` builds what can be done with a row, `show_above`
    brings rows that are not here yet."""
    return el.section(
        cond(view.note, el.p(view.note, class_name="banner", role="note")),
        el.p(view.summary, class_name="muted", custom_attrs={"data-testid": "tree-summary"}),
        cond(
            view.earlier,
            el.button(
                view.earlier,
                type="button",
                class_name="button earlier",
                on_click=show_above,
                custom_attrs={"data-testid": "rows-above"},
            ),
        ),
        el.ol(foreach(view.rows, lambda row: _row(row, acting)), class_name="tree"),
        custom_attrs={"aria-label": "the tree of calls", "data-testid": "tree"},
    )


def _row(row: TreeRow, acting: Any) -> rx.Component:
    return el.li(
        el.div(
            el.span(
                cond(
                    (row.relation == "continues") | (row.relation == "begins"), el.i(class_name="knot"), icon("branch")
                ),
                class_name="tree-mark",
                custom_attrs={"aria-hidden": "true"},
            ),
            page_link(
                row.number,
                href=row.href,
                class_name="turn-number",
                title="open this call",
                custom_attrs={"data-row": ""},
            ),
            el.span(row.relation_word, class_name="tree-relation"),
            state_mark(row.state, row.state_word),
            page_link(row.says, href=row.read_href, class_name="tree-says", title=row.read_word),
            el.span(row.figures, class_name="num muted wide-only"),
            class_name="tree-line",
        ),
        el.div(
            el.span(row.model, class_name="mono"),
            el.span(
                row.link,
                cond(row.sure, el.span(row.sure, class_name="sure", custom_attrs={"data-sure": row.sure_class})),
                title=row.link_title,
                class_name="tree-link",
                custom_attrs={"data-testid": "tree-link"},
            ),
            acting(row),
            class_name="tree-sub muted",
        ),
        key=row.id,
        style={"marginLeft": row.indent},
        custom_attrs={
            "data-testid": "tree-row",
            "data-relation": row.relation,
            "data-chosen": cond(row.chosen, "true", "false"),
        },
    )
