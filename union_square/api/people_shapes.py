"""What the API takes and gives of what people say: tags, annotations, rules, queues, changes."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from union_square.api.shapes import Listing, PageQuery
from union_square.domain import edits
from union_square.domain.anchors import Anchor
from union_square.domain.edits import ChangeView, ItemState, Note, Target
from union_square.domain.ids import IdError
from union_square.domain.rules import Conditions, Rule
from union_square.domain.views import AnnotationKind, AnnotationView, Subject
from union_square.store.ports import CursorError
from union_square.watching.people import People


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    author: str = Field("", max_length=200, description="Who does it, for the history")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    tags: list[str]


class NewTag(_Body):
    tag: str = Field(min_length=1, max_length=edits.LONGEST_TAG)


class NewAnchor(BaseModel):
    """A message of the call (counted from 0: the request's, then the answer's); with `part`, the characters of its text
    from `start` to `end`, or the `quote` alone, to be found in it."""

    model_config = ConfigDict(extra="forbid")

    message: int = Field(ge=0)
    part: int | None = Field(None, ge=0)
    start: int = Field(0, ge=0)
    end: int = Field(0, ge=0)
    quote: str = Field("", max_length=20_000)
    prefix: str = Field("", max_length=1000)
    suffix: str = Field("", max_length=1000)


class NewAnnotation(_Body):
    """`text` of a note; `label` of a label; `score` of a number. `name` says what is judged."""

    kind: AnnotationKind = "text"
    text: str = Field("", max_length=edits.LONGEST_TEXT)
    name: str = Field("", max_length=200)
    label: str = Field("", max_length=200)
    score: float | None = None
    anchor: NewAnchor | None = None

    def note(self) -> Note:
        anchor = None if self.anchor is None else Anchor(**self.anchor.model_dump())
        return Note(kind=self.kind, text=self.text, name=self.name, label=self.label, score=self.score, anchor=anchor)


class EditedAnnotation(_Body):
    """`version`: of the annotation as it was read; where somebody has edited it since, nothing is changed (409)."""

    version: str = Field("", max_length=64)
    text: str | None = Field(None, max_length=edits.LONGEST_TEXT)
    name: str | None = Field(None, max_length=200)
    label: str | None = Field(None, max_length=200)
    score: float | None = None

    def edit(self, before: AnnotationView) -> edits.EditAnnotation:
        note = Note(
            kind=before.kind,
            text=before.text if self.text is None else self.text,
            name=before.name if self.name is None else self.name,
            label=before.label if self.label is None else self.label,
            score=before.score if self.score is None else self.score,
        )
        return edits.EditAnnotation(id=before.id, note=note, version=self.version or before.version)


class ChangeQuery(PageQuery):
    """Newest first."""

    async def listing(
        self, people: People, subject_ids: tuple[str, ...] | None = None, kinds: tuple[str, ...] | None = None
    ) -> Listing[ChangeView]:
        if self.cursor is not None and not self.cursor.isdecimal():
            raise CursorError(f"not a cursor: {self.cursor[:40]!r}")
        before = None if self.cursor is None else min(int(self.cursor), (1 << 63) - 1)
        found = await people.changes(subject_ids=subject_ids, kinds=kinds, before=before, limit=self.limit + 1)
        more = len(found) > self.limit
        items = found[: self.limit]
        return Listing(items=items, next_cursor=str(items[-1].id) if more else None)


class TargetShape(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject: Subject
    id: str = Field(min_length=1, max_length=128)

    def target(self) -> Target:
        return Target(subject=self.subject, id=self.id)


class Tagging(_Body):
    """One tag put on (`remove` true: taken off) several sessions and calls at once."""

    tag: str = Field(min_length=1, max_length=edits.LONGEST_TAG)
    targets: list[TargetShape] = Field(min_length=1, max_length=edits.MOST_TARGETS)
    remove: bool = False


class ChangedTag(_Body):
    """`name`: rename it (where that is a tag already, the two become one); `colour`: one of red, orange, yellow, green,
    teal, blue, purple, pink, or "" for none."""

    name: str | None = Field(None, min_length=1, max_length=edits.LONGEST_TAG)
    colour: str | None = None


class ConditionsShape(BaseModel):
    """Every one that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    failed: bool = False
    slower_than_ms: float | None = Field(None, ge=0)
    dearer_than_usd: float | None = Field(None, ge=0)
    model: str = Field("", max_length=256)
    upstream: str = Field("", max_length=256)
    query: str = Field("", max_length=2000, description="The filter language, as in /search")


class NewRule(_Body):
    """Tags each call that fulfils the conditions, when it ends."""

    name: str = Field("", max_length=200)
    tag: str = Field(min_length=1, max_length=edits.LONGEST_TAG)
    conditions: ConditionsShape
    enabled: bool = True

    def rule(self, id_: int | None = None) -> Rule:
        conditions = Conditions(**self.conditions.model_dump())
        return Rule(id=id_, name=self.name or self.tag, tag=self.tag, conditions=conditions, enabled=self.enabled)


class Apply(BaseModel):
    """Go on with the `after` and `change_id` of the answer before, until `after` is null."""

    model_config = ConfigDict(extra="forbid")

    after: str = Field("", max_length=64)
    change_id: int | None = None


class NewQueue(_Body):
    """`labels`: what keys 1 to 9 say, as in "good, bad, unsure" or "1=good, 9=bad"."""

    name: str = Field(min_length=1, max_length=200)
    labels: str = Field("", max_length=1000)
    targets: list[TargetShape] = Field(default_factory=list[TargetShape], max_length=edits.MOST_TARGETS)

    def edit(self, id_: int | None = None) -> edits.SaveQueue:
        targets = tuple(one.target() for one in self.targets)
        return edits.SaveQueue(id=id_, name=self.name, labels=edits.parse_labels(self.labels), targets=targets)


class Verdict(_Body):
    target: TargetShape
    state: ItemState = "done"
    label: str = Field("", max_length=200)


class UndoShape(_Body):
    pass


@contextmanager
def refusing(place: str) -> Generator[None]:
    """A ValueError about what was sent becomes a 422 that names the place."""
    try:
        yield
    except IdError:
        raise
    except ValueError as error:
        raise HTTPException(422, f"{place}: {error}") from error
