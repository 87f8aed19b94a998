"""Every page over an imagined world, as a person sees and uses it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watch, World, start_world
from tests.support.fake_watching import call_id
from tests.support.product import eventually

OpenWorld = Callable[[str], World]


def by(page: Page, test_id: str):
    return page.get_by_test_id(test_id)


def test_an_empty_live_page_tells_how_to_connect(world: OpenWorld, page: Page) -> None:
    page.goto(world("empty").url)
    expect(by(page, "connect")).to_contain_text("Nothing has been recorded yet")
    snippet = page.locator("[data-testid=snippet][data-name=env]")
    snippet.get_by_role("button", name="Copy").click()
    expect(snippet.get_by_role("button")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines() == [
        "export OPENAI_BASE_URL=http://127.0.0.1:8787/openai/v1",
        "export ANTHROPIC_BASE_URL=http://127.0.0.1:8787/anthropic",
    ]
    assert by(page, "snippet").count() == 4


def test_the_live_page_shows_what_is_running_and_what_has_ended(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url)
    expect(by(page, "live-card")).to_have_count(3)
    expect(by(page, "stalled")).to_have_text(re.compile(r"no data for \d+ s"))
    expect(by(page, "ended").get_by_test_id("session-row").first).to_be_visible()
    before = by(page, "tail").first.inner_text()
    expect(by(page, "tail").first).not_to_have_text(before)  # it grows without anything being done


def test_a_recording_problem_is_said_at_the_top(world: OpenWorld, page: Page) -> None:
    page.goto(world("problem").url)
    expect(by(page, "banner")).to_contain_text("could not be recorded")


def test_with_the_database_away_what_runs_is_still_shown(world: OpenWorld, page: Page) -> None:
    page.goto(world("down").url)
    expect(by(page, "failed")).to_contain_text("The database did not answer")
    expect(by(page, "live-card")).to_have_count(3)


def test_a_defect_of_ours_is_said_in_words_and_forgotten_on_another_page(world: OpenWorld, page: Page) -> None:
    page.goto(world("broken").url)
    expect(by(page, "trouble")).to_contain_text("failed; its log says what")
    page.get_by_role("link", name="Sessions", exact=True).click()
    expect(by(page, "session-row").first).to_be_visible()
    expect(by(page, "trouble")).to_be_hidden()


def test_a_running_answer_grows_and_a_late_reader_sees_what_was_said_before(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + "/sessions/museum-wall")
    answer = page.locator(".turn[data-state=running] [data-role=assistant]")
    expect(answer).to_contain_text("Two roads met here")  # the first words, said before this page was opened
    before = answer.inner_text()
    expect(answer).not_to_have_text(before)
    assert "Two roads met here" in answer.inner_text()


def test_a_conversation_shows_tools_with_their_results_and_folds_what_was_thought(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + "/sessions/support-7741")
    expect(by(page, "turn")).to_have_count(3)
    expect(by(page, "tool-call").first).to_contain_text("search_orders")
    expect(by(page, "tool-result").first).to_contain_text("B-20417")
    thinking = by(page, "thinking").first
    expect(thinking.locator(".prose")).to_be_hidden()
    thinking.locator("summary").click()
    expect(thinking.locator(".prose")).to_contain_text("where a parcel is")


def test_branches_and_failures_are_marked(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + "/sessions/01jdx4-branches")
    expect(by(page, "branch")).to_have_text(["Branch: continues turn #1"] * 2)
    expect(page.locator(".turn[data-state=failed]")).to_contain_text("rate_limit_error")
    expect(page.locator(".turn[data-state=cut_off]")).to_contain_text("could not be recorded")


def test_a_call_page_shows_messages_bytes_and_facts(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + f"/calls/{call_id(3)}")
    expect(by(page, "answer")).to_contain_text("DHL collected it")
    expect(by(page, "timing")).to_contain_text("60 chunks")
    by(page, "tab-raw").click()
    expect(by(page, "raw-request")).to_contain_text("POST /openai/v1/chat/completions HTTP/1.1")
    expect(by(page, "raw-response")).to_contain_text('"delta"')
    download = by(page, "raw-response").get_by_role("link", name="Download")
    expect(download).to_have_attribute("href", f"/api/v1/calls/{call_id(3)}/response")
    by(page, "tab-details").click()
    expect(by(page, "usage")).to_contain_text("2,210")
    expect(by(page, "curl")).to_contain_text("Bearer $API_KEY")
    page.get_by_role("link", name="Session", exact=True).click()
    expect(by(page, "session-title")).to_have_text("Where is my parcel? I ordered it nine days ago.")


def test_a_call_with_a_long_history_opens_and_shows_more_of_it_on_demand(world: OpenWorld, page: Page) -> None:
    page.goto(world("huge").url + f"/calls/{call_id(1499)}")
    asked = by(page, "asked").get_by_test_id("message")
    expect(asked).to_have_count(30)
    by(page, "earlier").click()
    expect(asked).to_have_count(150)


def test_usage_that_was_not_reported_is_said_to_be_so(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + f"/calls/{call_id(14)}")
    by(page, "tab-details").click()
    expect(by(page, "usage")).to_contain_text("not reported")


def test_the_listing_is_narrowed_and_paged_by_its_address(world: OpenWorld, page: Page) -> None:
    page.goto(world("many").url + "/sessions")
    expect(by(page, "session-row")).to_have_count(50)
    page.get_by_role("link", name="Next page").click()
    expect(page).to_have_url(re.compile("cursor="))
    expect(by(page, "session-row").first).to_contain_text("part 50")
    by(page, "search-input").fill("model:gpt-5")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile(r"/sessions\?q=model%3Agpt-5$"))
    expect(by(page, "session-row")).to_have_count(24)
    page.go_back()
    expect(by(page, "session-row").first).to_contain_text("part 50")


def test_a_filter_without_a_match_says_so(world: OpenWorld, page: Page) -> None:
    page.goto(world("many").url + "/sessions?text=zzz")
    expect(by(page, "empty")).to_contain_text("No session matches")
    page.get_by_role("link", name="Clear").click()
    expect(by(page, "session-row")).to_have_count(50)


def test_search_finds_words_in_messages(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + "/search")
    by(page, "search-input").fill("default_factory")
    page.keyboard.press("Enter")
    expect(by(page, "call-row")).to_have_count(1)


def test_the_dashboard_adds_up_and_settings_show_no_secret(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + "/dashboard")
    expect(by(page, "totals-row").first).to_contain_text("gpt-5-mini")
    page.goto(world("afternoon").url + "/settings")
    expect(by(page, "upstream-row").first).to_contain_text("http://127.0.0.1:8787/openai/v1")
    expect(page.locator("main")).to_contain_text("app:***@db")


def test_addresses_that_lead_nowhere_say_so(world: OpenWorld, page: Page, watch: Watch) -> None:
    watch.expected = ("status of 404",)  # the page itself is answered with that status
    page.goto(world("afternoon").url + "/nowhere")
    expect(by(page, "not-found")).to_be_visible()
    page.goto(world("afternoon").url + "/sessions/nothing-here")
    expect(by(page, "missing")).to_be_visible()
    page.goto(world("afternoon").url + "/calls/not-an-id")
    expect(by(page, "missing")).to_be_visible()


def test_tags_and_notes_are_added_removed_and_survive_a_reload(own_world: OpenWorld, page: Page) -> None:
    for address in ("/sessions/support-7741", f"/calls/{call_id(3)}"):
        url = own_world("afternoon").url + address
        page.goto(url)
        by(page, "tag-input").fill("needs  review")
        page.keyboard.press("Enter")
        chip = by(page, "tag").filter(has_text="needs review")
        expect(chip).to_be_visible()
        expect(by(page, "tag-input")).to_have_value("")
        by(page, "note-input").fill("Ask the carrier.\nThen <b>answer</b>.")
        by(page, "note-add").click()
        expect(by(page, "note")).to_have_count(1)
        page.reload()
        expect(chip).to_be_visible()
        expect(by(page, "note")).to_contain_text("Then <b>answer</b>.")
        chip.get_by_role("button").click()
        expect(chip).to_have_count(0)
        by(page, "note").get_by_role("button", name="Remove").click()
        expect(by(page, "note")).to_have_count(0)


def test_a_huge_session_opens_at_its_newest_turns_and_shows_more_on_demand(world: OpenWorld, page: Page) -> None:
    page.goto(world("huge").url + "/sessions/huge")
    expect(by(page, "turn")).to_have_count(40)
    expect(by(page, "turn").last).to_contain_text("Question 499")
    expect(page.locator(".long-bar").first).to_contain_text("characters")
    by(page, "earlier").click()
    expect(by(page, "turn")).to_have_count(80)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_systems_colours_and_can_be_switched(
    world: OpenWorld, browser: Browser, scheme: str
) -> None:
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(world("empty").url)
    expect(by(page, "connect")).to_be_visible()
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light, dark = "rgb(248, 248, 250)", "rgb(14, 16, 20)"
    assert page.evaluate(background) == (light if scheme == "light" else dark)
    page.get_by_role("button", name="switch between dark and light").click()
    # Not `wait_for_function`: when the first look does not hold, it looks again by eval, which the pages forbid.
    eventually(lambda: page.evaluate(background) == (dark if scheme == "light" else light), what="the other theme")
    page.reload()
    expect(by(page, "connect")).to_be_visible()
    assert page.evaluate(background) == (dark if scheme == "light" else light)  # the choice is kept


def test_the_keyboard_reaches_everything(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url)
    expect(by(page, "live-card")).to_have_count(3)
    page.keyboard.press("?")
    expect(by(page, "help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(by(page, "help")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("/sessions$"))
    expect(by(page, "search-input")).to_be_visible()
    expect(by(page, "session-row").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("[data-row]").first).to_be_focused()
    page.keyboard.press("/")
    expect(by(page, "search-input")).to_be_focused()
    page.keyboard.type("g l")
    expect(by(page, "search-input")).to_have_value("g l")  # in a field, keys are text
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(by(page, "session-title")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile("/$"))


def test_times_are_in_the_viewers_zone(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url + "/sessions/support-7741")
    expect(by(page, "turn").first.locator("time")).to_contain_text("10:30:40")  # 09:30:40 in UTC


def test_landmarks_and_names_are_there_for_a_screen_reader(world: OpenWorld, page: Page) -> None:
    page.goto(world("afternoon").url)
    expect(by(page, "live-card")).to_have_count(3)
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_role("navigation", name="pages")).to_be_visible()
    expect(page.get_by_role("link", name="Live")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("heading", level=1)).to_have_text("Live")
    nameless = (
        "[...document.querySelectorAll('button, a, input, select, textarea')]"
        ".filter(e => !e.textContent.trim() && !e.ariaLabel).length"
    )
    assert page.evaluate(nameless) == 0


@pytest.mark.parametrize("path", ["/", "/sessions", "/sessions/01jdx4-branches", f"/calls/{call_id(3)}", "/settings"])
def test_on_a_narrow_screen_nothing_is_wider_than_the_screen(world: OpenWorld, page: Page, path: str) -> None:
    page.set_viewport_size({"width": 420, "height": 860})
    page.goto(world("afternoon").url + path)
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


@pytest.mark.parametrize("path", ["/", "/sessions/museum-wall"])
def test_nothing_is_followed_for_a_page_that_was_left_or_closed(own_world: OpenWorld, page: Page, path: str) -> None:
    world = own_world("afternoon")

    def looks() -> int:
        return int((world.home / "looks").read_text() or 0)

    def rests() -> bool:
        before = looks()
        page.wait_for_timeout(700)
        return looks() == before

    def moves() -> bool:
        return not rests()

    page.goto(world.url + path)
    expect(page.locator("[data-state=running]").first).to_be_visible()
    eventually(moves, what="following while the page is open")
    page.keyboard.press("g")
    page.keyboard.press("d")  # to a page that follows nothing
    expect(by(page, "totals-row").first).to_be_visible()
    eventually(rests, what="the end of following after the page was left")
    page.goto(world.url + path)
    expect(page.locator("[data-state=running]").first).to_be_visible()
    eventually(moves, what="following while the page is open again")
    page.goto("about:blank")
    eventually(rests, what="the end of following after the page was closed")


def test_an_open_page_finds_the_ui_again_after_it_was_restarted(
    own_world: OpenWorld, page: Page, watch: Watch, tmp_path: Path
) -> None:
    watch.expected = ("WebSocket connection",)  # the browser logs that the socket is gone
    first = own_world("afternoon")
    page.goto(first.url)
    expect(by(page, "live-card")).to_have_count(3)
    first.process.terminate()
    first.process.wait(20)
    expect(by(page, "away")).to_be_visible()
    port = int(first.url.rsplit(":", 1)[1])
    again = start_world("problem", tmp_path / "again", port)
    try:
        expect(by(page, "away")).to_be_hidden()
        expect(by(page, "banner")).to_contain_text("could not be recorded")  # what the new process knows
        tail = by(page, "tail").first.inner_text()
        expect(by(page, "tail").first).not_to_have_text(tail)
    finally:
        again.process.terminate()
        again.process.wait(20)


def test_of_a_huge_session_the_tree_shows_its_end_and_brings_what_is_above_on_demand(
    world: OpenWorld, page: Page
) -> None:
    page.goto(world("huge").url + "/sessions/huge?view=tree")
    rows = by(page, "tree-row")
    expect(rows).to_have_count(100)
    by(page, "rows-above").click()
    expect(rows).to_have_count(200)
    expect(rows.last).to_be_attached()
