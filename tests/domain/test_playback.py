"""A session on a time line."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.projections import projection
from union_square.domain.playback import LONGEST_WAIT_US, Score, score_of
from union_square.domain.views import CallDetail, ChunkView

SECOND = 1_000_000


def call(number: int, begins_ms: float, lasts_ms: float | None, chunks: list[float], **changes: Any) -> CallDetail:
    detail = projection(number, duration_ms=lasts_ms, **changes).detail
    return _moved(detail, begins_ms, tuple(ChunkView(offset_ms=at, bytes=1) for at in chunks))


def _moved(detail: CallDetail, begins_ms: float, chunks: tuple[ChunkView, ...]) -> CallDetail:
    base = projection(0).detail.call.started_at
    return replace(
        detail, call=replace(detail.call, started_at=base + timedelta(milliseconds=begins_ms)), chunks=chunks
    )


calls = st.lists(
    st.tuples(
        st.floats(0, 3_600_000),
        st.none() | st.floats(0, 60_000),
        st.lists(st.floats(0, 60_000), max_size=5).map(sorted),
    ),
    min_size=1,
    max_size=6,
).map(lambda found: [call(number, *one) for number, one in enumerate(found)])


def test_waits_are_cut_and_what_was_quick_keeps_its_time() -> None:
    score = score_of([call(1, 0, 3000, [1000, 1400]), call(2, 3_600_000, 500, [100])])
    assert score.marks == tuple(x * 1000 for x in (0, 1000, 1400, 3000, 3_600_000, 3_600_100, 3_600_500))
    assert score.played == (0, SECOND, 1_400_000, 2_900_000, 4_400_000, 4_500_000, 4_900_000)
    assert score.to_recorded(1_200_000) == 1_200_000  # in a wait of 0.4 s nothing is cut
    assert score.to_recorded(3_650_000) == 3_000_000 + 3_597_000_000 // 2  # half of the cut wait is half of the hour


def test_without_a_longest_wait_the_time_is_the_recorded_one() -> None:
    score = score_of([call(1, 0, 3000, [1000]), call(2, 3_600_000, 500, [100])], None)
    assert score.played == score.marks


def test_a_session_without_calls_is_over_at_once() -> None:
    score = score_of([])
    assert (score.length, score.step(0, 1), score.step_call(0, 1), score.to_recorded(5)) == (0, 0, 0, 0)


def test_a_step_goes_from_piece_to_piece_and_from_call_to_call() -> None:
    score = score_of([call(1, 0, 1000, [200, 900]), call(2, 500, 1000, [100])])
    at, seen = 0, [0]
    while at < score.length:
        at = score.step(at, 1)
        seen.append(at // 1000)
    assert seen == [0, 200, 500, 600, 900, 1000, 1500]
    assert score.step(600_000, -1) == 500_000
    assert score.step(0, -1) == 0
    assert score.step_call(0, 1) == 500_000
    assert score.step_call(700_000, -1) == 500_000
    assert score.step_call(500_000, 1) == score.length


def test_calls_run_from_their_begin_to_their_end_and_side_by_side() -> None:
    score = score_of([call(1, 0, 1000, [200]), call(2, 500, 1000, [100])])
    first, second = (one.call_id for one in score.calls)
    assert [one.call_id for one in score.running(0)] == [first]
    assert [one.call_id for one in score.running(700_000)] == [first, second]
    assert [one.call_id for one in score.running(1_000_000)] == [second]
    assert score.next_mark(700_000) == 1_000_000
    assert score.next_mark(1_500_000) is None


@given(calls, st.integers(0, 10**10), st.integers(0, 10**10))
def test_later_is_never_played_earlier(calls: list[CallDetail], one: int, other: int) -> None:
    score = score_of(calls)
    early, late = sorted((one, other))
    assert score.to_played(early) <= score.to_played(late)
    assert score.to_recorded(early) <= score.to_recorded(late)


@given(calls, st.sampled_from([None, LONGEST_WAIT_US, 1]))
def test_every_moment_at_which_something_came_is_played_as_itself(calls: list[CallDetail], longest: int | None) -> None:
    score = score_of(calls, longest)
    for mark, at in zip(score.marks, score.played, strict=True):
        assert score.to_recorded(at) == mark
        assert score.to_played(mark) == at
    assert all(a < b and c < d for (a, b), (c, d) in zip(pairwise(score.marks), pairwise(score.played), strict=True))
    assert longest is None or all(b - a <= longest for a, b in pairwise(score.played))


@given(calls)
def test_steps_visit_every_moment_and_come_back(calls: list[CallDetail]) -> None:
    score = score_of(calls)
    there = _walk(score, 0, 1)
    assert there == list(score.played)
    assert _walk(score, score.length, -1) == there[::-1]


def _walk(score: Score, at: int, by: int) -> list[int]:
    seen = [at]
    while (next_ := score.step(at, by)) != at:
        seen.append(at := next_)
    return seen
