"""A session sent again: what went wrong, what it took together, and an earlier one told from the recording alone."""

from dataclasses import replace

import pytest

from tests.support.fake_watching import make_call
from union_square.replaying.keys import KeyNames
from union_square.replaying.rerun import (
    Rerun,
    Turn,
    is_rerun_of,
    session_of_rerun,
    totals,
    turns_from_store,
    went_wrong,
)
from union_square.ui.present_rerun import ROWS_AT_FIRST, chosen_turn, present_plan, present_rerun
from union_square.ui.present_resend import present_keys, present_model_advice

DONE = replace(make_call(1, "s"), state="done", duration_ms=100.0, cost_usd=0.5)
FAILED = replace(DONE, state="failed", status_code=401, error_type="auth", error_message="no such key")


def test_a_call_went_wrong_where_it_fails_and_the_recorded_one_did_not() -> None:
    assert went_wrong(DONE, FAILED) == "status 401 · auth: no such key"
    assert went_wrong(DONE, replace(DONE, state="cut_off", error_type="", error_message="")) == "the answer was cut off"
    assert (went_wrong(DONE, DONE), went_wrong(FAILED, FAILED)) == ("", "")


def test_totals_are_of_what_was_answered_both_times_and_unknown_where_one_is() -> None:
    done = Turn(before=DONE, after=replace(DONE, duration_ms=50.0), state="done")
    failed = Turn(before=DONE, after=FAILED, state="failed")
    sums = {each.name: (each.before, each.after) for each in totals([done, failed, done])}
    assert (sums["duration"], sums["cost"]) == ((200, 100), (1, 1))
    unknown = replace(done, after=replace(DONE, cost_usd=None))
    assert {each.name: each.after for each in totals([done, unknown])}["cost"] is None
    assert totals([failed]) == ()


def test_an_earlier_one_is_told_by_what_its_calls_say_they_were_sent_from() -> None:
    calls = [replace(make_call(n, "s"), state="done") for n in range(3)]
    sent = replace(make_call(8, "r"), state="done", metadata={"resent_from": calls[1].id})
    turns = turns_from_store(calls, [sent])
    assert [(turn.state, turn.call_id) for turn in turns] == [
        ("left_out", None),
        ("done", sent.id),
        ("left_out", None),
    ]
    assert chosen_turn(turns, "") == turns[1]
    assert chosen_turn(turns, calls[2].id) == turns[2]


@pytest.mark.parametrize("subject", ["s", "x" * 300])
def test_a_new_sessions_name_says_what_it_was_sent_from(subject: str) -> None:
    assert is_rerun_of(session_of_rerun(subject, "1"), subject)
    assert len(session_of_rerun(subject, f"{2**63:x}")) <= 128
    assert not is_rerun_of(session_of_rerun(subject, "1"), "other")


def test_a_long_session_is_shown_around_the_call_that_runs() -> None:
    calls = [replace(make_call(n, "s"), state="done") for n in range(300)]
    assert len(present_plan(calls).rows) == ROWS_AT_FIRST
    assert len(present_plan(calls, whole=True).rows) == 300
    turns = [Turn(before=call, state="done" if n < 200 else "waiting") for n, call in enumerate(calls)]
    turns[200] = replace(turns[200], state="running")
    view = present_rerun(Rerun(session="n", subject="s", turns=turns))
    assert "201" in [row.number for row in view.rows]
    assert (len(view.rows), view.progress) == (ROWS_AT_FIRST, "200 of 300 calls")
    assert view.above == "Show all (200 more calls)"


def test_keys_are_named_and_never_shown() -> None:
    names, environ = KeyNames(configured={"lab": "TEAM_KEY"}), {"OPENAI_API_KEY": "secret", "TEAM_KEY": "secret"}
    words = present_keys(names, ["openai", "lab", "groq"], environ)
    assert words.startswith(
        "Sent with OPENAI_API_KEY and TEAM_KEY from the environment. Not set where the UI runs: GROQ"
    )
    assert "secret" not in words
    assert "at groq: name one" in present_model_advice("groq", "")
    assert present_model_advice("groq", "llama") == present_model_advice("", "") == ""
