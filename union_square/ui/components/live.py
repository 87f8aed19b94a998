"""The live page's pieces: the bar, the list of cards, the wall."""

from typing import Any

import reflex as rx

from union_square.ui import routes
from union_square.ui.components.elements import page_link, state_mark
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.components.sessions import lasted, live_card, session_table, tail_line
from union_square.ui.views import LiveCard, SessionLine

WALL = f"{routes.LIVE.path}?view=wall"


def banner(words: str, test_id: str = "banner") -> rx.Component:
    """Words about the whole page; nothing where there are none."""
    role = "alert" if test_id == "banner" else "status"
    return cond(words, el.div(words, class_name="banner", role=role, custom_attrs={"data-testid": test_id}))


def view_bar(view: str, held: bool, hold: Any) -> rx.Component:
    """List or wall, and holding the view still."""
    is_wall: Any = view == "wall"
    return el.div(
        el.div(
            page_link(
                "List",
                href=routes.LIVE.path,
                class_name="toggle",
                custom_attrs={
                    "aria-current": cond(is_wall, "false", "page"),
                    "data-hotkey": cond(is_wall, "w", ""),
                    "data-testid": "view-list",
                },
            ),
            page_link(
                "Wall",
                href=WALL,
                class_name="toggle",
                custom_attrs={
                    "aria-current": cond(is_wall, "page", "false"),
                    "data-hotkey": cond(is_wall, "", "w"),
                    "data-testid": "view-wall",
                },
            ),
            class_name="toggles",
            role="group",
            custom_attrs={"aria-label": "view"},
        ),
        hold_button(held, hold),
        class_name="view-bar",
    )


def hold_button(held: bool, hold: Any) -> rx.Component:
    """Holds the view still, or lets it go on."""
    return el.button(
        cond(held, "Go on", "Hold still"),
        type="button",
        title="hold this view still; recording goes on (p)",
        class_name="toggle",
        on_click=hold,
        custom_attrs={"aria-pressed": cond(held, "true", "false"), "data-hotkey": "p", "data-testid": "hold"},
    )


def newest_button() -> rx.Component:
    """For who has scrolled away from an answer that grows; the script in assets shows it then."""
    return el.button(
        "To the newest",
        type="button",
        class_name="button newest",
        custom_attrs={"data-newest": "", "data-hotkey": "n", "data-testid": "newest"},
    )


def running_cards(cards: list[LiveCard], count: str, more: str) -> rx.Component:
    """What runs now, newest first."""
    return cond(
        cards,
        el.section(
            el.h2("Running now", el.span(count, class_name="count num")),
            foreach(cards, live_card),
            cond(more, el.p(more, class_name="quiet-line")),
            custom_attrs={"aria-label": "running now", "data-testid": "running"},
        ),
        el.p("Nothing is running right now.", class_name="quiet-line", role="status"),
    )


def ended_list(lines: list[SessionLine]) -> rx.Component:
    return el.section(
        el.h2("Ended", page_link("All sessions", href=routes.SESSIONS.path, class_name="more")),
        session_table(lines, "ended sessions"),
        custom_attrs={"aria-label": "ended", "data-testid": "ended"},
    )


def wall(cards: list[LiveCard], count: str, more: str, close: Any) -> rx.Component:
    """Several sessions side by side; each keeps its place."""
    return cond(
        cards,
        el.section(
            el.h2("Running now", el.span(count, class_name="count num"), cond(more, el.span(more, class_name="muted"))),
            el.div(foreach(cards, lambda card: _panel(card, close)), class_name="wall"),
            custom_attrs={"aria-label": "wall", "data-testid": "wall"},
        ),
        el.p(
            "Nothing is running right now. Each session that begins gets a panel here, and keeps it.",
            class_name="quiet-line",
            role="status",
        ),
    )


def _panel(card: LiveCard, close: Any) -> rx.Component:
    line = card.session
    return el.article(
        el.header(
            state_mark(line.state, line.state_word),
            page_link(line.title, href=line.href, class_name="card-title", custom_attrs={"data-row": ""}),
            cond(line.problem, el.span(line.problem, class_name="problem")),
            cond(
                line.state == "running",
                fragment(),
                el.button(
                    "×",
                    type="button",
                    title="take it off the wall",
                    class_name="quiet",
                    on_click=close(line.id),
                    custom_attrs={"aria-label": "take it off the wall", "data-testid": "panel-close"},
                ),
            ),
        ),
        el.div(
            el.span(line.models, class_name="card-model"),
            el.span(line.calls, class_name="num"),
            el.span(line.tokens, title=line.tokens_title, class_name="num"),
            el.span(line.cost, title=line.cost_title, class_name="num"),
            el.span(lasted(line), class_name="num"),
            class_name="card-facts",
        ),
        el.div(foreach(card.tails, tail_line), class_name="panel-tails"),
        class_name="card wall-panel",
        key=line.id,
        custom_attrs={"data-state": line.state, "data-testid": "panel"},
    )
