"""What measurements need of the machine: processes on a core of their own, ports, and their CPU time."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60.0


def pinned(core: int, command: list[str]) -> list[str]:
    """The command, held to one core where the system can do that."""
    return ["taskset", "-c", str(core), *command] if shutil.which("taskset") else command


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int) -> None:
    """Until something listens there. Raises SystemExit when nothing does for a minute."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}")


def process_cpu_us(pid: int) -> float:
    """User and system time that a process has used, in microseconds; 0 where it cannot be told."""
    stat = Path(f"/proc/{pid}/stat")
    if not pid or not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


@contextmanager
def started_proxy(home: Path, env: Mapping[str, str], core: int) -> Generator[tuple[int, str]]:
    """The proxy on an ephemeral port with its data in `home`: its process id and address."""
    announced = home / "run" / "proxy.json"
    settings = {"UNION_SQUARE_HOME": str(home), "UNION_SQUARE_PROXY_PORT": "0"} | dict(env)
    process = subprocess.Popen(
        pinned(core, [sys.executable, "-m", "proxy_app"]), env=dict(os.environ) | settings, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not announced.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the proxy did not start; try `python -m proxy_app` to see why")
            time.sleep(0.05)
        where = json.loads(announced.read_text())
        yield process.pid, f"http://{where['host']}:{where['port']}"
    finally:
        process.terminate()
        process.wait()
