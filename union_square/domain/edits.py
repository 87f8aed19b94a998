"""What people change: tags, annotations, rules, review queues; and what is known of a change afterwards. PURE values.

One change is one thing that somebody did, however many subjects it touched; it is undone as a whole, by another change.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from union_square.domain.anchors import Anchor
from union_square.domain.rules import Rule
from union_square.domain.views import AnnotationKind, AnnotationView, Subject

LONGEST_TAG = 256
LONGEST_TEXT = 20_000
MOST_TARGETS = 5000
COLOURS = ("", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")
"""The colours a tag may have; "" = none. What each looks like is the style sheet's."""

_KEY = re.compile(r"[1-9]\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    subject: Subject
    id: str


Targets = tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What an annotation says: see `AnnotationView`."""

    kind: AnnotationKind = "text"
    text: str = ""
    name: str = ""
    label: str = ""
    score: float | None = None
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTag:
    targets: Targets
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTag:
    targets: Targets
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotate:
    targets: Targets
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class EditAnnotation:
    """Its anchor stays. `version`: of what was read before it was edited; "" = whatever it says now is replaced."""

    id: int
    note: Note
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAnnotation:
    id: int
    target: Target | None = None  # None: whatever it stands on


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTag:
    """Where `to` is a tag already, the two become one."""

    tag: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTag:
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourTag:
    tag: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveRule:
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRule:
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveQueue:
    """Make a queue (`id` None) or change one; `targets` are added to it."""

    name: str
    labels: tuple[tuple[str, str], ...]  # key (1 to 9), label
    targets: Targets = ()
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveQueue:
    id: int


ItemState = Literal["open", "done", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Say of an item of a queue that it is done, skipped or open again; with a label, that this is the verdict."""

    queue_id: int
    target: Target
    state: ItemState
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSession:
    """All calls of a session go into another one, those that come later too."""

    session_id: str
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSession:
    """A call and all that continues it become a session of their own; with `later`, all that began after it as well."""

    call_id: str
    later: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCall:
    """A call, with all that continues it, goes into another session (None: one of its own) or behind another call."""

    call_id: str
    session_id: str | None = None
    parent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    change_id: int


Edit = (
    AddTag
    | RemoveTag
    | Annotate
    | EditAnnotation
    | RemoveAnnotation
    | RenameTag
    | DeleteTag
    | ColourTag
    | SaveRule
    | RemoveRule
    | SaveQueue
    | RemoveQueue
    | Judge
    | MergeSession
    | SplitSession
    | MoveCall
    | Undo
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What came of an edit. `id` undoes it; None: it changed nothing."""

    id: int | None
    count: int  # things changed
    skipped: int = 0  # of an undo: things that have been changed since, and were left alone
    created: int | None = None  # the id of the annotation, rule or queue that is new
    session_id: str = ""  # where calls were moved to


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One thing that changed, as the history keeps it. Those with one `change_id` were done, and are undone, as one."""

    id: int
    change_id: int
    at: datetime
    author: str
    action: str  # the edit, in words of its own: "add_tag", "rename_tag", …; "rule" where a rule did it
    kind: str  # what was changed: "tags", "annotations", "tag_styles", "rules", "queues", "queue_items", "placements"
    subject: str  # "session", "call", or "" where it is about neither
    subject_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]
    undoes: int | None  # the change that this one took back


@dataclass(frozen=True, slots=True, kw_only=True)
class TagUse:
    tag: str
    colour: str
    calls: int
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    target: Target
    state: ItemState
    author: str  # who said so; "" = nobody yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    id: int
    name: str
    labels: tuple[tuple[str, str], ...]
    total: int
    done: int
    skipped: int
    created_at: datetime
    items: tuple[QueueItem, ...] = field(default=())  # in order; of a listing: none


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How far a rule has been applied to the past; `after` goes on from there, None: it is through."""

    seen: int
    tagged: int
    after: str | None
    change_id: int | None


class EditedSinceError(Exception):
    """What was to be replaced has been edited since it was read; `now` is what it says."""

    def __init__(self, now: AnnotationView) -> None:
        super().__init__("somebody has edited it since it was read")
        self.now = now


def version_of(note: Note) -> str:
    """The same for two notes that say the same, wherever they stand."""
    said = json.dumps([note.kind, note.text, note.name, note.label, note.score])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def parse_tag(tag: str) -> str:
    """A tag as it is kept: one line, trimmed, 1 to 256 characters. Raises ValueError."""
    kept = " ".join(tag.split())
    if not 0 < len(kept) <= LONGEST_TAG:
        raise ValueError(f"a tag has 1 to {LONGEST_TAG} characters, not {len(kept)}")
    return kept


def parse_note(note: Note) -> Note:
    """The note, once it says what its kind says. Raises ValueError."""
    match note.kind:
        case "text" if not note.text.strip():
            raise ValueError("a note needs a text")
        case "label" if not note.label.strip():
            raise ValueError("a label needs a label")
        case "number" if note.score is None or not abs(note.score) < float("inf"):
            raise ValueError("a number needs a score, and a finite one")
        case _:
            return note


def parse_labels(labels: str) -> tuple[tuple[str, str], ...]:
    """Labels with their keys, out of one line: "good, bad" gets 1 and 2; "7=other" its own. Raises ValueError."""
    found = dict[str, str]()
    free = iter("123456789")
    for word in filter(None, map(str.strip, labels.split(","))):
        key, equals, label = word.partition("=")
        if not (equals and _KEY.match(key.strip())):
            key, label = next((k for k in free if k not in found), ""), word
        key, label = key.strip(), label.strip()
        if not key or key in found or not label:
            raise ValueError("labels are up to nine words with commas between, each with its own key: 1=good, 2=bad")
        found[key] = label
    return tuple(sorted(found.items()))
