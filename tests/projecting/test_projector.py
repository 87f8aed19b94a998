"""The projector over a log in memory: what is written when, and that stopping it anywhere changes nothing."""

import json
import threading
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.logs import NOON, OTHER_WRITER, WRITER, MemoryLog, call_id, chat, in_time
from tests.support.projecting import World, everything, wait_until
from union_square.domain import events as ev
from union_square.domain import records
from union_square.domain.ids import CallId, WriterId
from union_square.projecting.projector import Health, Projector, run_projector
from union_square.projecting.rebuild import rebuild
from union_square.store.memory import MemoryStore
from union_square.store.ports import NoSuchSubject, Projection, StoreRejected, StoreUnavailable
from union_square.wire.understanding import Understanding


def size(events: Iterable[ev.Event]) -> int:
    return sum(len(records.encode(event)) for event in events)


def ended_stream(number: int = 1) -> list[ev.Event]:
    """A streamed call whose answer comes in a hundred chunks."""
    events = chat(number, ["hi"], [])
    lines = [f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': f'w{n} '}}]})}\n\n" for n in range(100)]
    head = ev.ResponseHead(
        call_id=call_id(number), at=events[2].at + 1, head=b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    )
    chunks = [
        ev.ResponseChunk(call_id=call_id(number), at=head.at + 1 + n, data=line.encode())
        for n, line in enumerate(lines)
    ]
    end = ev.ResponseEnd(call_id=call_id(number), at=head.at + 200, total=sum(map(len, lines)))
    return [*events[:3], head, *chunks, end]


class CountingStore(MemoryStore):
    """Counts its transactions; fails as often as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = list[list[str]]()
        self.failures = 0
        self.fail_from = 0  # of the transactions; the calls before it succeed

    def write(self, projections: Sequence[Projection], positions: dict[WriterId, int]) -> None:  # type: ignore[override]
        if self.failures and len(self.writes) >= self.fail_from:
            self.failures -= 1
            raise StoreUnavailable("the database is locked")
        self.writes.append([projection.detail.call.state for projection in projections])
        super().write(projections, positions)


def test_a_finished_call_is_written_with_its_archive_and_the_position_behind_it():
    world = World()
    events = chat(1, ["hi"], ["yes?"])
    world.project(events)
    call = world.call(1)
    assert (call.state, call.status_code, call.model) == ("done", 200, "gpt-4o-mini")
    assert call.usage is not None
    assert call.usage.input_tokens == 10
    assert world.store.call_events(call_id(1)) == events
    assert world.store.position(WRITER) == size(events)


def test_an_open_call_keeps_the_position_at_its_first_byte():
    world = World()
    first, second, third = chat(1, ["a"], ["b"]), chat(2, ["c"], ["d"]), chat(3, ["e"], ["f"])
    world.project([*first, *second[:3], *third])
    assert world.store.position(WRITER) == size(first)
    world.project(second[3:])
    assert world.store.position(WRITER) == size([*first, *second, *third])


def test_nothing_is_written_of_a_call_whose_request_is_still_coming():
    world = World()
    world.project(chat(1, ["a"], ["b"])[:2])
    with pytest.raises(NoSuchSubject):
        world.call(1)


def test_a_long_stream_is_written_as_often_as_its_duration_has_digits():
    store = CountingStore()
    world = World(store=store)
    first, *rest = ended_stream()
    world.project([first])
    for event in rest[:-1]:
        world.later(10)
        world.project([event])
    world.project(rest[-1:])
    assert store.writes[-1] == ["done"]
    assert 3 < len(store.writes) < 30


def test_a_call_that_begins_and_ends_between_two_steps_is_written_once():
    store = CountingStore()
    World(store=store).project(ended_stream())
    assert store.writes == [["done"]]


def test_an_idle_step_writes_nothing():
    store = CountingStore()
    world = World(store=store)
    world.project(chat(1, ["a"], ["b"])[:4])
    world.later(60)
    world.project()
    before = len(store.writes)
    for _ in range(5):
        world.later(60)
        assert world.projector.step().events == 0
    assert len(store.writes) == before


def test_a_running_call_shows_what_was_asked_and_leaves_the_answer_to_the_live_feed():
    world = World()
    events = ended_stream()
    world.project(events[:50])
    detail = world.store.call(call_id(1))
    assert ([m.role for m in detail.messages], detail.call.state) == (["user"], "running")
    world.project(events[50:])
    assert [m.role for m in world.store.call(call_id(1)).messages] == ["user", "assistant"]


def test_calls_of_a_dead_writer_end_as_cut_off_at_the_time_of_their_last_event():
    world = World()
    world.project(ended_stream()[:20], chat(2, ["a"], ["b"])[:2])
    world.log.stop()
    world.project()
    first, second = world.call(1), world.call(2)
    assert (first.state, first.error_type) == ("cut_off", "proxy_stopped")
    assert (second.state, second.duration_ms) == ("cut_off", 0.01)
    assert world.store.session(second.session_id or "").session.state == "ended"
    last = world.store.call_events(call_id(2))[-1]
    assert isinstance(last, ev.Failure)
    assert (last.code, last.at, last.request_total) == ("proxy_stopped", NOON + 2_000_010, len(ended_request(2)))


def ended_request(number: int) -> bytes:
    (chunk,) = (event for event in chat(number, ["a"], ["b"]) if isinstance(event, ev.RequestChunk))
    return chunk.data


def test_a_dead_writer_is_read_to_its_end_before_its_calls_are_ended():
    log, store = MemoryLog(), MemoryStore()
    log.append(ended_stream())
    log.stop()
    projector = Projector(log, store, read_bytes=1000)
    while store.calls().items == () or store.call(call_id(1)).call.state == "running":
        projector.step()
    assert store.call(call_id(1)).call.state == "done"


def test_an_afterthought_to_an_ended_call_changes_nothing_and_holds_nothing_up():
    world = World()
    events = chat(1, ["a"], ["b"])
    late = ev.Gap(call_id=call_id(1), at=NOON + 9_000_000, observations=1, bytes=1, reason="late")
    world.project(events)
    before = everything(world.store)
    world.project([late])
    world.restart()
    world.log.append([late])
    world.project()
    assert everything(world.store) == before
    assert world.store.position(WRITER) == size([*events, late, late])


def test_a_call_whose_begin_was_lost_is_still_written():
    world = World()
    world.project(chat(1, ["a"], ["b"])[1:])
    assert world.call(1).state == "done"


def test_events_that_are_of_no_known_kind_are_kept_in_the_archive():
    world = World()
    events = chat(1, ["a"], ["b"])
    events.insert(3, ev.Unknown(call_id=call_id(1), at=events[2].at, number=77, payload=b"new"))
    world.project(events)
    assert world.store.call_events(call_id(1)) == events


def test_several_writers_are_read_in_the_order_of_time():
    """A conversation whose turns went through two workers, found in one go after both had written all of it."""
    log, store = MemoryLog(), MemoryStore()
    turns, calls = list[str](), list[list[ev.Event]]()
    for number in range(1, 9):
        turns.append(f"question {number}")
        calls.append(chat(number, turns, [f"answer {number}"]))
        turns.append(f"answer {number}")
    log.append((e for call in calls[1::2] for e in call), OTHER_WRITER)
    log.append((e for call in calls[0::2] for e in call), WRITER)
    projector = Projector(log, store, read_bytes=1500)
    while projector.step().more:
        pass
    parents = {int(c.id, 16): c.parent_id and int(c.parent_id, 16) for c in store.calls().items}
    assert parents == {1: None} | {number: number - 1 for number in range(2, 9)}


def traffic() -> list[ev.Event]:
    """Conversations, a stream, a gap and a failure, woven into each other."""
    gap = ev.Gap(call_id=call_id(7), at=NOON + 7_100_000, observations=2, bytes=50, reason="stream_full")
    failed = [
        *chat(7, ["x"], [])[:3],
        gap,
        ev.Failure(
            call_id=call_id(7),
            at=NOON + 7_200_000,
            code="timeout",
            message="no answer",
            status=504,
            request_total=9,
            response_total=0,
        ),
    ]
    return in_time(
        chat(1, ["a"], ["b"], seconds=1, duration=5),
        chat(2, ["q"], ["r", "s"], seconds=2, duration=1),
        chat(3, ["q", "s", "t"], ["u"], seconds=4, duration=9),
        chat(4, ["q", "s", "t"], ["v"], seconds=4.5, duration=1),
        chat(5, ["a", "b", "c"], ["d"], seconds=7, duration=1),
        ended_stream(6),
        failed,
        chat(8, ["q", "s", "t", "v", "w"], ["x"], seconds=8, duration=1),
        chat(9, ["a", "b", "c"], ["d"], seconds=8, duration=2, headers=[("x-union-square-session-id", "named")]),
    )


def projected_in_one_go() -> tuple[object, ...]:
    world = World()
    world.project(traffic())
    return everything(world.store)


WHOLE = projected_in_one_go()


def test_the_traffic_of_these_tests_is_varied_enough():
    world = World()
    world.project(traffic())
    assert world.parents() == {1: None, 2: None, 3: 2, 4: 2, 5: 1, 6: None, 7: None, 8: 4, 9: None}
    assert {call.state for call in world.store.calls().items} == {"done", "failed"}


@pytest.mark.parametrize("stopped_after", range(len(traffic()) + 1))
def test_stopping_after_any_event_and_starting_again_gives_the_same_store(stopped_after: int):
    world = World()
    events = traffic()
    for event in events[:stopped_after]:
        world.project([event])
    world.restart()
    world.project(events[stopped_after:])
    assert everything(world.store) == WHOLE


@settings(deadline=None, max_examples=60)  # an example is dozens of runs of the projector
@given(st.lists(st.integers(0, len(traffic())), max_size=5), st.lists(st.integers(0, 40), max_size=4))
def test_stops_and_outages_at_any_moments_give_the_same_store(stops: list[int], outages: list[int]):
    store = CountingStore()
    world = World(store=store)
    at = 0
    for stop in sorted({*stops, len(traffic())}):
        world.log.append(traffic()[at:stop])
        at = stop
        store.failures, store.fail_from = (1, len(store.writes) + outages.pop()) if outages else (0, 0)
        for _ in range(3):
            try:
                while world.projector.step().more:
                    pass
            except StoreUnavailable:
                continue
        world.restart()
    store.failures = 0
    world.project()
    assert everything(store) == WHOLE


def test_rebuilding_gives_the_same_store_and_keeps_what_people_said():
    world = World()
    world.project(traffic())
    world.store.add_tag("call", call_id(1), "red")
    world.store.add_annotation("session", "named", "look here")
    before = everything(world.store)
    told = list[tuple[int, int]]()
    assert rebuild(world.store, lambda done, total: told.append((done, total))) == 9
    assert everything(world.store) == before
    assert (told[0], told[-1]) == ((0, 9), (9, 9))


def test_after_rebuilding_a_call_that_is_still_open_comes_back_with_the_projector():
    world = World()
    events = traffic()
    world.project(events[: len(events) // 2])
    rebuild(world.store)
    world.restart()
    world.project(events[len(events) // 2 :])
    assert everything(world.store) == WHOLE


def test_segments_are_removed_a_while_after_they_were_committed_and_never_before():
    world = World()
    first, second = chat(1, ["a"], ["b"]), chat(2, ["c"], ["d"])
    world.project(first)
    world.later(59)
    world.project(second)
    assert world.log.removed == {}
    world.later(10)
    world.project()
    assert world.log.removed == {WRITER: size(first)}
    world.later(60)
    world.project()
    assert world.log.removed == {WRITER: size([*first, *second])}


def test_what_an_earlier_run_committed_of_a_dead_writer_is_removed_too():
    world = World()
    events = chat(1, ["a"], ["b"])
    world.project(events)
    world.log.stop()
    world.restart()
    for _ in range(3):
        world.project()
        world.later(61)
    assert world.log.removed == {WRITER: size(events)}


def test_a_call_that_cannot_be_understood_is_kept_as_it_came_and_stops_nothing(monkeypatch: pytest.MonkeyPatch):
    understand = Understanding.apply

    def stumble(self: Understanding, event: ev.Event) -> None:
        if event.call_id == call_id(2) and isinstance(event, ev.ResponseChunk):
            raise RecursionError("a fault in a decoder")
        understand(self, event)

    monkeypatch.setattr(Understanding, "apply", stumble)
    world = World()
    events = [chat(number, [f"m{number}"], ["y"]) for number in (1, 2, 3)]
    world.project(*events)
    assert {call.state for call in world.store.calls().items} == {"done"}
    assert "could not be understood (RecursionError)" in world.store.call(call_id(2)).problems[-1]
    assert world.store.call_events(call_id(2)) == events[1]


class PickyStore(MemoryStore):
    """Refuses what holds a certain word, as a database refuses what it cannot represent."""

    def write(self, projections: Sequence[Projection], positions: dict[WriterId, int]) -> None:  # type: ignore[override]
        if any("poison" in str(projection.detail.messages) for projection in projections):
            raise StoreRejected("cannot be represented")
        super().write(projections, positions)


def test_one_call_that_the_database_refuses_does_not_take_others_with_it():
    world = World(store=PickyStore())
    events = in_time(chat(1, ["a"], ["b"]), chat(2, ["poison"], ["b"]), chat(3, ["c"], ["d"]))
    world.project(events)
    assert len(world.store.calls().items) == 3
    assert "refused" in world.store.call(call_id(2)).problems[0]
    assert world.store.call_events(call_id(2)) != []
    assert world.store.position(WRITER) == size(events)


class FlakyStore(MemoryStore):
    """Does not answer until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.away = threading.Event()
        self.asked = threading.Semaphore(0)

    def _check(self) -> None:
        self.asked.release()
        if self.away.is_set():
            raise StoreUnavailable("the database does not answer")

    def position(self, writer: WriterId) -> int:
        self._check()
        return super().position(writer)

    def ended(self, call_ids: Sequence[CallId]) -> set[CallId]:
        self._check()
        return super().ended(call_ids)


def test_a_store_that_is_away_is_waited_for_and_said_once(caplog: pytest.LogCaptureFixture):
    log, store, stop, health = MemoryLog(), FlakyStore(), threading.Event(), Health()
    log.append(traffic())
    store.away.set()
    projector = Projector(log, store)
    thread = threading.Thread(
        target=run_projector, args=(projector, stop), kwargs={"health": health, "retry_seconds": 0.001}
    )
    thread.start()
    try:
        for _ in range(5):
            assert store.asked.acquire(timeout=30)
        assert health.problem == "the database does not answer"
        store.away.clear()
        wait_until(lambda: health.calls >= 9)
    finally:
        stop.set()
        thread.join(30)
    assert everything(store) == WHOLE
    assert health.problem == ""
    assert health.last_commit is not None
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "does not answer" in said[0]
    assert "again" in said[1]


def test_the_end_of_a_call_that_is_stored_already_is_asked_for_once():
    """Reading begins at the oldest open call; the ends of others, which ended later, come again without their begin."""
    store = CountingStore()
    world = World(store=store)
    stream = ended_stream(1)
    world.project([*stream[:3], chat(2, ["a"], ["b"])[0], *stream[3:]])
    asked = list[Sequence[CallId]]()
    ended = store.ended
    store.ended = lambda call_ids: asked.append(call_ids) or ended(call_ids)  # type: ignore[method-assign]
    world.restart()
    world.project()
    assert asked == [[call_id(1)]]
    assert world.call(1).state == "done"
