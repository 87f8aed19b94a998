"""The row of what can be done with a session or a call, in the head of its page.

One line here for each action: pages of their own are links, what happens on the page itself is a button.
"""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import download_link, page_link
from union_square.ui.components.reflex import cond, el


def action_row(*actions: rx.Component, label: str) -> rx.Component:
    """The actions side by side, the most used first. `label` says of what they are."""
    return el.div(
        *actions, class_name="actions", role="group", custom_attrs={"aria-label": label, "data-testid": "actions"}
    )


def action_link(word: str, href: Any, **props: Any) -> rx.Component:
    """An action that is a page of ours."""
    return page_link(word, href=href, class_name="button", **props)


def action_button(word: Any, on_click: Any, **props: Any) -> rx.Component:
    """An action that happens on the page."""
    return el.button(word, type="button", class_name="button", on_click=on_click, **props)


def action_download(word: str, href: Any, **props: Any) -> rx.Component:
    """An action that saves a file."""
    return download_link(word, href=href, class_name="button", **props)


_EXPORTS = (
    ("html", "Page", "one HTML file, to be read offline"),
    ("jsonl", "Recording", "every byte with its time: import it, or answer tests from it"),
    ("har", "HAR", "for browsers' network tabs, mitmproxy and others"),
    ("curl", "curl", "a script that sends the requests again"),
    ("openai-jsonl", "Training examples", "OpenAI's fine-tuning format"),
    ("otel", "OpenTelemetry", "GenAI spans as OTLP JSON"),
)


def export_menu(subject_path: Any) -> rx.Component:
    """What the subject can be taken along as. `subject_path`: of the API, with its id."""
    items = [
        el.li(
            download_link(
                el.strong(word),
                el.span(words, class_name="muted"),
                href=f"{subject_path}/export?format={name}",
                custom_attrs={"data-testid": f"export-{name}"},
            )
        )
        for name, word, words in _EXPORTS
    ]
    return el.details(
        el.summary("Export", class_name="button", custom_attrs={"data-testid": "export"}),
        el.ul(*items),
        class_name="menu",
    )


def session_actions(session_id: Any, open_merge: Any) -> rx.Component:
    """What can be done with a session. `session_id` is a var."""
    return action_row(
        action_button("Merge…", open_merge, title="merge this session into another one"),
        action_link("Play back", f"/sessions/{session_id}/play", custom_attrs={"data-testid": "play-session"}),
        action_link(
            "Send again",
            f"/sessions/{session_id}/resend",
            title="all its calls, to the same or another upstream and model",
            custom_attrs={"data-testid": "resend-session", "data-hotkey": "s"},
        ),
        export_menu(f"/api/v1/sessions/{session_id}"),
        action_download("JSON", f"/api/v1/sessions/{session_id}/conversation", title="the conversation as JSON"),
        label="actions for this session",
    )


def call_actions(call_id: Any, session_href: Any) -> rx.Component:
    """What can be done with a call. Both are vars; `session_href` is empty while the call is not linked."""
    return action_row(
        cond(session_href, action_link("Play back", f"{session_href}/play?call={call_id}")),
        action_link(
            "Send again",
            f"/calls/{call_id}/resend",
            title="to the same or another upstream and model",
            custom_attrs={"data-hotkey": "s"},
        ),
        export_menu(f"/api/v1/calls/{call_id}"),
        action_download("JSON", f"/api/v1/calls/{call_id}", title="the call as JSON"),
        label="actions for this call",
    )
