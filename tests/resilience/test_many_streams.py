"""Very many streams at once, slow readers, slow upstreams, and clients that stop reading: nobody is held up by others,
and memory stays bounded."""

import asyncio
import contextlib
import resource
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.resilience.conftest import Sizes
from tests.support.proxy import ProxyProcess, memory_bytes, running_proxy
from tests.support.traffic import NumberedUpstream, Seen, call_once, numbered_upstream, request_of

PACE_SECONDS = 0.25
FEW_FILES = 128


@contextlib.contextmanager
def few_open_files() -> Iterator[None]:
    """What is started inside begins with the low limit that many systems have."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    ours = len(list(Path("/proc/self/fd").iterdir()))  # this process has done other things before
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(FEW_FILES, ours + 32), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_very_many_streams_at_once_arrive_whole_and_are_recorded_whole(tmp_path: Path, sizes: Sizes) -> None:
    pieces = int(sizes.stream_seconds / PACE_SECONDS)
    with contextlib.ExitStack() as stack:
        async with numbered_upstream(pieces=pieces, size=200, pause=PACE_SECONDS) as upstream:
            with few_open_files():
                proxy = stack.enter_context(running_proxy(tmp_path, {"t": upstream.base_url}))
            every = [Seen(number=number) for number in range(sizes.streams)]
            upstream.may_end.clear()
            at_once = 0
            async with asyncio.TaskGroup() as streaming, httpx.AsyncClient(base_url=proxy.url, timeout=60) as client:
                tasks = [streaming.create_task(call_once(proxy.port, seen)) for seen in every]
                async with asyncio.timeout(60 + sizes.stream_seconds):
                    while at_once < sizes.streams:
                        metrics = (await client.get("/-/metrics")).text
                        at_once = int(float(metrics.split("\nunion_square_calls_in_flight ")[1].split()[0]))
                        await asyncio.sleep(0.2)
                assert not any(task.done() for task in tasks)
                upstream.may_end.set()
            assert at_once == sizes.streams > FEW_FILES
            for seen in every:
                assert seen.received() == upstream.answer_to(seen.number)
            proxy.stop()
            records = {call.call_id: call for call in proxy.recordings()}
    for seen in every:
        record = records.pop(seen.call_id)
        assert (record.state, record.gaps) == ("done", [])
        assert bytes(record.response.data) == seen.received()
    assert not records


async def begin(proxy: ProxyProcess, number: int) -> socket.socket:
    """A client with a small buffer that has asked, and reads nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", proxy.port))
    await loop.sock_sendall(client, request_of(number))
    return client


async def until_nothing_moves(upstream: NumberedUpstream) -> int:
    """How many payload bytes the upstream could send until it was held."""
    sent = -1
    async with asyncio.timeout(120):
        while sent != upstream.sent or not sent:
            sent = upstream.sent
            await asyncio.sleep(1)
    return sent


async def test_a_client_that_stops_reading_stops_its_upstream_in_bounded_memory(tmp_path: Path, sizes: Sizes) -> None:
    size, loop = 1 << 16, asyncio.get_running_loop()
    pieces = sizes.stuck_megabytes * (1 << 20) // size
    async with numbered_upstream(pieces=pieces, size=size, pause=0) as upstream:
        env = {"UNION_SQUARE_STREAM_BYTES": str(4 << 20)}
        with running_proxy(tmp_path, {"t": upstream.base_url}, env=env) as proxy:
            await call_once(proxy.port, Seen(number=0))  # what it loads at its first call is loaded
            before, upstream.sent = memory_bytes(proxy), 0
            clients = [await begin(proxy, number) for number in range(1, sizes.stuck_clients + 1)]
            sent, promised = await until_nothing_moves(upstream), sizes.stuck_clients * pieces * size
            assert sent < promised
            # For each: what may wait to be written before reading pauses, and one read. And the recorder's stream.
            assert memory_bytes(proxy) - before < sizes.stuck_clients * (1 << 20) + (32 << 20)
            for number, client in enumerate(clients, 1):
                taken = bytearray()
                answer = upstream.answer_to(number)
                while len(taken) < len(answer) or not taken.endswith(answer[-100:]):
                    data = await asyncio.wait_for(loop.sock_recv(client, 1 << 20), 60)
                    assert data
                    taken += data
                assert taken.partition(b"\r\n\r\n")[2] == answer
                client.close()
            assert memory_bytes(proxy) - before < sizes.stuck_clients * (1 << 20) + (32 << 20)


async def test_those_who_read_a_byte_a_second_and_upstreams_that_crawl_hold_nobody_up(
    tmp_path: Path, sizes: Sizes
) -> None:
    loop, slow = asyncio.get_running_loop(), sizes.stuck_clients
    async with (
        numbered_upstream(pieces=200, size=1 << 16, pause=0) as large,
        numbered_upstream(pieces=1000, size=20, pause=1) as crawling,
        numbered_upstream(pieces=5, size=200, pause=0) as quick,
    ):
        upstreams = {"t": quick.base_url, "large": large.base_url, "crawl": crawling.base_url}
        with running_proxy(tmp_path, upstreams, env={"UNION_SQUARE_DRAIN_TIMEOUT_SECONDS": "0.1"}) as proxy:

            async def read_slowly(path: str, number: int) -> None:
                reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=1)
                try:
                    connected: socket.socket = writer.get_extra_info("socket")
                    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
                    writer.write(request_of(number, f"/{path}/v1/chat/completions"))
                    while True:
                        assert await reader.read(1)
                        await asyncio.sleep(1)
                finally:
                    writer.transport.abort()

            reading = [loop.create_task(read_slowly(path, n)) for n in range(slow) for path in ("large", "crawl")]
            async with asyncio.timeout(60):
                while len(large.asked) + len(crawling.asked) < 2 * slow:
                    await asyncio.sleep(0.05)
            for number in range(100):
                seen = Seen(number=number)
                await asyncio.wait_for(call_once(proxy.port, seen), 30)
                assert seen.received() == quick.answer_to(number)
            assert not any(task.done() for task in reading)
            assert large.sent < slow * large.pieces * large.size
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)


async def test_clients_that_vanish_without_a_word_leave_nothing_open(tmp_path: Path, sizes: Sizes) -> None:
    async with numbered_upstream(pieces=1000, size=100, pause=0.05) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}) as proxy:
            clients = [await begin(proxy, number) for number in range(sizes.stuck_clients)]
            async with asyncio.timeout(30):
                while len(upstream.asked) < len(clients):
                    await asyncio.sleep(0.02)
                for client in clients:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    client.close()
                async with httpx.AsyncClient(base_url=proxy.url) as asking:
                    while "union_square_upstream_connections 0.0" not in (await asking.get("/-/metrics")).text:
                        await asyncio.sleep(0.05)
            proxy.stop()  # what it saw last is written
            assert {call.failure and call.failure.code for call in proxy.recordings()} == {"client_left"}
