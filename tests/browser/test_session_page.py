"""The session's and the call's page over the whole product: tree, time line, context, changes, and moving by hand."""

import base64
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.product import Product, eventually, running_product
from tests.support.talker import Talker, talker

pytestmark = pytest.mark.usefixtures("built_ui")
OUTPUT = Path(__file__).resolve().parents[1] / "output"

Json = dict[str, Any]
SYSTEM = {"role": "system", "content": "You keep a bakery's books."}
FIRST = {"role": "user", "content": "How many loaves were sold?"}
LOOKED = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "sales", "arguments": "{}"}}],
}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": '{"loaves": 42}'}
TOOL = {"type": "function", "function": {"name": "sales", "description": "Of today", "parameters": {"type": "object"}}}


def picture() -> str:
    """A PNG of one red dot, as base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + head + data + chunk(b"IEND", b"")).decode()


class Shop:
    """An application that has asked three things, one of them twice."""

    def __init__(self, product: Product, upstream: Talker) -> None:
        self.product = product
        self.upstream = upstream
        tools = {"tools": [TOOL]}
        upstream.call_tool("call_1", "sales", "{}")
        self.first = self.ask([SYSTEM, FIRST], **tools)
        upstream.say("42 loaves.")
        history = [SYSTEM, FIRST, LOOKED, RESULT]
        self.second = self.ask(history, **tools)
        upstream.say("Forty-two.")
        self.again = self.ask(history, **tools)
        asked = {"role": "user", "content": [{"type": "text", "text": "And this?"}, self._image()]}
        upstream.say("```python\nprint(42)  # loaves\n```")
        edited = {"role": "system", "content": "You keep a big bakery's books."}
        self.third = self.ask([edited, *history[1:], {"role": "assistant", "content": "42 loaves."}, asked], **tools)
        self.session = self.session_of(self.third)

    def _image(self) -> Json:
        return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture()}"}}

    def session_of(self, call_id: str) -> str:
        """The call's session, once it is linked."""
        return str(eventually(lambda: self.product.ended(call_id)["session_id"], what="the call's session"))

    def ask(self, messages: list[Json], **more: Any) -> str:
        """One call, ended and stored; its id."""
        self.upstream.end()
        body = {"model": "gpt-4o-mini", "stream": True, "messages": messages, **more}
        url = f"{self.product.proxy}/openai/v1/chat/completions"
        answer = httpx.post(url, json=body, timeout=60, trust_env=False)
        call_id = answer.headers["x-union-square-call-id"]
        self.product.ended(call_id)
        return call_id


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with talker() as upstream, running_product(tmp_path / "home", {"openai": upstream.base_url}) as product:
        yield Shop(product, upstream)
        upstream.hang_up()


def shot(page: Page, name: str) -> None:
    OUTPUT.mkdir(exist_ok=True)
    page.screenshot(path=OUTPUT / f"{name}.png")


def test_a_session_is_read_as_a_conversation_as_a_tree_and_on_a_time_line(shop: Shop, page: Page) -> None:
    page.goto(f"{shop.product.ui}/sessions/{shop.session}")
    expect(page.get_by_test_id("turn")).to_have_count(4)
    expect(page.get_by_test_id("picture")).to_have_js_property("naturalWidth", 1)  # shown from the recorded data
    expect(page.locator(".h-c")).to_have_text("# loaves")  # code is coloured
    page.get_by_test_id("what-changed").last.click()
    expect(page.get_by_test_id("cache-words")).to_contain_text("The system prompt differs")
    expect(page.get_by_test_id("change").first.locator("ins")).to_have_text("big ")
    shot(page, "session-changes")

    page.keyboard.press("2")
    expect(page).to_have_url(re.compile(r"view=tree"))
    rows = page.get_by_test_id("tree-row")
    expect(rows).to_have_count(4)
    relations = [row.get_attribute("data-relation") for row in rows.all()]
    assert sorted(map(str, relations)) == ["begins", "continues", "continues", "retry"]
    expect(page.get_by_test_id("tree-summary")).to_contain_text("1 retry")
    expect(rows.nth(1).get_by_test_id("tree-link")).to_contain_text("repeats the history")
    expect(rows.nth(1).get_by_test_id("tree-link")).to_contain_text(re.compile("certain|likely"))
    shot(page, "session-tree")
    page.locator('[data-relation="retry"]').get_by_test_id("read-line").click()
    expect(page.get_by_test_id("branch-note")).to_contain_text("2 of 4 turns")
    expect(page.get_by_test_id("turn")).to_have_count(2)

    page.keyboard.press("3")
    expect(page.get_by_test_id("bar")).to_have_count(4)
    expect(page.locator('[data-testid="between"][data-kind="tools"]').first).to_be_attached()
    bar = page.get_by_test_id("bar").first
    bar.focus()
    expect(bar.get_by_role("tooltip")).to_contain_text("waited")
    width = page.locator(".waterfall-inner").evaluate("e => e.clientWidth")
    page.get_by_role("button", name="zoom in").click()
    expect(page.locator(".waterfall-inner")).to_have_js_property("clientWidth", width * 2)
    page.get_by_test_id("waterfall-table").locator("summary").click()
    expect(page.get_by_test_id("waterfall-table").locator("tbody tr")).to_have_count(4)
    expect(page.get_by_test_id("shares")).to_contain_text("tools offered")
    expect(page.get_by_test_id("context")).to_contain_text("estimate")
    shot(page, "session-timeline")

    page.goto(f"{shop.product.ui}/calls/{shop.third}")
    page.get_by_test_id("tab-changes").click()
    expect(page.get_by_test_id("changes-summary")).to_contain_text("message changed")
    page.get_by_test_id("tab-context").click()
    expect(page.get_by_test_id("shares")).to_contain_text("images and other media")


def test_sessions_are_split_merged_and_put_back_by_hand(shop: Shop, page: Page) -> None:
    page.goto(f"{shop.product.ui}/sessions/{shop.session}?view=tree")
    rows = page.get_by_test_id("tree-row")
    expect(rows).to_have_count(4)
    page.locator(f'[data-testid="tree-row"]:has(a[href="/calls/{shop.second}"])').get_by_test_id("split").click()
    expect(page.get_by_test_id("arranged")).to_contain_text("a session of their own")
    expect(rows).to_have_count(2)
    page.get_by_test_id("arranged").get_by_role("link", name="Open it").click()
    expect(page).to_have_url(re.compile(shop.second))
    expect(rows).to_have_count(2)
    expect(rows.first.get_by_test_id("tree-link")).to_contain_text("linked by hand")
    shot(page, "session-split")

    # What continues a call that was moved goes on where that one is now.
    shop.upstream.say("7 buns.")
    said = [{"role": "assistant", "content": "42 loaves."}, {"role": "user", "content": "Buns?"}]
    later = shop.ask([SYSTEM, FIRST, LOOKED, RESULT, *said], tools=[TOOL])
    assert shop.session_of(later) == shop.second
    expect(rows).to_have_count(3)

    page.get_by_role("button", name="Merge…").click()
    page.get_by_test_id("to-session").fill(f"{shop.product.ui}/sessions/{shop.session}?view=tree")
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page).to_have_url(re.compile(shop.session))
    expect(rows).to_have_count(5)
    page.get_by_test_id("undo").click()
    expect(page).to_have_url(re.compile(shop.second))
    expect(rows).to_have_count(3)

    rows.last.get_by_test_id("move").click()
    page.get_by_test_id("to-parent").fill(shop.first)
    page.get_by_role("button", name="Move", exact=True).click()
    expect(rows).to_have_count(2)
    eventually(lambda: shop.product.ended(later)["parent_id"] == shop.first, what="the new parent")
    assert shop.product.ended(later)["link_rule"] == "manual"

    def post(path: str, body: Json) -> httpx.Response:
        return httpx.post(f"{shop.product.ui}/api/v1{path}", json=body, timeout=20, trust_env=False)

    assert post(f"/sessions/{shop.second}/merge", {"into": shop.session}).json()["session_id"] == shop.session
    assert len(shop.product.api(f"/sessions/{shop.session}")["calls"]) == 5
    split = post(f"/sessions/{shop.session}/split", {"call_id": shop.third, "later": True}).json()
    assert shop.product.ended(shop.third)["session_id"] == split["session_id"]
    assert post(f"/calls/{shop.first}/move", {"parent_id": shop.third}).status_code == 422
