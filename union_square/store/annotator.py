"""What people say of sessions and calls, what they did to say it, and their rules and review queues.

All of it is kept by the subjects' ids, so that `rebuild` leaves it.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

from sqlalchemy import Engine

from union_square.domain import edits
from union_square.domain.rules import Rule, fits
from union_square.domain.storable import clean
from union_square.domain.views import AnnotationView, SavedView, Subject
from union_square.store import mapping
from union_square.store.changing import Editing
from union_square.store.engine import reading, writing
from union_square.store.ports import NoSuchSubject
from union_square.store.rows import Row, Rows, SqlRows
from union_square.store.tagging import RULE


def now_utc() -> datetime:
    return datetime.now(UTC)


class Annotator:
    """`store.ports.StoreAnnotator` over any rows. `reading` and `writing` open one transaction each."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Rows]],
        writing: Callable[[], AbstractContextManager[Rows]],
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._clock = clock

    def change(self, edit: edits.Edit, author: str = "") -> edits.Change:
        with self._writing() as rows:
            return self._editing(rows, edit, author).run(edit)

    def add_tag(self, subject: Subject, subject_id: str, tag: str, author: str = "") -> tuple[str, ...]:
        self.change(edits.AddTag(targets=(edits.Target(subject=subject, id=subject_id),), tag=tag), author)
        return self._tags_of(subject, subject_id)

    def remove_tag(self, subject: Subject, subject_id: str, tag: str, author: str = "") -> tuple[str, ...]:
        self.change(edits.RemoveTag(targets=(edits.Target(subject=subject, id=subject_id),), tag=tag), author)
        return self._tags_of(subject, subject_id)

    def annotate(self, target: edits.Target, note: edits.Note, author: str = "") -> AnnotationView:
        edit = edits.Annotate(targets=(target,), note=note)
        with self._writing() as rows:
            made = self._editing(rows, edit, author).run(edit).created
            return mapping.annotation_view(rows.find("annotations", id=made)[0])

    def add_annotation(self, subject: Subject, subject_id: str, text: str, author: str = "") -> AnnotationView:
        return self.annotate(edits.Target(subject=subject, id=subject_id), edits.Note(text=text), author)

    def remove_annotation(self, subject: Subject, subject_id: str, annotation_id: int, author: str = "") -> None:
        target = edits.Target(subject=subject, id=subject_id)
        self.change(edits.RemoveAnnotation(id=annotation_id, target=target), author)

    def said(self, subject: Subject, subject_id: str) -> tuple[tuple[str, ...], tuple[AnnotationView, ...]]:
        with self._reading() as rows:
            there = {"subject": subject, "subject_id": mapping.clean(subject_id), "removed": False}
            tags, notes = rows.find("tags", **there), rows.find("annotations", **there)
        return tuple(sorted(row["tag"] for row in tags)), tuple(map(mapping.annotation_view, notes))

    def annotation(self, annotation_id: int) -> AnnotationView:
        with self._reading() as rows:
            found = rows.find("annotations", id=annotation_id, removed=False)
        if not found:
            raise NoSuchSubject(f"no annotation {annotation_id}")
        return mapping.annotation_view(found[0])

    def saved_views(self) -> list[SavedView]:
        with self._reading() as rows:
            found = [_saved_view(row) for row in rows.find("saved_views", removed=False)]
        return sorted(found, key=lambda one: (one.page, one.name))

    def save_view(self, page: str, name: str, query: str) -> SavedView:
        name = _view_name(name)
        with self._writing() as rows:
            before = rows.find("saved_views", page=page, name=name, removed=False)
            id_ = before[0]["id"] if before else None
            row = {"id": id_, "page": page, "name": name, "query": clean(query), "removed": False}
            return _saved_view(rows.put("saved_views", [row])[0])

    def rename_view(self, view_id: int, name: str) -> SavedView:
        name = _view_name(name)
        with self._writing() as rows:
            found = rows.find("saved_views", id=view_id, removed=False)
            if not found:
                raise NoSuchSubject(f"no saved view {view_id}")
            others = rows.find("saved_views", page=found[0]["page"], name=name, removed=False)
            if any(other["id"] != view_id for other in others):
                raise ValueError(f"there is a view {name} already: choose another name, or remove that one")
            return _saved_view(rows.put("saved_views", [found[0] | {"name": name}])[0])

    def remove_view(self, view_id: int) -> None:
        with self._writing() as rows:
            found = rows.find("saved_views", id=view_id, removed=False)
            if not found:
                raise NoSuchSubject(f"no saved view {view_id}")
            rows.put("saved_views", [found[0] | {"removed": True}])

    def tag_uses(self) -> list[edits.TagUse]:
        with self._reading() as rows:
            counts, styles = rows.tag_counts(), rows.find("tag_styles")
        colours: dict[str, str] = {row["tag"]: row["colour"] for row in styles}
        found = dict[str, dict[str, int]]()
        for tag, subject, count in counts:
            found.setdefault(tag, {})[subject] = count
        return [
            edits.TagUse(
                tag=tag,
                colour=colours.get(tag, ""),
                calls=found.get(tag, {}).get("call", 0),
                sessions=found.get(tag, {}).get("session", 0),
            )
            for tag in sorted(found)
        ]

    def changes(
        self,
        *,
        subject_ids: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[edits.ChangeView]:
        with self._reading() as rows:
            return list(map(_change_view, rows.latest_changes(subject_ids, kinds, before, limit)))

    def rules(self) -> list[Rule]:
        with self._reading() as rows:
            return [mapping.rule_value(row) for row in rows.find("rules", removed=False)]

    def apply_rule(
        self, rule_id: int, *, after: str = "", limit: int = 500, change_id: int | None = None
    ) -> edits.Applied:
        with self._writing() as rows:
            found = rows.find("rules", id=rule_id, removed=False)
            if not found:
                raise NoSuchSubject(f"no rule {rule_id}")
            rule = mapping.rule_value(found[0])
            calls = rows.calls_after(after, limit)
            fitting = tuple(
                edits.Target(subject="call", id=one.call.id)
                for one in rows.candidates(calls)
                if fits(rule.conditions, one)
            )
            editing = Editing(rows, rule.name, mapping.to_us(self._clock()), RULE, change_id)
            editing.tag(fitting, rule.tag, "rule")
            change = editing.change()
        more = calls[-1].id if len(calls) == limit else None
        return edits.Applied(seen=len(calls), tagged=change.count, after=more, change_id=change.id)

    def count_calls(self) -> int:
        with self._reading() as rows:
            return rows.count_calls()

    def queues(self) -> list[edits.Queue]:
        with self._reading() as rows:
            found = rows.find("queues", removed=False)
            return [_queue(row, rows.find("queue_items", queue_id=row["id"], removed=False)) for row in found]

    def queue(self, queue_id: int) -> edits.Queue:
        with self._reading() as rows:
            found = rows.find("queues", id=queue_id, removed=False)
            if not found:
                raise NoSuchSubject(f"no queue {queue_id}")
            return _queue(found[0], rows.find("queue_items", queue_id=queue_id, removed=False), whole=True)

    def _editing(self, rows: Rows, edit: edits.Edit, author: str) -> Editing:
        return Editing(rows, author, mapping.to_us(self._clock()), action_of(edit))

    def _tags_of(self, subject: Subject, subject_id: str) -> tuple[str, ...]:
        with self._reading() as rows:
            there = rows.find("tags", subject=subject, subject_id=mapping.clean(subject_id), removed=False)
        return tuple(sorted(row["tag"] for row in there))


class SqlAnnotator(Annotator):
    """`store.ports.StoreAnnotator` on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now_utc) -> None:
        @contextmanager
        def read() -> Generator[Rows]:
            with reading(engine) as connection:
                yield SqlRows(connection)

        @contextmanager
        def write() -> Generator[Rows]:
            with writing(engine) as connection:
                yield SqlRows(connection)

        super().__init__(read, write, clock)


def action_of(edit: edits.Edit) -> str:
    """The edit's name in the history: AddTag is "add_tag"."""
    name = type(edit).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _view_name(name: str) -> str:
    """As it is kept. Raises ValueError."""
    name = clean(" ".join(name.split()))
    if not 0 < len(name) <= edits.LONGEST_TAG:
        raise ValueError(f"a view's name has 1 to {edits.LONGEST_TAG} characters, not {len(name)}")
    return name


def _saved_view(row: Row) -> SavedView:
    return SavedView(id=row["id"], page=row["page"], name=row["name"], query=row["query"])


def _change_view(row: Row) -> edits.ChangeView:
    return edits.ChangeView(
        id=row["id"],
        change_id=row["change_id"],
        at=mapping.from_us(row["at"]),
        author=row["author"],
        action=row["action"],
        kind=row["kind"],
        subject=row["subject"],
        subject_id=row["subject_id"],
        before=row["before"],
        after=row["after"],
        undoes=row["undoes"],
    )


def _queue(row: Row, items: list[Row], *, whole: bool = False) -> edits.Queue:
    states = [item["state"] for item in items]
    return edits.Queue(
        id=row["id"],
        name=row["name"],
        labels=tuple((key, label) for key, label in row["labels"]),
        total=len(items),
        done=states.count("done"),
        skipped=states.count("skipped"),
        created_at=mapping.from_us(row["created_at"]),
        items=tuple(map(_queue_item, sorted(items, key=lambda item: item["position"]))) if whole else (),
    )


def _queue_item(row: Row) -> edits.QueueItem:
    target = edits.Target(subject=row["subject"], id=row["subject_id"])
    return edits.QueueItem(target=target, state=row["state"], author=row["author"])
