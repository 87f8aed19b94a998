"""A log that an earlier version wrote is read as it was meant."""

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.frozen.freeze import HERE
from union_square.domain import events as ev
from union_square.recording.log_reader import FolderLogReader

LOGS = sorted(path.name for path in HERE.glob("log-v*") if path.is_dir())


def thawed(said: dict[str, Any]) -> ev.Event:
    values = {k: base64.b64decode(v["base64"]) if isinstance(v, dict) else v for k, v in said.items() if k != "event"}
    return getattr(ev, said["event"])(**values)


@pytest.mark.parametrize("name", LOGS)
def test_a_log_of_an_earlier_version_is_read_event_for_event(tmp_path: Path, name: str) -> None:
    expected = [thawed(said) for said in json.loads((HERE / f"{name}.json").read_text())]
    reader = FolderLogReader(Path(shutil.copytree(HERE / name, tmp_path / "log")))
    (writer,) = reader.writers()
    assert [logged.event for logged in reader.read(writer, 0)] == expected
    assert not reader.problems()
    assert {type(event) for event in expected} == set(ev.Event.__args__)
    reader.close()


def test_every_version_that_is_read_has_a_log_that_was_kept() -> None:
    from union_square.domain.records import FORMAT_VERSION

    assert [f"log-v{version}" for version in range(1, FORMAT_VERSION + 1)] == LOGS
