"""Fixtures every test may use, and the run's last word."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, on machines of any speed; a soak looks for new ones.
settings.register_profile("usual", deadline=None, derandomize=True)
settings.register_profile("soak", deadline=None, max_examples=1000)
settings.load_profile("soak" if os.environ.get("UNION_SQUARE_SOAK") else "usual")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _traffic_folder(config: pytest.Config) -> Path:
    return config.rootpath / ".pytest_cache" / "d" / "traffic"


@pytest.fixture
def traffic_folder(pytestconfig: pytest.Config) -> Path:
    """Where tests leave what they found of the recorded traffic, for the table at the end of the run."""
    folder = _traffic_folder(pytestconfig)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # not in each of xdist's processes
        for file in _traffic_folder(config).glob("*.json"):
            file.unlink()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    from tests.support.traffic_table import left_table

    lines = left_table(_traffic_folder(config))
    if lines:
        terminalreporter.section("recorded traffic, by format")
        for line in lines:
            terminalreporter.write_line(line)
