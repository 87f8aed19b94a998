"""The whole product as a user starts it, and an upstream in a thread beside it.

with upstream_in_a_thread([[response(b"hi")]]) as up, running_product(home, {"openai": up.base_url}) as product:
    httpx.post(product.proxy + "/openai/v1/…")
    product.api("/calls")
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.support.upstream import Script, ScriptedUpstream, scripted

PARTS = ("proxy", "projector", "ui")
START_SECONDS = 90.0
T = TypeVar("T")


def eventually(look: Callable[[], T], *, within: float = 20.0, what: str = "") -> T:
    """The first true value that `look` gives; fails with its last one when the time has passed."""
    deadline = time.monotonic() + within
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what or 'it'} did not come true within {within:g} s; last seen: {found!r}")
        time.sleep(0.03)
    return found


@dataclass(slots=True)
class Product:
    """A running `union-square up`. `output` is the file everything it says goes to."""

    process: subprocess.Popen[bytes]
    home: Path
    output: Path

    def port(self, part: str) -> int:
        return int(self.said(part)["port"])

    def said(self, part: str) -> dict[str, Any]:
        return json.loads((self.home / "run" / f"{part}.json").read_text())

    @property
    def proxy(self) -> str:
        return f"http://127.0.0.1:{self.port('proxy')}"

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.port('ui')}"

    def words(self) -> str:
        return self.output.read_text(errors="replace")

    def api(self, path: str, **query: Any) -> Any:
        answer = httpx.get(f"{self.ui}/api/v1{path}", params=query, timeout=20, trust_env=False)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def body(self, call_id: str, side: str) -> bytes:
        """The recorded body as it was forwarded, whatever its encoding."""
        url = f"{self.ui}/api/v1/calls/{call_id}/{side}"
        with httpx.stream("GET", url, timeout=20, trust_env=False) as answer:
            assert answer.status_code == 200
            return b"".join(answer.iter_raw())

    def ended(self, call_id: str) -> dict[str, Any]:
        """The call, once the store has it as ended."""

        def look() -> dict[str, Any] | None:
            answer = httpx.get(f"{self.ui}/api/v1/calls/{call_id}", timeout=20, trust_env=False)
            found = answer.json() if answer.status_code == 200 else None
            return found if found and found["state"] != "running" else None

        return eventually(look, what=f"the end of call {call_id}")

    def kill(self, part: str) -> int:
        """`kill -9` a part; its process id."""
        pid = int(self.said(part)["pid"])
        os.kill(pid, signal.SIGKILL)
        return pid

    def until_back(self, part: str, dead: int) -> None:
        """Wait until another process has taken the part over and says so."""

        def back() -> bool:
            file = self.home / "run" / f"{part}.json"
            return file.exists() and json.loads(file.read_text())["pid"] != dead and f"{part} is back" in self.words()

        eventually(back, within=60, what=f"the return of {part}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def running_product(
    home: Path,
    upstreams: Mapping[str, str] | None = None,
    *,
    arguments: Sequence[str] = (),
    command: Sequence[str] = (sys.executable, "-m", "union_square.cli"),
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Product]:
    """`union-square up` on free ports, ready, with those upstreams; stopped at the end."""
    home.mkdir(parents=True, exist_ok=True)
    output = home.parent / f"{home.name}-{time.monotonic_ns()}.txt"
    settings = {f"UNION_SQUARE_UPSTREAMS__{name.upper()}__BASE_URL": url for name, url in (upstreams or {}).items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UNION_SQUARE_")}
    ports = {"UNION_SQUARE_PROXY_PORT": "0", "UNION_SQUARE_UI_PORT": "0", "UNION_SQUARE_HOME": str(home)}
    ports["UNION_SQUARE_DRAIN_TIMEOUT_SECONDS"] = "2"  # a test that leaves streams open is not to wait for their end
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, "up", *arguments],
            env=kept | ports | settings | dict(environment or {}),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    product = Product(process=process, home=home / "demo" if "--demo" in arguments else home, output=output)
    try:
        _until_ready(product)
        yield product
    finally:
        if process.poll() is None:
            product.stop()


def _until_ready(product: Product) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not re.search(r"Union Square is running", product.words()):
        code = product.process.poll()
        if code is not None or time.monotonic() > deadline:
            raise AssertionError(f"`union-square up` did not get ready (exit code {code}):\n{product.words()}")
        time.sleep(0.05)


@contextmanager
def upstream_in_a_thread(scripts: Sequence[Script]) -> Iterator[ScriptedUpstream]:
    """A scripted upstream for tests without an event loop of their own. Its `scripts` may be changed while it runs."""
    ready: list[ScriptedUpstream] = []
    began, loop = threading.Event(), asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve() -> None:
        async with scripted(scripts) as upstream:
            ready.append(upstream)
            began.set()
            await ended.wait()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert began.wait(10)
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
