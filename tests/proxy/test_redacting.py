"""With redaction rules on, what they find is forwarded and not recorded."""

import gzip
import json
from pathlib import Path

import pytest

from tests.proxy.conftest import proxying
from tests.support.upstream import READ_HEAD, chunk, response, scripted
from tests.support.websockets import frame
from union_square.settings import SettingsError, load_settings

MAIL, CARD, CODE = b"jane.doe@mail.example", b"4111 1111 1111 1111", b"ACME-1234"
RULES = {"redact": ("email", "card"), "redact_patterns": (r"ACME-\d{4}",)}
SECRETS = (MAIL, CARD, CODE)


def post(body: bytes) -> bytes:
    return b"POST /t/v1?to=" + MAIL + b" HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def kept(folder: Path) -> list[Path]:
    found = [file for file in folder.rglob("*") if file.is_file()]
    return [file for file in found for secret in SECRETS if secret in file.read_bytes()]


async def test_bodies_whole_and_in_pieces_are_masked_and_forwarded_as_they_came(tmp_path: Path) -> None:
    body = json.dumps({"text": b" ".join(SECRETS).decode()}).encode()
    head = b"HTTP/1.1 200 OK\r\nX-To: " + MAIL + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    stream = [head, chunk(b"data: " + MAIL[:9]), 0.05, chunk(MAIL[9:] + b"\n\n"), 0.05, chunk(CARD), chunk(b"")]
    async with (
        scripted([[response(body)], stream]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}, **RULES) as proxy,
    ):
        client = await proxy.connect()
        await client.send(post(body))
        assert body in await client.until(b"}")
        await client.send(post(body)[:-40])
        await client.send(post(body)[-40:])
        streamed = await client.until(b"0\r\n\r\n")
        assert CARD in streamed
        assert MAIL[9:] in streamed
        calls = await proxy.ended(2)
        assert [r.body for r in upstream.received] == [body, body]
    masked = body
    for secret in SECRETS:
        masked = masked.replace(secret, b"*" * len(secret))
    assert [bytes(call.request.data) for call in calls] == [masked, masked]
    assert bytes(calls[0].response.data) == masked
    assert bytes(calls[1].response.data) == b"data: " + b"*" * len(MAIL) + b"\n\n" + b"*" * len(CARD)
    assert calls[1].response.total == len(calls[1].response.data)
    assert not calls[0].gaps
    assert not calls[1].gaps
    assert kept(tmp_path) == []


async def test_what_cannot_be_read_as_it_passes_is_left_out_and_told_as_a_gap(tmp_path: Path) -> None:
    body = gzip.compress(MAIL * 20)
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + frame(MAIL)
    async with (
        scripted(
            [[response(body, headers=[("content-encoding", "gzip")])], [READ_HEAD, switch, 0.3, "close"]]
        ) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}, **RULES) as proxy,
    ):
        client = await proxy.connect()
        await client.send(post(b"{}"))
        assert body in await client.until(body)
        await client.send(b"GET /t/ws HTTP/1.1\r\nHost: p\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        await client.until(MAIL)
        await client.send(frame(MAIL, masked=True))
        calls = await proxy.ended(2)
    assert not calls[0].response.data
    assert calls[0].response.total == len(body)
    assert [(gap.bytes, gap.reason) for gap in calls[0].gaps] == [(len(body), "redaction")]
    assert {gap.reason for gap in calls[1].gaps} == {"redaction"}
    assert not calls[1].response.data
    assert not calls[1].request.data
    assert kept(tmp_path) == []


async def test_without_rules_there_is_nothing_between_a_call_and_the_tap(tmp_path: Path) -> None:
    async with proxying(tmp_path, {}) as proxy:
        assert proxy.plane._offers is proxy.plane.tap  # pyright: ignore[reportPrivateUsage]


def test_a_rule_that_cannot_be_used_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNION_SQUARE_REDACT", '["mail"]')
    with pytest.raises(SettingsError, match=r"no detector 'mail'; there are tokens, email"):
        load_settings()
