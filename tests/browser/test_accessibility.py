"""axe-core on every page, light and dark, wide and narrow: no serious and no critical violation.

The addresses are walked from the pages that the app has: a new page is looked at, or fails for want of an address.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch, World
from tests.support.keys import listed_keys, registered_keys
from tests.support.product import Product, eventually, running_product, upstream_in_a_thread
from tests.support.streams import ask, spoken
from union_square.ui.pages.all import add_pages

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "tests" / "browser" / "js_lock" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS = [("light", 1440), ("dark", 1440), ("light", 420), ("dark", 420)]
BOTH = [LOOKS[0], LOOKS[3]]  # for what differs from a page in one place only: both themes, both widths
# What depends on colours and room; the first look is held to every rule.
LOOK_RULES = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
ANSWER = "Here **you are**:\n\n```python\nprint('five')\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


class Collected:
    """An app that only notes the pages it is given."""

    def __init__(self) -> None:
        self.routes: list[str] = []

    def add_page(self, page: Any, *, route: str, **_: Any) -> None:
        self.routes.append(route)


def every_route() -> list[str]:
    collected = Collected()
    add_pages(collected)  # type: ignore[arg-type]
    return collected.routes


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file():
        subprocess.run([sys.executable, ROOT / "scripts" / "setup", "axe"], check=True)
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def recorded(built_ui: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A session of two calls, tagged, and a queue of its calls."""
    home = tmp_path_factory.mktemp("axe") / "home"
    scripts = [spoken("One ", 0.1, "two."), spoken(ANSWER)]
    with upstream_in_a_thread(scripts) as upstream, running_product(home, {"openai": upstream.base_url}) as product:
        ask(product, "Count, please", session="counting")
        ask(product, "Count, please", "One two.", "Go on", session="counting")
        eventually(lambda: product.api("/sessions/counting")["running_count"] == 0)
        targets = [{"subject": "call", "id": one["id"]} for one in product.api("/calls")["items"]]
        for path, body in (("/tags", {"tag": "good"}), ("/queues", {"name": "Right?", "labels": "right, wrong"})):
            httpx.post(f"{product.ui}/api/v1{path}", json=body | {"targets": targets}).raise_for_status()
        said = {"kind": "label", "name": "tone", "label": "kind", "anchor": {"message": 0}}
        for path, body in (
            (f"/calls/{targets[0]['id']}/annotations", said),
            ("/views", {"page": "search", "name": "Counting", "query": "count"}),
        ):
            httpx.post(f"{product.ui}/api/v1{path}", json=body).raise_for_status()
        yield product


def address(route: str, product: Product) -> str:
    """An address of the page at `route`, with something to show."""
    call = product.api("/calls?limit=1")["items"][0]["id"]
    queue = product.api("/queues")["items"][0]["id"]
    path = "/" + route.strip("/").replace("[session_id]", "counting").replace("[call_id]", call)
    path = path.replace("[queue_id]", str(queue))
    assert "[" not in path, f"a page at {path}: what should this test put there?"
    return "/nowhere" if route == "404" else path


def violations(page: Page, rules: list[str]) -> list[str]:
    """What axe-core finds that is serious or critical, a line for each element. `rules`: only these, if any."""
    only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    options = {"resultTypes": ["violations"]} | only
    found = page.evaluate("async (options) => (await axe.run(document, options)).violations", options)
    return [
        f"{one['id']} ({one['impact']}): {' '.join(map(str, node['target']))} {node['failureSummary'].splitlines()[-1]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


def look(page: Page, axe: str, name: str, looks: list[tuple[str, int]] = LOOKS) -> str:
    """The violations in each look of the page as it stands, one a line: page, theme, width, what and where."""
    wrong: list[str] = []
    page.evaluate(axe)
    for theme, width in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", theme == "dark")
        rules = [] if (theme, width) == looks[0] else LOOK_RULES
        wrong += [f"{name} {theme} {width}: {line}" for line in violations(page, rules)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            wrong.append(f"{name} {theme} {width}: the page is {wide} wide")
        page.screenshot(path=ROOT / "tests" / "output" / f"axe-{name}-{theme}-{width}.png", full_page=True)
    return "\n".join(wrong)


def settled(page: Page) -> None:
    """Wait until it shows what it is about, and nothing fades in any more."""
    page.wait_for_selector("main .bones", state="detached")
    expect(page).not_to_have_title("")
    still = (
        "document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getTiming().iterations > 9)"
    )
    eventually(lambda: page.evaluate(still), what="a page that stands still")


@pytest.mark.parametrize("route", every_route())
def test_a_page_has_no_serious_violation(route: str, recorded: Product, axe: str, page: Page, watch: Watch) -> None:
    watch.expected = ("status of 404",)
    page.goto(recorded.ui + address(route, recorded))
    settled(page)
    assert look(page, axe, route.strip("/").replace("/", "-") or "live") == ""


def test_no_page_gives_one_key_to_two_things_and_its_sheet_lists_exactly_what_there_is(
    recorded: Product, page: Page, watch: Watch
) -> None:
    watch.expected = ("status of 404",)
    wrong = list[str]()
    for route in every_route():
        page.goto(recorded.ui + address(route, recorded))
        settled(page)
        keys, listed = registered_keys(page), listed_keys(page)
        assert {"?", "Ctrl+k", "t"} <= keys.keys()
        wrong += [f"{route}: {key} stands for {count} things" for key, count in keys.items() if count > 1]
        wrong += [f"{route}: {key} is listed and is not there" for key in listed - keys]
        wrong += [f"{route}: {key} is not listed" for key in keys - listed]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        *(("empty", path) for path in ("/", "/sessions", "/search", "/dashboard", "/review", "/tags", "/settings")),
        *(("down", path) for path in ("/", "/sessions", "/search", "/dashboard", "/review", "/tags")),
        ("afternoon", "/"),
        ("afternoon", "/?view=wall"),
        ("afternoon", "/search?q=stat:x"),
        ("afternoon", "/sessions/support-7741"),
        ("afternoon", "/sessions/support-7741?view=tree"),
        ("afternoon", "/sessions/support-7741?view=timeline"),
        ("afternoon", "/sessions/01jdx4-branches"),
        ("many", "/sessions"),
    ],
)
def test_a_state_of_a_page_has_no_serious_violation(world: Any, axe: str, page: Page, name: str, path: str) -> None:
    imagined: World = world(name)
    page.goto(imagined.url + path)
    settled(page)
    named = f"{name}{path.replace('/', '-').replace('?', '-').replace('=', '-').replace(':', '-')}"
    assert look(page, axe, named, BOTH) == ""


@pytest.mark.parametrize("key", ["Control+k", "?"])
def test_what_opens_over_a_page_has_no_serious_violation(world: Any, axe: str, page: Page, key: str) -> None:
    page.goto(world("afternoon").url)
    expect(page.get_by_test_id("live-card")).to_have_count(3)
    page.keyboard.press(key)
    page.wait_for_selector("dialog[open]")
    assert look(page, axe, "palette" if key != "?" else "help") == ""


def _edit(page: Page) -> None:
    page.get_by_test_id("note").first.get_by_role("button", name="Edit").click()
    expect(page.get_by_test_id("edit-sheet")).to_be_visible()


def _tell_history(page: Page) -> None:
    page.get_by_test_id("history-button").click()
    expect(page.get_by_test_id("change").first).to_be_visible()


def _refuse(page: Page) -> None:
    form = page.get_by_role("region", name="notes", exact=True)
    form.get_by_test_id("note-kind").select_option("number")
    form.get_by_label("label or score").fill("lots")
    page.get_by_test_id("note-add").click()
    expect(page.get_by_test_id("refused")).to_be_visible()


def _select(page: Page) -> None:
    page.get_by_test_id("pick").first.check()
    page.get_by_test_id("bulk-words").fill("good")
    page.get_by_test_id("bulk-untag").click()
    expect(page.get_by_test_id("toast")).to_be_visible()


def _complete(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.press("Control+Space")
    expect(page.locator("#completions")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#completions [aria-selected=true]")).to_be_visible()


def _unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")


@pytest.mark.parametrize(
    ("name", "route", "open_it"),
    [
        ("edit", "/calls/[call_id]", _edit),
        ("history", "/calls/[call_id]", _tell_history),
        ("refused", "/calls/[call_id]", _refuse),
        ("unfolded", "/calls/[call_id]", _unfold),
        ("unfolded-session", "/sessions/[session_id]", _unfold),
        ("selected", "/sessions", _select),
        ("views", "/search", _unfold),
        ("completing", "/search", _complete),
    ],
)
def test_what_opens_on_a_page_has_no_serious_violation(
    recorded: Product, axe: str, page: Page, name: str, route: str, open_it: Callable[[Page], None]
) -> None:
    page.goto(recorded.ui + address(route, recorded))
    settled(page)
    open_it(page)
    settled(page)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")  # what is told at the bottom covers no other button there
    assert look(page, axe, f"open-{name}", BOTH) == ""
