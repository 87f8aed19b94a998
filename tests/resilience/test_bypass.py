"""A client that can go round the proxy: the proxy dies under it, and its calls go on."""

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.support.parts import Parts
from tests.support.proxy import running_proxy
from tests.support.upstream import HANG, RESET, ScriptedUpstream, chunk, eventually, response, scripted
from union_square.bypass import AsyncBypassTransport, BypassTransport, Resend, is_proxy_error

JSON = [("Content-Type", "application/json")]
OPENAI = (
    b'{"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": '
    b'[{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "here"}}]}'
)
ANTHROPIC = (
    b'{"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "here"}], '
    b'"stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}'
)
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"half")


def client_of(proxy: str, upstream: ScriptedUpstream, **options: Any) -> httpx.AsyncClient:
    transport = AsyncBypassTransport(proxy, {"t": f"{upstream.base_url}/direct"}, **options)
    return httpx.AsyncClient(base_url=f"{proxy}/t/v1", transport=transport, timeout=20)


def ways(upstream: ScriptedUpstream) -> str:
    """How each request came: p by the proxy, d directly."""
    return "".join("d" if r.lines[0].split(b" ")[1].startswith(b"/direct/") else "p" for r in upstream.received)


async def test_the_sdks_calls_go_on_when_the_proxy_is_killed_and_are_recorded_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    messages: Any = [{"role": "user", "content": "where are you?"}]
    async with scripted([[response(OPENAI, headers=JSON)]]) as upstream:
        parts = Parts(tmp_path / "home", upstream.base_url)
        proxy, providers = f"http://127.0.0.1:{parts.port}", {"t": f"{upstream.base_url}/direct"}
        try:
            await parts.start("proxy")
            one = openai.OpenAI(
                base_url=f"{proxy}/t/v1",
                api_key="k",
                max_retries=0,
                http_client=openai.DefaultHttpxClient(transport=BypassTransport(proxy, providers, away_seconds=0.2)),
            )
            other = anthropic.AsyncAnthropic(
                base_url=f"{proxy}/t",
                api_key="k",
                max_retries=0,
                http_client=anthropic.DefaultAsyncHttpxClient(
                    transport=AsyncBypassTransport(proxy, providers, away_seconds=0.2)
                ),
            )

            async def both() -> None:
                upstream.scripts[:] = [[response(OPENAI, headers=JSON)]]
                said = await asyncio.to_thread(one.chat.completions.create, model="m", messages=messages)
                assert said.choices[0].message.content == "here"
                upstream.scripts[:] = [[response(ANTHROPIC, headers=JSON)]]
                message = await other.messages.create(model="m", max_tokens=9, messages=messages)
                assert getattr(message.content[0], "text") == "here"  # noqa: B009

            await both()
            parts.kill("proxy")
            await both()
            await both()
            await parts.start("proxy")
            await asyncio.sleep(0.3)
            await both()
            assert ways(upstream) == "ppddddpp"
            assert upstream.received[2].lines[0] == b"POST /direct/v1/chat/completions HTTP/1.1"
            assert upstream.received[2].body == upstream.received[0].body
            await asyncio.to_thread(one.close)
            await other.close()
        finally:
            parts.close()


async def test_what_is_for_the_proxy_alone_does_not_go_to_the_provider_and_the_rest_does(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream:
        async with client_of(f"http://127.0.0.1:{closed_port()}", upstream) as client:
            own = {"x-union-square-session-id": "s", "x-mine": "yes", "authorization": "Bearer k"}
            answer = await client.post("/a%2Fb?q=%20x&q=2", content=b"body", headers=own)
        assert answer.content == b"ok"
        lines = upstream.received[0].lines
        assert lines[0] == b"POST /direct/v1/a%2Fb?q=%20x&q=2 HTTP/1.1"
        fields = {line.partition(b": ")[0].lower(): line.partition(b": ")[2] for line in lines[1:]}
        assert b"x-union-square-session-id" not in fields
        assert (fields[b"x-mine"], fields[b"authorization"]) == (b"yes", b"Bearer k")
        assert fields[b"host"] == f"127.0.0.1:{upstream.port}".encode()


async def test_a_stream_that_broke_off_is_not_asked_for_again(tmp_path: Path) -> None:
    async with scripted([[BEGUN, HANG]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}) as proxy:
            async with client_of(proxy.url, upstream) as client, client.stream("POST", "/s", content=b"x") as answer:
                pieces = answer.aiter_bytes()
                assert await anext(pieces) == b"half"
                proxy.stop(signal.SIGKILL)
                with pytest.raises(httpx.TransportError):
                    await anext(pieces)
        assert ways(upstream) == "p"


@pytest.mark.parametrize(("resend", "expected"), [("unanswered", "pd"), ("unsent", "p")])
async def test_a_request_that_the_proxy_took_along_is_sent_again_as_far_as_it_was_allowed(
    tmp_path: Path, resend: Resend, expected: str
) -> None:
    async with scripted([[HANG], [response(b"ok")]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}) as proxy:
            async with client_of(proxy.url, upstream, resend=resend) as client:
                asked = asyncio.create_task(client.post("/s", content=b"x"))
                await eventually(lambda: upstream.received)
                proxy.stop(signal.SIGKILL)
                if resend == "unanswered":
                    assert (await asked).content == b"ok"
                else:
                    with pytest.raises(httpx.RemoteProtocolError):
                        await asked
        assert ways(upstream) == expected


async def test_a_body_that_cannot_be_made_twice_is_sent_once(tmp_path: Path) -> None:
    async def body() -> Any:
        yield b"x"

    async with scripted([[HANG], [response(b"ok")]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}) as proxy:
            async with client_of(proxy.url, upstream) as client:
                asked = asyncio.create_task(client.post("/s", content=body()))
                await eventually(lambda: upstream.received)
                proxy.stop(signal.SIGKILL)
                with pytest.raises(httpx.RemoteProtocolError):
                    await asked
        assert ways(upstream) == "p"


async def test_an_upstreams_own_error_is_an_answer(tmp_path: Path) -> None:
    statuses = ["400 Bad Request", "429 Too Many Requests", "500 Internal Server Error", "502 Bad Gateway"]
    scripts = [[response(b'{"error": "no"}', status=status, headers=JSON)] for status in statuses]
    async with scripted(scripts) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}) as proxy:
            async with client_of(proxy.url, upstream) as client:
                for status in statuses:
                    answer = await client.post("/s", content=b"x")
                    assert (answer.status_code, answer.json()) == (int(status[:3]), {"error": "no"})
                    assert not is_proxy_error(answer)
        assert ways(upstream) == "pppp"


async def test_a_proxy_that_says_that_it_sent_nothing_on_is_gone_round(tmp_path: Path) -> None:
    """Its network may have no way to the provider where the client's has one."""
    async with scripted([[response(b"ok")]]) as upstream:
        with running_proxy(tmp_path, {"t": f"http://127.0.0.1:{closed_port()}"}) as proxy:
            async with client_of(proxy.url, upstream) as client:
                assert (await client.post("/s", content=b"x")).content == b"ok"
            with httpx.Client(transport=BypassTransport(proxy.url, {"t": upstream.base_url})) as plain:
                answer = await asyncio.to_thread(plain.get, f"{proxy.url}/t/s")
                assert answer.content == b"ok"
        assert ways(upstream) == "dp"


async def test_an_error_of_the_proxy_after_it_sent_the_request_on_is_the_callers_to_judge(
    tmp_path: Path,
) -> None:
    async with scripted([[RESET], [b"nonsense\r\n\r\n"]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}) as proxy:
            async with client_of(proxy.url, upstream) as client:
                for _ in range(2):
                    answer = await client.post("/s", content=b"x")
                    assert answer.status_code == 502
                    assert is_proxy_error(answer)
                    assert answer.json()["error"]["sent"] is True
        assert ways(upstream) == "pp"


async def test_what_is_not_for_the_proxy_is_left_alone(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream:
        transport = AsyncBypassTransport("http://127.0.0.1:1", {"t": "http://127.0.0.1:2"})
        async with httpx.AsyncClient(transport=transport) as client:
            assert (await client.get(f"{upstream.base_url}/t/x")).content == b"ok"
            with pytest.raises(httpx.ConnectError):
                await client.get("http://127.0.0.1:1/unknown/x")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
