"""Who stands where on the wall, how a stream's pulse is drawn, and what the player's buttons do."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.support.projections import projection
from union_square.domain.playback import score_of
from union_square.ui.present_pulse import present_pulse
from union_square.ui.transport import COMMANDS, SPEEDS, Command, Scores, Transport, advanced, sought, told
from union_square.ui.wall import arrange, left_out

ids = st.lists(st.sampled_from("abcdefghij"), unique=True)
DETAILS = [projection(n, seconds=n * 10.0, duration_ms=2000).detail for n in range(3)]
SCORES = Scores(cut=score_of(DETAILS), whole=score_of(DETAILS, None))


@given(st.lists(ids, max_size=8), st.integers(1, 5))
def test_a_panel_never_moves_while_it_runs(moments: list[list[str]], limit: int) -> None:
    places: list[str] = []
    before: list[str] = []
    for running in moments:
        places = arrange(places, running, limit)
        assert len(places) == len(set(places)) <= limit
        for number, id_ in enumerate(before):
            assert id_ not in running or places[number] == id_
        if left_out(places, running):
            assert len(places) == limit
            assert all(id_ in running for id_ in places)
        before = places


def test_a_chunk_is_late_by_what_is_usual_in_its_stream() -> None:
    assert present_pulse([]).usual == ""
    late = present_pulse([20.0] * 10 + [1600.0])
    assert late.late.count("M") == 1
    assert late.words == "a chunk came 1.60 s after the one before it"
    slow = present_pulse([900.0] * 10 + [1600.0])
    assert (slow.late, slow.words) == ("", "")


@given(st.lists(st.floats(0, 1e9), max_size=40))
def test_every_wait_is_one_bar(gaps: list[float]) -> None:
    pulse = present_pulse(gaps)
    assert pulse.usual.count("M") + pulse.late.count("M") == len(gaps)
    assert bool(pulse.late) == bool(pulse.words)


@given(st.lists(st.sampled_from(COMMANDS) | st.integers(-(10**9), 10**9)))
def test_whatever_is_pressed_the_deck_stays_on_the_tape(pressed: list[Command | int]) -> None:
    transport = Transport()
    for one in pressed:
        if isinstance(one, int):
            transport = advanced(sought(transport, one, SCORES), abs(one) % 10**6, SCORES)
        else:
            transport = told(transport, one, SCORES)
        assert 0 <= transport.at <= SCORES.of(skip=transport.skip).length
        assert transport.speed in SPEEDS


def test_play_at_the_end_begins_again() -> None:
    end = told(Transport(), "end", SCORES)
    assert told(end, "toggle", SCORES) == replace(end, at=0, playing=True)


def test_switching_the_waits_keeps_the_moment() -> None:
    there = Transport(at=SCORES.cut.to_played(10_500_000))
    other = told(there, "waits", SCORES)
    assert SCORES.whole.to_recorded(other.at) == 10_500_000
    assert told(other, "waits", SCORES) == there
