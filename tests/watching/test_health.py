"""Words for a banner: nothing when all is well, what and what to do when it is not."""

import json
from pathlib import Path

import pytest

from tests.recording.logs import WRITER
from union_square.recording.ports import LogProblem
from union_square.watching.feed import RecentGaps
from union_square.watching.health import Heartbeat, present_problem, read_heartbeat

WELL = Heartbeat(age_seconds=0.5)
GAPS = RecentGaps(calls=2, observations=7, bytes=100, reasons=("stream_full", "something_new"))


def test_nothing_is_said_when_all_is_well() -> None:
    assert present_problem(None, (), WELL, 100) == ""
    assert present_problem(None, (), None, 100) == ""


def test_a_projector_that_may_just_be_starting_is_given_time() -> None:
    silent = Heartbeat(age_seconds=None)
    assert present_problem(None, (), silent, 1) == ""
    assert "union-square projector" in present_problem(None, (), silent, 100)


@pytest.mark.parametrize(("age", "says"), [(30, "30 seconds"), (600, "10 minutes"), (36000, "10 hours")])
def test_a_silent_projector_is_told_since_when(age: float, says: str) -> None:
    assert says in present_problem(None, (), Heartbeat(age_seconds=age), 1)


def test_all_that_is_wrong_is_told() -> None:
    problem = LogProblem(writer=WRITER, position=3, lost_bytes=9, message="segment x is torn")
    failing = Heartbeat(age_seconds=0, last_error="no space")
    said = present_problem(GAPS, [problem, problem], failing, 100)
    for part in ("no space", "2 calls", "could not keep up", "something_new", "segment x is torn (and 1 more)"):
        assert part in said


def test_a_projector_far_behind_is_told() -> None:
    assert "200 MiB behind" in present_problem(None, (), Heartbeat(age_seconds=0, backlog_bytes=200 << 20), 100)


@pytest.mark.parametrize("content", ["", "{", "[]", "null"])
def test_a_broken_heartbeat_is_a_silent_projector(tmp_path: Path, content: str) -> None:
    path = tmp_path / "projector.json"
    path.write_text(content)
    assert read_heartbeat(path, 0).age_seconds is None
    assert read_heartbeat(tmp_path / "none", 0).age_seconds is None


def test_a_heartbeat_is_read(tmp_path: Path) -> None:
    path = tmp_path / "projector.json"
    path.write_text(json.dumps({"pid": 1, "backlog_bytes": 5, "last_error": None, "more": 1}))
    now = path.stat().st_mtime + 2
    assert read_heartbeat(path, now) == Heartbeat(age_seconds=pytest.approx(2), backlog_bytes=5, last_error="")
