"""What is recorded, what never is, and what the recording survives."""

import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import openai
import pytest

from tests.proxy.conftest import proxying
from tests.support.proxy import running_proxy
from tests.support.upstream import HANG, READ_HEAD, Script, chunk, eventually, response, scripted
from tests.support.websockets import frame
from union_square.domain.views import CallDetail
from union_square.wire.understanding import Understanding

CANARY = b"c4n4ryS3cr3tV4lu3"


async def test_no_credential_reaches_the_log(tmp_path: Path) -> None:
    answer = response(
        b"ok", headers=[("Set-Cookie", f"s={CANARY.decode()}; Path=/"), ("X-Auth-Token", CANARY.decode())]
    )
    request = (
        b"GET /t/v1?key=%s&x=1 HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer %s\r\nX-Api-Key: %s\r\napi-key:%s\r\n"
        b"x-goog-api-key: %s\r\nCookie: a=%s\r\nX-Amz-Security-Token: %s\r\nProxy-Authorization: Basic %s\r\n"
        b"Helicone-Auth: Bearer %s\r\nReferer: http://u:%s@h/?access_token=%s\r\nContent-Length: 0\r\n\r\n"
    ) % ((CANARY,) * 11)
    async with scripted([[answer]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        for _ in range(2):  # the second time from what was kept of the first
            await client.send(request)
            assert CANARY in await client.head()
            await client.exactly(2)
        assert upstream.received[0].head.count(CANARY) == 10  # all but the one that was meant for the proxy
        calls = await proxy.ended(2)
        assert len({c.fingerprint for c in calls}) == 1 != {""}
    written = {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    assert any(b"[redacted:" in data for data in written.values())
    assert [f for f, data in written.items() if CANARY in data] == []


@pytest.mark.parametrize("secret_in_failure", ["http://127.0.0.1:1"])
async def test_no_credential_stands_in_a_failure(tmp_path: Path, secret_in_failure: str) -> None:
    async with proxying(tmp_path, {"t": secret_in_failure}) as proxy:
        client = await proxy.connect()
        await client.send(b"GET /t/x?key=" + CANARY + b" HTTP/1.1\r\nHost: p\r\n\r\n")
        assert CANARY not in await client.until(b"}}")
        await proxy.ended()
    assert [f for f in tmp_path.rglob("*") if f.is_file() and CANARY in f.read_bytes()] == []


UNRECORDED = (
    b'X-Secret: yes\r\nX-Union-Square-Tags: secret,b\r\nX-Union-Square-Metadata: {"a": "secret"}\r\n'
    b"X-Union-Square-Session-Id: s7\r\nX-Union-Square-Do-Not-Record: true\r\n"
)


async def fact_of(folder: Path, request: bytes, script: Script, frames: bytes = b"") -> CallDetail:
    """What is left of a call that is not to be recorded, as readers see it, when it was forwarded whole."""
    async with (
        scripted([[READ_HEAD, *script, "close"]]) as upstream,
        proxying(folder, {"t": upstream.base_url}) as proxy,
    ):
        client = await proxy.connect()
        await client.send(request)
        if frames:
            await client.head()
            await client.send(frames)
        await client.rest()
        (call,) = await proxy.ended()
        understanding = Understanding(call.call_id)
        for event in proxy.events():
            understanding.apply(event)
    assert b"secret" in request
    assert [f for f in folder.rglob("*") if f.is_file() and b"ecret" in f.read_bytes()] == []
    assert not call.recorded
    assert call.request_head == (
        request.partition(b" HTTP")[0].partition(b"?")[0] + b" HTTP/1.1\r\nX-Union-Square-Session-Id: s7\r\n"
        b"X-Union-Square-Do-Not-Record: true\r\n\r\n"
    )
    detail = understanding.detail()
    assert (detail.call.preview, detail.call.model, detail.messages, detail.call.metadata) == ("", "", (), {})
    assert detail.call.tags == ()
    return detail


async def test_a_call_that_is_not_to_be_recorded_leaves_its_sizes_only(tmp_path: Path) -> None:
    body = b'{"model":"secret","messages":[{"role":"user","content":"secret"}]}'
    request = b"POST /t/v1/chat/completions?q=secret HTTP/1.1\r\nHost: p\r\nConnection: close\r\n" + UNRECORDED
    answer = b"HTTP/1.1 200 Secret\r\nX-Secret: yes\r\nContent-Length: 13\r\n\r\nsecret answer"
    fact = await fact_of(tmp_path, request + b"Content-Length: %d\r\n\r\n" % len(body) + body, [answer])
    assert (fact.call.status_code, fact.call.state, fact.call.upstream) == (200, "done", "t")
    assert (fact.call.request_bytes, fact.call.response_bytes) == (len(body), 13)


async def test_nor_is_anything_kept_of_a_websocket_that_is_not_to_be_recorded(tmp_path: Path) -> None:
    request = (
        b"GET /t/v1/realtime?q=secret HTTP/1.1\r\nHost: p\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Protocol: secret\r\n" + UNRECORDED + b"\r\n"
    )
    switch = b"HTTP/1.1 101 Secret\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-S: secret\r\n\r\n"
    said = frame(b'{"type":"session.update","session":{"instructions":"secret"}}')
    fact = await fact_of(tmp_path, request, [switch, said, 0.3], frames=frame(b'{"a":"secret"}', masked=True))
    assert fact.call.status_code == 101
    assert fact.call.response_bytes == len(said)
    assert fact.call.request_bytes > 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\nsecret",
        b"HTTP/1.1 200 OK\r\nContent-Length: secret\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nsecret line\r\nX: \n secret\r\n\r\n",
        b"secret\r\n\r\n",
        b'HTTP/1.1 500 Secret\r\nContent-Type: application/json\r\n\r\n{"error":{"message":"secret"}}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsecret",
    ],
)
async def test_nor_of_a_failure_of_one(tmp_path: Path, answer: bytes) -> None:
    request = b"POST /t/v1/chat?q=secret HTTP/1.1\r\nHost: p\r\nConnection: close\r\n" + UNRECORDED
    fact = await fact_of(tmp_path, request + b"Content-Length: 6\r\n\r\nsecret", [answer])
    assert fact.call.state in {"failed", "cut_off"}


async def test_bodies_larger_than_the_stream_leave_exact_gaps_and_true_totals(tmp_path: Path) -> None:
    size = 8 << 20
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    async with (
        scripted([[answer, b"x" * size]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}, stream_bytes=1 << 16, flush_milliseconds=50) as proxy,
    ):
        client = await proxy.connect()
        await client.send(b"GET /t/x HTTP/1.1\r\nHost: p\r\n\r\n")
        await client.head()
        await client.exactly(size)
        (call,) = await proxy.ended()
        await eventually(lambda: not proxy.plane.problems())
        (call,) = proxy.recordings()
    assert call.response.total == size
    assert call.gaps
    assert {g.reason for g in call.gaps} == {"stream_full"}
    assert len(call.response.data) + sum(g.bytes for g in call.gaps) == size


async def test_a_full_disk_stops_no_call_and_recording_resumes_by_itself(tmp_path: Path) -> None:
    body = b"y" * 50_000
    env = {"UNION_SQUARE_STREAM_BYTES": str(1 << 18)}
    async with scripted([[response(body)]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}, env=env) as proxy:
            async with httpx.AsyncClient(base_url=proxy.url) as client:
                assert (await client.get("/t/before")).content == body
                await eventually(lambda: len(proxy.recordings()) == 1)
                pid = proxy.process.pid
                resource.prlimit(
                    pid, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY)
                )  # a disk of so much room
                for _ in range(20):
                    assert (await client.get("/t/during")).content == body
                not_ready = await client.get("/-/ready")
                assert not_ready.status_code == 503
                assert "event log cannot be written" in not_ready.text
                assert "union_square_recorder_failing 1.0" in (await client.get("/-/metrics")).text
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                with anyio.fail_after(15):
                    while (await client.get("/-/ready")).status_code != 200:
                        await anyio.sleep(0.05)
                assert (await client.get("/t/after")).content == body
        calls = proxy.recordings()
    assert len(calls) == 22
    assert all(c.state == "done" or c.gaps for c in calls)
    assert all(c.ended and c.response.total == len(body) for c in calls)
    assert any(g.reason == "disk_full" for c in calls for g in c.gaps)
    for call in calls:
        assert len(call.response.data) + sum(g.bytes for g in call.gaps) == len(body)
    assert bytes(calls[-1].response.data) == body


async def test_what_was_recorded_survives_a_killed_proxy(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"half")
    async with scripted([[response(b"whole")], [head, HANG]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}) as proxy:
            async with httpx.AsyncClient(base_url=proxy.url) as client:
                await client.get("/t/1")
                async with client.stream("GET", "/t/2") as streamed:
                    pieces = streamed.aiter_bytes()
                    assert await anext(pieces) == b"half"
                    await eventually(lambda: len(proxy.events()) >= 9)
                    assert proxy.stop(signal.SIGKILL) == -signal.SIGKILL
                    with pytest.raises(httpx.TransportError):
                        await anext(pieces)
            first, second = proxy.recordings()
            assert (first.state, bytes(first.response.data)) == ("done", b"whole")
            assert (second.state, bytes(second.response.data)) == ("running", b"half")
        with running_proxy(tmp_path, {"t": upstream.base_url}) as again:
            async with httpx.AsyncClient(base_url=again.url) as client:
                await client.get("/-/healthy")
            assert len(again.recordings()) == 2


async def test_a_stop_lets_running_calls_end_and_says_of_the_rest_that_it_stopped(tmp_path: Path) -> None:
    slow = [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha", 0.7, b"lf"]
    env = {"UNION_SQUARE_DRAIN_TIMEOUT_SECONDS": "2"}
    async with scripted([slow, [HANG]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}, env=env) as proxy:
            async with httpx.AsyncClient(base_url=proxy.url) as client, anyio.create_task_group() as group:

                async def ends() -> None:
                    assert (await client.get("/t/ends")).content == b"half"

                async def hangs() -> None:
                    with pytest.raises(httpx.TransportError):
                        await client.get("/t/hangs")

                group.start_soon(ends)
                await eventually(lambda: len(upstream.received) == 1)
                group.start_soon(hangs)
                await eventually(lambda: len(upstream.received) == 2)
                proxy.process.send_signal(signal.SIGTERM)
            assert await anyio.to_thread.run_sync(proxy.process.wait) == 0
        ended, hung = proxy.recordings()
    assert (ended.state, bytes(ended.response.data)) == ("done", b"half")
    assert (hung.state, hung.failure and hung.failure.code) == ("cut_off", "proxy_stopped")
    assert not (proxy.home / "run" / "proxy.json").exists()


async def test_a_stop_under_load_loses_nothing(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}) as proxy:
            answered: list[str] = []

            async def load(client: httpx.AsyncClient) -> None:
                while True:
                    try:
                        got = await client.get("/t/x")
                    except httpx.TransportError:
                        return
                    answered.append(got.headers["x-union-square-call-id"])

            async with httpx.AsyncClient(base_url=proxy.url) as client, anyio.create_task_group() as group:
                for _ in range(8):
                    group.start_soon(load, client)
                await eventually(lambda: len(answered) > 100)
                proxy.process.send_signal(signal.SIGTERM)
            assert await anyio.to_thread.run_sync(proxy.process.wait) == 0
        done = {c.call_id for c in proxy.recordings() if c.state == "done"}
    assert set(answered) <= done
    assert len(answered) == len(set(answered))


async def test_two_workers_share_the_port_and_write_a_log_each(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}, env={"UNION_SQUARE_WORKERS": "2"}) as proxy:
            ids: set[str] = set()

            def both() -> bool:
                return len([f for f in proxy.log_folder.glob("[0-9a-f]*") if list(f.glob("*.uslog"))]) == 2

            with anyio.fail_after(30):
                while not both():  # which worker takes a connection is the kernel's choice
                    async with httpx.AsyncClient(base_url=proxy.url) as client:
                        for _ in range(4):
                            ids.add((await client.get("/t/x")).headers["x-union-square-call-id"])
            async with httpx.AsyncClient(base_url=proxy.url) as client:
                with anyio.fail_after(30):  # each worker lays out its counts once a second
                    while f"union_square_calls_total {float(len(ids))}" not in (await client.get("/-/metrics")).text:
                        await anyio.sleep(0.05)
        assert {c.call_id for c in proxy.recordings()} == ids


async def test_a_taken_port_is_named_with_the_way_to_choose_another(tmp_path: Path) -> None:
    with running_proxy(tmp_path, {}) as proxy:
        env = {"UNION_SQUARE_PROXY_PORT": str(proxy.port)}
        second = tmp_path / "second"
        second.mkdir()
        with pytest.raises(AssertionError) as failed, running_proxy(second, {}, env=env):
            pass
    assert f"port {proxy.port}" in str(failed.value)
    assert "UNION_SQUARE_PROXY_PORT" in str(failed.value)
    assert "Traceback" not in str(failed.value)


def sse(*events: str) -> list[bytes]:
    return [chunk(f"data: {event}\n\n".encode()) for event in events]


DELTA = (
    '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
    '"choices":[{"index":0,"delta":{"content":"%s"}}]}'
)
WHOLE: dict[str, Any] = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello world"}}],
}  # fmt: skip


async def test_the_openai_sdk_works_through_the_proxy_streaming_and_not(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    stream = [head, *sse(DELTA % "hello "), 0.05, *sse(DELTA % "world", "[DONE]"), chunk(b"")]
    whole = response(httpx.Response(200, json=WHOLE).content, headers=[("Content-Type", "application/json")])
    async with scripted([[whole], stream]) as upstream, proxying(tmp_path, {"openai": upstream.base_url}) as proxy:
        async with openai.AsyncOpenAI(
            api_key=CANARY.decode(), base_url=f"{proxy.url}/openai/v1", max_retries=0
        ) as client:
            messages: Any = [{"role": "user", "content": "say hello"}]
            answer = await client.chat.completions.create(model="m", messages=messages)
            assert answer.choices[0].message.content == "hello world"
            streamed = await client.chat.completions.create(model="m", messages=messages, stream=True)
            assert "".join([c.choices[0].delta.content or "" async for c in streamed]) == "hello world"
        calls = await proxy.ended(2)
        for call, request in zip(calls, upstream.received, strict=True):
            assert bytes(call.request.data) == request.body
        assert b"Authorization: Bearer " + CANARY in upstream.received[0].lines or any(
            line.lower() == b"authorization: bearer " + CANARY.lower() for line in upstream.received[0].lines
        )


def test_the_proxy_module_never_loads_the_store_or_the_ui() -> None:
    code = (
        "import sys, proxy_app.main; "
        "bad = [m for m in sys.modules if m.split('.')[0] in {'sqlmodel','sqlalchemy','reflex'} "
        "or m.startswith(('union_square.store','union_square.ui'))]; sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
