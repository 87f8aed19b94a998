"""What people type by mistake is answered with what was wrong and what to do, and never with a traceback."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


def said(home: Path, *arguments: str) -> str:
    """What the command writes to standard error; it has to fail with exit code 1."""
    environment = {**os.environ, "UNION_SQUARE_HOME": str(home), "UNION_SQUARE_DATABASE_URL": ""}
    command = [sys.executable, "-m", "union_square.cli", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done
    assert "not expected" not in done.stderr
    return done.stderr


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("command", [["sessions"], ["calls"], ["export", "some"], ["mock", "some"], ["replay", "some"]])
def test_reading_where_nothing_was_recorded_yet_says_so_and_makes_nothing(command: list[str], tmp_path: Path) -> None:
    assert "union-square.db yet; `union-square up` makes it" in said(tmp_path / "home", *command)
    assert not (tmp_path / "home").exists()


def test_a_file_that_is_no_text_is_not_imported_nor_answered_from(tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "picture.png is not a text in UTF-8 (byte 0)" in said(tmp_path, "import", str(file))
    assert "picture.png is not a text in UTF-8 (byte 0)" in said(tmp_path, "mock", str(file))


def test_a_mock_whose_port_is_taken_says_how_to_choose_another(tmp_path: Path, taken_port: int) -> None:
    wrong = said(tmp_path, "mock", str(tmp_path / "any.jsonl"), "--port", str(taken_port))
    assert f"port {taken_port} on 127.0.0.1 is taken by another program" in wrong
    assert "`--port …`" in wrong


def test_the_calls_of_a_session_that_is_not_there(tmp_path: Path) -> None:
    environment = {**os.environ, "UNION_SQUARE_HOME": str(tmp_path), "UNION_SQUARE_DATABASE_URL": ""}
    subprocess.run([sys.executable, "-m", "union_square.cli", "migrate"], env=environment, check=True)
    assert "no session nobody" in said(tmp_path, "calls", "--session", "nobody")
