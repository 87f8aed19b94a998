"""The real proxy writes, the real watcher shows: text before the end, and an end when the proxy dies."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import anyio
import httpx

from tests.support.proxy import running_proxy
from tests.support.upstream import chunk, scripted
from union_square.store.memory import MemoryStore
from union_square.watching.opening import open_watcher
from union_square.watching.ports import LiveCall
from union_square.watching.watcher import Watcher

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def says(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}}
    return chunk(b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n")


async def line_where(watcher: Watcher, **wanted: Any) -> LiveCall:
    """The first line of the live page of which all that holds."""
    with anyio.fail_after(20):
        while True:
            snapshot = await watcher.live()
            for session in snapshot.running:
                for line in session.calls:
                    facts = {"tail": line.tail, "state": line.call.state}
                    if all(facts[name] == value for name, value in wanted.items()):
                        return line
            await watcher.changed(snapshot.version, 1)


async def test_text_is_shown_before_the_answer_ends_and_an_end_when_the_proxy_dies(tmp_path: Path) -> None:
    go_on, hang = asyncio.Event(), asyncio.Event()
    store = MemoryStore()
    script = [HEAD, says("Once"), go_on, says(" upon a time"), hang]
    async with scripted([script]) as upstream, open_watcher(tmp_path / "home" / "log", store, store) as watcher:
        with running_proxy(tmp_path, {"openai": upstream.base_url}, check=False) as proxy:
            body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "A story"}]}
            async with httpx.AsyncClient(timeout=30) as client:
                request = client.build_request("POST", f"{proxy.url}/openai/v1/chat/completions", json=body)
                answer = await client.send(request, stream=True)
                line = await line_where(watcher, tail="Once", state="running")
                assert line.call.id == answer.headers["x-union-square-call-id"]
                assert line.call.preview == "A story"
                go_on.set()
                await line_where(watcher, tail="Once upon a time", state="running")
                proxy.stop(signal.SIGKILL)
                cut = await line_where(watcher, tail="Once upon a time", state="cut_off")
                assert cut.call.error_type == "proxy_stopped"
                await answer.aclose()
        hang.set()
