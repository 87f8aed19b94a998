"""A recorded session is played back with its own timing."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.product import Product, eventually, running_product, upstream_in_a_thread
from tests.support.streams import ask, spoken

pytestmark = pytest.mark.usefixtures("built_ui")
OUTPUT = Path(__file__).resolve().parents[1] / "output"


@pytest.fixture(scope="module")
def recorded(built_ui: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Two calls of one session, six seconds apart; the first says three words."""
    scripts = [spoken("One ", 0.4, "two ", 0.4, "three."), spoken("Four ", 0.3, "**five**.")]
    home = tmp_path_factory.mktemp("play") / "home"
    with upstream_in_a_thread(scripts) as upstream, running_product(home, {"openai": upstream.base_url}) as product:
        ask(product, "Count, please", session="counting")
        time.sleep(6)
        ask(product, "Count, please", "One two three.", "Go on", session="counting")
        eventually(lambda: [one for one in product.api("/sessions")["items"] if one["call_count"] == 2])
        eventually(lambda: product.api("/sessions/counting")["running_count"] == 0)
        yield product


def test_it_plays_to_the_end_by_itself_and_again(recorded: Product, page: Page) -> None:
    page.goto(f"{recorded.ui}/sessions/counting")
    page.get_by_test_id("play-session").click()
    expect(page.get_by_test_id("play-toggle")).to_have_attribute("aria-label", "pause")
    expect(page.locator("[data-role=assistant]").last).to_contain_text("Four five.")
    expect(page.get_by_test_id("play-doing")).to_contain_text("The end")
    expect(page.get_by_test_id("play-toggle")).to_have_attribute("aria-label", "play")
    expect(page.get_by_test_id("turn")).to_have_count(2)
    page.keyboard.press("Space")
    expect(page.get_by_test_id("turn")).to_have_count(1)


def test_it_is_stepped_by_piece_and_by_call(recorded: Product, page: Page) -> None:
    page.goto(f"{recorded.ui}/sessions/counting/play?t=0")
    answer = page.locator("[data-role=assistant] .blocks")
    expect(page.get_by_test_id("turn")).to_have_attribute("data-state", "running")
    expect(answer).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(answer).to_have_text("One")
    page.keyboard.press("ArrowRight")
    expect(answer).to_have_text("One two")
    page.screenshot(path=str(OUTPUT / "play.png"))
    page.keyboard.press("ArrowLeft")
    expect(answer).to_have_text("One")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_test_id("turn")).to_have_count(2)
    expect(page.get_by_test_id("turn").last).to_have_attribute("data-state", "running")
    expect(page.get_by_test_id("turn").first).to_contain_text("One two three.")
    expect(page.get_by_test_id("turn").last).to_contain_text("Go on")
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.get_by_test_id("turn")).to_have_count(1)


def test_waits_are_jumped_over_or_not(recorded: Product, page: Page) -> None:
    page.goto(f"{recorded.ui}/sessions/counting/play?t=0")
    slider = page.get_by_test_id("slider")
    expect(slider).to_be_visible()
    cut = int(slider.get_attribute("max") or 0)
    page.keyboard.press("w")
    expect(page.get_by_test_id("play-waits")).to_have_attribute("aria-pressed", "false")
    expect(slider).not_to_have_attribute("max", str(cut))
    whole = int(slider.get_attribute("max") or 0)
    assert whole - cut > 4000  # of six seconds one and a half are left
    expect(page.get_by_test_id("segment")).to_have_count(2)


def test_the_slider_and_the_address_lead_to_a_moment(recorded: Product, page: Page) -> None:
    page.goto(f"{recorded.ui}/sessions/counting/play?t=0")
    slider = page.get_by_test_id("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")  # a piece, also when the slider has the focus
    expect(page.locator("[data-role=assistant] .blocks")).to_have_text("One")
    page.keyboard.press("End")
    expect(page.get_by_test_id("play-doing")).to_contain_text("The end")
    slider.fill("0")
    expect(page.get_by_test_id("turn")).to_have_count(1)
    second = recorded.api("/sessions/counting")["calls"][-1]["id"]
    page.goto(f"{recorded.ui}/sessions/counting/play?call={second}")
    expect(page.get_by_test_id("turn")).to_have_count(2)
    expect(page.get_by_test_id("play-toggle")).to_have_attribute("aria-label", "play")
    assert float(slider.input_value()) > 0
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "/sessions/counting/play?t=" in page.evaluate("navigator.clipboard.readText()")


def test_it_is_played_faster_and_slower(recorded: Product, page: Page) -> None:
    page.goto(f"{recorded.ui}/sessions/counting/play?t=0")
    speed = page.get_by_test_id("play-speed")
    expect(speed).to_have_text("1×")
    for shown in ("2×", "4×", "8×", "16×", "32×", "32×"):
        page.keyboard.press("]")
        expect(speed).to_have_text(shown)
    page.keyboard.press("Space")
    expect(page.get_by_test_id("play-doing")).to_contain_text("The end")
    for _ in range(7):
        page.keyboard.press("[")
    expect(speed).to_have_text("0.5×")


def test_a_session_that_is_not_there_is_said_not_to_be(recorded: Product, page: Page) -> None:
    page.goto(f"{recorded.ui}/sessions/nobody/play")
    expect(page.get_by_test_id("missing")).to_be_visible()


def test_the_sheet_of_keys_tells_the_players(recorded: Product, page: Page) -> None:
    page.goto(f"{recorded.ui}/sessions/counting/play?t=0")
    expect(page.get_by_test_id("play-waits")).to_be_visible()
    page.keyboard.press("?")
    sheet = page.get_by_test_id("help").locator("section").filter(has_text="On this page").locator("dt")
    told = {" ".join(row.locator("kbd").all_text_contents()) for row in sheet.all()}
    assert {"Space", "←", "→", "Shift ←", "Shift →", "[", "]", "w"} <= told
