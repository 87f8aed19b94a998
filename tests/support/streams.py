"""Chat completions as streams with a rhythm: what a scripted upstream plays, and clients that read it."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from tests.support.product import Product
from tests.support.upstream import HANG, Script, Step, chunk

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def spoken(*steps: str | float, ends: bool = True) -> Script:
    """Words are sent as one piece each, numbers are pauses in seconds; one that does not end hangs."""
    script: list[Step] = [_HEAD]
    for step in steps:
        script.append(
            _event({"choices": [{"index": 0, "delta": {"content": step}}]}) if isinstance(step, str) else step
        )
    if not ends:
        return [*script, HANG]
    usage = {"prompt_tokens": 21, "completion_tokens": 34, "total_tokens": 55}
    last = _event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return [*script, last, _event({"choices": [], "usage": usage}), chunk(b"data: [DONE]\n\n"), chunk(b"")]


def _event(piece: dict[str, Any]) -> bytes:
    whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o-mini-2024-07-18"} | piece
    return chunk(b"data: " + json.dumps(whole).encode() + b"\n\n")


def ask(product: Product, *texts: str, session: str = "") -> bytes:
    """One streamed call whose history is `texts`, user and assistant by turns; its answer's bytes."""
    messages = [{"role": "assistant" if n % 2 else "user", "content": text} for n, text in enumerate(texts)]
    body = {"model": "gpt-4o-mini", "stream": True, "messages": messages}
    headers = {"authorization": "Bearer sk-of-the-test"} | ({"x-union-square-session-id": session} if session else {})
    url = f"{product.proxy}/openai/v1/chat/completions"
    return httpx.post(url, json=body, headers=headers, timeout=60, trust_env=False).content


@contextmanager
def asking(product: Product, texts: Sequence[str]) -> Iterator[None]:
    """One call for each text at the same time, each in a session of its own; left when the block ends."""
    stop = threading.Event()

    def run(text: str) -> None:
        body = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": text}]}
        url = f"{product.proxy}/openai/v1/chat/completions"
        try:
            with httpx.stream("POST", url, json=body, timeout=60, trust_env=False) as response:
                for _ in response.iter_raw():
                    if stop.is_set():
                        return
        except httpx.TransportError:
            return  # the product was stopped while it was read

    threads = [threading.Thread(target=run, args=(text,), daemon=True) for text in texts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
