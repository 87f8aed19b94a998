"""A recorded call sent again in the running product: to another upstream, its answer beside the recorded one."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.product import Product, eventually, running_product, upstream_in_a_thread
from tests.support.upstream import ScriptedUpstream, chunk

KEY, TYPED, SET = "test-k3y-of-nobody", "typed-k3y-for-once", "environment-k3y"
OUTPUT = Path(__file__).resolve().parents[1] / "output"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def sse(value: Any, name: str = "") -> bytes:
    return chunk((f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(value).encode() + b"\n\n")


def chat(*words: str, pause: float = 0.0) -> list[Any]:
    pieces = [sse({"model": "gpt-5", "choices": [{"index": 0, "delta": {"content": word}}]}) for word in words]
    usage = sse({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28}})
    paced = [step for piece in pieces for step in (piece, pause)]
    return [HEAD, *paced, usage, chunk(b"data: [DONE]\n\n"), chunk(b"")]


def claude(*words: str) -> list[Any]:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "claude-opus-4-5",
               "stop_reason": None, "usage": {"input_tokens": 30, "output_tokens": 1}}  # fmt: skip
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in words
    ]
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 12}}
    stop = [{"type": "content_block_stop", "index": 0}, end, {"type": "message_stop"}]
    events = [{"type": "message_start", "message": message}, start, *deltas, *stop]
    return [HEAD, *(step for event in events for step in (sse(event, event["type"]), 0.02)), chunk(b"")]


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with upstream_in_a_thread([chat("Lisbon ", "has ", "seven ", "hills.")]) as running:
        yield running


@pytest.fixture(scope="module")
def product(built_ui: None, tmp_path_factory: pytest.TempPathFactory, upstream: ScriptedUpstream) -> Iterator[Product]:
    upstreams = dict.fromkeys(("openai", "anthropic"), upstream.base_url)
    environment = {"OPENAI_API_KEY": SET, "ANTHROPIC_API_KEY": ""}
    home = tmp_path_factory.mktemp("resend") / "home"
    with running_product(home, upstreams, environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
def call_id(product: Product) -> str:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How many hills has Lisbon?"}]
    answer = httpx.post(
        f"{product.proxy}/openai/v1/chat/completions",
        json={"model": "gpt-5", "messages": messages, "stream": True, "logit_bias": {"5": 1}},
        headers={"authorization": f"Bearer {KEY}"},
        trust_env=False,
    )
    return product.ended(answer.headers["x-union-square-call-id"])["id"]


@pytest.fixture(scope="module")
def session_id(product: Product, upstream: ScriptedUpstream) -> str:
    """Two calls, the second of which repeats the first one's answer."""
    says(upstream, chat("Lisbon ", "has ", "seven ", "hills."), chat("Graça ", "is ", "the ", "highest."))
    messages = [{"role": "user", "content": "How many hills has Lisbon?"}]
    answered = {"role": "assistant", "content": "Lisbon has seven hills."}
    for more in ([], [answered, {"role": "user", "content": "And the highest?"}]):
        messages += more
        answer = httpx.post(
            f"{product.proxy}/openai/v1/chat/completions",
            json={"model": "gpt-5", "messages": messages, "stream": True},
            headers={"authorization": f"Bearer {KEY}", "x-union-square-session-id": "hills"},
            trust_env=False,
        )
        product.ended(answer.headers["x-union-square-call-id"])
    return "hills"


def says(upstream: ScriptedUpstream, *scripts: list[Any]) -> None:
    upstream.scripts[:] = list(scripts)
    upstream.received.clear()
    upstream.served = 0


def test_a_call_is_sent_to_another_provider_and_compared(
    product: Product, upstream: ScriptedUpstream, call_id: str, page: Page
) -> None:
    says(upstream, claude("Lisbon ", "has ", "eight ", "hills."))
    page.goto(f"{product.ui}/calls/{call_id}")
    page.get_by_role("link", name="Send again").click()
    expect(page.get_by_test_id("recorded-text")).to_have_text("Lisbon has seven hills.")
    expect(page.locator("#key-words")).to_contain_text("OPENAI_API_KEY from the environment")
    page.get_by_test_id("upstream").select_option("anthropic")
    expect(page.get_by_test_id("dialect")).to_have_value("anthropic-messages")
    expect(page.get_by_test_id("dropped")).to_contain_text("parameter logit_bias")
    expect(page.locator("#key-words")).to_contain_text("ANTHROPIC_API_KEY is not set")
    page.get_by_test_id("model").fill("claude-opus-4-5")
    page.get_by_test_id("model").blur()
    page.get_by_test_id("body-fold").locator("summary").click()
    expect(page.get_by_test_id("body")).to_have_value(re.compile("claude-opus-4-5"))
    page.get_by_test_id("key").fill(TYPED)
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("resent-text")).to_have_text("Lisbon has eight hills.")
    expect(page.locator("[data-testid=resent-text] [data-kind=new]")).to_have_text("eight")
    expect(page.locator("[data-testid=recorded-text] [data-kind=gone]")).to_have_text("seven")
    expect(page.get_by_test_id("differences")).to_contain_text("Output tokens")
    expect(page.get_by_test_id("key")).to_have_value("")
    expect(page.get_by_test_id("resend-row")).to_have_count(2)
    shoot(page, "resend")
    request = upstream.received[-1]
    assert request.lines[0].startswith(b"POST /v1/messages ")
    assert f"x-api-key: {TYPED}".encode() in request.head.lower()
    assert json.loads(request.body)["system"] == "Be brief."
    page.locator("[data-testid=resent] a").click()
    page.get_by_role("link", name="Re-send of").click()
    expect(page.get_by_test_id("recorded-text")).to_have_text("Lisbon has seven hills.")
    page.goto(f"{product.ui}/calls/{call_id}")
    expect(page.get_by_test_id("resent-as").get_by_role("link", name="claude")).to_have_count(1)
    page.get_by_test_id("resent-as").get_by_role("link", name="Compare").click()
    expect(page.get_by_test_id("resent-text")).to_have_text("Lisbon has eight hills.")


def test_the_keys_are_kept_nowhere(product: Product, call_id: str) -> None:
    for file in product.home.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert not [key for key in (KEY, TYPED, SET) if key.encode() in data], file
    assert TYPED not in product.words()


def test_an_answer_streams_in_and_can_be_cancelled(
    product: Product, upstream: ScriptedUpstream, call_id: str, page: Page
) -> None:
    says(upstream, chat("A ", "long ", *(f"word{n} " for n in range(200)), pause=0.2))
    page.goto(f"{product.ui}/calls/{call_id}/resend")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("resent-text")).to_contain_text("A long word0 word1")
    page.get_by_test_id("cancel").click()
    expect(page.get_by_test_id("resent")).to_contain_text("cut off")
    expect(page.get_by_test_id("cancel")).to_have_count(0)


def refuses(status: str, message: str) -> list[Any]:
    body = json.dumps({"error": {"message": message, "type": "invalid_request_error"}}).encode()
    start = f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}"
    return ["\r\n".join(start).encode() + b"\r\n\r\n" + body]


def test_fields_and_the_body_are_in_step_and_what_is_wrong_is_told_in_its_place(
    product: Product, upstream: ScriptedUpstream, call_id: str, page: Page
) -> None:
    says(upstream, refuses("404 Not Found", "no such model: gpt-9"))
    page.goto(f"{product.ui}/calls/{call_id}/resend")
    expect(page.get_by_test_id("field-system")).to_have_value("Be brief.")
    page.get_by_test_id("body-fold").locator("summary").click()
    body = page.get_by_test_id("body")
    page.get_by_test_id("field-temperature").fill("0.2")
    expect(body).to_have_value(re.compile('"temperature": 0.2'))
    page.get_by_test_id("field-system").fill("Be long.")
    page.get_by_test_id("field-said").fill("How many bridges?")
    expect(body).to_have_value(re.compile("Be long.*How many bridges", re.S))
    page.get_by_test_id("field-max_tokens").fill("many")
    expect(page.get_by_text("Max tokens must be a whole number, not 'many'.")).to_be_visible()
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("said")).to_contain_text("must be a whole number")
    page.get_by_test_id("field-max_tokens").fill("")
    text = body.input_value()
    body.fill('{\n  "model": }')
    expect(page.get_by_test_id("body-problem")).to_contain_text("not JSON: line 2, column 12")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("said")).to_contain_text("not JSON: line 2, column 12")
    assert upstream.received == []
    body.fill(text.replace("gpt-5", "gpt-9").replace("0.2", "0.4"))
    expect(page.get_by_test_id("field-temperature")).to_have_value("0.4")
    expect(page.get_by_test_id("model")).to_have_value("gpt-9")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("resent")).to_contain_text("no such model: gpt-9")
    sent = json.loads(upstream.received[-1].body)
    assert (sent["model"], sent["temperature"], sent["logit_bias"]) == ("gpt-9", 0.4, {"5": 1})
    assert [message["content"] for message in sent["messages"]] == ["Be long.", "How many bridges?"]
    shoot(page, "resend-refused")
    page.get_by_test_id("undo-edits").click()
    expect(page.get_by_test_id("field-system")).to_have_value("Be brief.")
    expect(page.get_by_test_id("undo-edits")).to_have_count(0)


def test_a_session_is_sent_again_and_goes_on_from_the_new_answers(
    product: Product, upstream: ScriptedUpstream, session_id: str, page: Page
) -> None:
    slow = chat("Lisbon ", "has ", "eight ", "hills.", pause=0.7)
    says(upstream, slow, chat("Graça ", "is ", "the ", "tallest."))
    page.goto(f"{product.ui}/sessions/{session_id}")
    expect(page.get_by_test_id("session-title")).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_test_id("turn-row")).to_have_count(2)
    expect(page.locator("#key-words")).to_contain_text("OPENAI_API_KEY from the environment")
    shoot(page, "resend-session-plan")
    page.get_by_test_id("option-model").fill("gpt-5-mini")
    page.get_by_test_id("key").fill(TYPED)
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("resent-text")).to_contain_text("Lisbon has")
    expect(page.get_by_test_id("recorded-text")).to_have_text("Lisbon has seven hills.")
    expect(page.get_by_test_id("progress")).to_have_text("0 of 2 calls")
    page.get_by_role("link", name="The recorded session").click()  # what runs goes on
    expect(page.get_by_test_id("session-title")).to_be_visible()
    page.get_by_test_id("resend-session").click()
    expect(page.get_by_test_id("progress")).to_have_text("2 of 2 calls")
    expect(page.locator("[data-testid=resent-text] [data-kind=new]")).to_have_text("tallest")
    expect(page.get_by_test_id("totals")).to_contain_text("Output tokens")
    page.get_by_role("button", name="Compare call 1").click()
    expect(page.locator("[data-testid=resent-text] [data-kind=new]")).to_have_text("eight")
    expect(page.get_by_test_id("key")).to_have_value("")
    first, second = (json.loads(request.body) for request in upstream.received)
    assert (first["model"], second["model"]) == ("gpt-5-mini", "gpt-5-mini")
    assert second["messages"][1]["content"] == "Lisbon has eight hills."
    assert f"authorization: bearer {TYPED}".encode() in upstream.received[1].head.lower()
    shoot(page, "resend-session")
    page.get_by_test_id("new-session").click()
    expect(page.get_by_test_id("conversation")).to_contain_text("Graça is the tallest.")


def test_a_refused_call_stops_a_session_or_not_as_was_asked(
    product: Product, upstream: ScriptedUpstream, session_id: str, page: Page
) -> None:
    says(upstream, refuses("401 Unauthorized", "no such key"))
    page.goto(f"{product.ui}/sessions/{session_id}/resend")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("stopped")).to_contain_text("status 401")
    expect(page.get_by_test_id("turn-row").nth(0)).to_contain_text("no such key")
    expect(page.get_by_test_id("turn-row").nth(1)).to_contain_text("not sent")
    assert len(upstream.received) == 1
    shoot(page, "resend-session-refused")
    page.get_by_test_id("option-failing").select_option("go_on")
    page.get_by_test_id("option-answers").select_option("recorded")
    page.get_by_test_id("more-fields").locator("summary").click()
    page.get_by_test_id("option-temperature").fill("hot")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("said")).to_contain_text("Temperature must be a number")
    page.get_by_test_id("option-temperature").fill("0")
    page.get_by_test_id("option-system").fill("Be kind.")
    says(upstream, refuses("401 Unauthorized", "no such key"), chat("Graça."))
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("progress")).to_have_text("2 of 2 calls, 1 failed")
    sent = json.loads(upstream.received[-1].body)
    assert (sent["temperature"], sent["messages"][0]["content"]) == (0, "Be kind.")
    assert sent["messages"][2]["content"] == "Lisbon has seven hills."
    page.reload()
    expect(page.get_by_test_id("earlier-run").first).to_be_visible()


def test_a_session_on_its_way_is_stopped_by_a_key(
    product: Product, upstream: ScriptedUpstream, session_id: str, page: Page
) -> None:
    says(upstream, chat("A ", "long ", *(f"word{n} " for n in range(200)), pause=0.2))
    page.goto(f"{product.ui}/sessions/{session_id}/resend")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("resent-text")).to_contain_text("A long word0")
    page.get_by_test_id("progress").click()
    page.keyboard.press("x")
    expect(page.get_by_test_id("rerun")).to_contain_text("Cancelled")
    expect(page.get_by_test_id("turn-row").nth(0)).to_contain_text("broken off")
    expect(page.get_by_test_id("turn-row").nth(1)).to_contain_text("not sent")
    expect(page.get_by_test_id("stop")).to_have_count(0)


def test_over_rest_a_session_is_sent_again(product: Product, upstream: ScriptedUpstream, session_id: str) -> None:
    says(upstream, chat("Eight."), chat("Graça."))
    url = f"{product.ui}/api/v1/sessions/{session_id}/resend"
    started = httpx.post(url, json={"fields": {"temperature": "0"}}, trust_env=False)
    assert started.status_code == 202, started.text
    new = started.json()["session_id"]

    def ended() -> dict[str, Any] | None:
        found = product.api(f"/session-resends/{new}")
        return found if found["state"] == "ended" else None

    rerun = eventually(ended, what="the end of the session's re-send")
    assert [turn["state"] for turn in rerun["turns"]] == ["done", "done"]
    assert json.loads(upstream.received[1].body)["messages"][1]["content"] == "Eight."
    assert httpx.post(url.replace(session_id, "nothing"), json={}, trust_env=False).status_code == 404
    assert httpx.delete(f"{product.ui}/api/v1/session-resends/none", trust_env=False).status_code == 404


def test_over_rest_a_call_is_sent_again_and_listed(product: Product, upstream: ScriptedUpstream, call_id: str) -> None:
    says(upstream, chat("Seven."))
    url = f"{product.ui}/api/v1"
    asked = {"model": "gpt-5-mini", "values": {"messages.1.content": "Hills?"}}
    started = httpx.post(f"{url}/calls/{call_id}/resend", json=asked, trust_env=False)
    assert started.status_code == 202, started.text

    def ended() -> dict[str, Any] | None:
        found = product.api(f"/resends/{started.json()['id']}")
        return found if found["state"] == "ended" else None

    resent = product.ended(eventually(ended, what="the re-send's end")["call_id"])
    assert (resent["model"], resent["metadata"]["resent_from"]) == ("gpt-5-mini", call_id)
    assert json.loads(product.body(resent["id"], "request"))["messages"][1]["content"] == "Hills?"
    assert f"authorization: Bearer {SET}".encode() in upstream.received[-1].head
    listed = eventually(lambda: product.api(f"/calls/{call_id}/resends")["items"], what="the listing")
    assert resent["id"] in [call["id"] for call in listed]
    wrong = httpx.post(f"{url}/calls/{call_id}/resend", json={"values": {"model.x": 1}}, trust_env=False)
    assert (wrong.status_code, "nothing can be set" in wrong.json()["error"]["message"]) == (422, True)
    assert httpx.delete(f"{url}/resends/nothing", trust_env=False).status_code == 404


def shoot(page: Page, name: str) -> None:
    """Pictures for people: light, dark, narrow."""
    OUTPUT.mkdir(exist_ok=True)
    page.screenshot(path=OUTPUT / f"{name}-light.png", full_page=True)
    page.evaluate("document.documentElement.classList.add('dark')")
    page.screenshot(path=OUTPUT / f"{name}-dark.png", full_page=True)
    page.evaluate("document.documentElement.classList.remove('dark')")
    page.set_viewport_size({"width": 420, "height": 900})
    time.sleep(0.3)
    page.screenshot(path=OUTPUT / f"{name}-narrow.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
