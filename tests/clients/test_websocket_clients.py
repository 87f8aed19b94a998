"""SDKs that speak over WebSocket, unmodified through the running proxy: OpenAI's Realtime and Responses, Gemini Live
(which insists on wss)."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from google import genai
from google.genai import types
from websockets.asyncio.server import ServerConnection, serve

from tests.clients.conftest import KEY
from tests.support.certificates import Certificates
from tests.support.proxy import ProxyProcess, running_proxy
from tests.support.upstream import eventually
from union_square.domain.messages import TextPart
from union_square.domain.views import CallDetail
from union_square.wire.understanding import Understanding

Script = dict[str, list[Any]]
"""What the server answers, by a word in the client's message; under "" what it says first."""


@asynccontextmanager
async def behind_the_proxy(
    folder: Path, script: Script, seen: list[ServerConnection], **env: str
) -> AsyncIterator[ProxyProcess]:
    """A WebSocket server that plays the script, as every upstream of the proxy."""

    async def handler(connection: ServerConnection) -> None:
        seen.append(connection)
        for value in script.get("", []):
            await connection.send(json.dumps(value))
        async for message in connection:
            said = message if isinstance(message, str) else message.decode()
            for word, answers in script.items():
                if word and word in said:
                    for value in answers:
                        await connection.send(json.dumps(value))

    async with serve(handler, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        with running_proxy(folder, {"openai": url, "gemini": url}, env=env) as proxy:
            yield proxy


async def ended(proxy: ProxyProcess) -> CallDetail:
    await eventually(lambda: any(call.ended for call in proxy.recordings()))
    (call,) = proxy.recordings()
    understanding = Understanding(call.call_id)
    for event in proxy.events():
        understanding.apply(event)
    assert KEY.encode() not in b"".join(file.read_bytes() for file in proxy.log_folder.rglob("*.uslog"))
    return understanding.detail()


def said(detail: CallDetail) -> list[tuple[str, str]]:
    return [(m.role, p.text) for m in detail.messages for p in m.parts if isinstance(p, TextPart)]


def key_seen(connection: ServerConnection) -> bool:
    assert connection.request is not None
    return any(KEY in value for _, value in connection.request.headers.raw_items()) or KEY in connection.request.path


async def test_openai_realtime(tmp_path: Path) -> None:
    at = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0, "event_id": "e"}
    item = {"id": "item_2", "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Good morning."}]}  # fmt: skip
    usage = {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}
    response = {"id": "resp_1", "object": "realtime.response", "status": "completed", "output": [item], "usage": usage}
    script: Script = {
        "": [{"type": "session.created", "event_id": "e", "session": {"type": "realtime", "model": "gpt-realtime"}}],
        "response.create": [
            {"type": "response.created", "event_id": "e", "response": {"id": "resp_1", "status": "in_progress"}},
            {"type": "response.output_text.delta", "delta": "Good ", **at},
            {"type": "response.output_text.delta", "delta": "morning.", **at},
            {"type": "response.output_item.done", "item": item, **at},
            {"type": "response.done", "event_id": "e", "response": response},
        ],
    }  # fmt: skip
    seen: list[ServerConnection] = []
    async with behind_the_proxy(tmp_path, script, seen) as proxy:
        client = openai.AsyncOpenAI(api_key=KEY, base_url=f"{proxy.url}/openai/v1")
        async with client, client.realtime.connect(model="gpt-realtime") as connection:
            message: Any = {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Grüß Gott"}],
            }
            await connection.conversation.item.create(item=message)
            await connection.response.create()
            deltas: list[str] = []
            async for event in connection:
                if event.type == "response.output_text.delta":
                    deltas.append(event.delta)
                if event.type == "response.done":
                    break
        assert deltas == ["Good ", "morning."]
        detail = await ended(proxy)
    assert key_seen(seen[0])
    assert detail.call.path == "/v1/realtime?model=gpt-realtime"
    assert (detail.call.dialect, detail.call.state) == ("openai-realtime", "done")
    assert said(detail) == [("user", "Grüß Gott"), ("assistant", "Good morning.")]
    assert detail.call.usage is not None
    assert detail.call.usage.input_tokens == 9


async def test_openai_responses_over_a_websocket(tmp_path: Path) -> None:
    content = [{"type": "output_text", "text": "Good morning.", "annotations": []}]
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    done = {"id": "resp_1", "object": "response", "model": "gpt-5", "status": "completed", "output": [item]}
    script: Script = {
        "response.create": [{"type": "response.completed", "sequence_number": 1, "response": done}],
    }
    seen: list[ServerConnection] = []
    async with behind_the_proxy(tmp_path, script, seen) as proxy:
        client = openai.AsyncOpenAI(api_key=KEY, base_url=f"{proxy.url}/openai/v1")
        async with client, client.responses.connect() as connection:
            await connection.response.create(model="gpt-5", input="Grüß Gott")
            event = await connection.recv()
            assert event.type == "response.completed"
        detail = await ended(proxy)
    assert key_seen(seen[0])
    assert (detail.call.dialect, detail.call.state, detail.call.model) == ("openai-responses", "done", "gpt-5")
    assert said(detail) == [("user", "Grüß Gott"), ("assistant", "Good morning.")]


async def test_gemini_live_by_wss(tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    parts = [{"text": "Good "}], [{"text": "morning."}]
    usage = {"promptTokenCount": 4, "responseTokenCount": 2, "totalTokenCount": 6}
    script: Script = {
        '"setup"': [{"setupComplete": {"sessionId": "s-1"}}],
        "Gott": [
            *({"serverContent": {"modelTurn": {"role": "model", "parts": part}}} for part in parts),
            {"serverContent": {"turnComplete": True}, "usageMetadata": usage},
        ],
    }
    env = {
        "UNION_SQUARE_TLS_CERTIFICATE": str(certificates.certificate),
        "UNION_SQUARE_TLS_KEY": str(certificates.key),
    }
    seen: list[ServerConnection] = []
    async with behind_the_proxy(tmp_path, script, seen, **env) as proxy:
        client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=f"{proxy.url}/gemini"))
        config = types.LiveConnectConfig(response_modalities=[types.Modality.TEXT])
        async with client.aio.live.connect(model="gemini-of-tests", config=config) as session:
            turn = types.Content(role="user", parts=[types.Part(text="Grüß Gott")])
            await session.send_client_content(turns=turn, turn_complete=True)
            texts = [message.text async for message in session.receive() if message.text]
        assert texts == ["Good ", "morning."]
        await client.aio.aclose()
        client.close()
        detail = await ended(proxy)
    assert key_seen(seen[0])
    assert (detail.call.dialect, detail.call.state, detail.call.model) == ("gemini-live", "done", "gemini-of-tests")
    assert said(detail) == [("user", "Grüß Gott"), ("assistant", "Good morning.")]
