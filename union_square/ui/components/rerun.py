"""The parts of the page on which a session is sent again."""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import icon, local_time, page_link, state_mark
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.components.resend import difference_table, key_field, upstream_choice
from union_square.ui.present_rerun import RerunLine, RerunView, TurnRow
from union_square.wire.writing.registry import WRITERS

_ANSWERS = (("now", "the answers given now"), ("recorded", "the recorded answers"))
_FAILING = (("stop", "stop"), ("go_on", "go on with the next"))
_DIALECTS = (("", "what the upstream speaks"), *((name, name) for name in WRITERS))


def _named(test_id: str) -> dict[str, str]:
    return {"data-testid": test_id}


def rerun_form(state: Any) -> rx.Component:
    """Where to and how; empty fields leave it as it was recorded."""
    as_recorded = el.option("as recorded", value="")
    return el.form(
        el.div(
            upstream_choice(state, first=(as_recorded,)),
            _line(state, "model", "Model", "as recorded"),
            _choice(
                state,
                "answers",
                "Later calls go on from",
                _ANSWERS,
            ),
            _choice(state, "failing", "When a call fails", _FAILING),
            key_field(),
            class_name="resend-choices",
        ),
        el.p(state.key_words, id="key-words", class_name="muted"),
        cond(state.advice, el.p(icon("warn"), state.advice, class_name="turn-gap", custom_attrs=_named("advice"))),
        el.details(
            el.summary("Change in every call"),
            el.div(
                _line(state, "temperature", "Temperature", "as recorded"),
                _line(state, "max_tokens", "Max tokens", "as recorded"),
                _choice(state, "dialect", "Speaks", _DIALECTS),
                class_name="resend-choices",
            ),
            _text(state, "system", "System prompt", "as recorded"),
            _text(state, "values", "Set in the body, path=value, one a line", "metadata.run=7"),
            custom_attrs=_named("more-fields"),
        ),
        el.div(
            el.button(
                cond(state.view.state == "running", "Sending…", "Send session"),
                type="submit",
                class_name="button primary",
                disabled=state.view.state == "running",
                custom_attrs=_named("send"),
            ),
            cond(
                state.view.state == "running",
                el.button(
                    "Stop",
                    type="button",
                    class_name="button",
                    on_click=state.stop,
                    title="break off the running call and send no more",
                    custom_attrs=_named("stop") | {"data-hotkey": "x"},
                ),
            ),
            el.span(state.leaving, class_name="muted", custom_attrs=_named("leaving")),
            cond(state.said, el.span(state.said, class_name="turn-error", role="alert", custom_attrs=_named("said"))),
            class_name="resend-send",
        ),
        on_submit=state.send,
        reset_on_submit=True,
        class_name="panel resend-form",
    )


def _line(state: Any, name: str, label: str, placeholder: str) -> rx.Component:
    return el.label(
        label,
        el.input(
            value=state.options[name],
            on_change=lambda text: state.choose(name, text),  # pyright: ignore[reportUnknownLambdaType]
            placeholder=placeholder,
            auto_complete="off",
            spell_check=False,
            custom_attrs=_named(f"option-{name}"),
        ),
    )


def _text(state: Any, name: str, label: str, placeholder: str) -> rx.Component:
    return el.label(
        label,
        el.textarea(
            value=state.options[name],
            on_change=lambda text: state.choose(name, text),  # pyright: ignore[reportUnknownLambdaType]
            placeholder=placeholder,
            rows="2",
            custom_attrs=_named(f"option-{name}"),
        ),
        class_name="resend-said",
    )


def _choice(state: Any, name: str, label: str, choices: tuple[tuple[str, str], ...]) -> rx.Component:
    return el.label(
        label,
        el.select(
            *[el.option(words, value=value) for value, words in choices],
            value=state.options[name],
            on_change=lambda text: state.choose(name, text),  # pyright: ignore[reportUnknownLambdaType]
            custom_attrs=_named(f"option-{name}"),
        ),
    )


def rerun_progress(view: RerunView) -> rx.Component:
    """How far it is, what stopped it, and where the new session is."""
    return cond(
        view.state,
        el.section(
            el.div(
                el.h2(view.title),
                el.span(view.progress, class_name="num", role="status", custom_attrs=_named("progress")),
                el.progress(
                    value=view.sent, max=view.all, custom_attrs={"aria-label": "calls sent"}, class_name="rerun-bar"
                ),
                cond(
                    view.session_href,
                    page_link(
                        "The new session",
                        href=view.session_href,
                        class_name="button",
                        custom_attrs=_named("new-session"),
                    ),
                ),
                class_name="rerun-line",
            ),
            cond(view.how, el.p(view.how, class_name="muted")),
            cond(
                view.problem,
                el.p(icon("warn"), view.problem, class_name="turn-error", role="alert", custom_attrs=_named("stopped")),
            ),
            cond(
                view.totals,
                fragment(
                    el.h3(view.totals_word, class_name="rerun-totals"),
                    difference_table(view.totals, "totals"),
                ),
            ),
            class_name="panel",
            custom_attrs={"aria-label": "progress", "data-state": view.state, "data-testid": "rerun"},
        ),
    )


def rerun_rows(view: RerunView, shown: Any, show: Any, show_all: Any) -> rx.Component:
    """Every call of the session, recorded → sent again."""

    def row(turn: TurnRow) -> rx.Component:
        return el.tr(
            el.td(page_link(turn.number, href=turn.href, title="the recorded call"), class_name="num"),
            el.td(
                el.span(turn.says, class_name="rerun-says"),
                cond(turn.problem, el.span(turn.problem, class_name="turn-error rerun-problem")),
            ),
            el.td(
                cond(
                    turn.resent_href,
                    page_link(state_mark(turn.mark, turn.state_word), href=turn.resent_href, title="the new call"),
                    state_mark(turn.mark, turn.state_word),
                )
            ),
            el.td(turn.duration, class_name="num"),
            el.td(turn.tokens, class_name="num"),
            el.td(turn.cost, class_name="num"),
            el.td(
                cond(
                    turn.resent_href,
                    el.button(
                        "Compare",
                        type="button",
                        class_name="quiet",
                        on_click=show(turn.id),
                        custom_attrs={"aria-label": f"Compare call {turn.number}", "data-palette-not": ""},
                    ),
                )
            ),
            custom_attrs={"data-testid": "turn-row", "data-shown": cond(turn.id == shown, "true", "false")},
            key=turn.id,
        )

    heads = ("", "Asked", "State", "Took", "Tokens, in + out", "Cost", "")
    return el.section(
        el.h2("Calls, recorded → sent again"),
        cond(
            view.above,
            el.button(
                view.above, type="button", class_name="quiet", on_click=show_all, custom_attrs=_named("all-turns")
            ),
        ),
        el.div(
            el.table(
                el.thead(el.tr(*[el.th(name, scope="col") for name in heads])),
                el.tbody(foreach(view.rows, row)),
                class_name="table",
            ),
            class_name="resend-scroll",
        ),
        class_name="panel",
        custom_attrs={"aria-label": "calls"},
    )


def earlier_runs(lines: list[RerunLine], shown: Any) -> rx.Component:
    """What was sent before, each a link to compare it with the recording."""

    def line(run: RerunLine) -> rx.Component:
        return el.li(
            page_link(local_time(run.at, "date"), href=run.href),
            el.span(run.title),
            el.span(run.calls, class_name="muted"),
            custom_attrs={"data-testid": "earlier-run", "data-shown": cond(run.id == shown, "true", "false")},
            key=run.id,
        )

    return cond(
        lines,
        el.section(
            el.h2("Sent before"),
            el.ul(foreach(lines, line), class_name="rerun-runs"),
            class_name="panel",
            custom_attrs={"aria-label": "sent before"},
        ),
    )
