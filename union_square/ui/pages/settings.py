"""`/settings`: what is in force (no secret is among it), and the base URL for each upstream."""

import reflex as rx

from union_square.ui import frame
from union_square.ui.components.connect import snippet
from union_square.ui.components.elements import copy_button, fact, phases
from union_square.ui.present_pages import present_snippets, present_upstreams
from union_square.ui.services import services
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
        self.upstreams = present_upstreams(values.upstreams, values.proxy_url)
        self.snippets = present_snippets(values.proxy_url)
        self.phase = "ready"


def _upstream(line: UpstreamLine) -> rx.Component:
    return rx.el.tr(
        rx.el.td(line.name),
        rx.el.td(rx.el.code(line.base_url), copy_button(line.base_url)),
        rx.el.td(line.target, class_name="mono muted"),
        custom_attrs={"data-testid": "upstream-row"},
    )


def page() -> rx.Component:
    table = rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*(rx.el.th(n, scope="col") for n in ("Upstream", "Base URL for applications", "Leads to")))),
            rx.el.tbody(rx.foreach(SettingsState.upstreams, _upstream)),
            class_name="list upstreams",
            custom_attrs={"aria-label": "upstreams"},
        ),
        class_name="table-frame",
    )
    ready = rx.fragment(
        rx.el.section(
            rx.el.h2("In force"),
            rx.el.dl(
                rx.foreach(SettingsState.shown, lambda pair: fact(pair.name, pair.value)), class_name="facts grid"
            ),
            rx.el.p(
                "Set in union-square.toml or with UNION_SQUARE_* variables; a change takes effect at the next start.",
                class_name="muted",
            ),
            class_name="panel",
            custom_attrs={"aria-label": "settings in force"},
        ),
        rx.el.section(
            rx.el.h2("Connect an application"),
            rx.el.div(rx.foreach(SettingsState.snippets, snippet), class_name="snippets"),
            custom_attrs={"aria-label": "connect an application"},
        ),
        rx.el.section(rx.el.h2("Upstreams"), table, custom_attrs={"aria-label": "upstreams"}),
    )
    return frame.shell("Settings", frame.page_head("Settings"), phases(SettingsState.phase, "", ready))
