"""Merging, splitting and moving by hand, on every store: what stands where, what it amounts to, and taking it back."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.conftest import Store
from tests.support.projections import at, call_id, projection
from union_square.domain import edits
from union_square.domain.session import LinkQuery
from union_square.store.memory import MemoryStore
from union_square.store.ports import NoSuchSubject, Projection


def chain(session: str, numbers: Sequence[int], **changes: Any) -> list[Projection]:
    """Calls of which each continues the one before."""
    parents = (None, *numbers)
    return [
        projection(n, session, parent=parent, link_rule="content" if parent else "new", cost_usd=0.5, **changes)
        for n, parent in zip(numbers, parents, strict=False)
    ]


def standing(store: Any, session_id: str) -> list[tuple[int, int | None, str | None]]:
    """The session's calls: number, parent, rule."""
    reader = store.reader if isinstance(store, Store) else store
    try:
        calls = reader.session(session_id).calls
    except NoSuchSubject:
        return []
    return [(int(c.id, 16), c.parent_id and int(c.parent_id, 16), c.link_rule) for c in calls]


def change(store: Store, edit: edits.Edit) -> edits.Change:
    return store.annotator.change(edit, "ann")


def test_a_split_takes_what_continues_the_call_and_can_be_taken_back(store: Store) -> None:
    store.writer.write(chain("s", [1, 2, 3]), {})
    done = change(store, edits.SplitSession(call_id=call_id(2)))
    assert done.session_id == call_id(2)
    assert standing(store, "s") == [(1, None, "new")]
    assert standing(store, done.session_id) == [(2, None, "manual"), (3, 2, "content")]
    assert store.reader.session(done.session_id).calls[0].link_confidence == 1.0
    assert store.reader.session("s").session.cost_usd == 0.5
    assert store.reader.session(done.session_id).session.cost_usd == 1.0
    assert done.id is not None
    change(store, edits.Undo(change_id=done.id))
    assert standing(store, "s") == [(1, None, "new"), (2, 1, "content"), (3, 2, "content")]
    assert standing(store, done.session_id) == []
    assert store.reader.session("s").session.cost_usd == 1.5


def test_a_split_with_what_came_later_takes_calls_that_continue_nothing(store: Store) -> None:
    store.writer.write([projection(n, "s", link_rule="header") for n in (1, 2, 3)], {})
    done = change(store, edits.SplitSession(call_id=call_id(2), later=True))
    assert standing(store, "s") == [(1, None, "header")]
    assert standing(store, done.session_id) == [(2, None, "manual"), (3, None, "manual")]


def test_a_merged_session_takes_its_later_calls_along_and_can_be_taken_back(store: Store) -> None:
    store.writer.write([*chain("a", [1, 2]), *chain("b", [3])], {})
    done = change(store, edits.MergeSession(session_id="a", into="b"))
    assert standing(store, "a") == []
    assert standing(store, "b") == [(1, None, "manual"), (2, 1, "content"), (3, None, "new")]
    store.writer.write([projection(4, "a", link_rule="header"), projection(5, "a", parent=2, link_rule="content")], {})
    assert standing(store, "b")[3:] == [(4, None, "header"), (5, 2, "content")]
    assert store.reader.session("b").session.call_count == 5
    assert done.id is not None
    change(store, edits.Undo(change_id=done.id))
    assert standing(store, "b") == [(3, None, "new")]
    assert standing(store, "a") == [(1, None, "new"), (2, 1, "content"), (4, None, "header"), (5, 2, "content")]


def test_a_continuation_follows_its_parent_and_the_ladder_does_not_know(store: Store) -> None:
    first = projection(1, "s", thread_digests=("one",), link_rule="header")
    second = projection(2, "s", parent=1, thread_digests=("two",), link_rule="header")
    store.writer.write([first, second], {})
    moved = change(store, edits.SplitSession(call_id=call_id(2))).session_id
    # The application still names the session: its calls are looked for there, and found.
    query = LinkQuery(
        call_id=call_id(3), started_at=at(10), fingerprint="key", upstream="openai", session_id="s", history=("two",)
    )
    assert [(one.call_id, one.session_id) for one in store.writer.find_links(query)] == [(call_id(2), "s")]
    store.writer.write([projection(3, "s", parent=2, link_rule="header")], {})
    assert standing(store, moved) == [(2, None, "manual"), (3, 2, "header")]


def test_a_call_goes_behind_another_one_of_another_session(store: Store) -> None:
    store.writer.write([*chain("a", [1, 4, 5]), *chain("b", [2, 3])], {})
    done = change(store, edits.MoveCall(call_id=call_id(4), parent_id=call_id(2)))
    assert done.session_id == "b"
    assert standing(store, "b") == [(2, None, "new"), (3, 2, "content"), (4, 2, "manual"), (5, 4, "content")]
    again = change(store, edits.MoveCall(call_id=call_id(2), session_id="a"))
    assert standing(store, "a") == [
        (1, None, "new"),
        (2, None, "manual"),
        (3, 2, "content"),
        (4, 2, "manual"),
        (5, 4, "content"),
    ]
    assert again.id is not None
    change(store, edits.Undo(change_id=again.id))
    assert [one[0] for one in standing(store, "b")] == [2, 3, 4, 5]


def test_what_cannot_be_is_refused_and_changes_nothing(store: Store) -> None:
    store.writer.write([*chain("s", [1, 2]), *chain("later", [9])], {})
    wrong: list[edits.Edit] = [
        edits.MoveCall(call_id=call_id(1), parent_id=call_id(2)),
        edits.MoveCall(call_id=call_id(1), parent_id=call_id(9)),
        edits.SplitSession(call_id=call_id(1)),
        edits.MergeSession(session_id="s", into="s"),
    ]
    for edit in wrong:
        with pytest.raises(ValueError, match=r"cannot|whole"):
            change(store, edit)
    for edit in (edits.MoveCall(call_id=call_id(2), session_id="no"), edits.MergeSession(session_id="no", into="s")):
        with pytest.raises(NoSuchSubject):
            change(store, edit)
    assert standing(store, "s") == [(1, None, "new"), (2, 1, "content")]


def test_a_call_that_is_moved_while_it_runs_stays_when_it_has_ended(store: Store) -> None:
    store.writer.write([projection(1, "s"), projection(2, "s", parent=1, state="running", link_rule="content")], {})
    moved = change(store, edits.MoveCall(call_id=call_id(2))).session_id
    assert store.reader.session(moved).session.state == "running"
    store.writer.write([projection(2, "s", parent=1, link_rule="content")], {})
    assert standing(store, moved) == [(2, None, "manual")]
    assert store.reader.session(moved).session.state == "ended"


def test_what_people_did_outlives_a_rebuild(store: Store) -> None:
    calls = [*chain("a", [1, 2, 3]), *chain("b", [4])]
    store.writer.write(calls, {})
    change(store, edits.SplitSession(call_id=call_id(3)))
    done = change(store, edits.MergeSession(session_id="a", into="b"))
    before = [standing(store, one) for one in ("a", "b", call_id(3))]
    store.writer.forget_projections()
    for one in calls:
        store.writer.write([one], {})
    assert [standing(store, one) for one in ("a", "b", call_id(3))] == before
    assert done.id is not None
    change(store, edits.Undo(change_id=done.id))
    assert standing(store, "a") == [(1, None, "new"), (2, 1, "content")]


def test_what_was_moved_again_since_is_not_taken_back_along(store: Store) -> None:
    store.writer.write([*chain("a", [1, 2]), *chain("b", [3])], {})
    first = change(store, edits.MoveCall(call_id=call_id(2)))
    change(store, edits.MoveCall(call_id=call_id(2), session_id="b"))
    assert first.id is not None
    assert change(store, edits.Undo(change_id=first.id)).skipped == 1
    assert [one[0] for one in standing(store, "b")] == [2, 3]


NUMBERS = st.integers(1, 9)
EDITS = st.one_of(
    st.builds(lambda n, later: edits.SplitSession(call_id=call_id(n), later=later), NUMBERS, st.booleans()),
    st.builds(lambda n: edits.MoveCall(call_id=call_id(n)), NUMBERS),
    st.builds(lambda n, p: edits.MoveCall(call_id=call_id(n), parent_id=call_id(p)), NUMBERS, NUMBERS),
    st.builds(lambda n, s: edits.MoveCall(call_id=call_id(n), session_id=s), NUMBERS, st.sampled_from("abc")),
    st.builds(lambda s, t: edits.MergeSession(session_id=s, into=t), st.sampled_from("abc"), st.sampled_from("abc")),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(st.lists(EDITS, max_size=6), st.integers(0, 9))
def test_whatever_is_done_a_rebuild_gives_the_same_and_undoing_all_gives_what_was(
    done: list[edits.Edit], written_first: int
) -> None:
    calls = [*chain("a", [1, 2, 3, 4]), *chain("b", [5, 6, 7]), *chain("c", [8, 9])]
    store, ids = MemoryStore(), list[int]()
    store.write(calls, {})
    plain = _everything(store)
    for edit in done:
        try:
            if (made := store.change(edit).id) is not None:
                ids.append(made)
        except (ValueError, NoSuchSubject):
            continue
    placed = _everything(store)
    assert sorted(placed) == sorted(plain)
    assert all(_stands_with_its_parent(placed, one) for one in placed)
    store.forget_projections()
    store.write(calls[:written_first], {})
    store.write(calls[written_first:], {})
    assert _everything(store) == placed
    for id_ in reversed(ids):
        assert store.change(edits.Undo(change_id=id_)).skipped == 0
    assert _everything(store) == plain


def _everything(store: MemoryStore) -> dict[str, tuple[str | None, str | None, str | None]]:
    return {c.id: (c.session_id, c.parent_id, c.link_rule) for c in store.calls(limit=100).items}


def _stands_with_its_parent(placed: dict[str, tuple[str | None, str | None, str | None]], call: str) -> bool:
    session, parent, _ = placed[call]
    return parent is None or placed[parent][0] == session
