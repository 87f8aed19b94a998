"""Reflex's entry: the app and its pages. What they read through comes from `union_square.ui.services`."""

import reflex as rx

from union_square.ui import frame
from union_square.ui.pages.all import add_pages

_SHEETS = (
    "tokens",
    "union-square",
    "reading",
    "session",
    "player",
    "live",
    "resend",
    "annotating",
    "palette",
    "dashboard",
    "finding",
)

app = rx.App(
    stylesheets=[f"/{name}.css" for name in _SHEETS],
    head_components=frame.head(),
    app_wraps=frame.wraps(),
    toaster=None,
    html_lang="en",
    backend_exception_handler=frame.on_backend_exception,
)
add_pages(app)
