"""With redaction rules on, what they find is forwarded and not recorded."""

import gzip
import json
import re
import zlib
from pathlib import Path
from typing import Any, cast

import brotli
import pytest
import zstandard
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.proxy.conftest import proxying
from tests.support.upstream import HANG, READ_HEAD, chunk, response, scripted
from tests.support.websockets import frame
from union_square.domain.call import CallRecording
from union_square.recording.redacting import MAX_DECODED_BYTES
from union_square.settings import SettingsError, load_settings
from union_square.wire.headers import parse_head
from union_square.wire.websocket import open_readers

MAIL, CARD, CODE = b"jane.doe@mail.example", b"4111 1111 1111 1111", b"ACME-1234"
RULES = {"redact": ("email", "card"), "redact_patterns": (r"ACME-\d{4}",)}
SECRETS = (MAIL, CARD, CODE)
GET = b"GET /t/v1 HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n"


def post(body: bytes) -> bytes:
    return b"POST /t/v1?to=" + MAIL + b" HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def packed(text: bytes, encoding: str) -> bytes:
    compress = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": cast("Any", brotli).compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }
    for name in encoding.split(", "):
        text = compress[name](text)
    return text


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
        streamed = await client.until(b"\r\n0\r\n\r\n")
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


async def sent_and_recorded(folder: Path, request: bytes, answer: list[bytes | float]) -> CallRecording:
    """The recording of one call with rules on, after a look at what either side was given."""
    async with (
        scripted([[READ_HEAD, *answer, "close"]]) as upstream,
        proxying(folder, {"t": upstream.base_url}, **RULES) as proxy,
    ):
        client = await proxy.connect()
        await client.send(request)
        given = await client.rest()
        (call,) = await proxy.ended()
    body = b"".join(piece for piece in answer if isinstance(piece, bytes)).partition(b"\r\n\r\n")[2]
    assert given.endswith(body)
    assert kept(folder) == []
    return call


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, br"])
async def test_of_a_compressed_body_the_masked_text_is_recorded_and_the_head_says_so(
    tmp_path: Path, encoding: str
) -> None:
    text = json.dumps({"text": b" ".join(SECRETS).decode(), "access_token": "c4n4ry", "token": "stays"}).encode()
    body = packed(text, encoding)
    lines = f"content-encoding: {encoding}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}".encode()
    call = await sent_and_recorded(tmp_path, GET, [b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\n", body])
    recorded = json.loads(bytes(call.response.data))
    assert recorded == {"text": " ".join("*" * len(s) for s in SECRETS), "access_token": "*" * 6, "token": "stays"}
    assert call.response.total == len(body)
    assert not call.gaps
    assert b"\r\nx-union-square-forwarded-content-encoding: " + encoding.encode() in call.response_head
    assert b"\r\ncontent-encoding" not in call.response_head.lower()
    assert b"\r\ncontent-length" not in call.response_head.lower()


async def test_a_compressed_stream_keeps_its_pieces_and_their_times(tmp_path: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    events = [b"data: " + MAIL + b"\n\n", b"data: " + CARD + b"\n\n", b"data: end\n\n"]
    pieces = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in events]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n"
    answer: list[bytes | float] = [head]
    for piece in (*pieces, packer.flush()):
        answer += [piece, 0.05]
    call = await sent_and_recorded(tmp_path, GET, answer)
    assert bytes(call.response.data) == b"".join(events).replace(MAIL, b"*" * len(MAIL)).replace(CARD, b"*" * len(CARD))
    assert [chunk.size for chunk in call.response.chunks] == [len(event) for event in events]
    offsets = [chunk.offset_us for chunk in call.response.chunks]
    assert offsets[1] - offsets[0] > 20_000


async def test_a_compressed_request_is_forwarded_as_it_came_and_recorded_as_masked_text(tmp_path: Path) -> None:
    body = packed(json.dumps({"to": MAIL.decode(), "api_key": "c4n4ry"}).encode(), "gzip")
    async with (
        scripted([[response(b"{}")]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}, **RULES) as proxy,
    ):
        client = await proxy.connect()
        head = b"POST /t/v1 HTTP/1.1\r\nHost: p\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        await client.send(head + body[:20])
        await client.send(body[20:])
        await client.until(b"{}")
        (call,) = await proxy.ended()
        assert [r.body for r in upstream.received] == [body]
    assert json.loads(bytes(call.request.data)) == {"to": "*" * len(MAIL), "api_key": "*" * 6}
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", packed(MAIL * 20, "br")),  # not what it says it is
        ("gzip", packed(MAIL * 20, "gzip")[:-8] + b"\xff" * 8),
        ("something", MAIL * 20),
        ("gzip", packed(b"x" * (MAX_DECODED_BYTES + 1), "gzip")),
    ],
    ids=["another encoding", "broken", "unknown", "huge"],
)
async def test_what_cannot_be_unpacked_is_left_out_and_told_as_a_gap(
    tmp_path: Path, encoding: str, body: bytes
) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    call = await sent_and_recorded(tmp_path, GET, [head + body])
    assert not call.response.data
    assert call.response.total == len(body)
    assert [(gap.bytes, gap.reason) for gap in call.gaps] == [(len(body), "redaction")]


SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: Upgrade\r\n\r\n"
UPGRADE = b"GET /t/ws HTTP/1.1\r\nHost: p\r\nUpgrade: %s\r\nConnection: Upgrade\r\n\r\n"


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_each_message_of_a_websocket_is_recorded_masked_and_forwarded_as_it_came(
    tmp_path: Path, compression: str | None
) -> None:
    secrets = b" ".join(SECRETS).decode()
    said: list[str | bytes] = [
        json.dumps({"type": "hello", "api_key": "c4n4ry", "text": secrets}),
        json.dumps({"text": secrets, "again": "x" * 70_000}).encode(),  # Gemini speaks JSON in binary messages
        "",
    ]

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0, compression=compression) as server:  # pyright: ignore[reportArgumentType]
        upstream = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        async with proxying(tmp_path, {"t": upstream}, **RULES) as proxy:
            address = f"ws://127.0.0.1:{proxy.port}/t/v1"
            async with connect(address, compression=compression) as client:  # pyright: ignore[reportArgumentType]
                for message in said:
                    await client.send(message)
                    assert await client.recv() == message
                await client.close(4000, MAIL.decode())
            (call,) = await proxy.ended()
    assert kept(tmp_path) == []
    head = call.response_head.lower()
    assert (b"\r\nx-union-square-forwarded-sec-websocket-extensions: permessage-deflate" in head) == bool(compression)
    assert b"\r\nsec-websocket-extensions" not in head
    sent, received = open_readers(parse_head(call.response_head))
    masked = [
        re.sub(re.escape(secrets), " ".join("*" * len(secret) for secret in SECRETS), part if isinstance(part, str)
               else part.decode()).encode()
        for part in said
    ]  # fmt: skip
    heard = [message.data for message in received.feed(bytes(call.response.data), 0)]
    assert heard[:3] == masked
    told = sent.feed(bytes(call.request.data), 0)
    assert [message.data for message in told[:3]] == [masked[0].replace(b"c4n4ry", b"*" * 6), *masked[1:]]
    assert (told[-1].kind, told[-1].code, told[-1].data) == ("close", 4000, b"*" * len(MAIL))
    assert not call.gaps
    assert sum(chunk.size > 0 for chunk in call.response.chunks) >= 3


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        (b"telnet", MAIL * 3),
        (b"websocket", frame(MAIL * 3)[:-1]),  # never whole
        (b"websocket", frame(MAIL * 3, rsv1=True)),  # compressed, which was not agreed on
    ],
    ids=["something else", "not whole", "not as agreed"],
)
async def test_of_an_upgraded_connection_what_cannot_be_read_is_left_out_and_told_as_a_gap(
    tmp_path: Path, protocol: bytes, said: bytes
) -> None:
    async with (
        scripted([[READ_HEAD, SWITCH % protocol + said, HANG]]) as upstream,
        proxying(tmp_path, {"t": upstream.base_url}, **RULES) as proxy,
    ):
        client = await proxy.connect()
        await client.send(UPGRADE % protocol)
        await client.head()
        assert await client.exactly(len(said)) == said
        await client.send(said)
        client.close()
        (call,) = await proxy.ended()
    assert [(gap.bytes, gap.reason) for gap in call.gaps] == [(len(said), "redaction")] * 2
    assert not call.response.data
    assert not call.request.data
    assert kept(tmp_path) == []


async def test_without_rules_there_is_nothing_between_a_call_and_the_tap(tmp_path: Path) -> None:
    async with proxying(tmp_path, {}) as proxy:
        assert proxy.plane._offers is proxy.plane.tap  # pyright: ignore[reportPrivateUsage]


def test_a_rule_that_cannot_be_used_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNION_SQUARE_REDACT", '["mail"]')
    with pytest.raises(SettingsError, match=r"no detector 'mail'; there are tokens, email"):
        load_settings()
