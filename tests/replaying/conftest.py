"""Mocks on real sockets."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from union_square.replaying.faults import parse_fault, parse_timing
from union_square.replaying.mock import Mock
from union_square.replaying.pytest_plugin import RunningMock
from union_square.replaying.recording import RecordedCall, recording_of
from union_square.replaying.serving import MockThread

Serve = Callable[..., RunningMock]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a mock of those calls."""
    started: list[RunningMock] = []

    def start(*calls: RecordedCall, timing: str = "none", faults: tuple[str, ...] = (), **how: Any) -> RunningMock:
        mock = Mock(recording_of(calls), faults=[parse_fault(fault) for fault in faults], **how)
        started.append(RunningMock(MockThread(mock, speed=parse_timing(timing))))
        return started[-1]

    yield start
    for running in started:
        running.stop()
