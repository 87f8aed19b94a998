"""What people said, as view values: notes with the place they stand on, and the history of changes. PURE."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from union_square.domain.anchors import find_again
from union_square.domain.edits import ChangeView
from union_square.domain.messages import Message
from union_square.domain.views import AnnotationView
from union_square.ui import wording
from union_square.ui.views import ChangeLine, NoteView

NotesByMessage = Mapping[int, list[NoteView]]
_QUOTE_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Place:
    """Which message of which call is shown, and what was said of it."""

    call_id: str
    number: int
    notes: NotesByMessage

    @property
    def source(self) -> str:
        """The address of the message's pieces; see `ui.pieces`."""
        return f"/pieces/{self.call_id}/{self.number}"

    @property
    def said(self) -> list[NoteView]:
        return self.notes.get(self.number, [])


def places_of(
    call_id: str, numbers: Iterable[int], annotations: Iterable[AnnotationView], messages: Sequence[Message]
) -> list[Place]:
    """A place for each of the call's messages that is shown, by its number among `messages`."""
    notes = present_placed(annotations, messages)
    return [Place(call_id, number, notes) for number in numbers]


def present_note(said: AnnotationView) -> NoteView:
    """One annotation."""
    verdict = said.label if said.kind == "label" else f"{said.score:g}" if said.score is not None else ""
    anchor = said.anchor
    return NoteView(
        id=said.id,
        subject=said.subject,
        subject_id=said.subject_id,
        kind=said.kind,
        name=said.name,
        verdict=verdict,
        value=said.label if said.kind == "label" else "" if said.score is None else repr(said.score),
        version=said.version,
        text=said.text,
        author=said.author,
        at=wording.iso(said.created_at),
        part="" if anchor is None or anchor.part is None else str(anchor.part),
        quote="" if anchor is None else anchor.quote,
        quote_shown="" if anchor is None else wording.one_line(anchor.quote, _QUOTE_SHOWN),
        prefix="" if anchor is None else anchor.prefix,
    )


def overtaken(now: AnnotationView, number: int) -> dict[str, object]:
    """For the script that holds the form: what the note says by now. `number` tells one refusal from the next."""
    view = present_note(now)
    said = " · ".join(filter(None, (view.verdict, wording.one_line(view.text, _QUOTE_SHOWN))))
    return {
        "id": now.id,
        "version": now.version,
        "words": f"Somebody edited this note while you wrote. It says “{said}” now. Keep puts yours in its place.",
        "number": number,
    }


def present_notes(annotations: Iterable[AnnotationView]) -> list[NoteView]:
    """What stands on the whole session or call; notes on messages are shown with these."""
    return [present_note(said) for said in annotations if said.anchor is None]


def present_placed(annotations: Iterable[AnnotationView], messages: Sequence[Message]) -> dict[int, list[NoteView]]:
    """What stands on messages, by the message's number. A place that is no longer there is said to be lost, where it
    was: nobody's note disappears."""
    found = dict[int, list[NoteView]]()
    for said in annotations:
        if said.anchor is None:
            continue
        now = find_again(said.anchor, messages)
        anchor = now or said.anchor
        number = min(anchor.message, max(0, len(messages) - 1))
        view = present_note(replace(said, anchor=anchor))
        found.setdefault(number, []).append(view if now else replace(view, lost="these words are not here any more"))
    return found


def _quoted(row: Mapping[str, object]) -> str:
    words = str(row.get("label") or row.get("text") or row.get("score") or "")
    return f"“{wording.one_line(words, 60)}”"


def _what(change: ChangeView) -> str:
    """What happened to one thing, in words."""
    before, after = change.before, change.after
    gone = bool(after.get("removed"))
    match change.kind:
        case "tags":
            return f"{'took off' if gone else 'put on'} the tag “{after['tag']}”"
        case "annotations":
            kind = {"text": "note", "label": "label", "number": "score"}[str(after["kind"])]
            if before is None:
                return f"wrote the {kind} {_quoted(after)}"
            if gone:
                return f"removed the {kind} {_quoted(after)}"
            if before.get("removed"):
                return f"put back the {kind} {_quoted(after)}"
            if _quoted(before) == _quoted(after):
                return f"reworded the {kind} {_quoted(after)}"
            return f"changed the {kind} {_quoted(before)} to {_quoted(after)}"
        case "tag_styles":
            return f"coloured “{after['tag']}” {after['colour'] or 'plain'}"
        case "rules" | "queues":
            word = change.kind.removesuffix("s")
            did = "removed" if gone else "made" if before is None else "changed"
            return f"{did} the {word} “{after['name']}”"
        case "queue_items":
            return "queued it for review" if before is None else f"marked it {after['state']} in a review"
        case _:
            return change.action.replace("_", " ")


def _words(group: Sequence[ChangeView]) -> str:
    """One change; `group`: all that was changed with it, the first last."""
    change = group[-1]
    prefix = "undid: " if change.undoes is not None else "rule: " if change.action == "rule" else ""
    if change.action == "rename_tag" and change.before is not None:
        old = change.before["tag"]
        new = next((str(one.after["tag"]) for one in group if one.after.get("tag", old) != old), "")
        return f"renamed the tag “{old}” to “{new}”" if new else f"merged the tag “{old}” into another"
    more = f" on {len(group)} subjects" if len(group) > 1 and change.kind in {"tags", "annotations"} else ""
    return f"{prefix}{_what(change)}{more}"


def present_changes(changes: Sequence[ChangeView]) -> list[ChangeLine]:
    """The history, newest first: one line for each change, however much was changed with it."""
    groups = dict[int, list[ChangeView]]()
    for change in changes:
        groups.setdefault(change.change_id, []).append(change)
    undone = {change.undoes for change in changes if change.undoes is not None}
    return [
        ChangeLine(
            id=id_,
            at=wording.iso(group[-1].at),
            author=group[-1].author or "somebody",
            words=_words(group),
            undone="taken back" if id_ in undone else "",
        )
        for id_, group in groups.items()
    ]
