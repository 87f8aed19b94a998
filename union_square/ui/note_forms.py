"""What the forms of notes ask for, as edits. PURE."""

from collections.abc import Mapping
from typing import Any, cast

from union_square.domain import edits
from union_square.domain.anchors import Anchor
from union_square.domain.edits import Note, Target
from union_square.domain.views import AnnotationKind
from union_square.ui import wording

NOTE_LIMIT = 10_000


def _field(form: Mapping[str, Any], name: str) -> str:
    return str(form.get(name) or "").strip()


def _said(form: Mapping[str, Any], anchor: Anchor | None = None) -> Note:
    kind = _field(form, "kind") or "text"
    if kind not in {"text", "label", "number"}:
        raise ValueError(f"there is no kind {wording.one_line(kind, 20)!r}")
    verdict = _field(form, "verdict")
    note = Note(
        kind=cast(AnnotationKind, kind),
        text=_field(form, "note"),
        name="" if kind == "text" else _field(form, "judged"),
        label=verdict if kind == "label" else "",
        score=_number(verdict) if kind == "number" else None,
        anchor=anchor,
    )
    return edits.parse_note(note)


def note_of(form: Mapping[str, Any], whole: Target) -> tuple[Target, Note]:
    """What a new note says, and on what: without a call it is the page's own subject. Raises ValueError."""
    if not _field(form, "call"):
        return whole, _said(form)
    part = _field(form, "part")
    anchor = Anchor(
        message=int(_field(form, "message")),
        part=int(part) if part and _field(form, "quote") else None,
        quote=_field(form, "quote"),
        prefix=str(form.get("prefix") or ""),
        suffix=str(form.get("suffix") or ""),
    )
    return Target(subject="call", id=_field(form, "call")), _said(form, anchor)


def edit_of(form: Mapping[str, Any]) -> edits.EditAnnotation:
    """What an edited note is to say. Raises ValueError."""
    return edits.EditAnnotation(id=int(_field(form, "id")), note=_said(form), version=_field(form, "version"))


def _number(words: str) -> float:
    try:
        return float(words.replace(",", "."))
    except ValueError as error:
        raise ValueError(f"a score is a number, like 0.5, not “{wording.one_line(words, 30)}”") from error
