"""Edits, as the rows they change: what `store.annotator` does in one transaction, the same for every store.

Nothing that people made is ever deleted: a row is marked as removed, so that taking back is writing the row as it was,
and each row that changes leaves its before and after in `changes`. What is not changed by an edit leaves nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, assert_never

from union_square.domain import edits
from union_square.domain.anchors import Anchor
from union_square.domain.finding import parse_filter
from union_square.domain.rules import Rule
from union_square.store import mapping, placing
from union_square.store.ports import NoSuchSubject
from union_square.store.rows import KEYS, Kind, Row, Rows


class Editing:
    """One edit by one author at one time (microseconds since the epoch), while its rows are written."""

    def __init__(self, rows: Rows, author: str, at: int, action: str, change_id: int | None = None) -> None:
        self._rows = rows
        self._author = mapping.clean(author, mapping.LONGEST_INDEXED)
        self._at = at
        self._action = action
        self._id = change_id
        self._undoes: int | None = None
        self._count = 0
        self._skipped = 0
        self._created: int | None = None
        self._session_id = ""  # where calls are moved to
        self._unsettled = set[str]()  # sessions whose calls may have to stand elsewhere now

    def run(self, edit: edits.Edit) -> edits.Change:
        """Raises NoSuchSubject, ValueError, EditedSinceError."""
        match edit:
            case edits.AddTag():
                self.tag(edit.targets, edit.tag)
            case edits.RemoveTag():
                self._untag(edit.targets, edit.tag)
            case edits.Annotate():
                self._annotate(edit.targets, edit.note)
            case edits.EditAnnotation():
                self._edit_annotation(edit)
            case edits.RemoveAnnotation():
                before = self._annotation(edit.id, edit.target)
                self._set("annotations", [(before, before | {"removed": True})])
            case edits.RenameTag():
                self._rename(_clean_tag(edit.tag), _clean_tag(edit.to))
            case edits.DeleteTag():
                there = self._rows.find("tags", tag=_clean_tag(edit.tag), removed=False)
                self._set("tags", [(row, row | {"removed": True}) for row in there])
            case edits.ColourTag():
                self._colour(_clean_tag(edit.tag), edit.colour)
            case edits.SaveRule():
                self._save_rule(edit.rule)
            case edits.RemoveRule():
                self._remove("rules", edit.id)
            case edits.SaveQueue():
                self._save_queue(edit)
            case edits.RemoveQueue():
                self._remove("queues", edit.id)
            case edits.Judge():
                self._judge(edit)
            case edits.MergeSession() | edits.SplitSession() | edits.MoveCall():
                self._place(placing.plan(self._rows, edit))
            case edits.Undo():
                self._undo(edit.change_id)
            case _:
                assert_never(edit)
        if self._unsettled:
            placing.settle(self._rows, self._unsettled)
        return self.change()

    def change(self) -> edits.Change:
        return edits.Change(
            id=self._id, count=self._count, skipped=self._skipped, created=self._created, session_id=self._session_id
        )

    def tag(self, targets: edits.Targets, tag: str, source: str = "person") -> None:
        """Put a tag on those that do not have it. A rule (`source`) leaves alone where it was taken off before."""
        tag = _clean_tag(tag)
        pairs = list[tuple[Row | None, Row]]()
        for subject, ids in self._checked(targets):
            there = self._rows.find("tags", subject=subject, tag=tag, subject_id=ids)
            known = {row["subject_id"]: row for row in there}
            for id_ in ids:
                before = known.get(id_)
                if before is not None and (source == "rule" or not before["removed"]):
                    continue
                after = {
                    "subject": subject,
                    "subject_id": id_,
                    "tag": tag,
                    "source": source,
                    "removed": False,
                    "created_at": self._at,
                }
                pairs.append((before, after))
        self._set("tags", pairs)

    def _untag(self, targets: edits.Targets, tag: str) -> None:
        tag = mapping.clean(" ".join(tag.split()))
        for subject, ids in self._checked(targets):
            there = self._rows.find("tags", subject=subject, tag=tag, removed=False, subject_id=ids)
            self._set("tags", [(row, row | {"removed": True}) for row in there])

    def _annotate(self, targets: edits.Targets, note: edits.Note) -> None:
        said = _said(edits.parse_note(note))
        rows = list[tuple[Row | None, Row]]()
        for subject, ids in self._checked(targets):
            for id_ in ids:
                row = {"id": None, "subject": subject, "subject_id": id_, **said}
                rows.append((None, row | {"author": self._author, "removed": False, "created_at": self._at}))
        self._set("annotations", rows)

    def _edit_annotation(self, edit: edits.EditAnnotation) -> None:
        before = self._annotation(edit.id, None)
        after = before | _said(edits.parse_note(edit.note)) | {"anchor": before["anchor"]}
        now = mapping.annotation_view(before)
        if edit.version not in {"", now.version} and after != before:
            raise edits.EditedSinceError(now)
        self._set("annotations", [(before, after)])

    def _annotation(self, id_: int, target: edits.Target | None) -> Row:
        found = self._rows.find("annotations", id=id_, removed=False)
        if target is not None:
            self._checked((target,))
            found = [row for row in found if (row["subject"], row["subject_id"]) == (target.subject, target.id)]
        if not found:
            where = f" on {target.subject} {target.id[:128]}" if target else ""
            raise NoSuchSubject(f"no annotation {id_}{where}")
        return found[0]

    def _rename(self, tag: str, to: str) -> None:
        if tag == to:
            return
        old = self._rows.find("tags", tag=tag, removed=False)
        there = {(row["subject"], row["subject_id"]): row for row in self._rows.find("tags", tag=to)}
        pairs = list[tuple[Row | None, Row]]()
        for row in old:
            pairs.append((row, row | {"removed": True}))
            before = there.get((row["subject"], row["subject_id"]))
            if before is None or before["removed"]:
                pairs.append((before, row | {"tag": to, "source": "person"}))
        self._set("tags", pairs)
        style = next((row["colour"] for row in self._rows.find("tag_styles", tag=tag)), "")
        if style and not any(row["colour"] for row in self._rows.find("tag_styles", tag=to)):
            self._colour(to, style)
        rules = self._rows.find("rules", tag=tag, removed=False)
        self._set("rules", [(row, row | {"tag": to}) for row in rules])

    def _colour(self, tag: str, colour: str) -> None:
        if colour not in edits.COLOURS:
            raise ValueError(f"a colour is one of: {', '.join(filter(None, edits.COLOURS))}, or nothing")
        before = next(iter(self._rows.find("tag_styles", tag=tag)), None)
        self._set("tag_styles", [(before, {"tag": tag, "colour": colour})])

    def _save_rule(self, rule: Rule) -> None:
        if rule.conditions.none_given:
            raise ValueError("a rule needs at least one condition, else it would never tag anything")
        parse_filter(rule.conditions.query)  # raises FilterError, a ValueError that says where and why
        before = None if rule.id is None else self._kept("rules", rule.id)
        after = {
            "id": rule.id,
            "name": mapping.clean(rule.name.strip(), mapping.LONGEST_INDEXED),
            "tag": _clean_tag(rule.tag),
            "conditions": asdict(rule.conditions),
            "enabled": rule.enabled,
            "removed": False,
        }
        self._set("rules", [(before, after)])

    def _save_queue(self, edit: edits.SaveQueue) -> None:
        name = mapping.clean(edit.name.strip(), mapping.LONGEST_INDEXED)
        if not name:
            raise ValueError("a queue needs a name")
        before = None if edit.id is None else self._kept("queues", edit.id)
        created = self._at if before is None else before["created_at"]
        after: Row = {
            "id": edit.id,
            "name": name,
            "labels": [list(pair) for pair in edit.labels],
            "removed": False,
            "created_at": created,
        }
        self._set("queues", [(before, after)])
        self._enqueue(int(after["id"]), edit.targets)

    def _enqueue(self, queue_id: int, targets: edits.Targets) -> None:
        there = {(row["subject"], row["subject_id"]): row for row in self._rows.find("queue_items", queue_id=queue_id)}
        last = max((row["position"] for row in there.values()), default=0)
        known = {(subject, id_) for subject, ids in self._checked(targets) for id_ in ids}
        pairs = list[tuple[Row | None, Row]]()
        for target in dict.fromkeys(targets):
            key = (target.subject, target.id)
            before = there.get(key)
            if key not in known or (before is not None and not before["removed"]):
                continue
            last += 1
            item: Row = {"queue_id": queue_id, "subject": target.subject, "subject_id": target.id, "position": last}
            pairs.append((before, item | {"state": "open", "author": "", "removed": False}))
        self._set("queue_items", pairs)

    def _judge(self, edit: edits.Judge) -> None:
        queue = self._kept("queues", edit.queue_id)
        key = {"queue_id": edit.queue_id, "subject": edit.target.subject, "subject_id": edit.target.id}
        found = self._rows.find("queue_items", **key, removed=False)
        if not found:
            raise NoSuchSubject(f"{edit.target.subject} {edit.target.id[:128]} is not in this queue")
        if edit.label:
            self._put_verdict(edit.target, str(queue["name"]), edit.label)
        author = "" if edit.state == "open" else self._author
        self._set("queue_items", [(found[0], found[0] | {"state": edit.state, "author": author})])

    def _put_verdict(self, target: edits.Target, name: str, label: str) -> None:
        """One author has one verdict of a name on a subject: another one takes its place."""
        there = self._rows.find("annotations", subject=target.subject, subject_id=target.id, removed=False)
        mine = ("label", name, self._author)
        earlier = [row for row in there if (row["kind"], row["name"], row["author"]) == mine]
        if any(row["label"] == label for row in earlier):
            return
        self._set("annotations", [(row, row | {"removed": True}) for row in earlier])
        self._annotate((target,), edits.Note(kind="label", name=name, label=label))

    def _place(self, found: placing.Plan) -> None:
        there = {
            (row["subject"], row["subject_id"]): row
            for subject in ("call", "session")
            for row in self._rows.find(
                "placements",
                subject=subject,
                subject_id=[one["subject_id"] for one in found.rows if one["subject"] == subject],
            )
        }
        self._session_id = found.session_id
        self._set("placements", [(there.get((row["subject"], row["subject_id"])), row) for row in found.rows])

    def _undo(self, change_id: int) -> None:
        done = self._rows.find("changes", change_id=change_id)
        if not done:
            raise NoSuchSubject(f"no change {change_id}")
        self._undoes = change_id
        for row in reversed(done):
            kind: Kind = row["kind"]
            now = next(iter(self._rows.find(kind, **{name: row["after"][name] for name in KEYS[kind]})), None)
            if now is None or now != row["after"]:
                self._skipped += 1  # somebody has changed it since: that is not taken back along with it
                continue
            self._set(kind, [(now, _gone(kind, now) if row["before"] is None else row["before"])])

    def _kept(self, kind: Kind, id_: int) -> Row:
        found = self._rows.find(kind, id=id_, removed=False)
        if not found:
            raise NoSuchSubject(f"no {kind.removesuffix('s')} {id_}")
        return found[0]

    def _remove(self, kind: Kind, id_: int) -> None:
        before = self._kept(kind, id_)
        self._set(kind, [(before, before | {"removed": True})])

    def _checked(self, targets: edits.Targets) -> list[tuple[edits.Subject, list[str]]]:
        """The ids of each kind of subject, each once. Raises NoSuchSubject."""
        grouped = dict[edits.Subject, list[str]]()
        for target in dict.fromkeys(targets):
            grouped.setdefault(target.subject, []).append(mapping.clean(target.id))
        for subject, ids in grouped.items():
            there = self._rows.existing(subject, ids)
            missing = next((id_ for id_ in ids if id_ not in there), None)
            if missing is not None:
                raise NoSuchSubject(f"no {subject} {missing[:128]}")
        return list(grouped.items())

    def _set(self, kind: Kind, pairs: Iterable[tuple[Row | None, Row]]) -> None:
        """Write rows that differ from what they were, and that they did. Rows that are new get their ids."""
        changed = [(before, after) for before, after in pairs if before != after]
        if kind == "placements":
            calls = [after["subject_id"] for _, after in changed if after["subject"] == "call"]
            self._unsettled |= set(self._rows.sessions_of(calls).values())
            self._unsettled |= {row["session_id"] for pair in changed for row in pair if row is not None}
        self._rows.put(kind, [after for _, after in changed])
        made = (after["id"] for before, after in changed if before is None and "id" in after)
        self._created = next(made, self._created)
        self._tell(kind, changed)
        self._count += len(changed)

    def _tell(self, kind: Kind, changed: list[tuple[Row | None, Row]]) -> None:
        rows: list[Row] = [
            {
                "id": None,
                "change_id": self._id or 0,
                "at": self._at,
                "author": self._author,
                "action": self._action,
                "kind": kind,
                "subject": after.get("subject", ""),
                "subject_id": after.get("subject_id", ""),
                "before": before,
                "after": after,
                "undoes": self._undoes,
            }
            for before, after in changed
        ]
        if self._id is None and rows:
            first = self._rows.put("changes", rows[:1])[0]
            self._id = int(first["id"])
            self._rows.put("changes", [first | {"change_id": self._id}])
            rows = [row | {"change_id": self._id} for row in rows[1:]]
        self._rows.put("changes", rows)


def _clean_tag(tag: str) -> str:
    return mapping.clean(edits.parse_tag(tag))


def _said(note: edits.Note) -> Row:
    anchor = note.anchor
    return {
        "kind": note.kind,
        "text": mapping.clean(note.text.strip(), edits.LONGEST_TEXT),
        "name": mapping.clean(note.name.strip(), mapping.LONGEST_INDEXED),
        "label": mapping.clean(note.label.strip(), mapping.LONGEST_INDEXED),
        "score": None if note.score is None else float(note.score),
        "anchor": None if anchor is None else _anchor_content(anchor),
    }


def _anchor_content(anchor: Anchor) -> dict[str, Any]:
    return asdict(anchor)


def _gone(kind: Kind, row: Mapping[str, Any]) -> Row:
    """A row as it is when what made it is taken back."""
    return dict(row) | ({"colour": ""} if kind == "tag_styles" else {"removed": True})
