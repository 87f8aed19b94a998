"""How to connect an application: shown where nothing has been recorded, and among the settings."""

import reflex as rx

from union_square.ui.components.elements import copy_button, safe_html
from union_square.ui.components.reflex import el, foreach
from union_square.ui.views import Snippet


def snippet(view: Snippet) -> rx.Component:
    return el.div(
        el.div(el.h3(view.name), copy_button(view.code), class_name="snippet-head"),
        el.pre(safe_html(view.html, "inline"), custom_attrs={"tabindex": "0"}),
        class_name="snippet",
        custom_attrs={"data-testid": "snippet", "data-name": view.key},
    )


def connect(snippets: list[Snippet]) -> rx.Component:
    return el.section(
        el.h2("Nothing has been recorded yet"),
        el.p(
            "Point an application at the proxy: change its base URL, nothing else. "
            "Its calls appear here while they are being answered."
        ),
        el.div(foreach(snippets, snippet), class_name="snippets"),
        class_name="connect",
        custom_attrs={"data-testid": "connect"},
    )
