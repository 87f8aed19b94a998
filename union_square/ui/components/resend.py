"""The parts of the page on which a call is sent again."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from union_square.ui.components.elements import icon, local_time, page_link, state_mark
from union_square.ui.components.reflex import cond, el, foreach, fragment, match
from union_square.ui.present_fields import FieldView, FormView, SaidField
from union_square.ui.present_resend import ComparedView, DifferenceView, ResendLine, SideView, SpanView


def _named(test_id: str) -> dict[str, str]:
    return {"data-testid": test_id}


def resend_form(state: Any) -> rx.Component:
    """Where to, which model, the fields, the body, and a key for this once. The key's field is emptied when it has been
    sent."""
    return el.form(
        _choices(state),
        el.p(state.key_words, id="key-words", class_name="muted"),
        _notes(state.form),
        cond(state.form.known, _fields(state)),
        _body(state),
        _send(state),
        on_submit=state.send,
        reset_on_submit=True,
        class_name="panel resend-form",
    )


def upstream_choice(state: Any, **more: Any) -> rx.Component:
    return el.label(
        "Upstream",
        el.select(
            *more.pop("first", ()),
            foreach(state.upstreams, lambda name: el.option(name, value=name)),
            name="upstream",
            value=state.upstream,
            on_change=state.choose_upstream,
            custom_attrs=_named("upstream"),
        ),
    )


def key_field() -> rx.Component:
    """For this once: it goes with the form that is sent, and into no state."""
    return el.label(
        "Key",
        el.input(
            name="key",
            type="password",
            auto_complete="off",
            placeholder="for this once",
            custom_attrs={"data-testid": "key", "aria-describedby": "key-words"},
        ),
    )


def _choices(state: Any) -> rx.Component:
    model = el.label(
        "Model",
        el.input(
            name="model",
            value=state.model,
            on_change=state.type_model,
            on_blur=state.choose_model,
            auto_complete="off",
            spell_check=False,
            custom_attrs=_named("model"),
        ),
    )
    dialect = el.label(
        "Speaks",
        el.select(
            foreach(state.dialects, lambda name: el.option(name, value=name)),
            name="dialect",
            value=state.dialect,
            on_change=state.choose_dialect,
            custom_attrs=_named("dialect"),
        ),
    )
    return el.div(upstream_choice(state), model, dialect, key_field(), class_name="resend-choices")


def _notes(form: FormView) -> rx.Component:
    """What the other dialect cannot say, and what became of edits."""
    return fragment(
        cond(form.dropped, el.p(icon("warn"), form.dropped, class_name="turn-gap", custom_attrs=_named("dropped"))),
        cond(form.note, el.p(icon("warn"), form.note, class_name="turn-gap", custom_attrs=_named("note"))),
    )


def _fields(state: Any) -> rx.Component:
    """The parameters, the system prompt and the newest texts, each at its place in the dialect."""
    form = state.form
    return fragment(
        el.div(
            foreach(form.fields, lambda view: _parameter(view, state)),
            class_name="resend-parameters",
            custom_attrs={"role": "group", "aria-label": "parameters"},
        ),
        el.label(
            "System prompt",
            el.textarea(
                value=form.system,
                on_change=_into(state, "system"),
                rows=form.system_rows,
                read_only=form.system_locked,
                placeholder="none",
                custom_attrs=_named("field-system"),
            ),
            class_name="resend-said",
        ),
        cond(
            form.earlier,
            el.button(
                form.earlier,
                type="button",
                class_name="quiet",
                on_click=state.show_texts,
                custom_attrs=_named("earlier-texts"),
            ),
        ),
        foreach(form.said, lambda view: _said(view, state)),
    )


def _into(state: Any, name: Any) -> Callable[[Any], Any]:
    """What is typed goes into that field."""

    def change(text: Any) -> Any:
        return state.type_field(name, text)

    return change


def _parameter(view: FieldView, state: Any) -> rx.Component:
    named = {
        "data-testid": f"field-{view.name}",
        "aria-invalid": cond(view.problem, "true", "false"),
        "aria-describedby": f"field-{view.name}-problem",
    }

    change = _into(state, view.name)
    switch = el.select(
        el.option("not said", value=""),
        el.option("yes", value="true"),
        el.option("no", value="false"),
        value=view.value,
        on_change=change,
        custom_attrs=named,
    )
    lines = el.textarea(
        value=view.value,
        on_change=change,
        rows="1",
        placeholder="one a line",
        title="a line end in it is \\n",
        custom_attrs=named,
    )
    line = el.input(
        value=view.value,
        on_change=change,
        auto_complete="off",
        spell_check=False,
        input_mode=cond(view.kind == "words", "text", "decimal"),
        placeholder="not set",
        custom_attrs=named,
    )
    return el.label(
        view.label,
        match(view.kind, ("switch", switch), ("list", lines), line),
        cond(view.problem, el.span(view.problem, id=f"field-{view.name}-problem", class_name="turn-error")),
        key=view.name,
    )


def _said(view: SaidField, state: Any) -> rx.Component:
    return el.label(
        view.label,
        el.textarea(
            value=view.value,
            on_change=_into(state, view.name),
            rows=view.rows,
            read_only=view.locked,
            custom_attrs={"data-testid": "field-said", "data-place": view.name},
        ),
        cond(view.locked, el.span("Longer than a field holds; it can be edited in the body.", class_name="muted")),
        class_name="resend-said",
        key=view.name,
    )


def _body(state: Any) -> rx.Component:
    form = state.form
    return el.details(
        el.summary("Body ", el.code(form.path), " ", el.span(form.body_word, class_name="muted")),
        cond(
            form.body_locked,
            el.p(form.body_locked, class_name="muted", custom_attrs=_named("body-locked")),
            el.textarea(
                name="body",
                value=state.body,
                on_change=state.type_body,
                rows="14",
                spell_check=False,
                class_name="resend-body",
                custom_attrs={
                    "aria-label": "the request's body, JSON",
                    "aria-invalid": cond(state.body_problem, "true", "false"),
                    "aria-describedby": "body-problem",
                    "data-testid": "body",
                },
            ),
        ),
        cond(
            state.body_problem,
            el.p(
                state.body_problem,
                " The fields show the last body that could be read.",
                id="body-problem",
                class_name="turn-error",
                role="status",
                custom_attrs=_named("body-problem"),
            ),
        ),
        open=state.body_open,
        custom_attrs=_named("body-fold"),
    )


def _send(state: Any) -> rx.Component:
    return el.div(
        el.button(
            cond(state.is_running, "Sending…", "Send"),
            type="submit",
            class_name="button primary",
            disabled=state.is_running,
            custom_attrs=_named("send"),
        ),
        cond(
            state.is_running,
            el.button(
                "Cancel", type="button", class_name="button", on_click=state.cancel, custom_attrs=_named("cancel")
            ),
        ),
        cond(
            state.form.edited & ~state.is_running,
            el.button(
                "Undo edits",
                type="button",
                class_name="quiet",
                on_click=state.undo_edits,
                title="back to the recorded body",
                custom_attrs=_named("undo-edits"),
            ),
        ),
        cond(state.said, el.span(state.said, class_name="turn-error", role="alert", custom_attrs=_named("said"))),
        class_name="resend-send",
    )


def compared(view: ComparedView, is_running: Any) -> rx.Component:
    """Both answers side by side, what differs marked, and what they took."""
    return fragment(
        el.div(
            _side("Recorded", view.before, "recorded"),
            cond(
                view.after.href,
                _side("Sent again", view.after, "resent"),
                el.section(
                    el.h2("Sent again"),
                    el.p(
                        cond(is_running, "Waiting for the answer to begin …", "Nothing has been sent again yet."),
                        class_name="muted",
                    ),
                    class_name="panel",
                    custom_attrs=_named("resent-empty"),
                ),
            ),
            class_name="resend-sides",
        ),
        cond(
            view.differences,
            el.section(
                el.h2("What it took"),
                difference_table(view.differences, "differences"),
                class_name="panel",
                custom_attrs={"aria-label": "what it took"},
            ),
        ),
    )


def difference_table(differences: list[DifferenceView], test_id: str) -> rx.Component:
    """What both took."""
    return el.table(
        el.thead(el.tr(el.th(""), el.th("Recorded"), el.th("Sent again"), el.th("Change"))),
        el.tbody(foreach(differences, _difference)),
        class_name="table resend-differences",
        custom_attrs=_named(test_id),
    )


def _side(name: str, side: SideView, test_id: str) -> rx.Component:
    return el.section(
        el.h2(name),
        el.p(
            page_link(side.title, href=side.href), " ", state_mark(side.state, side.state_word), class_name="sub-line"
        ),
        el.div(foreach(side.spans, _span), class_name="resend-text", custom_attrs=_named(f"{test_id}-text")),
        cond(side.error, el.p(icon("warn"), side.error, class_name="turn-error", role="note")),
        class_name="panel",
        custom_attrs={"data-testid": test_id, "aria-label": name},
    )


def _span(span: SpanView) -> rx.Component:
    return el.span(span.text, custom_attrs={"data-kind": span.kind})


def _difference(view: DifferenceView) -> rx.Component:
    return el.tr(
        el.th(view.name, scope="row"),
        el.td(view.before, class_name="num"),
        el.td(view.after, class_name="num"),
        el.td(view.change, class_name="num", custom_attrs={"data-trend": view.trend}),
    )


def resend_table(lines: list[ResendLine], shown: Any, show: Any) -> rx.Component:
    """The original and everything it was sent again as; a click compares."""

    def row(line: ResendLine) -> rx.Component:
        return el.tr(
            el.td(page_link(local_time(line.at, "date"), href=line.href)),
            el.td(line.title),
            el.td(state_mark(line.state, line.state_word)),
            el.td(line.duration, class_name="num"),
            el.td(line.tokens, class_name="num"),
            el.td(line.cost, class_name="num"),
            el.td(el.button("Compare", type="button", class_name="quiet", on_click=show(line.id))),
            custom_attrs={"data-testid": "resend-row", "data-shown": cond(line.id == shown, "true", "false")},
            key=line.id,
        )

    heads = ("When", "Upstream and model", "State", "Took", "Tokens", "Cost", "")
    return el.section(
        el.h2("Original and re-sends"),
        el.div(
            el.table(
                el.thead(el.tr(*[el.th(name) for name in heads])), el.tbody(foreach(lines, row)), class_name="table"
            ),
            class_name="resend-scroll",
        ),
        class_name="panel",
    )
