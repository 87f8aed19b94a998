"""The whole product in front of the browser: a real proxy, recorder, projector and UI, and an upstream that talks."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.support.product import Product, eventually, running_product
from tests.support.talker import Talker, talker

pytestmark = pytest.mark.usefixtures("built_ui")


@dataclass(slots=True)
class Stage:
    product: Product
    upstream: Talker


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with talker() as upstream, running_product(tmp_path / "home", {"openai": upstream.base_url}) as product:
        yield Stage(product=product, upstream=upstream)
        upstream.hang_up()  # else a call that a failed test left open is waited for


class Asking:
    """An application's streamed call through the proxy, read in a thread of its own."""

    def __init__(self, product: Product, text: str, history: list[dict[str, Any]] | None = None) -> None:
        self.answer = b""
        self._body = {
            "model": "gpt-4o-mini",
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [*(history or []), {"role": "user", "content": text}],
        }
        self._url = f"{product.proxy}/openai/v1/chat/completions"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        headers = {"authorization": "Bearer sk-secret-of-the-test"}
        with httpx.stream("POST", self._url, json=self._body, headers=headers, timeout=60, trust_env=False) as response:
            for piece in response.iter_raw():
                self.answer += piece

    def until_ended(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()


def test_text_is_shown_before_the_stream_has_ended_and_stays(stage: Stage, page: Page) -> None:
    page.goto(stage.product.ui)
    expect(page.get_by_test_id("connect")).to_contain_text(stage.product.proxy)  # the port it really listens on
    asking = Asking(stage.product, "Tell me about the square.")
    stage.upstream.say("It began ")
    card = page.get_by_test_id("live-card")
    expect(card).to_contain_text("Tell me about the square.")
    expect(card.get_by_test_id("tail")).to_contain_text("It began")
    stage.upstream.say("as a crossing.")
    expect(card.get_by_test_id("tail")).to_contain_text("It began as a crossing.")

    card.get_by_role("link", name="Tell me about the square.").click()  # a late reader
    answer = page.locator("[data-role=assistant]")
    expect(answer).to_contain_text("It began as a crossing.")
    stage.upstream.say(" Then it was a **park**.")
    expect(answer).to_contain_text("Then it was a park.")
    expect(page.locator(".turn")).to_have_attribute("data-state", "running")
    assert b"park" in asking.answer  # the client has had it too

    stage.upstream.end()
    asking.until_ended()
    expect(page.locator(".turn")).to_have_attribute("data-state", "done")
    expect(page.locator(".turn-head")).to_contain_text("21 → 34")
    page.reload()
    expect(answer).to_contain_text("It began as a crossing. Then it was a park.")
    assert "sk-secret" not in page.content()


def test_a_second_call_of_the_conversation_joins_its_session(stage: Stage, page: Page) -> None:
    first = Asking(stage.product, "One?")
    stage.upstream.say("One.")
    stage.upstream.end()
    first.until_ended()
    page.goto(stage.product.ui)
    page.get_by_test_id("session-row").get_by_role("link").click()
    expect(page.get_by_test_id("turn")).to_have_count(1)
    history = [{"role": "user", "content": "One?"}, {"role": "assistant", "content": "One."}]
    second = Asking(stage.product, "Two?", history)
    stage.upstream.say("Two.")
    expect(page.get_by_test_id("turn")).to_have_count(2)
    expect(page.get_by_test_id("turn").last).to_contain_text("Two.")
    expect(page.get_by_test_id("turn").last.locator("[data-role=user]")).to_have_count(1)
    stage.upstream.end()
    second.until_ended()


def test_tags_and_a_note_survive_the_death_of_the_ui(stage: Stage, page: Page) -> None:
    asking = Asking(stage.product, "Keep this.")
    stage.upstream.say("Kept.")
    stage.upstream.end()
    asking.until_ended()
    page.goto(stage.product.ui)
    page.get_by_test_id("session-row").get_by_role("link").click()
    page.get_by_test_id("tag-input").fill("keep")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("tag")).to_contain_text("keep")
    page.get_by_test_id("note-input").fill("Worth keeping.")
    page.get_by_test_id("note-add").click()
    expect(page.get_by_test_id("note")).to_contain_text("Worth keeping.")
    path = page.evaluate("location.pathname")

    page.goto("about:blank")
    stage.product.until_back("ui", stage.product.kill("ui"))
    page.goto(stage.product.ui + path)
    expect(page.get_by_test_id("tag")).to_contain_text("keep")
    expect(page.get_by_test_id("note")).to_contain_text("Worth keeping.")
    expect(page.locator("[data-role=assistant]")).to_contain_text("Kept.")


def test_the_ui_stops_within_seconds_although_pages_are_open(stage: Stage, page: Page, watch: Watch) -> None:
    watch.expected = ("WebSocket connection",)  # the browser logs that the socket is gone
    page.goto(stage.product.ui)
    expect(page.get_by_test_id("connect")).to_be_visible()
    pid = int(stage.product.said("ui")["pid"])
    began = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: not _alive(pid), within=10, what="the end of the UI")
    assert time.monotonic() - began < 10
    expect(page.get_by_test_id("away")).to_be_visible()  # and the page says so


def _alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def test_a_page_of_another_site_gets_no_socket(stage: Stage) -> None:
    host = stage.product.ui.removeprefix("http://")
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    url = f"http://{host}/_event/?EIO=4&transport=websocket&token=x"
    assert _status(url, headers | {"Origin": "http://evil.example"}) == 403
    assert _status(url, {"Host": "evil.example"}) == 421
    assert _status(f"http://{host}/", {"Host": "evil.example"}) == 421


def _status(url: str, headers: dict[str, str]) -> int:
    return httpx.get(url, headers=headers, trust_env=False, timeout=10).status_code


def test_it_says_what_to_do_when_its_port_is_taken(stage: Stage, tmp_path: Path) -> None:
    port = stage.product.port("ui")
    settings = {"UNION_SQUARE_HOME": str(tmp_path / "other"), "UNION_SQUARE_UI_PORT": str(port)}
    done = subprocess.run(
        [sys.executable, "-m", "union_square.cli", "ui"],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "UNION_SQUARE_UI_PORT" in done.stderr
    assert "Traceback" not in done.stderr
