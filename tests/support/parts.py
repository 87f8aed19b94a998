"""The proxy and the projector as processes of their own, without anyone who starts them again: the test does that."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from union_square.announcing import read_announcement
from union_square.running.ports import free_port

START_SECONDS = 60.0


class Parts:
    """Parts of the product on one data folder. The proxy keeps its port over restarts, as a configured one does."""

    def __init__(self, home: Path, upstream: str, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = free_port("127.0.0.1")
        self.words = home.parent / f"{home.name}-words.txt"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("UNION_SQUARE_")}
        self._environment = kept | {
            "UNION_SQUARE_HOME": str(home),
            "UNION_SQUARE_PROXY_PORT": str(self.port),
            "UNION_SQUARE_UPSTREAMS__T__BASE_URL": upstream,
            **(environment or {}),
        }

    @property
    def database(self) -> str:
        return f"sqlite:///{self.home / 'union-square.db'}"

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def workers(self, name: str) -> list[int]:
        """The processes that this part has started."""
        stats = [file.read_text(errors="replace") for file in Path("/proc").glob("[0-9]*/stat") if file.exists()]
        # "pid (name) state parent …", and the name may hold anything; Z: dead, and nobody has asked how it went yet.
        found = [(stat.split(" ", 1)[0], stat.rpartition(")")[2].split()) for stat in stats]
        return sorted(int(pid) for pid, (state, parent, *_) in found if int(parent) == self.pid(name) and state != "Z")

    async def start(self, *names: str) -> None:
        """Start them side by side, and wait until each has said that it is there."""
        for name in names:
            with self.words.open("ab") as words:
                self._running[name] = subprocess.Popen(
                    [sys.executable, "-m", "union_square.cli", name], env=self._environment, stdout=words, stderr=words
                )
        async with asyncio.timeout(START_SECONDS):
            for name in names:
                while (read_announcement(self.home, name) or {}).get("pid") != self.pid(name):
                    assert self._running[name].poll() is None, self.words.read_text()
                    await asyncio.sleep(0.01)

    def kill(self, *names: str) -> None:
        """`kill -9` them all at once."""
        for name in names:
            os.kill(self.pid(name), signal.SIGKILL)
        for name in names:
            self._running.pop(name).wait()

    async def stop(self, name: str, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        process = self._running.pop(name)
        process.send_signal(number)
        return await asyncio.to_thread(process.wait, START_SECONDS)

    def close(self) -> None:
        """Leave nothing running."""
        self.kill(*self._running)
