"""A request while somebody edits it: as fields or as a whole body, both in step. Pure.

Unedited, the draft stands for the recorded bytes; the first change makes its text the body.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

from union_square.replaying.resend import Edit, Origin, Outgoing, ResendError, body_text, plan, read_body, with_body
from union_square.wire.writing.fields import FieldError, model_in_body, write_field


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What would be sent. `text`: the body as JSON, "" where it is none. `note`: what became of edits, in words."""

    upstream: str = ""
    dialect: str = ""
    model: str = ""
    path: str = ""
    text: str = ""
    edited: bool = False
    translated: bool = False  # into a dialect that is not the recorded one
    dropped: tuple[str, ...] = ()
    note: str = ""


def first_draft(origin: Origin) -> Draft:
    """The request as it was recorded. Raises ResendError."""
    return _draft(plan(origin))


def redirected(origin: Origin, draft: Draft, *, upstream: str = "", dialect: str = "", model: str = "") -> Draft:
    """The draft for another upstream, dialect or model. Edits come along: where the dialect stays they are kept, from
    the recorded one they are translated with the rest. Raises ResendError."""
    upstream = upstream or draft.upstream
    edit = Edit(upstream=upstream, dialect=dialect, model=_other(origin, model or draft.model))
    if not draft.edited:
        return _draft(plan(origin, edit))
    if draft.dialect == origin.request.dialect:
        return replace(_draft(plan(with_body(origin, draft.text), edit)), edited=True)
    found = plan(origin, edit)
    if found.dialect != draft.dialect:
        note = f"Written anew from the recording: what was edited as {draft.dialect} is not in it."
        return replace(_draft(found), note=note)
    body = read_body(draft.text)
    if model_in_body(draft.dialect, body) is not None:
        body |= {"model": found.model}
    return replace(_draft(found), text=_text(body), edited=True)


def with_text(draft: Draft, text: str) -> Draft:
    """The draft with another body. Raises ResendError where it is no JSON object: it says in which line and column."""
    model = model_in_body(draft.dialect, read_body(text))
    return replace(draft, text=text, edited=True, model=draft.model if model is None else model, note="")


def with_field(draft: Draft, name: str, text: str) -> Draft:
    """The draft with one field changed. Raises ResendError."""
    try:
        body = write_field(draft.dialect, read_body(draft.text), name, text)
    except FieldError as error:
        raise ResendError(str(error)) from error
    return replace(draft, text=_text(body), edited=True, note="")


def outgoing_of(origin: Origin, draft: Draft) -> Outgoing:
    """What is sent. Raises ResendError."""
    edit = Edit(upstream=draft.upstream, dialect=draft.dialect, model=_other(origin, draft.model))
    return plan(origin, replace(edit, body=draft.text) if draft.edited else edit)


def _other(origin: Origin, model: str) -> str:
    """The model where it is not the recorded one: then the recorded bytes stay as they are."""
    return "" if model == origin.request.model else model


def _draft(outgoing: Outgoing) -> Draft:
    return Draft(
        upstream=outgoing.upstream,
        dialect=outgoing.dialect,
        model=outgoing.model,
        path=outgoing.path,
        text=body_text(outgoing),
        translated=outgoing.dialect != outgoing.origin.request.dialect,
        dropped=outgoing.dropped,
    )


def _text(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, indent=2)
