"""Where a token is asked for: a browser without it sees a form and nothing else, with it the live page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch, World, start_world

TOKEN = "a-token-of-some-length"


@pytest.fixture(scope="module")
def locked(built_ui: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = start_world("afternoon", tmp_path_factory.mktemp("locked") / "home", token=TOKEN)
    yield world
    world.process.terminate()
    world.process.wait(20)


def test_the_form_lets_in_who_has_the_token_and_leads_on(locked: World, page: Page, watch: Watch) -> None:
    watch.expected = ("401",)
    page.goto(locked.url + "/sessions?limit=5")
    expect(page.get_by_role("heading")).to_have_text("Union Square")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Show me").click()
    expect(page.locator("h1")).to_have_text("Sessions")
    expect(page.locator("main")).to_contain_text("museum")
    assert page.url == locked.url + "/sessions/?limit=5"
    assert page.evaluate("document.cookie") == ""


def test_the_printed_address_signs_in_and_the_token_leaves_the_address(locked: World, page: Page) -> None:
    page.goto(f"{locked.url}/?token={TOKEN}")
    expect(page.locator("main")).to_contain_text("museum")
    assert page.url == locked.url + "/"


def test_a_link_on_another_page_finds_the_way_in_again(locked: World, page: Page, watch: Watch) -> None:
    """A Strict cookie does not come along from another site: the page goes on by itself from here."""
    page.goto(f"{locked.url}/?token={TOKEN}")
    expect(page.locator("main")).to_contain_text("museum")
    elsewhere = locked.url.replace("127.0.0.1", "localhost") + "/from"
    link = f"<a href='{locked.url}/sessions'>go</a>"
    page.route(elsewhere, lambda route: route.fulfill(body=link, content_type="text/html"))
    page.goto(elsewhere)
    page.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("Sessions")
    watch.elsewhere.remove(elsewhere)
