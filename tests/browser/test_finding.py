"""The filter language on the search page: narrowing, facets, links that reproduce a view, errors in place."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import World

PICTURES = Path(__file__).resolve().parents[1] / "output" / "find"


def test_a_facet_narrows_and_the_address_holds_it(world: Callable[[str], World], page: Page) -> None:
    page.goto(world("afternoon").url + "/search")
    rows = page.get_by_test_id("call-row")
    expect(rows.first).to_be_visible()
    everything = rows.count()
    failed = page.get_by_test_id("facet").and_(page.locator("[data-field=state]")).get_by_role("link", name="failed")
    failed.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search\?q=state%3Afailed$"))
    expect(page.get_by_test_id("search-input")).to_have_value("state:failed")
    expect(rows.first).to_be_visible()
    assert 0 < rows.count() < everything
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / "facets.png")


def test_a_filter_that_cannot_be_read_is_underlined_where_it_is_wrong(
    world: Callable[[str], World], page: Page
) -> None:
    page.goto(world("afternoon").url + "/search?q=status:error+modl:gpt")
    problem = page.get_by_test_id("filter-problem")
    expect(problem.locator("mark")).to_have_text("modl")
    expect(problem).to_contain_text("There is no field modl: perhaps model")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / "error.png")
