"""Pages of other sites read and change nothing, whatever way they try."""

from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from union_square.api.origin import SameOrigin


async def _answer(_: Any) -> PlainTextResponse:
    return PlainTextResponse("secret")


def guarded(*allowed: str) -> SameOrigin:
    """An app with open CORS, as a framework might add it, behind the guard."""
    app = Starlette(routes=[Route("/", _answer, methods=["GET", "POST", "DELETE"])])
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
    return SameOrigin(app, allowed_hosts=allowed)  # pyright: ignore[reportArgumentType]


async def ask(method: str = "GET", *, allowed: tuple[str, ...] = (), **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=guarded(*allowed))  # pyright: ignore[reportArgumentType]
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8788") as client:
        return await client.request(method, "/", headers=sent)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8788",
        "localhost:1",
        "LOCALHOST",
        "app.localhost:8788",
        "[::1]:8788",
        "127.8.9.1",
        "localhost.",
    ],
)
async def test_loopback_names_are_answered(host: str) -> None:
    assert (await ask(host=host)).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8788", "127.0.0.1.evil.example", "localhost.evil.example", "evil@127.0.0.1",
     "127.0.0.1/x", "[::1", "10.0.0.1", "0.0.0.0", "", "127.0.0.1:x", "notlocalhost"],
)  # fmt: skip
async def test_other_names_are_not(host: str) -> None:
    answer = await ask(host=host)
    assert answer.status_code == 421
    assert "secret" not in answer.text
    assert "UNION_SQUARE_ALLOWED_HOSTS" in answer.json()["error"]["message"]


async def test_an_allowed_name_is_answered() -> None:
    assert (await ask(allowed=("Watch.Example", "::"), host="watch.example:80")).status_code == 200
    assert (await ask(allowed=("0.0.0.0",), host="0.0.0.0:80")).status_code == 421


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://127.0.0.1:8788"}, 200),
        ({"origin": "http://127.0.0.1:8788", "sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "http://localhost:8788"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "file://127.0.0.1:8788"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site", "origin": "http://127.0.0.1:8788"}, 403),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, 403),
    ],
)
async def test_only_its_own_pages_and_programs_change_something(
    method: str, headers: dict[str, str], status: int
) -> None:
    assert (await ask(method, **headers)).status_code == status


async def test_another_sites_page_reads_nothing() -> None:
    assert (await ask(sec_fetch_site="cross-site", sec_fetch_mode="no-cors")).status_code == 403
    assert (await ask(sec_fetch_site="same-site", sec_fetch_mode="cors")).status_code == 403
    assert (await ask(sec_fetch_site="cross-site", sec_fetch_mode="navigate")).status_code == 200, "a link to here"
    plain = await ask(origin="https://evil.example")
    assert not [name for name in plain.headers if name.startswith("access-control-")]
    preflight = await ask("OPTIONS", origin="https://evil.example", access_control_request_method="POST")
    assert preflight.status_code == 403
    assert not [name for name in preflight.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"host": "127.0.0.1:8788", "origin": "http://127.0.0.1:8788"}, True),
        ({"host": "127.0.0.1:8788"}, True),
        ({"host": "127.0.0.1:8788", "origin": "https://evil.example"}, False),
        ({"host": "evil.example", "origin": "http://evil.example"}, False),
        ({"host": "127.0.0.1:8788", "sec-fetch-site": "cross-site"}, False),
    ],
)
@pytest.mark.parametrize("with_answer", [True, False])
async def test_a_websocket_opens_for_its_own_pages_only(
    headers: dict[str, str], passes: bool, with_answer: bool
) -> None:
    reached: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(True)

    sent: list[Any] = []
    scope = {
        "type": "websocket",
        "path": "/_event",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "extensions": {"websocket.http.response": {}} if with_answer else {},
    }

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    with anyio.fail_after(5):
        await SameOrigin(app)(scope, receive, send)
    assert reached == ([True] if passes else [])
    if not passes:
        assert sent[0]["type"] == ("websocket.http.response.start" if with_answer else "websocket.close")
