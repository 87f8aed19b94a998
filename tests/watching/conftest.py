"""A world for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.watching.world import World, migrated


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated(tmp_path_factory.mktemp("database"))


@pytest.fixture
def world(tmp_path: Path, empty_database: Path) -> Iterator[World]:
    made = World(tmp_path / "home", empty_database)
    yield made
    made.close()
