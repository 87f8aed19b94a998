"""What a request changed against the one before it."""

import reflex as rx

from union_square.ui.components.elements import page_link, safe_html
from union_square.ui.components.reflex import cond, el, foreach
from union_square.ui.session_views import ChangesView, ChangeView


def changes_panel(view: ChangesView) -> rx.Component:
    """The summary, what it means for a prompt cache, then each change."""

    def change(one: ChangeView) -> rx.Component:
        return el.li(
            el.div(
                el.span(one.kind_word, class_name="change-kind", custom_attrs={"data-kind": one.kind}),
                el.span(one.what, class_name="mono"),
                class_name="change-head",
            ),
            cond(one.html, safe_html(one.html, "change-body")),
            key=one.key,
            custom_attrs={"data-testid": "change", "data-kind": one.kind},
        )

    return el.div(
        el.p(
            view.summary,
            cond(view.compared, el.span(" Compared with ", page_link(view.compared, href=view.compared_href), ".")),
            custom_attrs={"data-testid": "changes-summary"},
        ),
        cond(
            view.cache,
            el.p(
                el.strong("Prompt cache: "),
                view.cache,
                class_name="cache-words",
                custom_attrs={"data-class": view.cache_class, "data-testid": "cache-words"},
            ),
        ),
        el.ul(foreach(view.changes, change), class_name="changes"),
        cond(view.more, el.p(view.more, class_name="muted")),
        class_name="changes-panel",
        custom_attrs={"data-testid": "changes"},
    )
