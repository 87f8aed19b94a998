"""Every recorded exchange through the running proxy: the bytes the stub upstream sends, in whatever pieces, framing and
encoding, are the bytes the client gets; the request's are the upstream's; and the log holds both."""

import asyncio
import gzip
import itertools
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import brotli
import pytest
import zstandard

from tests.proxy.conftest import RawClient
from tests.support.cassettes import Exchange, exchanges, require_cassettes
from tests.support.proxy import running_proxy
from tests.support.traffic_table import leave_byte_equal
from tests.support.upstream import CLOSE, Script, ScriptedUpstream, Step, eventually, scripted
from union_square.domain.call import CallRecording

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "upgrade", "trailer", "te", "host",
              "proxy-connection", "proxy-authorization", "expect", "http2-settings"}  # fmt: skip
FRAMINGS = ("length", "chunked", "close")
LANES = 4
SECRET_FIELD = re.compile(rb'"\w*(api_?key|secret|token|password|authorization)\w*"\s*:\s*"', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One exchange as it is put on the wire. `client_head` is the request's as the client sends it, `upstream_head` as
    the upstream must see it; the bodies stand there twice: as payload, and with their transfer framing."""

    name: str
    client_head: bytes
    upstream_head: bytes
    request: bytes
    framed_request: bytes
    response_head: bytes
    response: bytes
    framed_response: bytes
    closes: bool
    seed: int


def encoded(body: bytes, encoding: str) -> bytes:
    """The body as a server that speaks that content encoding sends it."""
    match encoding:
        case "gzip":
            return gzip.compress(body, 1, mtime=0)
        case "deflate":
            return zlib.compress(body, 1)
        case "br":
            return brotli.compress(body, quality=1)
        case "zstd":
            return zstandard.compress(body, 1)
        case _:
            return body


def odd_pieces(data: bytes, seed: int, most: int = 9) -> list[bytes]:
    """The bytes cut at places that heed nothing: not lines, not events, not characters, not chunks."""
    cuts = sorted(random.Random(seed).sample(range(1, len(data)), min(most, len(data) - 1))) if len(data) > 1 else []
    return [data[a:b] for a, b in itertools.pairwise([0, *cuts, len(data)]) if a < b]


def odd_chunks(body: bytes, seed: int) -> bytes:
    """A chunked body: odd sizes, zeros before a size, capital digits, extensions, and trailers."""
    sizes = [b"%x", b"%X", b"000%x", b'%x;name="a;b"', b"%x;q"]
    chunks = [
        sizes[i % len(sizes)] % len(piece) + b"\r\n" + piece + b"\r\n"
        for i, piece in enumerate(odd_pieces(body, seed + 1))
    ]
    return b"".join(chunks) + (b"0\r\nX-Checksum: 1\r\nx-checksum:2\r\n\r\n" if seed % 2 else b"00;last\r\n\r\n")


def lines_of(headers: Sequence[tuple[str, str]]) -> bytes:
    kept = (f"{name}: {value}\r\n" for name, value in headers if name.lower() not in HOP_BY_HOP)
    return "".join(kept).encode("utf-8")


def played(exchange: Exchange, number: int, framing: str, authority: bytes, upstream: bytes) -> Played:
    """The exchange in that framing. Where its header names an encoding that its recorded body does not have, `length`
    plays the contradiction as it stands, and the others a body that has it."""
    head = lines_of(exchange.request_headers)
    request = exchange.request_body
    chunked = number % 3 == 1 and bool(request)
    framed = odd_chunks(request, number) if chunked else request
    head += b"Transfer-Encoding: chunked\r\n" if chunked else b"Content-Length: %d\r\n" % len(request)
    path = exchange.path if exchange.path.startswith("/") else f"/{exchange.path}"  # a placeholder for the host
    target, method = path.encode(), exchange.method.encode()
    response, encoding = exchange.response_body, exchange.header("content-encoding")
    if encoding == "gzip" and framing != "length" and response[:2] != b"\x1f\x8b":
        response = encoded(response, encoding)
    answer = b"HTTP/1.1 %d As  recorded\r\n" % exchange.status + lines_of(exchange.response_headers)
    if framing == "length":
        answer += b"CONTENT-length:  %d\r\n" % len(response)
    elif framing == "chunked":
        answer += b"transfer-encoding: chunked\r\nTrailer: X-Checksum\r\n"
    return Played(
        name=f"{exchange.name} ({framing})",
        client_head=method + b" /" + upstream + target + b" HTTP/1.1\r\nHost: proxy.test\r\n" + head + b"\r\n",
        upstream_head=method + b" " + target + b" HTTP/1.1\r\nHost: " + authority + b"\r\n" + head + b"\r\n",
        request=request,
        framed_request=framed,
        response_head=answer + b"\r\n",
        response=response,
        framed_response=odd_chunks(response, number) if framing == "chunked" else response,
        closes=framing == "close",
        seed=number,
    )


def script_of(one: Played) -> Script:
    steps: list[Step] = []
    for piece in odd_pieces(one.response_head + one.framed_response, one.seed):
        steps += [piece, 0]  # the pause lets the other side read what there is
    return [*steps, CLOSE] if one.closes else steps


async def connect(port: int) -> RawClient:
    return RawClient(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))


async def play(one: Played, client: RawClient) -> str:
    """Say the request, compare every byte of the answer; the call's id."""
    for piece in odd_pieces(one.client_head + one.framed_request, one.seed + 7, most=4):
        await client.send(piece)
        await asyncio.sleep(0)
    head = await client.head()
    mark = head.rfind(b"x-union-square-call-id: ")
    assert mark > 0, f"{one.name}: {head!r}"
    assert head[:mark] + b"\r\n" == one.response_head, one.name
    body = await client.rest() if one.closes else await client.exactly(len(one.framed_response))
    assert body == one.framed_response, one.name
    return head[mark + 24 : -4].decode()


async def play_lane(items: list[Played], upstream: ScriptedUpstream, port: int, ids: dict[str, Played]) -> None:
    """One client after another, as a connection lasts."""
    upstream.scripts = [script_of(one) for one in items]
    client = await connect(port)
    try:
        for number, one in enumerate(items):
            call_id = await play(one, client)
            assert call_id not in ids
            ids[call_id] = one
            got = upstream.received[number]
            assert got.head == one.upstream_head, one.name
            assert got.body == one.framed_request, one.name
            if one.closes:
                client.close()
                client = await connect(port)
    finally:
        client.close()


def is_recorded(kept: bytes, sent: bytes, one: Played) -> bool:
    """Whether it was kept as it was sent, but for the secrets where a token is asked for or fields are named after
    secrets, which stars stand for."""
    if kept == sent or not (one.request.startswith(b"grant_type=") or SECRET_FIELD.search(sent)):
        return kept == sent
    return len(kept) == len(sent) and all(k in (s, ord("*")) for k, s in zip(kept, sent, strict=True))


def check_recording(call: CallRecording, one: Played) -> None:
    assert call.state == ("done" if call.status is not None and call.status < 400 else "failed"), one.name
    assert is_recorded(bytes(call.request.data), one.request, one), one.name
    assert is_recorded(bytes(call.response.data), one.response, one), one.name
    assert (call.request.total, call.response.total) == (len(one.request), len(one.response)), one.name
    assert not call.gaps, one.name
    assert call.response_head.split(b"\r\n")[0] == one.response_head.split(b"\r\n")[0], one.name
    assert call.request_head.count(b"\r\n") == one.client_head.count(b"\r\n"), one.name
    offsets = [chunk.offset_us for chunk in call.response.chunks]
    assert offsets == sorted(offsets), one.name


def corpus(lane: int, authority: bytes, upstream: bytes) -> Iterator[Played]:
    found = exchanges()
    for number, (exchange, framing) in enumerate(itertools.product(found, FRAMINGS)):
        if number % LANES == lane:
            yield played(exchange, number, framing, authority, upstream)


async def test_every_recorded_exchange_is_forwarded_and_recorded_byte_for_byte_in_every_framing(
    tmp_path: Path, traffic_folder: Path
) -> None:
    require_cassettes()
    assert len(exchanges()) > 0, "the folder of cassettes holds no exchange"
    ids: dict[str, Played] = {}
    async with AsyncExitStack() as stack:
        upstreams = [await stack.enter_async_context(scripted([[]])) for _ in range(LANES)]
        names = {f"lane{i}": upstream.base_url for i, upstream in enumerate(upstreams)}
        with running_proxy(tmp_path, names) as proxy:
            lanes = [
                play_lane(list(corpus(i, b"127.0.0.1:%d" % upstream.port, b"lane%d" % i)), upstream, proxy.port, ids)
                for i, upstream in enumerate(upstreams)
            ]
            await asyncio.gather(*lanes)
    calls = {str(call.call_id): call for call in proxy.recordings()}
    assert calls.keys() == ids.keys()
    assert len(calls) == len(exchanges()) * len(FRAMINGS)
    for call_id, one in ids.items():
        check_recording(calls[call_id], one)
    leave_byte_equal(traffic_folder, (one.name.rpartition(" (")[0] for one in ids.values()))


AUDIO = random.Random(1).randbytes(70_000)
IMAGE = b"\x89PNG\r\n\x1a\n\x00\r\n\r\n0\r\n\r\n" + bytes(range(256)) * 64
EVENTS = b"".join(b'data: {"n": %d, "text": "caf\xc3\xa9 \xf0\x9f\x8c\x89"}\n\n' % n for n in range(400))
MULTIPART = (
    b'--b0und\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
    b'--b0und\r\nContent-Disposition: form-data; name="file"; filename="a\xc3\xa9.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\n" + AUDIO + b"\r\n--b0und--\r\n"
)


def made(**fields: object) -> Exchange:
    """An exchange that no recording holds."""
    given: dict[str, object] = {
        "provider": "openai", "method": "POST", "path": "/v1/x", "request_headers": (), "request_body": b"{}",
        "status": 200, "response_headers": (), "response_body": b"{}", "form": "raw", "file": "made", "index": 0,
    }  # fmt: skip
    return Exchange(**(given | fields))  # pyright: ignore[reportArgumentType]


def encodings() -> Iterator[Exchange]:
    for name in ("gzip", "br", "zstd", "deflate", "identity"):
        for body in (EVENTS, b"", b"{}", AUDIO):
            yield made(
                file=f"{name} of {len(body)} bytes",
                response_body=encoded(body, name), request_body=encoded(body, name),
                request_headers=(("Content-Encoding", name), ("Accept-Encoding", "gzip, br, zstd, deflate")),
                response_headers=(("Content-Encoding", name), ("Content-Type", "text/event-stream")),
            )  # fmt: skip
        yield made(file=f"{name} that is not", response_body=EVENTS, response_headers=(("content-encoding", name),))


BINARY = (
    made(file="audio", response_body=AUDIO, response_headers=(("Content-Type", "audio/mpeg"),)),
    made(file="image", response_body=IMAGE, response_headers=(("Content-Type", "image/png"),)),
    made(
        file="upload", path="/v1/audio/transcriptions", request_body=MULTIPART,
        request_headers=(("Content-Type", "multipart/form-data; boundary=b0und"),),
    ),
)  # fmt: skip
PATHS = tuple(
    made(file=path, method=method, path=path, request_body=b"")
    for method in ("GET", "DELETE", "PATCH", "OPTIONS", "PROPFIND")
    for path in (
        "/v1/a%2Fb/%c3%A9/%20?q=%2f&&q=1;x=%00+y&z", "//v1//x/../y/./", "/", "/v1/models/anthropic.claude-3%3A0/invoke",
        "/v1beta/models/gemini:streamGenerateContent?alt=sse", "/~!$&'()*+,;=:@[]|^`{}\"<>\\", "/?", "/v1?a=%",
    )
)  # fmt: skip


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("group", ["encodings", "binary", "paths"])
async def test_what_no_recording_holds_is_forwarded_byte_for_byte_too(tmp_path: Path, group: str, framing: str) -> None:
    found = {"encodings": tuple(encodings()), "binary": BINARY, "paths": PATHS}[group]
    ids: dict[str, Played] = {}
    async with scripted([[]]) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}) as proxy:
            authority = b"127.0.0.1:%d" % upstream.port
            items = [played(exchange, number, framing, authority, b"t") for number, exchange in enumerate(found)]
            await play_lane(items, upstream, proxy.port, ids)
    calls = {str(call.call_id): call for call in proxy.recordings()}
    for call_id, one in ids.items():
        check_recording(calls[call_id], one)


SIZE = 100 << 20
PIECE = bytes(range(256)) * 256
GROWTH = 80 << 20
"""What the proxy may grow by while 100 MB pass each way: the bound of what waits for the log (8 MB here), sockets'
buffers, and what the memory's allocator keeps; far below one copy of the body."""


def peak_memory(pid: int) -> int:
    """The most resident memory the process ever had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


async def test_a_hundred_megabytes_pass_each_way_in_constant_memory_even_to_a_slow_reader(tmp_path: Path) -> None:
    received = 0
    stalled = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        await reader.readuntil(b"\r\n\r\n")
        await stalled.wait()  # until then the client can send no more than buffers hold
        while received < SIZE:
            data = await reader.read(1 << 16)
            at = received % len(PIECE)
            assert data == (PIECE * 2)[at : at + len(data)]
            received += len(data)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(PIECE)):
            writer.write(PIECE)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    upstream = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    env = {"UNION_SQUARE_STREAM_BYTES": str(8 << 20)}
    with running_proxy(tmp_path, {"t": upstream}, env=env) as proxy:
        before = peak_memory(proxy.process.pid)
        client = await connect(proxy.port)
        await client.send(b"POST /t/x HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % SIZE)
        sent = 0
        while sent < SIZE:
            client.writer.write(PIECE)
            sent += len(PIECE)
            try:
                await asyncio.wait_for(client.writer.drain(), 1 if not stalled.is_set() else 30)
            except TimeoutError:
                stalled.set()  # nothing moves any more: back-pressure reaches the client
                await client.writer.drain()
        assert stalled.is_set(), "the proxy took a body whole that its upstream did not read"
        assert b"200 OK" in await client.head()
        await asyncio.sleep(0.5)  # the upstream could send much meanwhile, if anybody took it
        got = 0
        while got < SIZE:
            data = await client.exactly(len(PIECE))
            assert data == PIECE
            got += len(data)
        growth = peak_memory(proxy.process.pid) - before
        client.close()
        await eventually(lambda: any(c.ended for c in proxy.recordings()))
    server.close()
    (call,) = proxy.recordings()
    assert (call.state, call.request.total, call.response.total) == ("done", SIZE, SIZE)
    for body in (call.request, call.response):
        assert len(body.data) <= SIZE
    assert len(call.request.data) + len(call.response.data) + sum(g.bytes for g in call.gaps) == 2 * SIZE
    assert growth < GROWTH, f"the proxy grew by {growth >> 20} MB"
