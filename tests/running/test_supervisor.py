"""Parts are started, watched and stopped: with real processes."""

import os
import signal
import sys
from pathlib import Path

import anyio
import pytest

from union_square.running.supervisor import NotReady, Part, Supervisor

pytestmark = pytest.mark.anyio

MARKER = "import os,sys,time,pathlib; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); "


def part(folder: Path, name: str, code: str = "time.sleep(60)", *, stop_seconds: float = 5) -> Part:
    file = folder / name

    def is_ready(pid: int) -> bool:
        return file.exists() and file.read_text() == str(pid)

    command = (sys.executable, "-c", MARKER + code, str(file))
    return Part(name=name, command=command, is_ready=is_ready, stop_seconds=stop_seconds)


async def until(said: list[str], word: str) -> None:
    with anyio.fail_after(20):
        while not any(word in line for line in said):
            await anyio.sleep(0.02)


def pid_of(folder: Path, name: str) -> int:
    return int((folder / name).read_text())


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


async def test_a_part_that_dies_is_started_again_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(said.append) as supervisor:
        await supervisor.start(part(tmp_path, "worker"))
        first = pid_of(tmp_path, "worker")
        os.kill(first, signal.SIGKILL)
        await until(said, "worker is back")
        assert pid_of(tmp_path, "worker") != first
        assert "worker died (SIGKILL); starting it again in 0.5 s" in said
    assert gone(pid_of(tmp_path, "worker"))


async def test_every_part_is_stopped_and_one_that_will_not_is_killed(tmp_path: Path) -> None:
    said: list[str] = []
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    deaf += "pathlib.Path(sys.argv[1]+'.deaf').touch(); time.sleep(60)"
    async with Supervisor(said.append) as supervisor:
        await supervisor.start(part(tmp_path, "polite"))
        await supervisor.start(part(tmp_path, "deaf", deaf, stop_seconds=0.5))
        with anyio.fail_after(20):
            while not (tmp_path / "deaf.deaf").exists():
                await anyio.sleep(0.02)
    assert gone(pid_of(tmp_path, "polite"))
    assert gone(pid_of(tmp_path, "deaf"))
    assert "deaf did not stop within 0.5 s; killing it" in said


async def test_what_a_part_says_is_shown_with_its_name(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(said.append) as supervisor:
        await supervisor.start(part(tmp_path, "loud", "print('hello', flush=True); time.sleep(60)"))
        await until(said, "[loud] hello")


async def test_a_part_that_ends_at_its_start_is_named(tmp_path: Path) -> None:
    said: list[str] = []
    never = Part(name="broken", command=(sys.executable, "-c", "raise SystemExit(3)"), is_ready=lambda _: False)
    with pytest.raises(ExceptionGroup) as caught:
        async with Supervisor(said.append) as supervisor:
            await supervisor.start(never)
    assert caught.group_contains(NotReady, match=r"broken ended at its start \(exit code 3\)")
