"""The dashboard over the running product: what went through the proxy is added up, and every figure leads to calls."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import World
from tests.support.product import Product, eventually, running_product, upstream_in_a_thread
from tests.support.streams import ask, spoken
from tests.support.upstream import ScriptedUpstream, response

pytestmark = pytest.mark.usefixtures("built_ui")
PICTURES = Path(__file__).resolve().parents[1] / "output" / "dashboard"
GOOD, BAD = 3, 1


@dataclass(slots=True)
class Stage:
    product: Product
    upstream: ScriptedUpstream


def answered(stage: Stage) -> int:
    return stage.product.api("/figures")["total"]["calls"]


@pytest.fixture(scope="module")
def stage(built_ui: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Three calls that were answered and one that failed."""
    home = tmp_path_factory.mktemp("dashboard") / "home"
    wrong = response(b'{"error": {"message": "no", "type": "server_error"}}', status="500 Internal Server Error")
    with (
        upstream_in_a_thread([[wrong], spoken("Hello", 0.05, " there")]) as upstream,
        running_product(home, {"openai": upstream.base_url}) as product,
    ):
        stage = Stage(product=product, upstream=upstream)
        for number in range(GOOD + BAD):
            ask(product, f"Question {number}")
        eventually(lambda: answered(stage) == GOOD + BAD, what="the calls in the store")
        yield stage


def figure(page: Page, key: str) -> Locator:
    return page.locator(f'[data-testid="figure"][data-figure="{key}"]')


def value(page: Page, key: str) -> Locator:
    return figure(page, key).locator(".value")


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def test_every_figure_bar_and_row_leads_to_its_calls(stage: Stage, page: Page) -> None:
    page.goto(stage.product.ui + "/dashboard")
    expect(value(page, "calls")).to_have_text("4")
    expect(value(page, "errors")).to_have_text("1")
    expect(figure(page, "errors")).to_contain_text("25.0% of all calls")
    expect(value(page, "input")).to_have_text("63")
    expect(value(page, "output")).to_have_text("102")
    expect(figure(page, "cost")).to_contain_text("by list price")
    expect(figure(page, "first")).to_contain_text("p99")
    picture(page, "light")
    links = {
        "errors": (value(page, "errors").get_by_role("link"), BAD),
        "calls": (value(page, "calls").get_by_role("link"), GOOD + BAD),
        "p50": (figure(page, "first").get_by_role("link").first, None),
        "row": (page.get_by_test_id("totals-row").get_by_role("link").first, GOOD + BAD),
        "cost of a row": (page.get_by_test_id("totals-row").get_by_role("link").nth(4), GOOD + BAD),
    }
    for link, calls in links.values():
        link.click()
        expect(page).to_have_url(re.compile(r"/search"))
        rows = page.get_by_test_id("call-row")
        expect(rows.first).to_be_visible()
        if calls is not None:
            expect(rows).to_have_count(calls)
        page.go_back()
        expect(value(page, "calls")).to_have_text("4")
    columns = page.get_by_test_id("plot").first.get_by_test_id("column")
    filled = columns.filter(has_not_text="calls 0,").first
    filled.focus()
    picture(page, "focused-column")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search\?q=after%3A.*before%3A"))
    expect(page.get_by_test_id("call-row").first).to_be_visible()


def test_any_slice_is_looked_at_by_any_dimension_and_the_address_holds_it(stage: Stage, page: Page) -> None:
    page.goto(stage.product.ui + "/dashboard")
    expect(value(page, "calls")).to_have_text("4")
    for by in ("Upstream", "Application", "Tag"):
        link = page.get_by_test_id("dimensions").get_by_role("link", name=by)
        link.focus()
        page.keyboard.press("Enter")
        expect(link).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("No call in this range has one.")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("status:error")
    page.keyboard.press("Enter")
    expect(value(page, "calls")).to_have_text("1")
    assert parse_qs(urlsplit(page.url).query) == {"by": ["tag"], "q": ["status:error"]}
    page.reload()
    expect(value(page, "calls")).to_have_text("1")
    page.go_back()
    expect(value(page, "calls")).to_have_text("4")
    page.get_by_test_id("slice").fill("modl:gpt")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("filter-problem").locator("mark")).to_have_text("modl")
    page.goto(stage.product.ui + "/dashboard?q=model:nothing")
    expect(page.get_by_test_id("empty")).to_contain_text("No such calls")
    page.get_by_role("link", name="Show all calls").click()
    expect(value(page, "calls")).to_have_text("4")


def shown(page: Page) -> tuple[str, str]:
    plot = page.get_by_test_id("plot").first
    return plot.get_attribute("data-begin") or "", plot.get_attribute("data-end") or ""


def test_a_range_is_chosen_by_dragging_keys_and_presets_and_left_by_going_back(stage: Stage, page: Page) -> None:
    page.goto(stage.product.ui + "/dashboard?from=1h")
    current = page.get_by_test_id("presets").locator('[aria-current="true"]')
    expect(current).to_have_text("1 h")
    expect(value(page, "calls")).to_have_text("4")
    before = shown(page)
    box = page.get_by_test_id("plot").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 60, steps=4)
    picture(page, "dragging")
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"/dashboard\?from=.*&to="))
    eventually(lambda: before[0] < shown(page)[0] < shown(page)[1], what="the chosen range")
    expect(current).to_have_count(0)
    narrow = shown(page)
    page.keyboard.press("-")
    eventually(lambda: shown(page)[0] < narrow[0] and narrow[1] < shown(page)[1], what="a longer range")
    page.go_back()
    eventually(lambda: shown(page) == narrow, what="the range of before")
    page.go_back()
    expect(current).to_have_text("1 h")
    expect(value(page, "calls")).to_have_text("4")


def test_a_range_is_chosen_by_a_finger(stage: Stage, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 420, "height": 900}, has_touch=True)
    page = context.new_page()
    page.goto(stage.product.ui + "/dashboard?from=1h")
    expect(value(page, "calls")).to_have_text("4")
    plot = page.get_by_test_id("plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    before, touch = shown(page), context.new_cdp_session(page)
    at = [{"x": box["x"] + box["width"] * share, "y": box["y"] + 40} for share in (0.3, 0.6, 0.9, 0.999)]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at[:1]})
    for point in at[1:]:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page).to_have_url(re.compile(r"/dashboard\?from=.*&to="))
    eventually(lambda: before[0] < shown(page)[0] < shown(page)[1], what="the chosen range")
    context.close()


_HIDING = """
Object.defineProperty(document, "visibilityState", { get: () => (window.isHidden ? "hidden" : "visible") });
"""


def test_new_calls_appear_by_themselves_but_only_where_the_page_is_seen(stage: Stage, page: Page) -> None:
    page.add_init_script(_HIDING)
    page.goto(stage.product.ui + "/dashboard?q=application:watched")
    expect(page.get_by_test_id("empty")).to_be_visible()
    page.goto(stage.product.ui + "/dashboard")
    before = int(value(page, "calls").inner_text())
    page.evaluate("window.isHidden = true")
    ask(stage.product, "One more")
    eventually(lambda: answered(stage) == before + 1, what="the new call in the store")
    page.wait_for_timeout(7000)
    expect(value(page, "calls")).to_have_text(str(before))
    page.evaluate("window.isHidden = false")
    expect(value(page, "calls")).to_have_text(str(before + 1))


def test_times_are_those_of_the_viewers_zone(stage: Stage, page: Page) -> None:
    page.goto(stage.product.ui + "/dashboard?from=24h")
    mark = page.get_by_test_id("axis").first.locator("time").first
    expect(mark).not_to_be_empty()
    script = """element => new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit",
        timeZone: "Europe/Vienna"}).format(new Date(element.dateTime)) === element.textContent"""
    assert mark.evaluate(script)


def test_the_charts_are_had_as_a_table_and_fit_a_narrow_dark_screen(stage: Stage, page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.goto(stage.product.ui + "/dashboard")
    expect(value(page, "errors")).to_have_text("1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    picture(page, "narrow-dark")
    table = page.get_by_test_id("as-table")
    table.locator("summary").click()
    rows = table.locator("tbody tr")
    expect(rows.first).to_be_visible()
    assert rows.count() == page.get_by_test_id("plot").first.get_by_test_id("column").count()


def test_empty_and_failed_dashboards_say_what_to_do(world: Callable[[str], World], page: Page) -> None:
    page.goto(world("empty").url + "/dashboard")
    expect(page.get_by_test_id("empty")).to_contain_text("Nothing to add up yet")
    picture(page, "empty")
    page.goto(world("down").url + "/dashboard")
    expect(page.get_by_test_id("failed")).to_contain_text("tries again by itself")
    picture(page, "failed")
