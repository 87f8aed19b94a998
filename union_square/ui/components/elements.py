"""The small pieces pages are made of: times, state marks, icons, chips, copy buttons.

Times are left empty here and written by `assets/union-square.js`: the browser knows the viewer's zone, the server does
not. Parameters are typed as the values they will hold; while a page is compiled they are Reflex vars.
"""

from typing import Any

import reflex as rx

from union_square.ui.components.reflex import el, foreach, inner_html, link, match

_ICONS = {
    "live": "M3 12h4l2.5-7 5 14 2.5-7h4",
    "sessions": "M4 6h16M4 12h16M4 18h10",
    "search": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
    "dashboard": "M4 20V11M10 20V4M16 20v-7M21 20H3",
    "settings": "M4 7h9M19 7h1M4 17h1M11 17h9M16 4.5v5M8 14.5v5",
    "theme": "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
    "keyboard": "M3 7h18v10H3zM7 11h.01M11 11h.01M15 11h.01M8 14h8",
    "review": "M5 4h14v16H5zM8.5 9.5l1.5 1.5 3-3M8.5 15.5h7",
    "tags": "M4 4h8l8 8-8 8-8-8zM8 8h.01",
    "command": "M5 6l6 6-6 6M13 18h6",
    "tool": "M14 4l6 6-9 9-5 1 1-5z",
    "branch": "M7 4v10M7 14a3 3 0 1 0 .01 0M17 10a3 3 0 1 0-.01 0M17 10c0 4-10 1-10 4",
    "arrow": "M5 12h14M13 6l6 6-6 6",
    "play": "M8 5l11 7-11 7z",
    "pause": "M8 5v14M16 5v14",
    "previous": "M6 5v14M19 6l-9 6 9 6z",
    "next": "M18 5v14M5 6l9 6-9 6z",
    "back": "M14 6l-7 6 7 6",
    "forth": "M10 6l7 6-7 6",
    "warn": "M12 4l9 16H3zM12 10v4M12 17h.01",
}


def local_time(at: str, mode: str = "ago", **props: Any) -> rx.Component:
    """A moment in the viewer's zone; `mode`: clock, hour, day, dayhour, date or ago."""
    return el.time(date_time=at, custom_attrs={"data-mode": mode}, **props)


def elapsed(since: str) -> rx.Component:
    """A counter of the time since then."""
    return el.time(date_time=since, class_name="num", custom_attrs={"data-mode": "elapsed"})


def icon(name: str) -> rx.Component:
    return el.svg(
        el.path(d=_ICONS[name]),
        view_box="0 0 24 24",
        class_name="icon",
        custom_attrs={"aria-hidden": "true", "focusable": "false"},
    )


def page_link(*children: Any, href: str, **props: Any) -> rx.Component:
    """A link to a page of ours, without loading the page anew."""
    return link(*children, to=href, **props)


def download_link(*children: Any, href: Any, **props: Any) -> rx.Component:
    """A link that saves a file: it leaves the pages, which a link of theirs would not."""
    attributes = {"download": ""} | props.pop("custom_attrs", {})
    return link(*children, to=href, reload_document=True, custom_attrs=attributes, **props)


def state_mark(state: str, word: str, **props: Any) -> rx.Component:
    """A dot and a word; the dot alone never carries the meaning."""
    return el.span(
        el.span(class_name="dot", custom_attrs={"aria-hidden": "true"}),
        el.span(word, class_name="state-word"),
        class_name="state",
        custom_attrs={"data-state": state},
        **props,
    )


def tag_chips(tags: list[str]) -> rx.Component:
    return foreach(tags, lambda tag: el.span(tag, class_name="chip", custom_attrs={"data-tag": tag}))


def copy_button(text: str, label: str = "Copy", **props: Any) -> rx.Component:
    """Copies `text`; the script in assets does it and says so."""
    return el.button(
        label, type="button", class_name="copy", custom_attrs={"data-copy": text, "aria-live": "polite"}, **props
    )


def safe_html(html: str, class_name: str = "prose") -> rx.Component:
    """HTML from `ui.markup`, and from nowhere else."""
    return inner_html(html, class_name=class_name)


def fact(name: str, value: Any, **props: Any) -> rx.Component:
    return el.div(el.dt(name), el.dd(value), class_name="fact", **props)


def empty_note(title: str, text: str, *more: rx.Component, test_id: str = "empty") -> rx.Component:
    return el.div(el.h2(title), el.p(text), *more, class_name="empty", custom_attrs={"data-testid": test_id})


def phases(phase: str, failure: str, ready: rx.Component, loading_rows: int = 6) -> rx.Component:
    """One of: loading (grey lines), failed (what is wrong, and that it is tried again), ready."""
    bones = [el.div(class_name="bone") for _ in range(loading_rows)]
    return match(
        phase,
        ("ready", ready),
        ("failed", failed_note(failure)),
        ("missing", empty_note("Not here", failure, page_link("All sessions", href="/sessions"), test_id="missing")),
        el.div(*bones, class_name="bones", role="status", custom_attrs={"aria-label": "loading"}),
    )


def failed_note(failure: str) -> rx.Component:
    return el.div(
        icon("warn"),
        el.div(el.h2("This cannot be shown right now"), el.p(failure)),
        class_name="failed",
        role="alert",
        custom_attrs={"data-testid": "failed"},
    )
