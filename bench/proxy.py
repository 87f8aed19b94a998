"""What the proxy adds: direct, through nginx, and through Union Square with recording off and on, side by side.

The proxy under test has one core, load and upstream the other. The ways are measured in turn, round by round, so that
what else the machine does hits all of them; compared are the medians. Load is made by `wrk`, the upstream is nginx:
both are Debian packages, and without them there is nothing to compare with.
"""

import argparse
import csv
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.machine import free_port, pinned, process_cpu_us, started_proxy, wait_for_port

RESULTS = Path(__file__).parent / "results"
_REQUEST = """wrk.method = "POST"
wrk.body = '{"model":"gpt-4o","messages":[{"role":"user","content":"' .. string.rep("hello ", 30) .. '"}]}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-bench-abcdefghijklmnopqrstuvwxyz"
"""
_NGINX = """worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.err;
events {{ worker_connections 4096; }}
http {{ access_log off; client_body_temp_path {folder}/{name}1; proxy_temp_path {folder}/{name}2;
  fastcgi_temp_path {folder}/{name}3; uwsgi_temp_path {folder}/{name}4; scgi_temp_path {folder}/{name}5;
  {body} }}
"""
_UPSTREAM = (
    'server {{ listen 127.0.0.1:{port}; keepalive_requests 100000000; location / {{ return 200 "{answer}"; }} }}'
)
_PROXY = """upstream u {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port}; keepalive_requests 100000000; location / {{ proxy_http_version 1.1;
  proxy_set_header Connection ""; proxy_buffering off; proxy_pass http://u; }} }}"""
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to the upstream. `pid` is the process whose CPU time is counted; 0 = none."""

    name: str
    url: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One round. Latencies in milliseconds, CPU in microseconds for each request."""

    way: str
    clients: int
    requests_per_second: float
    p50: float
    p99: float
    cpu_us: float


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and keep every round in bench/results/proxy.csv."""
    parser = argparse.ArgumentParser(prog="python -m bench proxy", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    arguments = parser.parse_args(argv)
    missing = [name for name in ("nginx", "wrk") if shutil.which(name) is None]
    if missing:
        print(f"skipped: {' and '.join(missing)} not found (Debian: apt-get install nginx-light wrk)")
        return 0
    with tempfile.TemporaryDirectory(prefix="union-square-bench-") as folder, _ways(Path(folder)) as ways:
        script = Path(folder) / "request.lua"
        script.write_text(_REQUEST)
        for way in ways:
            _measure(way, 8, 1, script)  # warm
        found = [
            _measure(way, clients, arguments.seconds, script)
            for clients in arguments.clients
            for _ in range(arguments.rounds)
            for way in ways
        ]
    _report(found)
    return 0


@contextmanager
def _ways(folder: Path) -> Generator[list[Way]]:
    """Everything started; core 0 for what is measured, the last core for the rest."""
    tested, rest = 0, (os.cpu_count() or 1) - 1
    with ExitStack() as stack:
        upstream, front = free_port(), free_port()
        stack.enter_context(_nginx(folder, "upstream", _UPSTREAM.format(port=upstream, answer="x" * 300), rest))
        nginx = stack.enter_context(_nginx(folder, "front", _PROXY.format(port=front, upstream=upstream), tested))
        ways = [Way(name="direct", url=f"http://127.0.0.1:{upstream}/v1/chat", pid=0)]
        wait_for_port(upstream)
        wait_for_port(front)
        ways.append(Way(name="nginx", url=f"http://127.0.0.1:{front}/v1/chat", pid=_child_of(nginx)))
        for name, record in (("union-square, recording off", "false"), ("union-square, recording on", "true")):
            env = {"UNION_SQUARE_RECORD": record, "UNION_SQUARE_UPSTREAMS__T__BASE_URL": f"http://127.0.0.1:{upstream}"}
            pid, url = stack.enter_context(started_proxy(folder / record, env, tested))
            ways.append(Way(name=name, url=f"{url}/t/v1/chat", pid=pid))
        yield ways


@contextmanager
def _nginx(folder: Path, name: str, body: str, core: int) -> Generator[int]:
    config = folder / f"{name}.conf"
    config.write_text(_NGINX.format(folder=folder, name=name, body=body))
    process = subprocess.Popen(pinned(core, ["nginx", "-c", str(config)]), stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _child_of(pid: int) -> int:
    """nginx's worker, which does the work."""
    for _ in range(100):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.05)
    return pid


def _measure(way: Way, clients: int, seconds: int, script: Path) -> Measured:
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", str(script), way.url]
    before = process_cpu_us(way.pid)
    out = subprocess.run(pinned((os.cpu_count() or 1) - 1, command), capture_output=True, text=True, check=True).stdout
    spent = process_cpu_us(way.pid) - before
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"{way.name}: not every request was answered:\n{out}")
    requests = int(_found(r"(\d+) requests in", out)[0])
    return Measured(
        way=way.name,
        clients=clients,
        requests_per_second=float(_found(r"Requests/sec:\s+([\d.]+)", out)[0]),
        p50=_milliseconds("50%", out),
        p99=_milliseconds("99%", out),
        cpu_us=spent / max(1, requests),
    )


def _found(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"wrk's output was not understood:\n{text}")
    return found.groups()


def _milliseconds(label: str, text: str) -> float:
    number, unit = _found(re.escape(label) + r"\s+([\d.]+)(us|ms|s)", text)
    return float(number) * _UNITS[unit]


def _report(found: list[Measured]) -> None:
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / "proxy.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["way", "clients", "requests_per_second", "p50_ms", "p99_ms", "cpu_us_per_request"])
        rows.writerows([m.way, m.clients, m.requests_per_second, m.p50, m.p99, round(m.cpu_us, 1)] for m in found)
    line = "{:<28} {:>7} {:>9} {:>8} {:>12} {:>12} {:>8} {:>8}"
    head = ("way", "clients", "req/s", "÷ nginx", "added p50 ms", "added p99 ms", "÷ nginx", "CPU µs")
    print(line.format(*head))
    for clients in dict.fromkeys(m.clients for m in found):
        medians = {
            way: [m for m in found if m.way == way and m.clients == clients]
            for way in dict.fromkeys(m.way for m in found)
        }
        direct, nginx = medians["direct"], medians["nginx"]
        base50, base99 = median(m.p50 for m in direct), median(m.p99 for m in direct)
        nginx_rps = median(m.requests_per_second for m in nginx)
        nginx_added = median(m.p50 for m in nginx) - base50
        for way, rounds in medians.items():
            rps = median(m.requests_per_second for m in rounds)
            added = median(m.p50 for m in rounds) - base50
            print(line.format(
                way, clients, f"{rps:,.0f}", f"{rps / nginx_rps:.2f}", f"{added:.3f}",
                f"{median(m.p99 for m in rounds) - base99:.3f}",
                f"{added / nginx_added:.2f}" if nginx_added > 0 and way != "direct" else "",
                f"{median(m.cpu_us for m in rounds):.0f}" if way != "direct" else "",
            ))  # fmt: skip
    print(f"\nevery round: {RESULTS / 'proxy.csv'}")
