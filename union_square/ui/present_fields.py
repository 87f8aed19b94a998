"""A body that is edited as the fields of a form. PURE."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from union_square.replaying.drafting import Draft
from union_square.ui import wording
from union_square.wire.jsontext import parse_json
from union_square.wire.writing.fields import has_fields, read_fields, read_messages, read_system
from union_square.wire.writing.said import Said

SAID_AT_FIRST = 4
MOST_SAID = 20_000
"""Characters of one text that a field holds; longer ones are edited in the body."""

MOST_BODY = 150_000
"""Characters of a body that the page edits: a message of the browser may hold 1 MiB."""

_ROLES = {"user": "User", "assistant": "Assistant", "tool": "Result of a tool", "system": "System"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    name: str = ""
    label: str = ""
    kind: str = ""
    value: str = ""
    problem: str = ""  # why the value cannot be sent


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidField:
    """One text of the history."""

    name: str = ""  # its place in the body
    label: str = ""
    value: str = ""
    rows: str = "2"
    locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    known: bool = False  # the dialect's bodies can be shown as fields
    system: str = ""
    system_rows: str = "2"
    system_locked: bool = False
    fields: list[FieldView] = field(default_factory=list[FieldView])
    said: list[SaidField] = field(default_factory=list[SaidField])
    earlier: str = ""  # what brings the texts above; "" = all are here
    edited: bool = False
    body: str = ""
    body_word: str = ""
    body_locked: str = ""  # why the page does not edit the body; "" = it does
    path: str = ""
    dropped: str = ""
    note: str = ""


def present_form(
    draft: Draft, shown: int = SAID_AT_FIRST, wrong: Mapping[str, tuple[str, str]] | None = None
) -> FormView:
    """The draft as a form: the newest `shown` texts. `wrong`: by field, what was typed that cannot be sent, and why."""
    body = parse_json(draft.text).value if draft.text else None
    said = read_messages(draft.dialect, body)
    system = read_system(draft.dialect, body)
    hidden = max(0, len(said) - shown)
    large = len(draft.text) > MOST_BODY
    return FormView(
        known=has_fields(draft.dialect) and body is not None,
        system=system[:MOST_SAID],
        system_rows=_rows(system),
        system_locked=len(system) > MOST_SAID,
        fields=_fields(draft, body, wrong or {}),
        said=[_said(one) for one in said[hidden:]],
        earlier=f"Show {wording.plural(hidden, 'earlier text')}" if hidden else "",
        edited=draft.edited,
        body="" if large else draft.text,
        body_word=_body_words(draft),
        body_locked=f"It is too large to be edited here as a whole ({wording.size(len(draft.text))})." if large else "",
        path=draft.path,
        dropped=f"Left out, for it cannot be said there: {', '.join(draft.dropped)}" if draft.dropped else "",
        note=draft.note,
    )


def _body_words(draft: Draft) -> str:
    if draft.edited:
        return "edited"
    return f"written as {draft.dialect}" if draft.translated else "as recorded"


def _fields(draft: Draft, body: object, wrong: Mapping[str, tuple[str, str]]) -> list[FieldView]:
    found = list[FieldView]()
    for one in read_fields(draft.dialect, body):
        value, problem = wrong.get(one.name, (one.value, ""))
        found.append(FieldView(name=one.name, label=one.label, kind=one.kind, value=value, problem=problem))
    return found


def _said(one: Said) -> SaidField:
    return SaidField(
        name=one.place,
        label=f"{_ROLES.get(one.speaker, one.speaker)} · {one.place}",
        value=one.text[:MOST_SAID],
        rows=_rows(one.text),
        locked=len(one.text) > MOST_SAID,
    )


def _rows(text: str) -> str:
    """As many lines as the text takes, within reason."""
    return str(min(12, max(2, sum(1 + len(line) // 100 for line in text[:4000].split("\n")))))


def as_sentence(error: object) -> str:
    """What went wrong, as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")
