"""The running product is fed hostile text in every place that somebody else fills, and every page of it is opened: no
script runs, no request leaves, and nothing of the text becomes an element that could do either."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.support.product import Product, eventually, running_product, upstream_in_a_thread
from tests.support.upstream import ScriptedUpstream, chunk, response
from tests.support.worlds import HOSTILE
from union_square.ui import routes

EVIL = '"><img src=http://evil.example/x onerror=window.pwned=30>{{7*7}}'
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" onload="window.pwned=31"><script>window.pwned=32</script>'
    '<image href="http://evil.example/svg.png"/></svg>'
)
PICTURE = "data:image/svg+xml;base64," + base64.b64encode(SVG.encode()).decode()
CALL = {"id": "t1", "type": "function", "function": {"name": EVIL, "arguments": json.dumps({EVIL: HOSTILE})}}
ASKED: list[Any] = [
    {"role": "system", "content": HOSTILE},
    {"role": "user", "name": EVIL, "content": [
        {"type": "text", "text": HOSTILE},
        {"type": "image_url", "image_url": {"url": "http://evil.example/asked.png"}},
        {"type": "image_url", "image_url": {"url": PICTURE}},
    ]},
]  # fmt: skip
SAID = {"role": "assistant", "content": HOSTILE, "reasoning_content": HOSTILE, "tool_calls": [CALL]}
RESULTS = [{"role": "tool", "tool_call_id": "t1", "content": HOSTILE}]
HEADERS = {
    "x-union-square-session-id": "hostile", "x-union-square-metadata": json.dumps({EVIL: EVIL}),
    "x-union-square-tags": f"{EVIL},plain", "user-agent": EVIL, "x-evil": EVIL, "authorization": "Bearer k",
}  # fmt: skip
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Evil: " + EVIL.encode()
ADDRESSES = {
    routes.SESSION_ROUTE: [f"/sessions/hostile{view}" for view in ("", "?view=tree", "?view=timeline")],
    routes.PLAY_ROUTE: ["/sessions/hostile/play"],
    routes.QUEUE_ROUTE: ["/review/1"],
    routes.CALL_ROUTE: ["/calls/{}"],
    routes.RESEND_ROUTE: ["/calls/{}/resend"],
    routes.RESEND_SESSION_ROUTE: ["/sessions/hostile/resend"],
}
"""The pages with something in their address; `{}` is each call."""

LOOK = r"""() => {
    const tags = "script, iframe, frame, object, embed, style, link, meta, base, video, audio, math, form[action], " +
        "foreignObject, animate, image";
    const bad = [...document.querySelectorAll("main :is(" + tags + ")")];
    for (const e of document.body.querySelectorAll("*")) for (const {name, value} of e.attributes) {
        const loads = /src|style|action|^data$|poster|ping/.test(name) && /evil\.example/.test(value);
        const runs = /href|src|action/.test(name) && /^\s*(javascript|vbscript|data:text)/i.test(value);
        if (/^on/i.test(name) || loads || runs) bad.push(e);
    }
    return bad.map(e => e.outerHTML.slice(0, 200));
}"""
"""What on a page could run or fetch by itself."""


def answers() -> list[list[Any]]:
    usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
    whole = {"id": "r1", "model": EVIL, "choices": [{"index": 0, "finish_reason": EVIL, "message": SAID}]}
    deltas = [{"content": HOSTILE[at : at + 4000]} for at in range(0, len(HOSTILE), 4000)]
    events = [{"id": "r2", "model": EVIL, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    stream = b"".join(chunk(b"data: " + json.dumps(event).encode() + b"\n\n") for event in events)
    failure = json.dumps({"error": {"message": HOSTILE, "type": EVIL, "code": EVIL}}).encode()
    said = [("Content-Type", "application/json"), ("X-Evil", EVIL)]
    return [
        [response(json.dumps(whole | {"usage": usage}).encode(), headers=said)],
        [HEAD + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + stream + chunk(b"data: [DONE]\n\n") + chunk(b"")],
        [response(failure, headers=said).replace(b"200 OK", b"500 " + EVIL.encode(), 1)],
        [
            response(
                f"<html>{HOSTILE}<script>window.pwned=33</script>".encode(), headers=[("Content-Type", "text/html")]
            )
        ],
        [response(SVG.encode(), headers=[("Content-Type", "image/svg+xml")])],
    ]


def fill(product: Product, upstream: ScriptedUpstream) -> list[str]:
    """Hostile text into every place; the calls' ids."""
    paths = ["/v1/chat/completions"] * 3 + ["/v1/%3Cscript%3Ewindow.pwned=34%3C/script%3E", "/v1/picture"]
    histories = [ASKED, [*ASKED, SAID, *RESULTS], [{"role": "user", "content": HOSTILE}], [], []]
    for path, messages, answer in zip(paths, histories, answers(), strict=True):
        upstream.scripts[:] = [answer]
        body = {"model": EVIL, "messages": messages, "tools": [{"type": "function", "function": {"name": EVIL}}]}
        httpx.post(f"{product.proxy}/openai{path}", json=body, headers=HEADERS, timeout=20, trust_env=False)
    calls = eventually(
        lambda: [c["id"] for c in product.api("/calls")["items"]] if len(product.api("/calls")["items"]) == 5 else []
    )
    for call in calls:
        product.ended(call)
    first = calls[-1]
    anchor = {"message": 1, "part": 0, "start": 0, "end": 12}
    notes = [{"kind": "text", "text": HOSTILE[:3000], "name": EVIL}, {"kind": "label", "label": EVIL, "name": EVIL},
             {"kind": "text", "text": HOSTILE[:3000], "anchor": anchor}]  # fmt: skip
    targets = [{"subject": "session", "id": "hostile"}, {"subject": "call", "id": first}]
    sent = [(f"/calls/{first}/annotations", note) for note in notes]
    sent += [("/sessions/hostile/annotations", note) for note in notes[:2]]
    sent += [(f"/{of}/tags", {"tag": EVIL, "author": EVIL}) for of in (f"calls/{first}", "sessions/hostile")]
    sent += [("/rules", {"name": EVIL, "tag": EVIL, "conditions": {"model": EVIL}}),
             ("/queues", {"name": EVIL, "labels": f"1={EVIL}", "targets": targets}),
             ("/views", {"page": "search", "name": EVIL[:90], "query": ""})]  # fmt: skip
    for path, value in sent:
        answer = httpx.post(f"{product.ui}/api/v1{path}", json=value, timeout=20, trust_env=False)
        assert answer.status_code in {200, 201}, (path, answer.text)
    return calls


@pytest.fixture(scope="module")
def filled(built_ui: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Product, list[str]]]:
    with upstream_in_a_thread([[]]) as upstream:
        home = tmp_path_factory.mktemp("hostile") / "home"
        with running_product(home, {"openai": upstream.base_url}) as product:
            yield product, fill(product, upstream)


def test_every_page_with_an_address_of_its_own_is_opened_below() -> None:
    assert {getattr(routes, name) for name in dir(routes) if name.endswith("_ROUTE")} == set(ADDRESSES)


@pytest.mark.parametrize(
    "tag", ["<p onclick=1>", "<a href=' javascript:1'>", "<form action=x>", "<b style='background:url(evil.example)'>"]
)
def test_what_could_run_or_fetch_would_be_seen(page: Page, tag: str) -> None:
    page.set_content(f"<main><h1>fine</h1>{tag}</main>")
    assert len(page.evaluate(LOOK)) == 1


def test_no_page_runs_or_fetches_what_others_wrote(filled: tuple[Product, list[str]], page: Page, watch: Watch) -> None:
    product, calls = filled
    shown = ""
    paths = [entry.path for entry in routes.NAVIGATION] + ["/search?text=Report", "/search?q=Report"]
    for address in (one for each in ADDRESSES.values() for one in each):
        paths += [address.format(call) for call in calls] if "{}" in address else [address]
    for path in paths:
        page.goto(product.ui + path)
        expect(page.locator("h1").first).to_be_visible()
        page.wait_for_timeout(300)
        for details in page.locator("details").all():
            details.evaluate("e => { e.open = true }")
        for tab in page.get_by_role("tab").all():
            tab.click()
            page.wait_for_timeout(100)
            assert page.evaluate(LOOK) == [], path
        assert page.evaluate(LOOK) == [], path
        assert page.evaluate("window.pwned") is None, path
        shown += page.locator("main").inner_text()
        assert watch.elsewhere == [], path
        sources = page.locator("main img").evaluate_all(
            "all => all.map(i => new URL(i.src).protocol + new URL(i.src).host)"
        )
        assert all(source in {"data:", "blob:"} or "127.0.0.1" in source for source in sources), (path, sources)
    assert "window.pwned" in shown
    assert "{{7*7}}" in shown


def test_a_recorded_page_or_picture_is_given_out_as_a_file_that_no_browser_shows(
    filled: tuple[Product, list[str]], page: Page
) -> None:
    product, calls = filled
    for call in calls:
        for side in ("request", "response"):
            answer = httpx.get(f"{product.ui}/api/v1/calls/{call}/{side}", timeout=20, trust_env=False)
            assert answer.headers["content-disposition"].startswith("attachment"), answer.headers
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert (
                "sandbox" in answer.headers["content-security-policy"]
                or "default-src 'none'" in answer.headers["content-security-policy"]
            )
