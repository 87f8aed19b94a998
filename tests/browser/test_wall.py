"""The live page, list and wall: what runs is seen as it comes, each in its place, in few and bounded updates."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.product import Product, running_product, upstream_in_a_thread
from tests.support.streams import ask, asking, spoken
from tests.support.upstream import ScriptedUpstream

pytestmark = pytest.mark.usefixtures("built_ui")
OUTPUT = Path(__file__).resolve().parents[1] / "output"


@dataclass(slots=True)
class Stage:
    product: Product
    upstream: ScriptedUpstream


@pytest.fixture(scope="module")
def stage(built_ui: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("wall") / "home"
    with (
        upstream_in_a_thread([spoken("Hi")]) as upstream,
        running_product(home, {"openai": upstream.base_url}) as product,
    ):
        yield Stage(product=product, upstream=upstream)


def test_each_session_keeps_its_panel_also_when_it_has_ended(stage: Stage, page: Page) -> None:
    talk = [word for n in range(400) for word in (f"word-{n} ", 0.05)]
    stage.upstream.scripts, stage.upstream.served = [spoken(*talk)], 0
    page.goto(f"{stage.product.ui}/?view=wall")
    panels = page.get_by_test_id("panel")
    with asking(stage.product, ["Panel one", "Panel two", "Panel three"]):
        expect(panels).to_have_count(3)
        for number in range(3):
            expect(panels.nth(number).get_by_test_id("tail")).to_contain_text("word-1")
        before = [panels.nth(number).locator(".card-title").inner_text() for number in range(3)]
        page.screenshot(path=str(OUTPUT / "wall.png"))
    expect(page.locator('[data-testid=panel][data-state="running"]')).to_have_count(0)
    expect(panels).to_have_count(3)
    assert [panels.nth(number).locator(".card-title").inner_text() for number in range(3)] == before
    stage.upstream.scripts = [spoken("A newcomer")]
    ask(stage.product, "Panel four")
    expect(panels).to_have_count(4)
    expect(panels.nth(3)).to_contain_text("Panel four")
    panels.nth(0).get_by_test_id("panel-close").click()
    expect(panels).to_have_count(3)
    expect(panels.nth(2)).to_contain_text("Panel four")
    page.keyboard.press("w")
    expect(page.get_by_test_id("view-list")).to_have_attribute("aria-current", "page")


def test_a_late_chunk_and_a_stalled_stream_are_seen(stage: Stage, page: Page) -> None:
    quick = [word for n in range(8) for word in (f"{n} ", 0.02)]
    stage.upstream.scripts, stage.upstream.served = [spoken(*quick, 1.6, "late", ends=False)], 0
    page.goto(stage.product.ui)
    with asking(stage.product, ["Who stumbles?"]):
        card = page.get_by_test_id("live-card").filter(has_text="Who stumbles?")
        expect(card.get_by_test_id("tail")).to_contain_text("late")
        expect(card.get_by_test_id("pulse").locator("title")).to_contain_text("a chunk came 1.")
        expect(card.get_by_test_id("stalled")).to_contain_text("no data for")
        page.screenshot(path=str(OUTPUT / "stalled.png"))


def test_held_still_nothing_moves_and_going_on_shows_what_came(stage: Stage, page: Page) -> None:
    talk = [word for n in range(600) for word in (f"word-{n} ", 0.05)]
    stage.upstream.scripts, stage.upstream.served = [spoken(*talk)], 0
    page.goto(stage.product.ui)
    with asking(stage.product, ["Hold me"]):
        card = page.get_by_test_id("live-card").filter(has_text="Hold me")
        expect(card.get_by_test_id("tail")).to_contain_text("word-3")
        page.keyboard.press("p")
        expect(page.get_by_test_id("held")).to_contain_text("Recording goes on")
        still = card.get_by_test_id("tail").inner_text()
        page.wait_for_timeout(1200)
        assert card.get_by_test_id("tail").inner_text() == still
        page.keyboard.press("p")
        expect(page.get_by_test_id("held")).to_have_count(0)
        expect(card.get_by_test_id("tail")).not_to_have_text(still)


def test_fifty_streams_come_in_at_most_ten_bounded_updates_a_second(stage: Stage, page: Page) -> None:
    talk = [word for n in range(2000) for word in (f"word-{n} of a longer sentence, ", 0.05)]
    stage.upstream.scripts, stage.upstream.served = [spoken(*talk)], 0
    frames: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda payload: frames.append(len(payload))))
    page.goto(stage.product.ui)
    with asking(stage.product, [f"Stream {n}" for n in range(50)]):
        cards = page.get_by_test_id("live-card").filter(has_text="Stream")
        expect(cards).to_have_count(50)
        expect(cards.nth(49).get_by_test_id("tail")).to_contain_text("word-")
        page.wait_for_timeout(7000)  # their tails are full by now
        frames.clear()
        page.wait_for_timeout(3000)
        big = [size for size in frames if size > 1000]
        assert 1 <= len(big) <= 33
        assert max(big) < 120_000
