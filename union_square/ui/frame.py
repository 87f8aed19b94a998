"""What every page stands in: the rail, the word when the server is away. Keys and palette: `assets`."""

import logging
from typing import Any, cast

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from union_square.ui.components.elements import icon, page_link
from union_square.ui.components.reflex import cond, el, error_boundary, function_of, toggle_color_mode
from union_square.ui.components.toast import toast
from union_square.ui.doing import PeopleState
from union_square.ui.following import now_showing
from union_square.ui.routes import NAVIGATION


def head() -> list[rx.Component]:
    """What stands in every page's head: scripts of ours and the picture of the tab, all from this origin."""
    return [
        el.script(src="/keys.js", defer=True),
        el.script(src="/palette.js", defer=True),
        el.script(src="/annotating.js", defer=True),
        el.script(src="/union-square.js", defer=True),
        el.script(src="/reading.js", defer=True),
        el.script(src="/dashboard.js", defer=True),
        el.script(src="/finding.js", defer=True),
        el.link(rel="icon", type="image/svg+xml", href="/union-square.svg"),
        el.meta(name="color-scheme", content="light dark"),
        el.meta(name="robots", content="noindex"),
        el.meta(http_equiv="x-dns-prefetch-control", content="off"),
    ]


def wraps() -> dict[tuple[int, str], Any]:
    """Around every page: an error in the browser is said in words instead of leaving the page white."""

    def boundary(_stateful: bool) -> rx.Component:
        words = el.div(
            el.h1("This page stopped working"),
            el.p("Something in it could not be shown. The recording is not affected."),
            el.a("Load it again", href="", class_name="button"),
            class_name="empty",
            role="alert",
        )
        return error_boundary(fallback_render=function_of(("event_args",), rx.Var.create(words)))

    return {(55, "ErrorBoundary"): boundary}


class FrameState(rx.State):
    """`trouble`: that something failed which should not have, in words; "" = nothing did since the page was opened."""

    trouble: str = ""

    @rx.event
    def tell_trouble(self) -> None:
        self.trouble = (
            "Something in Union Square's own pages failed; its log says what. Recording is not affected: "
            "load the page again to go on."
        )

    @rx.event
    def opened(self) -> Any:
        """A page was opened: what went wrong on the one before is past, and nothing is followed for it."""
        now_showing(self.router.session.client_token, self.router.url.path)
        self.trouble = ""
        return PeopleState.opened


def on_backend_exception(exception: Exception) -> rx.event.EventSpec | None:
    """An error that a handler did not expect: into the log with its trace, and onto the page in words."""
    logging.getLogger(__name__).error("a page's handler failed", exc_info=exception)
    return cast(rx.event.EventSpec, FrameState.tell_trouble())


def _nav(active: str) -> rx.Component:
    items = [
        page_link(
            icon(entry.icon),
            el.span(entry.name),
            href=entry.path,
            class_name="nav-item",
            custom_attrs={"data-key": entry.key} | ({"aria-current": "page"} if entry.name == active else {}),
        )
        for entry in NAVIGATION
    ]
    return el.nav(*items, custom_attrs={"aria-label": "pages"})


def _rail(active: str) -> rx.Component:
    return el.aside(
        page_link(
            el.img(src="/union-square.svg", alt="", width="22", height="22"),
            el.span("Union Square"),
            href="/",
            class_name="brand",
        ),
        el.button(
            icon("command"),
            el.span("Commands"),
            el.kbd("Ctrl K"),
            type="button",
            class_name="nav-item palette-button",
            custom_attrs={"data-palette-button": "", "aria-haspopup": "dialog"},
        ),
        _nav(active),
        el.div(
            el.button(
                icon("theme"),
                el.span("Theme"),
                type="button",
                class_name="nav-item",
                on_click=toggle_color_mode,
                custom_attrs={"data-theme-button": "", "aria-label": "Theme: switch between dark and light"},
            ),
            el.button(
                icon("keyboard"),
                el.span("Keys"),
                type="button",
                class_name="nav-item",
                custom_attrs={"data-help-button": "", "aria-label": "Keys: keyboard help", "aria-haspopup": "dialog"},
            ),
            class_name="rail-foot",
        ),
        class_name="rail",
    )


def _away() -> rx.Component:
    return cond(
        has_connection_errors,
        el.div(
            "The connection to Union Square is lost; trying again. Recording does not need this page.",
            class_name="banner",
            role="status",
            custom_attrs={"data-kind": "away", "data-testid": "away"},
        ),
    )


def _trouble() -> rx.Component:
    return cond(
        FrameState.trouble,
        el.div(FrameState.trouble, class_name="banner", role="alert", custom_attrs={"data-testid": "trouble"}),
    )


def shell(active: str, *content: Any) -> rx.Component:
    """A page: `active` is the name of its entry in the rail ("" = none)."""
    return el.div(
        el.a("Skip to the content", href="#content", class_name="skip"),
        _rail(active),
        el.main(_away(), _trouble(), *content, id="content", class_name="main"),
        toast(),
        class_name="app",
    )


def page_head(title: Any, *more: Any) -> rx.Component:
    return el.header(el.h1(title), *more, class_name="page-head")
