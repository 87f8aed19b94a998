"""Bodies of the three formats, written by hand, and the call that carries them."""

import json
from collections.abc import Iterable
from typing import Any

from tests.support.calls import JSON, SSE, events_of, every, understand
from union_square.wire.understanding import Understanding


def sse(*events: Any, done: bool = True) -> bytes:
    """OpenAI's way: data only, [DONE] at the end."""
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return ("".join(lines) + ("data: [DONE]\n\n" if done else "")).encode()


def named_sse(*events: dict[str, Any]) -> bytes:
    """Anthropic's and the responses' way: each event named by its type."""
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


def call(
    path: str,
    request: Any = None,
    response: Any = b"",
    *,
    status: int = 200,
    size: int = 0,
    headers: Iterable[tuple[str, str]] = (),
    upstream: str = "custom",
    method: str = "POST",
) -> Understanding:
    """A call with those bodies (values are sent as JSON, bytes as they are), cut into pieces of `size`."""
    body = request if isinstance(request, bytes) else b"" if request is None else json.dumps(request).encode()
    streamed = isinstance(response, bytes)
    answer = response if isinstance(response, bytes) else json.dumps(response).encode()
    return understand(
        events_of(
            path,
            body,
            answer,
            method=method,
            upstream=upstream,
            request_headers=(JSON, *headers),
            response_headers=(SSE if streamed else JSON,),
            status=status,
            cuts=every(size, answer) if size else (),
        )
    )
