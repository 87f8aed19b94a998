"""The recorded bytes: as they were forwarded, and harmless in a browser."""

import gzip
import json
from typing import Any

import httpx
import pytest

from tests.watching.scripts import Script, call_id, now_us
from tests.watching.world import World
from union_square.domain import events as ev


def exchange(number: int, response_head: str, body: bytes, *, recorded: bool = True, at: int = 0) -> list[ev.Event]:
    """A call with that answer; ended long ago unless `at` says otherwise."""
    common: dict[str, Any] = {"call_id": call_id(number), "at": at or 1_700_000_000_000_000}
    head = b"POST /openai/v1/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n"
    answer = f"HTTP/1.1 200 OK\r\n{response_head}\r\n".encode("latin-1")
    return [
        ev.RequestHead(upstream="openai", fingerprint="", recorded=recorded, head=head, **common),
        *([ev.RequestChunk(data=b'{"a":1}', **common)] if recorded else []),
        ev.RequestEnd(total=7, **common),
        ev.ResponseHead(head=answer, **common),
        *([ev.ResponseChunk(data=body, **common)] if recorded else []),
        ev.ResponseEnd(total=len(body), **common),
    ]


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "live"])
async def test_bytes_come_back_as_they_were(world: World, api: httpx.AsyncClient, stored: bool) -> None:
    packed = gzip.compress(json.dumps({"hello": "world"}).encode())
    head = "content-type: application/json; charset=utf-8\r\nContent-Encoding: gzip\r\n"
    await world.happen(*exchange(1, head, packed, at=0 if stored else now_us()))
    if stored:
        world.project()
    async with api.stream("GET", f"/calls/{call_id(1)}/response") as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["content-encoding"] == "gzip"
    assert raw == packed
    request = await api.get(f"/calls/{call_id(1)}/request")
    assert request.content == b'{"a":1}'
    assert request.headers["content-type"] == "application/json"
    assert "content-encoding" not in request.headers


async def test_a_recorded_page_cannot_run_in_a_browser(world: World, api: httpx.AsyncClient) -> None:
    await world.happen(*exchange(1, "Content-Type: text/html\r\n", b"<script>alert(1)</script>"))
    world.project()
    answer = await api.get(f"/calls/{call_id(1)}/response")
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("value", ["text/häml", "a\x01b", "x\ty"])
async def test_a_content_type_that_is_no_header_is_replaced(world: World, api: httpx.AsyncClient, value: str) -> None:
    await world.happen(*exchange(1, f"Content-Type: {value}\r\nContent-Encoding: {value}\r\n", b"x"))
    world.project()
    answer = await api.get(f"/calls/{call_id(1)}/response")
    assert answer.content == b"x"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "content-encoding" not in answer.headers


async def test_a_body_without_a_type_gets_none(world: World, api: httpx.AsyncClient) -> None:
    await world.happen(*exchange(1, "", b"x"))
    world.project()
    answer = await api.get(f"/calls/{call_id(1)}/response")
    assert answer.content == b"x"
    assert "content-type" not in answer.headers


async def test_of_a_running_call_there_is_what_has_come(world: World, api: httpx.AsyncClient) -> None:
    script = Script(1)
    await world.happen(*script.request(), *script.answer_begins(), *script.says("So far"))
    assert b"So far" in (await api.get(f"/calls/{script.id}/response")).content


async def test_what_was_not_to_be_recorded_is_said_to_be_missing(world: World, api: httpx.AsyncClient) -> None:
    await world.happen(*exchange(1, "", b"secret", recorded=False))
    world.project()
    answer = await api.get(f"/calls/{call_id(1)}/response")
    assert answer.status_code == 404
    assert "not to be recorded" in answer.json()["error"]["message"]
