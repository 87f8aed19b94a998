"""/api/v1/live: what happens now, as server-sent events (WHATWG HTML, 9.2).

    event: call_started | call_updated | call_ended    data: a call as in a listing
    event: text     data: call_id, session_id, message, part, part_type, name, offset, text

Joining late, one is first told of every running call and all that it has said. A text event says what a part of the
answer is from character `offset` on, so applying one twice does no harm: a client that reconnects just goes on.
"""

from contextlib import aclosing
from typing import Any, cast

import anyio
from fastapi import APIRouter, Response
from pydantic import TypeAdapter
from starlette.types import Receive, Scope, Send

from union_square.api.shapes import with_usage
from union_square.domain.views import CallView
from union_square.watching.ports import CallChanged, LiveEvent, TextDelta, Watching

HEARTBEAT_SECONDS = 10.0
"""A comment is sent after this much silence: it keeps middle boxes from closing, and finds clients that are gone."""

RECONNECT_MILLISECONDS = 1000

_CALL = TypeAdapter(CallView)
_TEXT = TypeAdapter(TextDelta)


def present_event(event: LiveEvent) -> bytes:
    """One event on the wire. Its id is the version of the live feed."""
    data = _CALL.dump_json(with_usage(event.call)) if isinstance(event, CallChanged) else _TEXT.dump_json(event)
    return b"event: %s\nid: %d\ndata: %s\n\n" % (event.kind.encode(), event.version, data)


class EventStream(Response):
    """Sends what `watching.follow` tells until the client is gone."""

    media_type = "text/event-stream"

    def __init__(self, watching: Watching, heartbeat_seconds: float) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]  # it has no end
        self._watching = watching
        self._heartbeat_seconds = heartbeat_seconds
        self._sent_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        lock = anyio.Lock()

        async def write(data: bytes) -> None:
            async with lock:
                await send({"type": "http.response.body", "body": data, "more_body": True})
                self._sent_at = anyio.current_time()

        async def until_gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        async def keep_alive() -> None:
            while True:
                await anyio.sleep(self._heartbeat_seconds)
                if anyio.current_time() - self._sent_at >= self._heartbeat_seconds * 0.9:
                    await write(b": still here\n\n")

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(until_gone)
            await write(b"retry: %d\n\n" % RECONNECT_MILLISECONDS)
            tasks.start_soon(keep_alive)
            async with aclosing(cast("Any", self._watching.follow())) as events:
                async for event in events:
                    await write(present_event(event))


def live_routes(watching: Watching, heartbeat_seconds: float) -> APIRouter:
    """The route of the live events."""
    routes = APIRouter(tags=["live"])

    @routes.get("/live", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
    async def follow() -> Response:
        """Calls that start, change and end, and their text as it comes: server-sent events, without end."""
        return EventStream(watching, heartbeat_seconds)

    _ = follow
    return routes
