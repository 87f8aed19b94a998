"""The command palette and the sheet of keys: what they say is what the page does."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import World

OpenWorld = Callable[[str], World]


def by(page: Page, test_id: str):
    return page.get_by_test_id(test_id)


def palette(page: Page):
    """The open palette."""
    page.keyboard.press("Control+k")
    expect(by(page, "palette-input")).to_be_focused()
    return by(page, "palette")


def chosen(page: Page):
    return page.locator("#palette [role=option][aria-selected=true]")


def test_a_page_is_reached_by_a_few_of_its_letters(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url)
    expect(by(page, "live-card")).to_have_count(3)
    palette(page)
    page.keyboard.type("dshb")
    expect(chosen(page)).to_contain_text("Dashboard")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/dashboard$"))
    expect(by(page, "palette")).to_have_count(0)


def test_arrows_choose_and_the_choice_is_told_to_a_reader_of_screens(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url)
    expect(by(page, "live-card")).to_have_count(3)
    opened = palette(page)
    options = opened.get_by_role("option")
    count = options.count()
    for key, index in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("ArrowUp", 0), ("ArrowUp", count - 1)):
        page.keyboard.press(key)
        expect(chosen(page)).to_have_count(1)
        told = by(page, "palette-input").get_attribute("aria-activedescendant")
        assert told == chosen(page).get_attribute("id")
        if index < 3:
            expect(options.nth(index)).to_have_attribute("aria-selected", "true")


def test_escape_closes_it_and_gives_the_focus_back(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + "/sessions")
    page.locator("[data-search]").focus()
    palette(page)  # from within a field, too
    page.keyboard.press("Escape")
    expect(by(page, "palette")).to_have_count(0)
    expect(page.locator("[data-search]")).to_be_focused()


def test_it_offers_what_the_present_page_offers_and_does_it(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + "/sessions/support-7741")
    expect(by(page, "turn")).to_have_count(3)
    here = palette(page).get_by_role("group", name="On this page")
    expect(here.get_by_role("option", name="Tree")).to_be_visible()
    expect(here.get_by_role("option", name="Play back")).to_be_visible()
    here.get_by_role("option", name="Tree").click()
    expect(page).to_have_url(re.compile("view=tree"))
    page.goto(world("afternoon").url)
    expect(by(page, "live-card")).to_have_count(3)
    here = palette(page).get_by_role("group", name="On this page")
    expect(here.get_by_role("option").filter(has_text="Tree")).to_have_count(0)
    page.keyboard.type("wall")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("view=wall"))


def test_a_session_is_found_by_what_was_said_in_it(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + "/settings")
    expect(by(page, "upstream-row").first).to_be_visible()
    recent = palette(page).get_by_role("group", name="Recent sessions")
    expect(recent.get_by_role("option").first).to_be_visible()
    page.keyboard.type("parcel")
    found = by(page, "palette").get_by_role("group", name="Sessions", exact=True)
    found.get_by_role("option").filter(has_text="Where is my parcel").click()
    expect(page).to_have_url(re.compile("/sessions/support-7741$"))


def test_a_saved_view_is_opened_and_words_go_on_to_the_search(own_world: OpenWorld, page: Page) -> None:
    url = own_world("afternoon").url
    page.goto(url + "/settings")
    saved = page.request.post(
        f"{url}/api/v1/views", data={"page": "search", "name": "Failed calls", "query": "state:failed"}
    )
    assert saved.status == 201
    palette(page).get_by_role("option", name="Failed calls").click()
    expect(page).to_have_url(re.compile(r"/search\?q=state%3Afailed$"))
    expect(by(page, "call-row").first).to_be_visible()
    palette(page)
    page.keyboard.type("default_factory")
    by(page, "palette").get_by_role("option", name="Search all calls").click()
    expect(by(page, "call-row")).to_have_count(1)


def test_what_was_recorded_is_only_text_in_it(world: OpenWorld, page: Page) -> None:
    page.goto(world("hostile").url + "/settings")
    palette(page)
    recent = by(page, "palette").get_by_role("group", name="Recent sessions")
    expect(recent.get_by_role("option")).to_have_count(1)
    assert recent.locator("img, script, a, iframe").count() == 0


def test_the_button_opens_it_on_a_narrow_screen_and_nothing_overflows(world: OpenWorld, page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 860})
    page.goto(world("afternoon").url)
    page.get_by_role("button", name="Commands").click()
    expect(by(page, "palette-input")).to_be_focused()
    box = by(page, "palette").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 420


KEYS_OF_THE_SHEET = """() => [...document.querySelectorAll('#help [data-testid], #help section')].map((s) => [
  s.querySelector('h3').textContent,
  [...s.querySelectorAll('dl > div')].map((d) =>
    [[...d.querySelectorAll('kbd')].map((k) => k.textContent).join(' '), d.querySelector('dd').textContent])])"""


def sheet(page: Page) -> dict[str, dict[str, str]]:
    """The sheet's sections: words by keys."""
    page.keyboard.press("?")
    expect(by(page, "help")).to_be_visible()
    found = {name: dict(rows) for name, rows in page.evaluate(KEYS_OF_THE_SHEET)}
    page.keyboard.press("Escape")
    expect(by(page, "help")).to_be_hidden()
    return found


def test_the_sheet_tells_the_keys_of_the_page_it_is_opened_on(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url)
    expect(by(page, "live-card")).to_have_count(3)
    live = sheet(page)
    assert {"w", "p"} <= live["On this page"].keys()
    assert live["Go to"]["g s"] == "Sessions"
    page.goto(world("afternoon").url + "/sessions/support-7741")
    expect(by(page, "turn")).to_have_count(3)
    session = sheet(page)
    assert session["On this page"]["2"] == "Tree"
    assert "p" not in session["On this page"]
