"""Takes the pictures of docs/tour.md: starts the demo, lets it talk for a while, and goes through the pages.

python -m tests.support.tour [--seconds N] [--only NAME …]     (what `make tour` runs)
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import find_chromium
from tests.support.product import Product, eventually, running_product
from union_square.ui.build import build_ui

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SIZE = (1200, 660)
MOST_BYTES = 150_000


class Story:
    """What the demo has recorded, as far as the tour needs it."""

    def __init__(self, product: Product) -> None:
        self.ui = product.ui
        ended = [one for one in product.api("/sessions", limit=50)["items"] if not one["running_count"]]
        self.longest = str(max(ended, key=lambda one: one["call_count"])["id"])
        calls: list[dict[str, Any]] = product.api("/calls", limit=100)["items"]
        answered = [one for one in calls if one["state"] == "done"]
        of_chat = [one for one in answered if one["dialect"] == "openai-chat" and one["streamed"]]
        self.call = str((of_chat or answered)[-1]["id"])
        self.queue = self._annotated([str(one["id"]) for one in answered[:8]])

    def _annotated(self, calls: list[str]) -> int:
        """Tags, and a review of some calls; the review's id."""
        targets = [{"subject": "call", "id": one} for one in calls]
        self._post("/tags", {"tag": "good", "targets": targets[:3]})
        self._post("/tags", {"tag": "look again", "targets": targets[3:5]})
        asked = {"name": "Is the answer right?", "labels": "right, wrong, unsure", "targets": targets}
        return int(self._post("/queues", asked)["id"])

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = httpx.post(f"{self.ui}/api/v1{path}", json=body, timeout=20, trust_env=False)
        answer.raise_for_status()
        return answer.json()


def _quiet(page: Page) -> None:
    page.wait_for_selector("main .bones", state="detached")
    page.wait_for_timeout(900)


def _running(page: Page) -> None:
    """The demo pauses between its rounds: wait until several answers are being written."""
    page.wait_for_function(
        "() => document.querySelectorAll('main .state[data-state=running]').length >= 3", timeout=90_000
    )
    page.wait_for_timeout(2500)


def _resent(page: Page) -> None:
    page.get_by_test_id("key").fill("none-needed")
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_selector("[data-testid=resend-row]")
    page.wait_for_timeout(6000)


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette [role=group][aria-label='Recent sessions']")


STEPS: dict[str, tuple[Callable[[Story], str], Callable[[Page], None]]] = {
    "live": (lambda story: "/", _running),
    "wall": (lambda story: "/?view=wall", _running),
    "session": (lambda story: f"/sessions/{story.longest}", _quiet),
    "tree": (lambda story: f"/sessions/{story.longest}?view=tree", _quiet),
    "timeline": (lambda story: f"/sessions/{story.longest}?view=timeline", _quiet),
    "play": (lambda story: f"/sessions/{story.longest}/play", lambda page: page.wait_for_timeout(5000)),
    "resend": (lambda story: f"/calls/{story.call}/resend", _resent),
    "search": (lambda story: "/search?q=state:done", _quiet),
    "dashboard": (lambda story: "/dashboard", _quiet),
    "review": (lambda story: f"/review/{story.queue}", _quiet),
    "palette": (lambda story: f"/sessions/{story.longest}", _palette),
}


def take(product: Product, names: list[str]) -> None:
    """Take the pictures of those steps."""
    story = Story(product)
    width, height = SIZE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height})
        for name in names:
            path, ready = STEPS[name]
            page.goto(story.ui + path(story))
            _quiet(page)
            ready(page)
            file = IMAGES / f"{name}.png"
            page.screenshot(path=file)
            size = file.stat().st_size
            print(f"{name}: {size / 1000:.0f} kB" + (" (too large)" if size > MOST_BYTES else ""), flush=True)
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60, help="how long the demo talks before the pictures")
    parser.add_argument("--only", nargs="*", choices=list(STEPS), default=list(STEPS))
    options = parser.parse_args()
    build_ui()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_product(Path(folder) / "home", arguments=["--demo"]) as product,
    ):
        eventually(lambda: len(product.api("/calls", limit=50)["items"]) > 8, within=120, what="some calls")
        time.sleep(options.seconds)
        take(product, options.only)


if __name__ == "__main__":
    main()
