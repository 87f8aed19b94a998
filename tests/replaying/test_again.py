"""A session sent again with the answers given now: by the command, through the running product."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.replaying.test_command import product_env
from tests.support.product import eventually, running_product, upstream_in_a_thread
from tests.support.upstream import response

KEY = "test-k3y-of-nobody"


def said(content: str | None, *tools: str, mark: str = "") -> list[bytes]:
    calls = [
        {"id": f"call_{mark}{n}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        for n, name in enumerate(tools)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": content} | ({"tool_calls": calls} if calls else {})
    body = {"model": "gpt-5", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    return [response(json.dumps(body).encode(), headers=[("Content-Type", "application/json")])]


def replay(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "union_square.cli", "replay", *arguments]
    env = product_env(home) | {"OPENAI_API_KEY": KEY}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=90)


def test_a_session_goes_on_from_the_answers_of_now_until_other_tools_are_asked_for(tmp_path: Path) -> None:
    user: Any = {"role": "user", "content": "How warm is it?"}
    asked: Any = {"id": "call_old0", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    first = [user]
    second = [user, {"role": "assistant", "content": "I look.", "tool_calls": [asked]},
              {"role": "tool", "tool_call_id": "call_old0", "content": "12 °C"}]  # fmt: skip
    recorded = [said("I look.", "weather", mark="old"), said("It is 12 °C.")]
    with (
        upstream_in_a_thread(recorded) as upstream,
        running_product(tmp_path / "home", {"openai": upstream.base_url}, arguments=["--no-ui"]) as product,
    ):
        for messages in (first, second):
            httpx.post(
                f"{product.proxy}/openai/v1/chat/completions",
                json={"model": "gpt-5", "messages": messages, "seed": 7},
                headers={"x-union-square-session-id": "warm"},
                trust_env=False,
            )
        listing = [sys.executable, "-m", "union_square.cli", "calls", "--json", "--session", "warm"]

        def both() -> bool:
            done = subprocess.run(listing, env=product_env(product.home), capture_output=True, text=True, check=False)
            return done.stdout.count('"state": "done"') == 2

        eventually(both, within=40, what="both calls in the store")
        upstream.received.clear()
        upstream.scripts[:], upstream.served = [said("Let me see.", "weather", mark="new"), said("It is warm.")], 0
        done = replay(product.home, "warm", "--model", "gpt-6", "--set", "temperature=0")
        assert done.returncode == 0, done.stderr
        assert "[-I look-]" in done.stdout or "[-look-]" in done.stdout
        assert "{+warm+}" in done.stdout
        bodies = [json.loads(request.body) for request in upstream.received]
        assert [(body["model"], body["temperature"], body["seed"]) for body in bodies] == [("gpt-6", 0, 7)] * 2
        _, answer, result = bodies[1]["messages"]
        assert (answer["content"], answer["tool_calls"][0]["id"]) == ("Let me see.", "call_new0")
        assert (result["tool_call_id"], result["content"]) == ("call_new0", "12 °C")
        assert f"authorization: Bearer {KEY}".encode() in upstream.received[0].head
        upstream.received.clear()
        upstream.scripts[:], upstream.served = [said("No."), said("Still 12 °C.")], 0
        stopped = replay(product.home, "warm")
        assert stopped.returncode == 1
        assert "asks for no tool now, where it asked for weather" in " ".join(stopped.stderr.split())
        upstream.received.clear()
        upstream.served = 0
        went_on = replay(product.home, "warm", "--go-on")
        assert went_on.returncode == 1
        assert "2 of 2 calls sent again, 1 failed; recorded as session resent~warm~" in went_on.stdout
        assert [json.loads(request.body)["messages"] for request in upstream.received] == [first, second]
        upstream.received.clear()
        upstream.served = 0
        again = replay(product.home, "warm", "--answers", "recorded")
        assert again.returncode == 0, again.stderr
        assert [json.loads(request.body)["messages"] for request in upstream.received] == [first, second]
