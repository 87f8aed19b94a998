"""What people read, over the whole product: long texts in pieces, trees of JSON, sounds and pictures."""

import base64
import io
import json
import math
import struct
import threading
import wave
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_session_page import picture, shot
from tests.support.product import Product, running_product, upstream_in_a_thread
from tests.support.talker import Talker, talker
from tests.support.upstream import response

pytestmark = pytest.mark.usefixtures("built_ui")

Json = dict[str, Any]
TEXT = "".join(f"Line {n} of a very long text, 漢字 and עברית.\n" for n in range(50_000)) + "the very NEEDLE\n"
HOSTILE_KEY = '"><img src=x onerror=alert(1)>'
ROWS = {
    "rows": [{"id": n, "price": 1.10, "tags": ["a", "b"]} for n in range(2_000)],
    "code": "def f():\n    return 42\n" + "# more\n" * 300,
    HOSTILE_KEY: "<script>alert(1)</script>",
}
ARGUMENTS = {"query": {"table": "rows", "where": [{"id": 12345678901234567890}]}, "limit": 3}


def pcm(seconds: float = 0.5, rate: int = 24_000) -> bytes:
    """A tone, 16 bits a sample."""
    return b"".join(struct.pack("<h", int(9000 * math.sin(n / 9))) for n in range(int(seconds * rate)))


def wav() -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(pcm())
    return held.getvalue()


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sound(data: bytes, form: str) -> Json:
    return {"type": "input_audio", "input_audio": {"data": base64_of(data), "format": form}}


def answer_of(message: Json) -> bytes:
    body = {"id": "c1", "object": "chat.completion", "model": "gpt-4o", "choices": [{"index": 0, "message": message}]}
    return response(json.dumps(body).encode(), headers=[("content-type", "application/json")])


class Library:
    """Calls that hold much to read, look at, and hear."""

    def __init__(self, product: Product, scripts: list[Any], talks: Talker) -> None:
        self.product = product
        self.talks = talks
        function = {"name": "query", "arguments": json.dumps(ARGUMENTS)}
        messages = [
            {"role": "user", "content": TEXT},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "t1", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": "t1", "content": json.dumps(ROWS)},
        ]
        schema = {"type": "object", "properties": {"table": {"type": "string", "enum": ["rows", "columns"]}}}
        offered = {"type": "function", "function": {"name": "query", "parameters": schema}}
        said = {"role": "assistant", "content": '{"answer": {"rows": 2000}}'}
        self.long = self.call(
            "/v1/chat/completions", {"messages": messages, "tools": [offered]}, scripts, answer_of(said)
        )
        heard = [sound(wav(), "wav"), sound(pcm(), "pcm16")]
        seen = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture()}"}}
        far = {"type": "image_url", "image_url": {"url": "https://far.example/picture.png"}}
        spoken = {
            "role": "assistant",
            "content": None,
            "audio": {"id": "a1", "data": base64_of(wav()), "transcript": "Hm"},
        }
        asked = {"messages": [{"role": "user", "content": [*heard, seen, far]}]}
        self.media = self.call("/v1/chat/completions", asked, scripts, answer_of(spoken))
        kind = [("content-type", "audio/pcm")]
        speech = {"input": "Hello", "voice": "alloy", "response_format": "pcm"}
        self.speech = self.call("/v1/audio/speech", speech, scripts, response(pcm(), headers=kind))

    def call(self, path: str, body: Json, scripts: list[Any], answer: bytes) -> str:
        scripts[:] = [[answer]]
        url = f"{self.product.proxy}/openai{path}"
        found = httpx.post(url, json={"model": "gpt-4o", **body}, timeout=60, trust_env=False)
        call_id = found.headers["x-union-square-call-id"]
        self.product.ended(call_id)
        return call_id


@pytest.fixture(scope="module")
def library(built_ui: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    home = tmp_path_factory.mktemp("reading") / "home"
    with (
        talker() as talks,
        upstream_in_a_thread([[response(b"{}")]]) as upstream,
        running_product(home, {"openai": upstream.base_url, "talks": talks.base_url}) as product,
    ):
        yield Library(product, upstream.scripts, talks)
        talks.hang_up()


def copied(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n")


def test_a_text_of_megabytes_is_read_in_pieces_searched_and_copied_whole(library: Library, page: Page) -> None:
    page.goto(f"{library.product.ui}/calls/{library.long}")
    text = page.get_by_test_id("asked").locator('[data-role="user"] .long')
    expect(text.locator(".long-bar")).to_contain_text(f"{len(TEXT):,} characters")
    expect(text.locator(".piece")).to_contain_text("Line 0 of")
    assert page.evaluate("document.body.innerHTML.length") < 400_000
    text.get_by_role("button", name="Show 60,000 more").click()
    expect(text.locator(".piece")).to_have_count(2)
    text.get_by_role("button", name="Go to the end").click()
    expect(text.locator(".piece").last).to_contain_text("the very NEEDLE")
    page.wait_for_function(
        "body => body.scrollHeight - body.scrollTop - body.clientHeight < 40",
        arg=text.locator(".long-body").element_handle(),
    )
    expect(text.locator(".gap")).to_have_count(1)
    expect(text.locator(".gap")).to_contain_text("Show 60,000 before")
    shot(page, "reading-long")

    box = text.get_by_role("searchbox")
    box.fill("line 31234 of")
    box.press("Enter")
    expect(text.locator("mark")).to_have_text("Line 31234 of")
    expect(text.locator("mark")).to_be_in_viewport()
    expect(text.locator(".found")).to_contain_text("1 of 1")
    expect(text.locator(".gap")).to_have_count(2)
    box.fill("Line 49")
    box.press("Enter")
    expect(text.locator(".found")).to_contain_text("1 of 1,111")
    box.press("Enter")
    expect(text.locator(".found")).to_contain_text("2 of 1,111")
    box.fill("nowhere")
    box.press("Enter")
    expect(text.locator(".found")).to_contain_text("is not in this text")

    text.get_by_role("button", name="Copy all").click()
    expect(text.get_by_role("button", name="Copied")).to_be_visible()
    assert copied(page) == TEXT
    with page.expect_download() as download:
        text.get_by_role("link", name="Download").click()
    assert download.value.path().read_text(encoding="utf-8") == TEXT

    page.get_by_test_id("tab-raw").click()
    raw = page.get_by_test_id("raw-request")
    raw.get_by_role("searchbox").fill("12345678901234567890")
    raw.get_by_role("button", name="Find", exact=True).click()
    expect(raw.locator("mark")).to_have_text("12345678901234567890")


def test_json_is_a_tree_that_is_opened_walked_and_copied_by_keys(library: Library, page: Page) -> None:
    page.goto(f"{library.product.ui}/calls/{library.long}")
    arguments = page.get_by_test_id("tool-call").locator("> .tool-body .json-tree")
    expect(arguments).to_contain_text("12345678901234567890")  # as it was written, not as a script would round it
    first = arguments.locator("summary").first
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(arguments.locator(".leaf", has_text="id")).to_be_focused()
    page.keyboard.press("Shift+C")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert copied(page) == ".query.where[0].id"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(arguments.locator("details:not([open])")).to_have_count(1)
    whole = arguments.locator("> .copy")
    whole.click()
    expect(whole).to_have_text("Copied")
    assert json.loads(copied(page)) == ARGUMENTS

    result = page.get_by_test_id("tool-result").locator(".json-tree")
    rows = result.locator('[data-key="rows"]')
    rows.locator("> summary").click()
    expect(rows.locator("> [data-node]")).to_have_count(50)
    rows.get_by_role("button", name="Show 50 more of 1,950").click()
    expect(rows.locator("> [data-node]")).to_have_count(100)
    rows.locator("> [data-node]").nth(71).locator("summary").first.click()
    expect(rows.locator("> [data-node]").nth(71).locator('[data-key="price"]')).to_contain_text("1.1")
    code = result.locator('[data-key="code"]')
    expect(code).to_contain_text("return 42")
    code.get_by_role("button", name="more of").click()
    expect(code.get_by_role("button", name="more of")).to_have_count(0)
    code.hover()
    value = code.locator('[data-json-copy="value"]')
    value.click()
    expect(value).to_have_text("Copied")
    assert copied(page) == ROWS["code"]
    hostile = result.locator(".leaf").last
    expect(hostile).to_contain_text(HOSTILE_KEY.replace('"', '\\"'))
    expect(hostile).to_contain_text("<script>alert(1)</script>")
    expect(page.get_by_test_id("tools").locator(".json-tree")).to_have_count(1)
    expect(page.get_by_test_id("answer").locator('.json-tree [data-key="rows"]')).to_contain_text("2000")
    shot(page, "reading-tree")


def test_the_page_of_a_running_session_is_held_still_and_goes_on_with_all_that_came(
    library: Library, page: Page
) -> None:
    talks, product = library.talks, library.product
    messages = [{"role": "user", "content": "Tell me of the square."}]
    url, body = f"{product.proxy}/talks/v1/chat/completions", {"model": "m", "stream": True, "messages": messages}
    asking = threading.Thread(target=httpx.post, args=(url,), kwargs={"json": body, "timeout": 60, "trust_env": False})
    asking.start()
    talks.say("It began as a crossing. ")
    page.goto(product.ui)
    page.get_by_test_id("live-card").get_by_role("link", name="Tell me of the square.").click()
    answer = page.locator("[data-role=assistant]")
    expect(answer).to_contain_text("a crossing.")
    page.keyboard.press("p")
    expect(page.get_by_test_id("held")).to_contain_text("nothing new")
    talks.say("Then a park.")
    expect(page.get_by_test_id("held")).to_contain_text("12 characters")
    expect(answer).not_to_contain_text("park")
    shot(page, "session-held")
    page.get_by_test_id("hold").click()
    expect(answer).to_contain_text("Then a park.")
    expect(page.get_by_test_id("held")).to_have_count(0)

    # Who has scrolled up is left there, and can go to the newest.
    newest = page.get_by_test_id("newest")
    talks.say("\n\nline" * 80)
    expect(answer.locator("p")).to_have_count(81)
    expect(newest).to_be_hidden()
    page.mouse.move(700, 400)
    page.mouse.wheel(0, -900)
    expect(newest).to_be_visible()
    at = page.evaluate("scrollY")
    talks.say("\n\nmore" * 40)
    expect(answer.locator("p")).to_have_count(121)
    assert page.evaluate("scrollY") == at
    page.keyboard.press("n")
    expect(newest).to_be_hidden()
    expect(answer.locator("p").last).to_be_in_viewport()
    talks.end()
    asking.join(30)
    expect(page.locator(".turn")).to_have_attribute("data-state", "done")
    expect(page.get_by_test_id("hold")).to_have_count(0)


def test_recorded_sounds_are_played_and_pictures_shown_and_nothing_is_fetched_from_elsewhere(
    library: Library, page: Page
) -> None:
    page.goto(f"{library.product.ui}/calls/{library.media}")
    asked, answer = page.get_by_test_id("asked"), page.get_by_test_id("answer")
    expect(asked.get_by_test_id("sound")).to_have_count(2)
    expect(answer.get_by_test_id("sound")).to_have_count(1)
    sounds = [*asked.get_by_test_id("sound").all(), *answer.get_by_test_id("sound").all()]
    for one in sounds:
        played(page, one)
    expect(asked.get_by_test_id("picture")).to_have_js_property("naturalWidth", 1)
    expect(asked.get_by_test_id("elsewhere")).to_have_attribute("href", "https://far.example/picture.png")
    shot(page, "reading-media")
    page.goto(f"{library.product.ui}/calls/{library.speech}")
    played(page, page.get_by_test_id("answer").get_by_test_id("sound"))


def played(page: Page, sound: Locator) -> None:
    expect(sound).to_be_visible()
    found = sound.element_handle()
    page.wait_for_function("sound => Math.abs(sound.duration - 0.5) < 0.05", arg=found)
    page.evaluate("sound => { sound.muted = true; return sound.play(); }", found)
    page.wait_for_function("sound => sound.currentTime > 0 || sound.ended", arg=found)
