"""Server-sent events, over a real server."""

import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import uvicorn

from tests.watching.scripts import Script
from tests.watching.world import World
from union_square.api import create_api
from union_square.api.origin import SameOrigin


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """The test runner keeps its own."""
        yield


@asynccontextmanager
async def served(world: World, *, heartbeat_seconds: float = 10) -> AsyncIterator[str]:
    """The address of the API on a real socket, its watcher running."""
    app = SameOrigin(create_api(world.watcher, heartbeat_seconds=heartbeat_seconds))
    config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1)  # pyright: ignore[reportArgumentType]
    server = _Server(config)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.watcher.run)
        tasks.start_soon(server.serve)
        with anyio.fail_after(20):
            while not server.started:
                await anyio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/api/v1/live"
        server.should_exit = True
        with anyio.fail_after(20):
            while server.servers and any(one.is_serving() for one in server.servers):
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()


class Listener:
    """Reads events off one connection, comments included."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> dict[str, str]:
        """The next event's fields; a comment is {"": its text}."""
        fields: dict[str, str] = {}
        with anyio.fail_after(20):
            async for line in self._lines:
                if not line and fields:
                    return fields
                name, _, value = line.partition(":")
                if line:
                    fields[name] = value.strip()
        raise AssertionError("the stream ended")

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """Every event up to the first of that kind: (event, data)."""
        found: list[dict[str, Any]] = []
        while True:
            fields = await self.next()
            if "data" not in fields:
                continue
            assert fields["id"].isdigit()
            found.append({"event": fields["event"], **json.loads(fields["data"])})
            if fields["event"] == kind:
                return found


@asynccontextmanager
async def listening(address: str) -> AsyncIterator[Listener]:
    async with httpx.AsyncClient(timeout=30) as client, client.stream("GET", address) as response:
        yield Listener(response)


async def test_text_comes_while_the_call_runs_and_late_joiners_get_all_of_it(world: World) -> None:
    script = Script(1)
    world.log.append(*script.request(), *script.answer_begins(), *script.says("Once"))
    async with served(world) as address, listening(address) as early:
        assert early.response.headers["content-type"].startswith("text/event-stream")
        assert "content-length" not in early.response.headers
        first = await early.until("text")
        assert first[0]["event"] == "call_started"
        assert (first[0]["id"], first[0]["state"]) == (script.id, "running")
        assert (first[-1]["offset"], first[-1]["text"]) == (0, "Once")
        world.log.append(*script.says(" upon a time"))
        second = (await early.until("text"))[-1]
        assert (second["offset"], second["text"], second["call_id"]) == (4, " upon a time", script.id)
        async with listening(address) as late:
            assert (await late.until("text"))[-1]["text"] == "Once upon a time"
            world.log.append(*script.ends())
            for listener in (early, late):
                end = (await listener.until("call_ended"))[-1]
                assert (end["id"], end["state"], end["finish_reasons"]) == (script.id, "done", ["stop"])


async def test_silence_is_broken_by_comments(world: World) -> None:
    async with served(world, heartbeat_seconds=0.05) as address, listening(address) as listener:
        assert await listener.next() == {"retry": "1000"}
        assert await listener.next() == {"": "still here"}
        assert await listener.next() == {"": "still here"}


async def test_a_client_that_leaves_is_forgotten(world: World) -> None:
    async with served(world, heartbeat_seconds=0.05) as address:
        async with listening(address) as listener:
            await listener.next()
        script = Script(1)
        world.log.append(*script.request())
        async with listening(address) as listener:
            assert (await listener.until("call_started"))[-1]["id"] == script.id
