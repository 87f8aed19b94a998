"""A taken port and a taken data folder are named, with the way out."""

import socket
from pathlib import Path

import pytest

from union_square.announcing import announce, forget_announcement, is_running, read_announcement
from union_square.running.lock import HomeTaken, hold_home
from union_square.running.ports import PortTaken, check_port, of_up


def test_a_taken_port_is_named_with_the_way_to_choose_another() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            PortTaken, match=rf"port {port} on 127.0.0.1 is taken(.|\n)*UNION_SQUARE_UI_PORT=.*--ui-port"
        ):
            check_port("127.0.0.1", port, what="the UI", choose=of_up("UNION_SQUARE_UI_PORT", "--ui-port"))
    check_port("127.0.0.1", port, what="the UI", choose="…")
    check_port("127.0.0.1", 0, what="the UI", choose="…")


def test_a_data_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with hold_home(tmp_path), pytest.raises(HomeTaken, match="running already on"), hold_home(tmp_path):
        raise AssertionError
    with hold_home(tmp_path):
        pass


def test_an_announcement_is_read_back_and_forgotten(tmp_path: Path) -> None:
    assert read_announcement(tmp_path, "proxy") is None
    announce(tmp_path, "proxy", port=5)
    said = read_announcement(tmp_path, "proxy")
    assert said is not None
    assert said["port"] == 5
    assert is_running(said["pid"])
    forget_announcement(tmp_path, "proxy")
    assert read_announcement(tmp_path, "proxy") is None


def test_an_announcement_that_is_no_json_is_none(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "ui.json").write_text("{")
    assert read_announcement(tmp_path, "ui") is None
