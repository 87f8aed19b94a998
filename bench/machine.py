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


def pinned(core: int | None, command: list[str]) -> list[str]:
    """The command, held to one core (None: to none) where the system can do that."""
    if core is None:
        return command
    return ["taskset", "-c", str(core), *command] if shutil.which("taskset") else command


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int, seconds: float = START_SECONDS) -> None:
    """Until something listens there. Raises SystemExit when nothing does in time."""
    deadline = time.monotonic() + seconds
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


def process_tree(pid: int) -> list[int]:
    """A process and all that descend from it; none of 0."""
    found = [pid] if pid else []
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found


def resident_bytes(pid: int) -> int:
    """The memory that a process holds now; 0 where it cannot be told."""
    sizes = Path(f"/proc/{pid}/statm")
    return int(sizes.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if sizes.exists() else 0


@contextmanager
def started_proxy(home: Path, env: Mapping[str, str], core: int | None) -> Generator[tuple[int, str]]:
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
