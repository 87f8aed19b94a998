"""Tagging, annotating and reviewing on the running product, with the mouse where it is one and by keyboard alone."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_live import Asking, Stage
from tests.support.product import eventually, running_product
from tests.support.talker import talker

pytestmark = pytest.mark.usefixtures("built_ui")
OUTPUT = Path(__file__).parents[1] / "output"


@pytest.fixture(scope="module")
def whole_stage(built_ui: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One product for all tests here: each asks with words of its own, and finds its calls by them."""
    with (
        talker() as upstream,
        running_product(
            tmp_path_factory.mktemp("annotating") / "home",
            {"openai": upstream.base_url},
            environment={"UNION_SQUARE_AUTHOR": "ann"},
        ) as product,
    ):
        yield Stage(product=product, upstream=upstream)
        upstream.hang_up()


@pytest.fixture
def stage(whole_stage: Stage) -> Stage:
    return whole_stage


def picture(page: Page, name: str) -> None:
    """What a person sees, kept beside the tests; in both themes and narrow where it is asked for."""
    OUTPUT.mkdir(exist_ok=True)
    page.screenshot(path=OUTPUT / f"{name}.png")
    if os.environ.get("UNION_SQUARE_PICTURES") == "all":
        page.evaluate("document.documentElement.classList.toggle('dark')")
        page.screenshot(path=OUTPUT / f"{name}-dark.png")
        page.evaluate("document.documentElement.classList.toggle('dark')")
        page.set_viewport_size({"width": 420, "height": 900})
        page.screenshot(path=OUTPUT / f"{name}-narrow.png")
        page.set_viewport_size({"width": 1440, "height": 900})


def talk(stage: Stage, question: str, answer: str) -> str:
    """One call, ended and stored; its id."""
    before = {call["id"] for call in stage.product.api("/calls", limit=200)["items"]}
    asking = Asking(stage.product, question)
    stage.upstream.say(answer)
    stage.upstream.end()
    asking.until_ended()

    def new_ones() -> list[str]:
        return [c["id"] for c in stage.product.api("/calls", limit=200)["items"] if c["id"] not in before]

    new = eventually(new_ones)[0]
    stage.product.ended(new)
    return new


def select_words(page: Page, words: str) -> None:
    """Select them as Shift and the arrow keys would: the selection is the browser's own."""
    page.evaluate(
        """(words) => {
            const answer = document.querySelector("[data-role=assistant]");
            const walker = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                const at = node.data.indexOf(words);
                if (at >= 0) { getSelection().setBaseAndExtent(node, at, node, at + words.length); return; }
            }
            throw new Error("not shown: " + words);
        }""",
        words,
    )


def marked(page: Page) -> list[str]:
    """The words that the page marks."""
    return page.evaluate(
        "['note', 'note-strong'].flatMap(n => [...CSS.highlights.get(n) ?? []].map(r => r.toString()))"
    )


def test_words_are_annotated_while_they_stream_and_stay_marked_after(stage: Stage, page: Page) -> None:
    asking = Asking(stage.product, "Tell me about the square.")
    stage.upstream.say("It began as a *crossing* of two")
    page.goto(stage.product.ui)
    page.get_by_test_id("live-card").get_by_role("link").first.click()
    expect(page.locator("[data-role=assistant]")).to_contain_text("crossing of two")
    select_words(page, "crossing")
    page.keyboard.press("a")
    expect(page.get_by_test_id("note-sheet")).to_be_visible()
    page.get_by_test_id("sheet-note").fill("of what?")
    page.keyboard.press("Enter")
    note = page.locator(".message").get_by_test_id("note")
    expect(note).to_contain_text("of what?")
    expect(note).to_contain_text("ann")
    eventually(lambda: marked(page) == ["crossing"], what="the mark")
    page.get_by_test_id("tag-input").fill("history")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("tag")).to_contain_text("history")

    stage.upstream.say(" roads, *long ago*.")
    expect(page.locator("[data-role=assistant]")).to_contain_text("long ago")
    eventually(lambda: marked(page) == ["crossing"], what="the mark")
    picture(page, "annotating-a-stream")
    stage.upstream.end()
    asking.until_ended()
    expect(page.locator(".turn")).to_have_attribute("data-state", "done")
    page.reload()
    expect(note).to_contain_text("of what?")
    eventually(lambda: marked(page) == ["crossing"], what="the mark")
    note.focus()
    eventually(lambda: page.evaluate("CSS.highlights.get('note-strong').size == 1"), what="the strong mark")


def test_a_message_is_labelled_and_scored_and_all_of_it_can_be_undone(stage: Stage, page: Page) -> None:
    call = talk(stage, "How far?", "Not far at all.")
    page.goto(f"{stage.product.ui}/calls/{call}")
    message = page.locator(".message[data-role=assistant]")
    message.hover()
    message.get_by_test_id("message-note").click()
    page.get_by_test_id("note-sheet").get_by_test_id("note-kind").select_option("label")
    page.get_by_test_id("note-sheet").get_by_label("what is judged").fill("tone")
    page.get_by_test_id("note-sheet").get_by_label("label or score").fill("curt")
    page.get_by_test_id("sheet-keep").click()
    expect(message.get_by_test_id("note")).to_contain_text("curt")
    picture(page, "annotated-call")
    (said,) = stage.product.api(f"/calls/{call}/annotations")["items"]
    assert (said["kind"], said["name"], said["label"], said["author"]) == ("label", "tone", "curt", "ann")
    assert (said["anchor"]["message"], said["anchor"]["part"]) == (1, None)

    page.get_by_test_id("history-button").click()
    expect(page.get_by_test_id("change")).to_contain_text("wrote the label “curt”")
    page.locator("body").press("Control+z")
    expect(message.get_by_test_id("note")).to_have_count(0)
    page.get_by_test_id("toast").wait_for()
    page.reload()
    expect(page.locator(".message[data-role=assistant]")).to_be_visible()
    expect(page.locator(".message").get_by_test_id("note")).to_have_count(0)
    page.get_by_test_id("history-button").click()
    expect(page.get_by_test_id("change")).to_have_count(2)
    page.get_by_test_id("change").first.get_by_role("button", name="Undo").click()  # undo of the undo
    expect(message.get_by_test_id("note")).to_contain_text("curt")


def test_a_note_is_edited_where_it_stands_and_nobodys_words_are_lost(stage: Stage, page: Page) -> None:
    call = talk(stage, "Tone?", "Rather curt, to be honest.")
    place = f"{stage.product.ui}/api/v1/calls/{call}/annotations"
    anchor = {"message": 1, "part": 0, "quote": "Rather curt"}
    made = page.request.post(
        place, data={"kind": "label", "name": "tone", "label": "rude", "text": "why", "anchor": anchor}
    )
    page.goto(f"{stage.product.ui}/calls/{call}")
    note, sheet = page.get_by_test_id("note"), page.get_by_test_id("edit-sheet")
    expect(note).to_contain_text("rude")
    page.keyboard.press("c")  # goes to the note
    expect(note).to_be_focused()
    page.keyboard.press("c")
    expect(sheet.get_by_label("label or score")).to_be_focused()
    expect(sheet.get_by_label("what is judged")).to_have_value("tone")
    expect(page.get_by_test_id("edit-note")).to_have_value("why")
    page.keyboard.press("Control+a")
    page.keyboard.type("short")
    page.get_by_test_id("edit-note").fill("two words")
    picture(page, "note-edit")
    page.keyboard.press("Enter")
    expect(sheet).to_be_hidden()
    expect(note).to_contain_text("short")
    expect(note).to_contain_text("two words")
    page.locator("body").press("Control+z")
    expect(note).to_contain_text("rude")
    note.get_by_role("button", name="Edit").click()
    page.get_by_test_id("edit-note").fill("mine")
    bobs = {"text": "Bob's", "author": "Bob"}
    assert page.request.patch(f"{place}/{made.json()['id']}", data=bobs).ok
    page.get_by_test_id("edit-keep").click()
    expect(sheet).to_contain_text("Somebody edited this note while you wrote. It says “rude · Bob's” now.")
    expect(page.get_by_test_id("edit-note")).to_have_value("mine")
    picture(page, "note-overtaken")
    assert page.request.get(f"{place}").json()["items"][0]["text"] == "Bob's"
    page.get_by_test_id("edit-keep").click()
    expect(sheet).to_be_hidden()
    expect(note).to_contain_text("mine")
    page.get_by_test_id("history-button").click()
    expect(page.get_by_test_id("change")).to_have_count(5)
    expect(page.get_by_test_id("change").first).to_contain_text("reworded the label “rude”")


def test_what_is_refused_stays_in_its_form(stage: Stage, page: Page) -> None:
    call = talk(stage, "How good?", "Fairly.")
    page.goto(f"{stage.product.ui}/calls/{call}")
    page.get_by_test_id("message-note").last.click(force=True)
    sheet = page.get_by_test_id("note-sheet")
    sheet.get_by_test_id("note-kind").select_option("number")
    sheet.get_by_label("label or score").fill("lots")
    page.get_by_test_id("sheet-note").fill("a long thought")
    page.get_by_test_id("sheet-keep").click()
    expect(page.get_by_test_id("refused")).to_contain_text("a score is a number")
    expect(page.get_by_test_id("sheet-note")).to_have_value("a long thought")
    sheet.get_by_label("label or score").fill("0.5")
    page.get_by_test_id("sheet-keep").click()
    expect(sheet).to_be_hidden()
    expect(page.get_by_test_id("note")).to_contain_text("a long thought")


def test_several_lines_are_tagged_by_keyboard_and_untagged_by_one_undo(stage: Stage, page: Page) -> None:
    for number in range(3):
        talk(stage, f"Batched {number}?", "Answer.")
    page.goto(stage.product.ui + "/sessions?q=batched")
    expect(page.get_by_test_id("session-row")).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.get_by_test_id("selected")).to_have_text("3 selected")
    page.get_by_test_id("bulk-words").fill("batch")
    picture(page, "selection")
    page.keyboard.press("Enter")
    expect(page.locator("[data-testid=session-row] .chip")).to_have_text(["batch"] * 3)
    expect(page.get_by_test_id("toast")).to_contain_text("Tagged 3 lines “batch”.")
    page.get_by_test_id("toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id("toast")).to_contain_text("Undone.")
    assert "batch" not in [one["tag"] for one in stage.product.api("/tags")["items"]]
    boxes = page.get_by_test_id("pick")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("selected")).to_be_hidden()
    boxes.first.click()
    boxes.nth(1).click(modifiers=["Shift"])
    expect(page.get_by_test_id("selected")).to_have_text("2 selected")
    page.get_by_test_id("bulk-words").fill("Second look")
    page.get_by_test_id("bulk-review").click()
    expect(page.get_by_test_id("toast")).to_contain_text("Added 2 lines to the review “Second look”.")
    totals = {one["name"]: one["total"] for one in stage.product.api("/queues")["items"]}
    assert totals["Second look"] == 2


def test_tags_are_coloured_renamed_and_merged_with_a_history(stage: Stage, page: Page) -> None:
    calls = [talk(stage, f"Question {number}?", "Answer.") for number in range(2)]
    page.goto(f"{stage.product.ui}/calls/{calls[0]}")
    for tag in ("bug", "odd"):
        page.get_by_test_id("tag-input").fill(tag)
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("tag").filter(has_text=tag)).to_be_visible()
    page.get_by_role("link", name="Tags", exact=True).click()

    def row_of(tag: str) -> Locator:
        return page.get_by_test_id("tag-row").filter(has=page.get_by_text(tag, exact=True))

    row = row_of("bug")
    row.get_by_test_id("tag-colour").select_option("red")
    expect(row.locator(".chip")).to_have_attribute("data-colour", "red")
    row.get_by_test_id("rename").fill("odd")
    page.keyboard.press("Enter")
    expect(row).to_have_count(0)
    expect(row_of("odd").locator(".chip")).to_have_attribute("data-colour", "red")
    expect(page.get_by_test_id("toast")).to_contain_text("Merged “bug” into “odd”.")
    expect(page.get_by_test_id("history")).to_contain_text("renamed the tag “bug”")
    picture(page, "tags")
    page.locator("body").press("Control+z")
    expect(row).to_have_count(1)
    expect(row_of("odd")).to_have_count(1)


def test_a_rule_tags_what_ends_and_what_had_ended(stage: Stage, page: Page) -> None:
    before = talk(stage, "Ruled before?", "Yes.")
    page.goto(stage.product.ui + "/tags")
    form = page.get_by_role("form", name="new rule")
    form.get_by_label("Tag").fill("talk")
    form.get_by_label("Model is").fill("gpt-4o-mini")
    form.get_by_label("filter").fill("ruled")
    page.get_by_test_id("rule-add").click()
    expect(page.get_by_test_id("rule")).to_contain_text("each call that was of model gpt-4o-mini and matches ruled")
    after = talk(stage, "Ruled after?", "Yes.")
    eventually(lambda: stage.product.api(f"/calls/{after}")["tags"] == ["talk"])
    assert stage.product.api(f"/calls/{before}")["tags"] == []
    page.get_by_role("button", name="Apply to the past").click()
    expect(page.get_by_test_id("toast")).to_contain_text("calls looked at, 1 tagged.")
    assert stage.product.api(f"/calls/{before}")["tags"] == ["talk"]
    picture(page, "rules")


def test_a_queue_is_worked_through_without_the_mouse(stage: Stage, page: Page) -> None:
    calls = [talk(stage, f"Judged {number}?", f"Answer {number}.") for number in range(4)]
    page.goto(stage.product.ui + "/review")
    expect(page.get_by_test_id("holds")).to_contain_text("call")
    page.keyboard.press("/")
    page.keyboard.type("stat:done Judged")
    expect(page.get_by_test_id("filter-problem").locator("mark")).to_have_text("stat")
    picture(page, "review-filter-problem")
    page.keyboard.press("Control+a")
    page.keyboard.type("Judged sta")
    expect(page.get_by_role("option").first).to_contain_text("sta")
    page.get_by_role("option").filter(has_text=re.compile("^state")).click()
    page.get_by_role("option").filter(has_text=re.compile("^done")).click()
    expect(page.get_by_test_id("search-input")).to_have_value("Judged state:done ")
    expect(page.get_by_test_id("holds")).to_have_text("4 calls")
    picture(page, "review-filter")
    page.get_by_label("Name").fill("Tone")
    page.get_by_label("Labels, by keys 1 to 9").fill("good, bad")
    page.keyboard.press("Enter")
    row = page.get_by_test_id("queue-row").filter(has_text="Tone")
    expect(row).to_contain_text("0 of 4")
    page.locator("body").press("Escape")
    for _ in range(page.get_by_test_id("queue-row").count()):
        if row.locator(":focus").count() == 0:
            page.keyboard.press("j")
    page.keyboard.press("Enter")
    title = page.get_by_test_id("item-title")
    expect(title).to_have_text("Judged 0?")
    expect(page.get_by_test_id("review-item")).to_contain_text("Answer 0.")
    page.keyboard.press("1")
    expect(title).to_have_text("Judged 1?")
    expect(page.get_by_test_id("progress")).to_have_text("1 of 4")
    page.keyboard.press("s")
    expect(title).to_have_text("Judged 2?")
    page.keyboard.press("e")
    page.keyboard.type("unsure about this")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("review-item").get_by_test_id("note")).to_contain_text("unsure about this")
    picture(page, "review")
    page.keyboard.press("2")
    expect(title).to_have_text("Judged 3?")
    page.keyboard.press("u")
    expect(title).to_have_text("Judged 2?")
    expect(page.get_by_test_id("item-state")).to_have_text("to judge")
    page.keyboard.press("1")
    expect(title).to_have_text("Judged 3?")
    page.keyboard.press("d")
    expect(title).to_have_text("Judged 1?")  # what was skipped comes at the end
    page.keyboard.press("2")
    expect(page.get_by_test_id("finished")).to_be_visible()
    expect(page.get_by_test_id("progress")).to_have_text("4 of 4")
    said = [stage.product.api(f"/calls/{call}/annotations")["items"] for call in calls]
    labels = [[(a["name"], a["label"]) for a in notes if a["kind"] == "label"] for notes in said]
    assert labels == [[("Tone", "good")], [("Tone", "bad")], [("Tone", "good")], []]


def test_a_search_and_a_saved_view_become_a_queue(stage: Stage, page: Page) -> None:
    for question in ("Parcel one?", "Parcel two?", "Weather?"):
        talk(stage, question, "Answer.")
    saved = {"page": "search", "name": "Parcels", "query": "parcel"}
    assert page.request.post(f"{stage.product.ui}/api/v1/views", data=saved).ok
    page.goto(stage.product.ui + "/search?q=parcel")
    expect(page.get_by_test_id("call-row")).to_have_count(2)
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("/review[?]q=parcel$"))
    expect(page.get_by_test_id("holds")).to_have_text("2 calls")
    expect(page.get_by_test_id("search-input")).to_have_value("parcel")
    page.get_by_test_id("queue-add").click()
    expect(page.get_by_test_id("queue-row").filter(has_text="parcel")).to_contain_text("0 of 2")
    page.goto(stage.product.ui + "/search")
    view = page.get_by_test_id("saved-view")
    view.locator("summary").click()
    view.get_by_role("link", name="Review these").click()
    expect(page.get_by_test_id("holds")).to_have_text("2 calls")


def test_the_viewers_name_is_kept_in_the_browser(stage: Stage, page: Page) -> None:
    call = talk(stage, "Who?", "You.")
    page.goto(stage.product.ui + "/tags")
    expect(page.locator(".bones")).to_have_count(0)  # a form that is sent before the page lives is sent to nobody
    page.get_by_test_id("viewer").fill("Grace")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("toast")).to_contain_text("Grace")
    page.goto(f"{stage.product.ui}/calls/{call}")
    page.get_by_test_id("note-input").fill("seen")
    page.get_by_test_id("note-add").click()
    expect(page.get_by_test_id("note")).to_contain_text(re.compile("seen.*Grace", re.DOTALL))
