"""What Reflex builds and serves the UI with. Read from the working directory of whoever loads Reflex.

Where Reflex would do otherwise: no telemetry, loopback only, no other origin, state in memory (recorded prompts would
else land in a folder), no database of its own, no badge, one port found by the page itself (`SameOrigin`).
"""

import reflex as rx
from reflex.constants import StateManagerMode

from union_square.ui.same_origin import BUILT_FOR, SameOrigin

config = rx.Config(
    app_name="union_square",
    api_url=BUILT_FOR,
    deploy_url=None,
    backend_host="127.0.0.1",
    telemetry_enabled=False,
    cors_allowed_origins=(),
    state_manager_mode=StateManagerMode.MEMORY,
    show_built_with_reflex=False,
    frontend_compression_formats=["gzip"],
    react_strict_mode=False,
    plugins=[SameOrigin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
