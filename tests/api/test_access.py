"""Where others can reach the port, nobody comes in without the token: no page, no request, no WebSocket."""

import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from union_square.api.access import TokenRequired
from union_square.api.origin import SameOrigin
from union_square.api.token_file import load_ui_token
from union_square.settings import SettingsError, load_settings

TOKEN = "a-token-of-some-length"
PAGE = {"accept": "text/html,application/xhtml+xml"}


async def _answer(_: Any) -> PlainTextResponse:
    return PlainTextResponse("secret")


def client(**headers: str) -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/{path:path}", _answer, methods=["GET", "POST", "DELETE"])])
    guarded = SameOrigin(TokenRequired(app, token=TOKEN), allowed_hosts=["ui.test"])  # pyright: ignore[reportArgumentType]
    transport = httpx.ASGITransport(app=guarded)  # pyright: ignore[reportArgumentType]
    return httpx.AsyncClient(transport=transport, base_url="http://ui.test", headers=headers)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer x", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN[:-1]}"],
)
async def test_nothing_is_answered_without_the_token(method: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    async with client(**headers) as asking:
        answer = await asking.request(method, "/api/v1/calls")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "secret" not in answer.text
    assert method == "HEAD" or "UNION_SQUARE_UI_TOKEN" in answer.json()["error"]["message"]


async def test_a_program_brings_it_as_a_bearer() -> None:
    async with client(authorization=f"bearer {TOKEN}") as asking:
        assert (await asking.delete("/api/v1/calls")).text == "secret"


async def test_an_address_with_the_token_gives_a_cookie_and_goes_on_without_it() -> None:
    async with client(**PAGE) as browser:
        answer = await browser.get(f"/search?text=a+b&token={TOKEN}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/search?text=a+b")
        cookie = answer.headers["set-cookie"]
        assert all(rule in cookie for rule in ("HttpOnly", "SameSite=Strict", "Path=/"))
        assert TOKEN not in cookie
        assert (await browser.get("/search")).text == "secret"
        assert (await browser.get(f"/?token={TOKEN}")).headers["location"] == "/"


async def test_a_browser_is_shown_a_form_that_leads_on_to_where_it_wanted() -> None:
    async with client(**PAGE) as browser:
        form = await browser.get("/calls/1?view=raw")
        assert form.status_code == 401
        assert 'value="/calls/1?view=raw"' in form.text
        assert "script" not in form.text
        assert "default-src 'none'" in form.headers["content-security-policy"]
        wrong = await browser.post("/sign-in", data={"token": "x", "next": "/calls/1"})
        assert (wrong.status_code, "not this server" in wrong.text) == (401, True)
        assert "set-cookie" not in wrong.headers
        right = await browser.post("/sign-in", data={"token": TOKEN, "next": "/calls/1"})
        assert (right.status_code, right.headers["location"]) == (303, "/calls/1")
        assert (await browser.get("/calls/1")).text == "secret"


@pytest.mark.parametrize("place", ["//evil.test/", "https://evil.test/", "/\\evil.test", "javascript:1", "/a\r\nx: y"])
async def test_signing_in_leads_to_no_other_server(place: str) -> None:
    async with client(**PAGE) as browser:
        answer = await browser.post("/sign-in", data={"token": TOKEN, "next": place})
        assert answer.headers["location"] == "/"
        assert place not in (await browser.get("/x", params={"next": place})).text


async def test_another_sites_page_cannot_sign_in_and_a_link_from_it_finds_the_cookie_again() -> None:
    async with client(**PAGE) as browser:
        forged = await browser.post("/sign-in", data={"token": TOKEN}, headers={"origin": "http://evil.test"})
        assert forged.status_code == 403
        navigating = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        followed = await browser.get('/calls/1?a="><b>', headers=navigating)
        assert (followed.status_code, "secret" in followed.text) == (200, False)
        assert 'content="0; url=/calls/1?a=' in followed.text
        assert "<b>" not in followed.text


@pytest.mark.parametrize("cookie", ["", "x", "union_square_0=1", "union_square_\0", ";;;=", TOKEN])
async def test_no_other_cookie_lets_in(cookie: str) -> None:
    async with client(cookie=cookie) as asking:
        assert (await asking.get("/")).status_code == 401


async def test_a_websocket_is_refused_alike() -> None:
    sent: list[Any] = []

    async def app(*_: Any) -> None:
        sent.append("let in")

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "websocket", "path": "/_event", "headers": [], "query_string": b"", "extensions": {}}
    await TokenRequired(app, token=TOKEN)(scope, receive, send)
    assert sent[0]["type"] == "websocket.close"
    with_answers = scope | {"extensions": {"websocket.http.response": {}}}
    await TokenRequired(app, token=TOKEN)(with_answers, receive, send)
    assert sent[1]["status"] == 401
    await TokenRequired(app, token=TOKEN)(
        scope | {"headers": [(b"authorization", b"Bearer " + TOKEN.encode())]}, receive, send
    )
    assert sent[-1] == "let in"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "myhost"])
def test_a_token_is_made_once_where_others_can_come_and_only_its_owner_may_read_it(tmp_path: Path, host: str) -> None:
    first = load_ui_token(tmp_path, setting="", host=host, allowed_hosts=())
    assert len(first) >= 32
    assert first == load_ui_token(tmp_path, setting="", host=host, allowed_hosts=())
    assert stat.S_IMODE((tmp_path / "ui-token").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["ui-token"]


def test_on_loopback_none_is_asked_for_unless_one_is_set_or_another_name_leads_here(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        assert load_ui_token(tmp_path, setting="", host=host, allowed_hosts=()) == ""
        assert load_ui_token(tmp_path, setting=TOKEN, host=host, allowed_hosts=()) == TOKEN
        assert load_ui_token(tmp_path, setting="", host=host, allowed_hosts=("llm.example.com",))
    assert load_ui_token(tmp_path, setting="off", host="0.0.0.0", allowed_hosts=()) == ""


def test_a_short_token_is_refused_and_no_token_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNION_SQUARE_HOME", str(tmp_path))
    monkeypatch.setenv("UNION_SQUARE_UI_TOKEN", "sh0rt-c4n4ry")
    with pytest.raises(SettingsError, match="ui_token") as refused:
        load_settings()
    assert "sh0rt-c4n4ry" not in str(refused.value)
    monkeypatch.setenv("UNION_SQUARE_UI_TOKEN", TOKEN)
    assert TOKEN not in repr(load_settings())
