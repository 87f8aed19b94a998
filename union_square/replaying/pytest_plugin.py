"""The pytest fixture `union_square_mock`: recorded answers for a test, without a network and without a key.

    def test_agent(union_square_mock):
        mock = union_square_mock("recordings/session.jsonl")
        client = OpenAI(base_url=mock.url("openai/v1"), api_key="any")
        ...

pytest loads this module at every start where Union Square is installed, so it imports nothing but pytest; the rest is
imported when a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from union_square.replaying.mock import Mock, Report
    from union_square.replaying.serving import MockThread

StartMock = Callable[..., "RunningMock"]


class RunningMock:
    """A mock on a port of loopback, for one test."""

    def __init__(self, thread: MockThread) -> None:
        self._thread = thread

    def url(self, path: str = "") -> str:
        """Where an SDK's base URL is to point: the upstream's name and the path that the SDK wants before its own,
        `openai/v1` or just `v1`."""
        return f"http://127.0.0.1:{self._thread.port}/{path.lstrip('/')}".rstrip("/")

    def fail_next(self, fault: str) -> None:
        """What the next request meets: `cut`, `cut:3`, `stall`, `delay:1.5`, `fail`, `fail:429`."""
        from union_square.replaying.faults import parse_fault

        parsed = parse_fault(fault)
        self._thread.ask(lambda mock: mock.fail_next(parsed))

    def report(self) -> Report:
        """What was asked so far, and what was not."""
        report = self._thread.ask(_report)
        assert report is not None
        return report

    def stop(self) -> None:
        """Close its port; the fixture does so at the test's end."""
        self._thread.stop()


def _report(mock: Mock) -> Report:
    return mock.report()


@pytest.fixture
def union_square_mock(request: pytest.FixtureRequest) -> Iterator[StartMock]:
    """Start mocks: `union_square_mock(*files, match="strict", timing="none", repeat=False, faults=(), check=True)`.

    A file is looked for beside the test, then in pytest's root folder. At the end of the test a mock that is checked
    fails it where something was asked that is not recorded or, when it matches strictly, where something recorded was
    not asked for."""
    started: list[tuple[RunningMock, bool, bool]] = []

    def start(
        *files: str | Path,
        match: Literal["strict", "loose"] = "strict",
        timing: str = "none",
        repeat: bool = False,
        faults: Sequence[str] = (),
        check: bool = True,
    ) -> RunningMock:
        from union_square.replaying.faults import parse_fault, parse_timing
        from union_square.replaying.loading import load_file, merged
        from union_square.replaying.mock import Mock
        from union_square.replaying.serving import MockThread

        recording = merged(load_file(_find(request, Path(file))) for file in files)
        mock = Mock(recording, mode=match, repeat=repeat, faults=[parse_fault(fault) for fault in faults])
        running = RunningMock(MockThread(mock, speed=parse_timing(timing)))
        started.append((running, check, match == "strict"))
        return running

    yield start
    problems: list[str] = []
    for running, check, strict in started:
        report = running.report()
        running.stop()
        if check and (report.unmatched or (strict and report.unused)):
            problems.append(report.words)
    if problems:
        pytest.fail("\n\n".join(problems), pytrace=False)


def _find(request: pytest.FixtureRequest, file: Path) -> Path:
    beside = request.path.parent / file
    return beside if beside.exists() else request.config.rootpath / file
