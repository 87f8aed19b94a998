"""The other proxies: each installed into an environment of its own below `.bench`, once, and started as its own
documentation says, set to pass calls on. One that cannot be had is skipped with a word.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import free_port, pinned, wait_for_port
from bench.proxy import goals

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".bench"
KEY = "sk-bench-abcdefghijklmnopqrstuvwxyz"
"""What all clients send as their credential; LiteLLM wants to know it."""
_INSTALL_SECONDS = 600
_START_SECONDS = 180
_BIN = Path(sys.executable).parent


class NotHad(Exception):
    """A peer cannot be installed or started here; the message says why."""


def _no_headers() -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """`path` is what its clients ask for, `pid` its first process."""

    port: int
    path: str
    pid: int
    headers: dict[str, str] = field(default_factory=_no_headers)


def python_environment(name: str, *packages: str) -> Path:
    """The `bin` folder of an environment with these packages. Raises NotHad."""
    folder = CACHE / name
    done = folder / "installed"
    if not (done.exists() and done.read_text() == " ".join(packages)):
        shutil.rmtree(folder, ignore_errors=True)
        uv = str(_BIN / "uv")
        print(f"· installing {name}, once", file=sys.stderr, flush=True)
        _do([uv, "venv", "-q", "--python", sys.executable, str(folder)], name)
        _do([uv, "pip", "install", "-q", "--python", str(folder / "bin" / "python"), *packages], name)
        done.write_text(" ".join(packages))
    return folder / "bin"


def node_package(name: str, package: str) -> Path:
    """The `node_modules` folder with this package. Raises NotHad."""
    folder = CACHE / name
    done = folder / "installed"
    if not (done.exists() and done.read_text() == package):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(f"· installing {name}, once", file=sys.stderr, flush=True)
        _do(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), package], name)
        done.write_text(package)
    return folder / "node_modules"


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"PATH": f"{_BIN}{os.pathsep}{os.environ.get('PATH', '')}"}


def _do(command: list[str], name: str) -> None:
    try:
        subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS, env=_environment()
        )
    except subprocess.CalledProcessError as error:
        raise NotHad(f"{name} could not be installed: {(error.stderr or '').strip().splitlines()[-1:]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHad(f"{name} could not be installed: {error}") from error


@contextmanager
def _started(name: str, command: list[str], port: int, core: int, folder: Path, env: dict[str, str]) -> Generator[int]:
    with (folder / f"{name}.log").open("wb") as words:
        process = subprocess.Popen(
            pinned(core, command), cwd=folder, env=_environment() | env, stdout=words, stderr=words
        )
    try:
        try:
            wait_for_port(port, _START_SECONDS)
        except SystemExit as error:
            said = (folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
            raise NotHad(f"{name} did not start: {said[-1] if said else error}") from error
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def mitmproxy(folder: Path, core: int, upstream: int) -> Generator[Running]:
    """Recording into a file, as a reverse proxy."""
    port, binary = free_port(), python_environment("mitmproxy", "mitmproxy>=11") / "mitmdump"
    command = [str(binary), "-q", "--mode", f"reverse:http://127.0.0.1:{upstream}", "--listen-host", "127.0.0.1"]
    command += ["--listen-port", str(port), "--set", f"confdir={folder / 'mitm'}", "-w", str(folder / "flows")]
    with _started("mitmproxy", command, port, core, folder, {}) as pid:
        yield Running(port=port, path="/v1/chat/completions", pid=pid)


_LITELLM = """general_settings:
  pass_through_endpoints:
    - path: "/pass"
      target: "http://127.0.0.1:{upstream}/v1/chat/completions"
"""


@contextmanager
def litellm(folder: Path, core: int, upstream: int) -> Generator[Running]:
    """Its pass-through endpoint, recording nothing."""
    port, binary = free_port(), python_environment("litellm", "litellm[proxy]>=1.80") / "litellm"
    config = folder / "litellm.yaml"
    config.write_text(_LITELLM.format(upstream=upstream))
    command = [str(binary), "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    env = {"LITELLM_MASTER_KEY": KEY, "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_DOCS": "True"}
    with _started("litellm", command, port, core, folder, env) as pid:
        yield Running(port=port, path="/pass", pid=pid)


@contextmanager
def portkey(folder: Path, core: int, upstream: int) -> Generator[Running]:
    """The gateway, told in headers where to go."""
    port, modules = free_port(), node_package("portkey", "@portkey-ai/gateway@^1.15")
    script = modules / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    command = [shutil.which("node", path=_environment()["PATH"]) or "node", str(script), f"--port={port}", "--headless"]
    env = {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1"}
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"http://127.0.0.1:{upstream}/v1"}
    with _started("portkey", command, port, core, folder, env) as pid:
        yield Running(port=port, path="/v1/chat/completions", pid=pid, headers=headers)


PEERS = {goals.MITMPROXY: mitmproxy, goals.LITELLM: litellm, goals.PORTKEY: portkey}
