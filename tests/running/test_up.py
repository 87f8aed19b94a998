"""The main job, end to end: one command, unmodified clients, every call recorded and seen live."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.support.product import Product, eventually, running_product, upstream_in_a_thread
from tests.support.upstream import ScriptedUpstream, chunk, response
from union_square.demo.script import Answer, Ask, Conversation, Dialect, Step
from union_square.demo.speak import spoken

WORDS = "The clocks of the square never agreed, and nobody minded."
SSE_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-ID: abc\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with upstream_in_a_thread([[response(b"{}")]]) as running:
        yield running


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, upstream: ScriptedUpstream) -> Iterator[Product]:
    home = tmp_path_factory.mktemp("product") / "home"
    with running_product(home, {"openai": upstream.base_url, "anthropic": upstream.base_url}) as running:
        yield running


def pieces_of(dialect: Dialect, text: str = WORDS) -> list[bytes]:
    step = Step(said=Ask(text="?"), answer=Answer(text=text))
    model = {"anthropic": "claude-sonnet-5-5"}.get(dialect, "gpt-6-luna")
    conversation = Conversation(name="t", dialect=dialect, model=model, system="s", steps=(step,))
    return [piece.data for piece in spoken(conversation, 0).pieces]


def stream_script(pieces: list[bytes], *, pause: float = 0.0) -> list[Any]:
    script: list[Any] = [SSE_HEAD]
    for piece in pieces:
        script += [chunk(piece), pause]
    return [*script, chunk(b"")]


def calls_of(product: Product) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = product.api("/calls", limit=200, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def text_of(call: dict[str, Any]) -> str:
    return "".join(p.get("text", "") for m in call["messages"] if m["role"] == "assistant" for p in m["parts"])


def test_the_openai_sdk_streams_through_and_the_record_is_exact(product: Product, upstream: ScriptedUpstream) -> None:
    pieces = pieces_of("openai-chat")
    upstream.scripts[:] = [stream_script(pieces, pause=0.002)]
    client = openai.OpenAI(
        base_url=f"{product.proxy}/openai/v1", api_key="sk-canary-of-the-openai-sdk", max_retries=0, timeout=30
    )
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-6-luna", stream=True, messages=[{"role": "user", "content": "What of the clocks?"}]
    )
    call_id = raw.headers["x-union-square-call-id"]
    said = "".join(c.choices[0].delta.content or "" for c in raw.parse() if c.choices)
    assert said == WORDS
    call = product.ended(call_id)
    assert product.body(call_id, "request") == upstream.received[-1].body
    assert product.body(call_id, "response") == b"".join(pieces)
    assert sum(c["bytes"] for c in call["chunks"]) == len(b"".join(pieces))
    assert (call["state"], call["status_code"], call["dialect"], call["upstream"]) == (
        "done",
        200,
        "openai-chat",
        "openai",
    )
    assert text_of(call) == WORDS
    assert call["usage"]["output_tokens"] > 0
    assert call["cost_usd"] > 0
    assert call["time_to_first_chunk_ms"] > 0
    assert call["finish_reasons"] == ["stop"]


def test_the_openai_sdk_speaks_responses_through_it(product: Product, upstream: ScriptedUpstream) -> None:
    upstream.scripts[:] = [stream_script(pieces_of("openai-responses"))]
    client = openai.OpenAI(base_url=f"{product.proxy}/openai/v1", api_key="sk-x", max_retries=0, timeout=30)
    with client.responses.stream(model="gpt-6-luna", input="What of the clocks?") as stream:
        assert stream.get_final_response().output_text == WORDS
    newest = eventually(lambda: [c for c in calls_of(product) if c["dialect"] == "openai-responses"])[0]
    assert text_of(product.ended(newest["id"])) == WORDS


def test_the_anthropic_sdk_streams_through_and_the_record_is_exact(
    product: Product, upstream: ScriptedUpstream
) -> None:
    pieces = pieces_of("anthropic")
    upstream.scripts[:] = [stream_script(pieces)]
    client = anthropic.Anthropic(
        base_url=f"{product.proxy}/anthropic", api_key="sk-ant-canary-value", max_retries=0, timeout=30
    )
    with client.messages.stream(
        model="claude-sonnet-5-5", max_tokens=99, messages=[{"role": "user", "content": "What of the clocks?"}]
    ) as stream:
        call_id = stream.response.headers["x-union-square-call-id"]
        assert stream.get_final_text() == WORDS
    call = product.ended(call_id)
    assert product.body(call_id, "request") == upstream.received[-1].body
    assert product.body(call_id, "response") == b"".join(pieces)
    assert (call["state"], call["dialect"], text_of(call)) == ("done", "anthropic-messages", WORDS)


def test_an_answer_is_seen_before_it_has_ended(product: Product, upstream: ScriptedUpstream) -> None:
    pieces = pieces_of("openai-chat")
    half = len(pieces) // 2

    def ask() -> None:
        with httpx.stream(
            "POST",
            f"{product.proxy}/openai/v1/chat/completions",
            json={"model": "gpt-6-luna", "stream": True, "messages": [{"role": "user", "content": "Slowly?"}]},
            timeout=60,
            trust_env=False,
        ) as answer:
            asked.append(answer.headers["x-union-square-call-id"])
            for data in answer.iter_raw():
                seen.append(data)

    # The upstream waits five seconds after half of it: time enough to look at the record.
    upstream.scripts[:] = [[SSE_HEAD, *map(chunk, pieces[:half]), 5.0, *map(chunk, pieces[half:]), chunk(b"")]]
    asked: list[str] = []
    seen: list[bytes] = []
    thread = threading.Thread(target=ask)
    thread.start()
    call_id = eventually(lambda: asked and asked[0])

    def half_said() -> dict[str, Any] | None:
        answer = httpx.get(f"{product.ui}/api/v1/calls/{call_id}", timeout=20, trust_env=False)
        call = answer.json() if answer.status_code == 200 else None
        return call if call and text_of(call) else None

    call = eventually(half_said, what="the beginning of the answer")
    assert call["state"] == "running"
    assert WORDS.startswith(text_of(call))
    assert text_of(call) != WORDS
    thread.join(60)
    assert text_of(product.ended(call_id)) == WORDS


def ask_once(product: Product, number: int) -> str:
    answer = httpx.post(
        f"{product.proxy}/openai/v1/chat/completions",
        json={"model": "gpt-6-luna", "messages": [{"role": "user", "content": f"Number {number}"}]},
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == 200
    return answer.headers["x-union-square-call-id"]


def test_killing_projector_and_ui_loses_nothing_and_nobody_notices(
    product: Product, upstream: ScriptedUpstream
) -> None:
    body = json.dumps(
        {"choices": [{"message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}]}
    ).encode()
    upstream.scripts[:] = [[response(body, headers=[("Content-Type", "application/json")])]]
    sent: list[str] = []
    failures: list[Exception] = []
    enough = threading.Event()

    def traffic() -> None:
        try:
            while not enough.is_set():
                sent.append(ask_once(product, len(sent)))
                time.sleep(0.01)
        except (httpx.HTTPError, AssertionError) as error:
            failures.append(error)

    thread = threading.Thread(target=traffic)
    thread.start()
    try:
        eventually(lambda: len(sent) > 20)
        for part in ("projector", "ui"):
            dead = product.kill(part)
            product.until_back(part, dead)
        eventually(lambda: len(sent) > 60)
    finally:
        enough.set()
        thread.join(30)
    assert not failures
    last = product.ended(sent[-1])
    assert text_of(last) == "yes"
    stored = [call["id"] for call in calls_of(product)]
    assert len(stored) == len(set(stored))
    assert set(sent) <= set(stored)
    assert all(product.ended(call_id)["state"] == "done" for call_id in sent[:: max(1, len(sent) // 10)])


def test_tags_and_a_note_survive_a_restart_of_everything(tmp_path: Path, upstream: ScriptedUpstream) -> None:
    upstream.scripts[:] = [[response(b'{"choices": []}', headers=[("Content-Type", "application/json")])]]
    home = tmp_path / "home"
    with running_product(home, {"openai": upstream.base_url}) as first:
        call_id = ask_once(first, 1)
        first.ended(call_id)
        for path, body in (("tags", {"tag": "odd"}), ("annotations", {"text": "look at this", "author": "me"})):
            answer = httpx.post(f"{first.ui}/api/v1/calls/{call_id}/{path}", json=body, timeout=20, trust_env=False)
            assert answer.is_success, answer.text
        assert first.stop(signal.SIGINT) == 0
        assert "stopped" in first.words()
        assert "Traceback" not in first.words()
    with running_product(home, {"openai": upstream.base_url}) as second:
        call = second.api(f"/calls/{call_id}")
        assert call["tags"] == ["odd"]
        assert [note["text"] for note in second.api(f"/calls/{call_id}/annotations")["items"]] == ["look at this"]
        assert second.stop() == 0


def up(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "union_square.cli", "up"],
        env={"PATH": "/usr/bin:/bin", "UNION_SQUARE_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_a_taken_port_is_named_with_the_way_to_choose_another(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = up(tmp_path / "home", UNION_SQUARE_PROXY_PORT=str(port))
    assert found.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in found.stderr
    assert "UNION_SQUARE_PROXY_PORT=" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_second_start_on_the_same_data_is_refused(product: Product) -> None:
    found = up(product.home, UNION_SQUARE_PROXY_PORT="0", UNION_SQUARE_UI_PORT="0")
    assert found.returncode == 1
    assert f"running already on {product.home}" in found.stderr


def command(product: Product, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "union_square.cli", *arguments],
        env={"PATH": "/usr/bin:/bin", "UNION_SQUARE_HOME": str(product.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_calls_and_sessions_are_listed_in_a_terminal(product: Product) -> None:
    newest = eventually(lambda: calls_of(product))[0]
    found = command(product, "calls", "--json", "--limit", "200")
    assert newest["id"] in [json.loads(line)["id"] for line in found.stdout.splitlines()]
    table = command(product, "sessions")
    assert table.stdout.startswith("session ")
    assert newest["session_id"] in table.stdout


def test_rebuild_is_refused_while_a_projector_runs(product: Product) -> None:
    found = command(product, "rebuild")
    assert found.returncode == 1
    assert "running already" in found.stderr


def test_no_credential_is_anywhere_on_the_disk(product: Product) -> None:
    for file in product.home.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert b"sk-canary-of-the-openai-sdk" not in data, file
            assert b"sk-ant-canary-value" not in data, file
