"""The real proxy as a process, for tests: on an ephemeral port, with a data folder of its own.

with running_proxy(tmp_path, {"openai": upstream.base_url}) as proxy:
    httpx.get(f"{proxy.url}/openai/v1/models")
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from union_square.domain.call import CallRecording
from union_square.domain.events import Event
from union_square.domain.ids import CallId
from union_square.domain.records import decode

START_SECONDS = 60.0
STOP_SECONDS = 30.0
HEADER_BYTES = 32
_ROOT = Path(__file__).resolve().parents[2]
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT", "PYTHONPATH", "COVERAGE_PROCESS_START")


@dataclass(slots=True)
class ProxyProcess:
    """A running proxy. `errors` is the file its standard error goes to."""

    process: subprocess.Popen[bytes]
    home: Path
    host: str
    port: int
    errors: Path
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def log_folder(self) -> Path:
        return self.home / "log"

    def events(self) -> list[Event]:
        """Everything recorded until now, writer by writer."""
        return read_events(self.log_folder)

    def recordings(self) -> list[CallRecording]:
        """The recorded calls, in the order they began."""
        return fold_calls(self.events())

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code. Nothing happens when it has ended already."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


def read_events(log_folder: Path) -> list[Event]:
    """The whole records of every segment below a log folder; a torn tail is left out."""
    found: list[Event] = []
    for folder in sorted(log_folder.glob("[0-9a-f]*")):
        for segment in sorted(folder.glob("*.uslog")):
            found += [event for event, _ in decode(segment.read_bytes(), HEADER_BYTES)]
    return found


def fold_calls(events: list[Event]) -> list[CallRecording]:
    """The calls that the events amount to, in the order of their ids (which is that of their beginning)."""
    calls: dict[CallId, CallRecording] = {}
    for event in events:
        calls.setdefault(event.call_id, CallRecording(call_id=event.call_id)).apply(event)
    return [calls[call_id] for call_id in sorted(calls)]


def memory_bytes(proxy: ProxyProcess) -> int:
    """Resident, of the proxy's process."""
    fields = Path(f"/proc/{proxy.process.pid}/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) * 1024


@contextmanager
def running_proxy(
    folder: Path, upstreams: Mapping[str, str], *, env: Mapping[str, str] | None = None, check: bool = True
) -> Iterator[ProxyProcess]:
    """Start the proxy with `upstreams` (name to base URL) and its data in `folder`/home; stop it at the end.

    `env` adds to the environment. With `check`, a proxy that did not end in an orderly way (and was not killed by the
    test) fails the test, with what it said.
    """
    home = folder / "home"
    announced = home / "run" / "proxy.json"
    announced.unlink(missing_ok=True)
    settings = {"UNION_SQUARE_HOME": str(home), "UNION_SQUARE_PROXY_PORT": "0"}
    settings |= {f"UNION_SQUARE_UPSTREAMS__{name}__BASE_URL": url for name, url in upstreams.items()}
    base = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    errors = folder / "proxy.stderr"
    with errors.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "proxy_app"],
            cwd=folder,
            env=base | {"PYTHONPATH": str(_ROOT)} | settings | dict(env or {}),
            stderr=stderr,
        )
    try:
        where = _await_announcement(process, announced, errors)
        proxy = ProxyProcess(process, home, where["host"], where["port"], errors, where["scheme"])
        yield proxy
        ended_before = process.poll() is not None
        code = proxy.stop()
        if check and not ended_before:
            assert code == 0, f"the proxy ended with {code}:\n{errors.read_text()}"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _await_announcement(process: subprocess.Popen[bytes], announced: Path, errors: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while not announced.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the proxy did not start (exit code {process.poll()}):\n{errors.read_text()}")
        time.sleep(0.02)
    return json.loads(announced.read_text())
