"""The mock on its port: recorded bytes, times and breaks; faults on demand; errors that help."""

import asyncio
import contextlib
import json
import socket
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.replaying.conftest import Serve
from tests.support.recorded import recorded, stream_of
from union_square.domain import events as ev
from union_square.replaying.recording import RecordedCall, recorded_call

CHAT = "/v1/chat/completions"
BODY: dict[str, Any] = {"model": "gpt-5", "messages": [{"role": "user", "content": "Grüß Gott"}]}
STREAM = stream_of(*({"choices": [{"index": 0, "delta": {"content": f"word {n} "}}]} for n in range(12)))


def streamed_call(number: int = 1) -> RecordedCall:
    return recorded(number, CHAT, {**BODY, "stream": True}, STREAM, streamed=True)


def raw_exchange(port: int, request: bytes) -> list[bytes]:
    """What comes back, piece by piece as it is received, until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        pieces: list[bytes] = []
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(1 << 16):
                pieces.append(data)
        return pieces


def raw_post(path: str, body: Any, *headers: str) -> bytes:
    data = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Connection: close", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(data)}", "", ""]).encode() + data


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def without_last_word(call: RecordedCall, failure: str) -> RecordedCall:
    """The same call, broken off by the upstream after its fifth event from the end."""
    events = call.events[:-5]
    failed = ev.Failure(
        call_id=call.id, at=events[-1].at, code=failure, message="", status=0, request_total=0, response_total=0
    )
    return recorded_call(call.id, [*events, failed])


def test_status_headers_and_chunk_boundaries_are_the_recorded_ones(serve: Serve) -> None:
    call = streamed_call()
    mock = serve(call)
    answer = b"".join(raw_exchange(port_of(mock.url()), raw_post(CHAT, {**BODY, "stream": True})))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head + b"\r\n\r\n" == call.call.response_head
    pieces = [event.data for event in call.events if isinstance(event, ev.ResponseChunk)]
    assert body == b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    assert len(pieces) > 10


@pytest.mark.parametrize("prefix", ["", "/openai"])
def test_the_upstreams_name_before_the_path_may_be_there_or_not(serve: Serve, prefix: str) -> None:
    mock = serve(recorded(1, CHAT, BODY, {"id": "1"}), recorded(2, "/v1/models", b"", {"data": []}, method="GET"))
    with httpx.Client(base_url=mock.url(), trust_env=False) as client:  # one connection for both
        assert client.post(prefix + CHAT, json=BODY).json() == {"id": "1"}
        assert client.get(f"{prefix}/v1/models").json() == {"data": []}
    assert mock.report().is_clean


def test_a_chunked_and_a_compressed_request_are_read(serve: Serve) -> None:
    import gzip

    mock = serve(recorded(1, CHAT, BODY, {"id": "1"}), recorded(2, CHAT, BODY, {"id": "2"}))
    data = json.dumps(BODY).encode()
    kind = {"content-type": "application/json"}
    with httpx.Client(base_url=mock.url(), trust_env=False, headers=kind) as client:
        assert client.post(CHAT, content=iter([data[:9], data[9:]])).json() == {"id": "1"}
        packed = client.post(CHAT, content=gzip.compress(data), headers={"content-encoding": "gzip"})
        assert packed.json() == {"id": "2"}


@pytest.mark.parametrize(
    ("timing", "least", "most"), [("original", 0.15, 5.0), ("0.5x", 0.3, 10.0), ("none", 0.0, 5.0)]
)
def test_the_recorded_times_are_kept_when_asked_for(serve: Serve, timing: str, least: float, most: float) -> None:
    mock = serve(streamed_call(), timing=timing)  # its last piece came some 250 ms after the request
    began = time.monotonic()
    with httpx.stream("POST", mock.url() + CHAT, json={**BODY, "stream": True}, trust_env=False) as answer:
        assert b"".join(answer.iter_raw()) == STREAM
    assert least <= time.monotonic() - began <= most


def test_an_answer_that_the_upstream_broke_off_is_broken_off_again(serve: Serve) -> None:
    mock = serve(without_last_word(streamed_call(), "upstream_closed"))
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
        httpx.post(mock.url() + CHAT, json={**BODY, "stream": True}, trust_env=False)


def test_a_client_that_left_after_the_streams_last_word_cut_nothing_off(serve: Serve) -> None:
    call = streamed_call()
    failed = ev.Failure(
        call_id=call.id,
        at=call.call.last_at,
        code="client_left",
        message="",
        status=0,
        request_total=0,
        response_total=0,
    )
    mock = serve(recorded_call(call.id, [*call.events[:-1], failed]))
    answer = httpx.post(mock.url() + CHAT, json={**BODY, "stream": True}, trust_env=False)
    assert answer.content == STREAM


def test_an_upstream_that_could_not_be_reached_cannot_be_reached_again(serve: Serve) -> None:
    call = recorded(1, CHAT, BODY, {})
    failed = ev.Failure(
        call_id=call.id,
        at=call.call.last_at,
        code="connect_failed",
        message="",
        status=502,
        request_total=9,
        response_total=0,
    )
    mock = serve(recorded_call(call.id, [*call.events[:3], failed]))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(mock.url() + CHAT, json=BODY, trust_env=False)


def test_faults_by_option_by_header_and_by_the_control_endpoint(serve: Serve) -> None:
    mock = serve(*(streamed_call(n) for n in range(1, 6)), faults=("fail:429@1",))
    url, body = mock.url() + CHAT, {**BODY, "stream": True}
    with httpx.Client(trust_env=False) as client:
        failed = client.post(url, json=body)
        assert failed.status_code == 429
        assert "asked" not in failed.json()["error"]["type"]
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(url, json=body, headers={"x-union-square-mock-fault": "cut:2"})
        began = time.monotonic()
        assert client.post(url, json=body, headers={"x-union-square-mock-fault": "delay:0.3"}).content == STREAM
        assert time.monotonic() - began >= 0.3
        assert client.post(mock.url() + "/-/faults", json={"fault": "stall:1"}).json() == {"faults": 1}
        with pytest.raises(httpx.ReadTimeout):
            client.post(url, json=body, timeout=0.3)
        assert client.post(url, json=body).content == STREAM
        assert client.post(url, json=body, headers={"x-union-square-mock-fault": "burn"}).status_code == 400
        assert client.post(mock.url() + "/-/faults", json={"fault": "cut:x"}).status_code == 400


def test_a_cut_comes_after_as_many_pieces_as_was_said(serve: Serve) -> None:
    call = streamed_call()
    mock = serve(call, faults=("cut:3",))
    answer = b"".join(raw_exchange(port_of(mock.url()), raw_post(CHAT, {**BODY, "stream": True})))
    body = answer.partition(b"\r\n\r\n")[2]
    pieces = [event.data for event in call.events if isinstance(event, ev.ResponseChunk)]
    assert body == b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces[:3])


def test_what_is_not_recorded_is_told_in_the_providers_words_with_a_difference(serve: Serve) -> None:
    mock = serve(recorded(1, CHAT, BODY, {"id": "1"}))
    other = {"model": "gpt-5", "messages": [{"role": "user", "content": "Good evening"}]}
    answer = httpx.post(mock.url("openai") + CHAT, json=other, trust_env=False)
    assert answer.status_code == 404
    assert answer.headers["x-union-square-mock"] == "unmatched"
    error = answer.json()["error"]
    assert error["code"] == "no_recorded_answer"
    assert "-user: Grüß Gott\n+user: Good evening" in error["message"]
    assert answer.json()["union_square"]["nearest"].startswith("1 (POST /v1/chat/completions")
    report = httpx.get(mock.url("-/report"), trust_env=False).json()
    assert (report["requests"], report["answered"], len(report["unmatched"]), len(report["unused"])) == (1, 0, 1, 1)
    assert not report["clean"]
    assert httpx.post(mock.url("-/reset"), trust_env=False).json()["requests"] == 0
    assert httpx.get(mock.url("-/nothing"), trust_env=False).status_code == 404


def test_calls_that_cannot_be_answered_with_are_left_out_and_named(serve: Serve) -> None:
    from union_square.replaying.mock import Mock
    from union_square.replaying.recording import recording_of

    whole, damaged = recorded(1, CHAT, BODY, {"id": "1"}), recorded(2, CHAT, BODY, {"id": "2"})
    gap = ev.Gap(call_id=damaged.id, at=damaged.call.last_at, observations=1, bytes=9, reason="stream_full")
    running = replace(recorded(3, CHAT, BODY, {}), events=())
    mock = Mock(recording_of([whole, recorded_call(damaged.id, [*damaged.events, gap]), recorded_call(running.id, [])]))
    assert mock.report().recorded == 1
    assert [words.split(": ", 1)[1] for words in sorted(mock.left_out)] == [
        "bytes of it were not recorded (a gap)",
        "its request was not recorded",
    ]


def test_many_clients_at_once_get_each_their_own_answer(serve: Serve) -> None:
    bodies = [{"model": "m", "messages": [{"role": "user", "content": f"question {n}"}]} for n in range(40)]
    mock = serve(*(recorded(n, CHAT, body, {"id": str(n)}) for n, body in enumerate(bodies)))

    async def ask_all() -> list[Any]:
        async with httpx.AsyncClient(base_url=mock.url(), trust_env=False) as client:
            answers = await asyncio.gather(*(client.post(CHAT, json=body) for body in reversed(bodies)))
            return [answer.json()["id"] for answer in answers]

    assert asyncio.run(ask_all()) == [str(n) for n in reversed(range(40))]
    assert mock.report().is_clean
