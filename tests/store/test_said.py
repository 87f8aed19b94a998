"""What people say, how it is taken back, and what of it stays: the same for every store."""

from dataclasses import replace

import pytest

from tests.store.conftest import Store
from tests.support.projections import call_id, projection, said
from union_square.domain import edits
from union_square.domain.anchors import Anchor
from union_square.domain.edits import Note, Target
from union_square.domain.messages import Message, ToolCallPart
from union_square.domain.rules import Conditions, Rule
from union_square.store.ports import NoSuchSubject

SESSION = Target(subject="session", id="s")
HERE = Anchor(message=1, part=0, start=4, end=9, quote="quite", prefix="not ", suffix=" so")


def calls(*numbers: int) -> edits.Targets:
    return tuple(Target(subject="call", id=call_id(number)) for number in numbers)


def tags(store: Store, number: int) -> tuple[str, ...]:
    return store.reader.call(call_id(number)).call.tags


def write(store: Store, *numbers: int) -> None:
    store.writer.write([projection(number) for number in numbers], {})


def test_an_annotation_is_a_label_a_number_or_a_text_and_knows_its_place(store: Store):
    write(store, 1)
    kept = [
        store.annotator.annotate(calls(1)[0], note, "Ann")
        for note in (
            Note(text="odd", anchor=HERE),
            Note(kind="label", name="tone", label="rude", anchor=Anchor(message=0)),
            Note(kind="number", name="truth", score=0.25, text="hardly"),
        )
    ]
    assert store.reader.call(call_id(1)).annotations == tuple(kept)
    assert [(a.kind, a.name, a.label, a.score, a.text, a.author) for a in kept] == [
        ("text", "", "", None, "odd", "Ann"),
        ("label", "tone", "rude", None, "", "Ann"),
        ("number", "truth", "", 0.25, "hardly", "Ann"),
    ]
    assert [a.anchor for a in kept] == [HERE, Anchor(message=0), None]


@pytest.mark.parametrize("note", [Note(text=" "), Note(kind="label"), Note(kind="number", score=float("nan"))])
def test_an_annotation_that_says_nothing_is_refused(store: Store, note: Note):
    write(store, 1)
    with pytest.raises(ValueError, match="needs"):
        store.annotator.annotate(calls(1)[0], note)
    assert store.annotator.changes() == []


def test_an_annotation_can_be_said_otherwise_and_keeps_its_place(store: Store):
    write(store, 1)
    first = store.annotator.annotate(calls(1)[0], Note(text="odd", anchor=HERE), "Ann")
    store.annotator.change(edits.EditAnnotation(id=first.id, note=Note(text="not odd")), "Bob")
    now = store.annotator.annotation(first.id)
    assert (now.text, now.anchor, now.author) == ("not odd", HERE, "Ann")


def test_what_was_edited_since_it_was_read_is_left_alone_and_told(store: Store):
    write(store, 1)
    read = store.annotator.annotate(calls(1)[0], Note(kind="label", name="tone", label="rude"), "Ann")
    bobs = edits.EditAnnotation(id=read.id, note=Note(kind="label", name="tone", label="curt"), version=read.version)
    assert store.annotator.change(bobs, "Bob").count == 1
    anns = edits.EditAnnotation(id=read.id, note=Note(kind="label", name="tone", label="kind"), version=read.version)
    with pytest.raises(edits.EditedSinceError) as told:
        store.annotator.change(anns, "Ann")
    assert (told.value.now.label, told.value.now.version) != ("rude", read.version)
    assert store.annotator.change(bobs, "Bob").id is None  # says what it says already: nothing is lost
    store.annotator.change(replace(anns, version=told.value.now.version), "Ann")
    assert store.annotator.annotation(read.id).label == "kind"
    assert [c.action for c in store.annotator.changes()] == ["edit_annotation", "edit_annotation", "annotate"]


def test_several_get_a_tag_at_once_and_lose_it_by_one_undo(store: Store):
    write(store, 1, 2, 3)
    store.annotator.add_tag("call", call_id(2), "bug")
    change = store.annotator.change(edits.AddTag(targets=calls(1, 2, 3), tag="bug"), "Ann")
    assert change.count == 2  # one had it
    assert change.id is not None
    assert store.annotator.change(edits.Undo(change_id=change.id), "Bob").count == 2
    assert [tags(store, n) for n in (1, 2, 3)] == [(), ("bug",), ()]


def test_one_that_is_not_there_leaves_all_as_they_were(store: Store):
    write(store, 1)
    with pytest.raises(NoSuchSubject):
        store.annotator.change(edits.AddTag(targets=calls(1, 9), tag="bug"))
    assert tags(store, 1) == ()
    assert store.annotator.changes() == []


def test_undo_is_a_change_itself_and_can_be_undone(store: Store):
    write(store, 1)
    note = store.annotator.annotate(calls(1)[0], Note(text="odd"), "Ann")
    taken = store.annotator.change(edits.RemoveAnnotation(id=note.id), "Ann")
    assert store.reader.call(call_id(1)).annotations == ()
    back = store.annotator.change(edits.Undo(change_id=taken.id or 0), "Bob")
    assert store.reader.call(call_id(1)).annotations == (note,)
    store.annotator.change(edits.Undo(change_id=back.id or 0), "Bob")
    assert store.reader.call(call_id(1)).annotations == ()
    told = store.annotator.changes(subject_ids=[call_id(1)])
    assert [(c.action, c.author, c.undoes) for c in told] == [
        ("undo", "Bob", back.id),
        ("undo", "Bob", taken.id),
        ("remove_annotation", "Ann", None),
        ("annotate", "Ann", None),
    ]


def test_undo_leaves_alone_what_has_been_changed_since(store: Store):
    write(store, 1, 2)
    first = store.annotator.change(edits.AddTag(targets=calls(1, 2), tag="bug"))
    store.annotator.remove_tag("call", call_id(1), "bug")
    undone = store.annotator.change(edits.Undo(change_id=first.id or 0))
    assert (undone.count, undone.skipped) == (1, 1)
    with pytest.raises(NoSuchSubject):
        store.annotator.change(edits.Undo(change_id=10_000))


def test_what_changes_nothing_leaves_no_change(store: Store):
    write(store, 1)
    store.annotator.add_tag("call", call_id(1), "bug")
    assert store.annotator.change(edits.AddTag(targets=calls(1), tag="bug")).id is None
    assert len(store.annotator.changes()) == 1


def test_a_tag_is_renamed_everywhere_its_colour_and_rules_too(store: Store):
    write(store, 1, 2)
    rule = Rule(name="errors", tag="bug", conditions=Conditions(failed=True))
    store.annotator.change(edits.SaveRule(rule=rule))
    store.annotator.change(edits.AddTag(targets=(*calls(1), Target(subject="session", id="s")), tag="bug"))
    store.annotator.change(edits.ColourTag(tag="bug", colour="red"))
    renamed = store.annotator.change(edits.RenameTag(tag="bug", to="defect"), "Ann")
    assert store.annotator.tag_uses() == [edits.TagUse(tag="defect", colour="red", calls=1, sessions=1)]
    assert [one.tag for one in store.annotator.rules()] == ["defect"]
    store.annotator.change(edits.Undo(change_id=renamed.id or 0))
    assert store.annotator.tag_uses() == [edits.TagUse(tag="bug", colour="red", calls=1, sessions=1)]
    assert [one.tag for one in store.annotator.rules()] == ["bug"]


def test_two_tags_become_one_and_two_again(store: Store):
    write(store, 1, 2, 3)
    store.annotator.change(edits.AddTag(targets=calls(1, 2), tag="bug"))
    store.annotator.change(edits.AddTag(targets=calls(2, 3), tag="defect"))
    merged = store.annotator.change(edits.RenameTag(tag="bug", to="defect"))
    assert [tags(store, n) for n in (1, 2, 3)] == [("defect",)] * 3
    store.annotator.change(edits.Undo(change_id=merged.id or 0))
    assert [tags(store, n) for n in (1, 2, 3)] == [("bug",), ("bug", "defect"), ("defect",)]


def test_a_deleted_tag_is_on_nothing(store: Store):
    write(store, 1)
    store.annotator.add_tag("call", call_id(1), "bug")
    store.annotator.change(edits.DeleteTag(tag="bug"))
    assert (tags(store, 1), store.annotator.tag_uses()) == ((), [])


def test_a_colour_is_one_of_those_there_are(store: Store):
    with pytest.raises(ValueError, match="teal"):
        store.annotator.change(edits.ColourTag(tag="bug", colour="url(http://x)"))


SLOW = Rule(name="slow ones", tag="slow", conditions=Conditions(slower_than_ms=1000))


def test_a_rule_tags_calls_when_they_end_and_tells(store: Store):
    store.annotator.change(edits.SaveRule(rule=SLOW))
    store.writer.write([projection(1, state="running")], {})
    assert tags(store, 1) == ()
    store.writer.write([projection(1)], {})
    assert tags(store, 1) == ("slow",)
    told = store.annotator.changes(subject_ids=[call_id(1)])
    assert [(c.action, c.author, c.after["source"]) for c in told] == [("rule", "slow ones", "rule")]


def test_what_a_person_took_off_no_rule_puts_on_again(store: Store):
    made = store.annotator.change(edits.SaveRule(rule=SLOW)).created or 0
    write(store, 1)
    store.annotator.remove_tag("call", call_id(1), "slow")
    store.writer.forget_projections()
    write(store, 1)
    assert store.annotator.apply_rule(made).tagged == 0
    assert tags(store, 1) == ()


def test_a_rules_tag_that_was_undone_stays_off(store: Store):
    made = store.annotator.change(edits.SaveRule(rule=SLOW)).created or 0
    write(store, 1)
    (told,) = store.annotator.changes(subject_ids=[call_id(1)])
    store.annotator.change(edits.Undo(change_id=told.change_id))
    assert store.annotator.apply_rule(made).tagged == 0
    assert tags(store, 1) == ()


def test_a_rule_is_applied_to_the_past_piece_by_piece_and_taken_back_whole(store: Store):
    write(store, 1, 2, 3)
    store.writer.write([projection(4, state="running")], {})
    made = store.annotator.change(edits.SaveRule(rule=SLOW)).created or 0
    first = store.annotator.apply_rule(made, limit=2)
    assert (first.seen, first.tagged, first.after) == (2, 2, call_id(2))
    rest = store.annotator.apply_rule(made, after=first.after or "", limit=3, change_id=first.change_id)
    assert (rest.seen, rest.tagged, rest.after, rest.change_id) == (2, 1, None, first.change_id)
    assert [tags(store, n) for n in (1, 2, 3, 4)] == [("slow",)] * 3 + [()]
    assert store.annotator.change(edits.Undo(change_id=first.change_id or 0)).count == 3


def test_a_rule_that_is_off_or_removed_does_nothing(store: Store):
    made = store.annotator.change(edits.SaveRule(rule=SLOW)).created
    off = Rule(id=made, name="slow ones", tag="slow", conditions=SLOW.conditions, enabled=False)
    store.annotator.change(edits.SaveRule(rule=off))
    assert store.annotator.rules() == [off]
    write(store, 1)
    store.annotator.change(edits.SaveRule(rule=Rule(id=made, name="", tag="s", conditions=SLOW.conditions)))
    store.annotator.change(edits.RemoveRule(id=made or 0))
    write(store, 2)
    assert (tags(store, 1), tags(store, 2), store.annotator.rules()) == ((), (), [])
    with pytest.raises(ValueError, match="condition"):
        store.annotator.change(edits.SaveRule(rule=Rule(name="all", tag="x", conditions=Conditions())))


def test_a_rule_tags_what_a_filter_finds_its_words_tools_and_session_included(store: Store):
    query = "zebra tool:search model:gpt-test tag:vip"
    rule = Rule(name="", tag="found", conditions=Conditions(query=query))
    made = store.annotator.change(edits.SaveRule(rule=rule)).created or 0
    call = Message(role="assistant", parts=(ToolCallPart(id="1", name="search", arguments="{}"),))
    whole = [said("user", "a zebra"), call]
    store.writer.write([projection(1, messages=whole, request_message_count=1)], {})
    assert tags(store, 1) == ()
    store.annotator.add_tag("session", "s", "vip")
    store.writer.write([projection(2, messages=whole, request_message_count=1), projection(3)], {})
    assert (tags(store, 2), tags(store, 3)) == (("found",), ())
    assert store.annotator.apply_rule(made).tagged == 1
    assert tags(store, 1) == ("found",)


def test_a_rule_whose_filter_says_nothing_is_refused(store: Store):
    with pytest.raises(ValueError, match="character"):
        store.annotator.change(edits.SaveRule(rule=Rule(name="", tag="x", conditions=Conditions(query="cost>"))))


LABELS = (("1", "good"), ("2", "bad"))


def test_a_queue_is_worked_through_and_knows_what_is_left(store: Store):
    write(store, 1, 2, 3)
    edit = edits.SaveQueue(name="Tone", labels=LABELS, targets=calls(3, 1, 2, 3))
    made = store.annotator.change(edit, "Ann").created or 0
    assert [item.target for item in store.annotator.queue(made).items] == list(calls(3, 1, 2))
    (third, first, _) = store.annotator.queue(made).items
    judge = edits.Judge(queue_id=made, target=third.target, state="done", label="good")
    verdict = store.annotator.change(judge, "Ann")
    store.annotator.change(edits.Judge(queue_id=made, target=first.target, state="skipped"), "Ann")
    (listed,) = store.annotator.queues()
    assert (listed.name, listed.labels, listed.total, listed.done, listed.skipped) == ("Tone", LABELS, 3, 1, 1)
    (one,) = store.reader.call(call_id(3)).annotations
    assert (one.kind, one.name, one.label, one.author) == ("label", "Tone", "good", "Ann")
    store.annotator.change(edits.Undo(change_id=verdict.id or 0))
    assert store.reader.call(call_id(3)).annotations == ()
    assert [item.state for item in store.annotator.queue(made).items] == ["open", "skipped", "open"]


def test_another_verdict_of_the_same_person_takes_the_place_of_the_first(store: Store):
    write(store, 1)
    made = store.annotator.change(edits.SaveQueue(name="Tone", labels=LABELS, targets=calls(1))).created or 0
    for author, label in (("Ann", "good"), ("Bob", "good"), ("Ann", "bad")):
        judge = edits.Judge(queue_id=made, target=calls(1)[0], state="done", label=label)
        store.annotator.change(judge, author)
    assert [(a.author, a.label) for a in store.reader.call(call_id(1)).annotations] == [("Bob", "good"), ("Ann", "bad")]


def test_a_queue_takes_more_and_can_be_removed(store: Store):
    write(store, 1, 2)
    made = store.annotator.change(edits.SaveQueue(name="Tone", labels=(), targets=calls(1))).created or 0
    edit = edits.SaveQueue(
        id=made, name="Tone", labels=LABELS, targets=(*calls(1, 2), Target(subject="session", id="s"))
    )
    assert store.annotator.change(edit).count == 3
    assert store.annotator.queue(made).total == 3
    store.annotator.change(edits.RemoveQueue(id=made))
    assert store.annotator.queues() == []
    with pytest.raises(NoSuchSubject):
        store.annotator.queue(made)


def test_what_people_said_and_did_outlives_forgetting_all_projections(store: Store):
    write(store, 1)
    note = store.annotator.annotate(calls(1)[0], Note(text="odd", anchor=HERE), "Ann")
    change = store.annotator.change(edits.AddTag(targets=calls(1), tag="bug"), "Ann")
    made = store.annotator.change(edits.SaveQueue(name="Tone", labels=LABELS, targets=calls(1))).created or 0
    before = store.annotator.changes()
    store.writer.forget_projections()
    write(store, 1)
    assert store.reader.call(call_id(1)).annotations == (note,)
    assert (store.annotator.changes(), store.annotator.queue(made).total) == (before, 1)
    store.annotator.change(edits.Undo(change_id=change.id or 0))
    assert tags(store, 1) == ()


def test_the_history_is_read_by_subject_kind_and_page(store: Store):
    write(store, 1, 2)
    for number in (1, 2, 1):
        store.annotator.annotate(calls(number)[0], Note(text="odd"))
    store.annotator.add_tag("call", call_id(1), "bug")
    first = store.annotator.changes(subject_ids=[call_id(1)], limit=2)
    assert [c.kind for c in first] == ["tags", "annotations"]
    rest = store.annotator.changes(subject_ids=[call_id(1)], before=first[-1].id)
    assert [c.id < first[-1].id for c in rest] == [True]
    assert [c.subject_id for c in store.annotator.changes(kinds=["tags"])] == [call_id(1)]
