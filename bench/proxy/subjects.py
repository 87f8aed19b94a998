"""What is measured: the ways from a client to an upstream, each a process (or none) on core 0."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import process_cpu_us, process_tree, resident_bytes, started_proxy
from bench.proxy import goals, nginx


def _no_headers() -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One way. `pid` is the first of the processes whose time and memory count; 0 = none (the direct way)."""

    name: str
    port: int
    path: str = "/v1/chat/completions"
    pid: int = 0
    headers: dict[str, str] = field(default_factory=_no_headers)

    def cpu_us(self) -> float:
        """User and system time of all its processes until now, in microseconds."""
        return sum(map(process_cpu_us, process_tree(self.pid)))

    def resident_mb(self) -> float:
        """Memory of all its processes in megabytes; what they share counts once for each."""
        return sum(map(resident_bytes, process_tree(self.pid))) / 1e6


@contextmanager
def ours(
    name: str, folder: Path, to: int, *, record: bool, workers: int = 1, core: int | None = 0,
    certificate: nginx.Certificate | None = None,
) -> Generator[Subject]:  # fmt: skip
    """Union Square to the port `to`; `core` None leaves it free to use all."""
    scheme = "https" if certificate else "http"
    env = {
        "UNION_SQUARE_RECORD": str(record).lower(),
        "UNION_SQUARE_WORKERS": str(workers),
        "UNION_SQUARE_UPSTREAMS__T__BASE_URL": f"{scheme}://127.0.0.1:{to}",
    }
    if certificate:
        env["UNION_SQUARE_UPSTREAMS__T__CA_FILE"] = str(certificate.certificate)
    with started_proxy(folder / name.replace(" ", "-").replace(",", ""), env, core) as (pid, url):
        port = int(url.rpartition(":")[2])
        yield Subject(name=name, port=port, path="/t/v1/chat/completions", pid=pid)


@contextmanager
def through_nginx(name: str, folder: Path, to: int, certificate: nginx.Certificate | None = None) -> Generator[Subject]:
    with nginx.front(folder, 0, to, certificate) as (port, pid):
        yield Subject(name=name, port=port, pid=pid)


def direct(to: int) -> Subject:
    return Subject(name=goals.DIRECT, port=to)
