"""`/settings`: what is in force (no secret is among it), and the base URL for each upstream."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

import os

import reflex as rx

from union_square.ui import frame
from union_square.ui.components.connect import snippet
from union_square.ui.components.elements import copy_button, fact, phases
from union_square.ui.components.reflex import el, foreach, fragment
from union_square.ui.present_pages import present_snippets, present_upstreams
from union_square.ui.services import services
from union_square.ui.values import real_proxy_url
from union_square.ui.views import Pair, Snippet, UpstreamLine


class SettingsState(rx.State):
    phase: str = "loading"
    shown: list[Pair] = []
    upstreams: list[UpstreamLine] = []
    snippets: list[Snippet] = []

    @rx.event
    def load(self) -> None:
        values = services().values
        self.shown = [Pair(name=name, value=value) for name, value in values.shown]
        self.upstreams = present_upstreams(values.upstreams, real_proxy_url(values), values.key_names, os.environ)
        self.snippets = present_snippets(real_proxy_url(values))
        self.phase = "ready"


def _upstream(line: UpstreamLine) -> rx.Component:
    return el.tr(
        el.td(line.name),
        el.td(el.code(line.base_url), copy_button(line.base_url)),
        el.td(line.target, class_name="mono muted"),
        el.td(el.code(line.key), " ", el.span(line.key_word, class_name="muted")),
        custom_attrs={"data-testid": "upstream-row"},
    )


def _import_section() -> rx.Component:
    """The script in assets sends the file to the API and says what came of it."""
    return el.section(
        el.h2("Import"),
        el.p(
            "A recording that was exported here (JSONL), or a HAR file of a browser, mitmproxy or another tool. "
            "Credentials in it are replaced before anything is kept.",
            class_name="muted",
        ),
        el.div(
            el.input(
                type="file",
                accept=".jsonl,.har,.json",
                custom_attrs={"data-import-file": "", "aria-label": "file to import", "data-testid": "import-file"},
            ),
            el.button(
                "Import",
                type="button",
                class_name="button",
                custom_attrs={"data-import": "", "data-testid": "import"},
            ),
            el.span(custom_attrs={"data-import-said": "", "role": "status", "data-testid": "import-said"}),
            class_name="import-line",
        ),
        class_name="panel",
        custom_attrs={"aria-label": "import"},
    )


def page() -> rx.Component:
    table = el.div(
        el.table(
            el.thead(
                el.tr(
                    *(
                        el.th(n, scope="col")
                        for n in ("Upstream", "Base URL for applications", "Leads to", "Key for sending again")
                    )
                )
            ),
            el.tbody(foreach(SettingsState.upstreams, _upstream)),
            class_name="list upstreams",
            custom_attrs={"aria-label": "upstreams"},
        ),
        class_name="table-frame",
    )
    ready = fragment(
        el.section(
            el.h2("In force"),
            el.dl(foreach(SettingsState.shown, lambda pair: fact(pair.name, pair.value)), class_name="facts grid"),
            el.p(
                "Set in union-square.toml or with UNION_SQUARE_* variables; a change takes effect at the next start.",
                class_name="muted",
            ),
            class_name="panel",
            custom_attrs={"aria-label": "settings in force"},
        ),
        el.section(
            el.h2("Connect an application"),
            el.div(foreach(SettingsState.snippets, snippet), class_name="snippets"),
            custom_attrs={"aria-label": "connect an application"},
        ),
        _import_section(),
        el.section(el.h2("Upstreams"), table, custom_attrs={"aria-label": "upstreams"}),
    )
    return frame.shell("Settings", frame.page_head("Settings"), phases(SettingsState.phase, "", ready))
