"""What is refused never reaches an upstream; the control plane answers beside the calls."""

import json
from pathlib import Path

import httpx

from proxy_app.app import control_app
from tests.proxy.conftest import proxying
from tests.support.upstream import response, scripted
from tests.wire.test_http1 import SMUGGLING


async def test_nothing_that_could_be_read_in_two_ways_reaches_an_upstream(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        for what, head in SMUGGLING.items():
            client = await proxy.connect()
            await client.send(head + b"0\r\n\r\nGET /t/smuggled HTTP/1.1\r\nHost: p\r\n\r\n")
            answer = await client.rest()
            assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), what
            assert answer.count(b"x-union-square-error: ") == 1, what
            error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
            assert (error["type"], error["code"]) == ("union_square_proxy_error", "bad_request"), what
            client.close()
        assert upstream.connections == 0
        assert proxy.events() == []


async def test_lines_that_end_in_a_bare_line_feed_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    async with proxying(tmp_path, {}) as proxy:
        client = await proxy.connect()
        await client.send(b"GET /openai/v1 HTTP/1.1\nHost: p\n\n")
        assert (await client.rest()).startswith(b"HTTP/1.1 400 ")


async def test_a_body_with_a_second_request_behind_it_is_two_requests(tmp_path: Path) -> None:
    async with scripted([[response(b"ok")]]) as upstream, proxying(tmp_path, {"t": upstream.base_url}) as proxy:
        client = await proxy.connect()
        inner = b"GET /t/two HTTP/1.1\r\nHost: p\r\n\r\n"
        await client.send(b"POST /t/one HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner + inner)
        await client.until(b"ok")
        await client.until(b"ok")
        assert [(r.lines[0], r.body) for r in upstream.received] == [
            (b"POST /one HTTP/1.1", inner),
            (b"GET /two HTTP/1.1", b""),
        ]


async def test_a_head_that_is_too_large_is_a_431(tmp_path: Path) -> None:
    async with proxying(tmp_path, {}, max_head_bytes=2048) as proxy:
        for head in (b"GET /openai/" + b"x" * 3000, b"GET /openai/x HTTP/1.1\r\nX: " + b"y" * 3000 + b"\r\n\r\n"):
            client = await proxy.connect()
            await client.send(head)
            assert (await client.rest()).startswith(b"HTTP/1.1 431 ")


async def test_the_control_plane_tells_of_health_counts_and_settings(tmp_path: Path) -> None:
    async with (
        scripted([[response(b"ok")]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}) as proxy,
        httpx.AsyncClient(base_url=proxy.url) as client,
    ):
        await client.post("/t/x", content=b"12345")
        await client.get("/nobody/x")
        await proxy.ended()
        assert (await client.get("/-/healthy")).json() == {"status": "ok"}
        ready = await client.get("/-/ready")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        metrics = (await client.get("/-/metrics")).text.splitlines()
        for line in (
            "union_square_calls_total 1.0",
            "union_square_requests_refused_total 1.0",
            "union_square_request_payload_bytes_total 5.0",
            "union_square_response_payload_bytes_total 2.0",
            "union_square_calls_in_flight 0.0",
            "union_square_added_latency_seconds_count 1.0",
            'union_square_added_latency_seconds_bucket{le="+Inf"} 1.0',
            "union_square_gaps_total 0.0",
        ):
            assert line in metrics
        assert (await client.get("/-/settings")).status_code == 200
        assert (await client.get("/-/nothing")).status_code == 404
        assert (await client.head("/-/healthy")).status_code == 405


async def test_settings_are_told_on_this_machine_only(tmp_path: Path) -> None:
    async with proxying(tmp_path, {}) as proxy:
        app = control_app(proxy.plane, {"home": "secret"}, ["proxy.test"])
        for peer, status in (("127.0.0.1", 200), ("::1", 200), ("10.1.2.3", 403), ("fe80::1%eth0", 403)):
            transport = httpx.ASGITransport(app=app, client=(peer, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://proxy.test") as client:
                answer = await client.get("/-/settings")
                assert (answer.status_code, "secret" in answer.text) == (status, status == 200)


async def test_settings_are_not_told_by_a_name_that_another_site_may_have_chosen(tmp_path: Path) -> None:
    async with proxying(tmp_path, {}) as proxy, httpx.AsyncClient(base_url=proxy.url) as client:
        assert (await client.get("/-/settings", headers={"Host": "evil.test:8787"})).status_code == 403
        assert (await client.get("/-/settings", headers={"Host": "localhost:8787"})).status_code == 200
