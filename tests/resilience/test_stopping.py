"""A stop under load: new connections are refused at once, running streams finish if they may, nothing is lost."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.support.parts import Parts
from tests.support.product import running_product
from tests.support.traffic import Seen, call_once, numbered_upstream
from tests.support.upstream import eventually
from union_square.domain.call import CallRecording, fold
from union_square.domain.ids import CallId
from union_square.store.sql import SqlStore

STREAMS = 20


def stored(home: Path, seen: Seen) -> CallRecording:
    """What the store holds; nothing runs any more."""
    store = SqlStore(f"sqlite:///{home / 'union-square.db'}")
    try:
        return fold(CallId(seen.call_id), store.reader.call_events(CallId(seen.call_id)))
    finally:
        store.close()


async def until_refused(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2])
async def test_running_streams_finish_while_new_connections_are_refused(tmp_path: Path, workers: int) -> None:
    async with numbered_upstream(pieces=20, size=200, pause=0.02) as upstream:
        environment = {"UNION_SQUARE_WORKERS": str(workers)}
        with running_product(
            tmp_path / "home", {"t": upstream.base_url}, arguments=["--no-ui"], environment=environment
        ) as product:
            port, every = product.port("proxy"), [Seen(number=number) for number in range(STREAMS)]
            upstream.may_end.clear()
            async with asyncio.TaskGroup() as streams:
                tasks = [streams.create_task(call_once(port, seen)) for seen in every]
                await eventually(lambda: len(upstream.asked) == STREAMS)
                product.process.send_signal(signal.SIGTERM)
                await until_refused(port)
                assert not any(task.done() for task in tasks)
                upstream.may_end.set()
            assert await asyncio.to_thread(product.process.wait, 60) == 0
            assert "Traceback" not in product.words()
    for seen in every:
        assert seen.received() == upstream.answer_to(seen.number)
        call = stored(tmp_path / "home", seen)
        assert (call.state, call.gaps, bytes(call.response.data)) == ("done", [], seen.received())


async def test_what_takes_longer_than_it_may_is_broken_off_and_kept_to_the_last_byte(tmp_path: Path) -> None:
    async with numbered_upstream(pieces=1000, size=200, pause=0.05) as upstream:
        environment = {"UNION_SQUARE_DRAIN_TIMEOUT_SECONDS": "0.5"}
        with running_product(
            tmp_path / "home", {"t": upstream.base_url}, arguments=["--no-ui"], environment=environment
        ) as product:
            port, every = product.port("proxy"), [Seen(number=number) for number in range(STREAMS)]
            tasks = [asyncio.create_task(call_once(port, seen)) for seen in every]
            await eventually(lambda: all(seen.pieces for seen in every))
            product.process.send_signal(signal.SIGTERM)
            broken = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(error, OSError) for error in broken)
            assert await asyncio.to_thread(product.process.wait, 60) == 0
    for seen in every:
        call = stored(tmp_path / "home", seen)
        assert (call.state, call.failure and call.failure.code) == ("cut_off", "proxy_stopped")
        assert bytes(call.response.data).startswith(seen.received())
        assert seen.received()


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_stop_that_comes_while_it_starts_is_not_forgotten(tmp_path: Path, workers: str) -> None:
    """Asked at once, again and again later: whatever is being done then, the process ends by itself."""
    for after in (0.0, 0.05, 0.2):
        parts = Parts(tmp_path / "home", "http://127.0.0.1:1", {"UNION_SQUARE_WORKERS": workers})
        try:
            await parts.start("proxy")
            await asyncio.sleep(after)
            assert await parts.stop("proxy") == 0
            assert "Traceback" not in parts.words.read_text()
        finally:
            parts.close()


async def test_when_up_itself_is_killed_running_calls_end_and_it_can_be_started_again(tmp_path: Path) -> None:
    home, every = tmp_path / "home", [Seen(number=number) for number in range(STREAMS)]
    async with numbered_upstream(pieces=20, size=200, pause=0.02) as upstream:
        upstream.may_end.clear()
        with running_product(home, {"t": upstream.base_url}, arguments=["--no-ui"]) as product:
            port = product.port("proxy")
            async with asyncio.TaskGroup() as streams:
                for seen in every:
                    streams.create_task(call_once(port, seen))
                await eventually(lambda: len(upstream.asked) == STREAMS)
                product.process.kill()
                await until_refused(port)
                upstream.may_end.set()
        await eventually(lambda: not (home / "run" / "proxy.json").exists(), what="the proxy's end")
        with running_product(home, {"t": upstream.base_url}, arguments=["--no-ui"]) as again:
            assert await asyncio.to_thread(again.stop) == 0
    for seen in every:
        call = stored(home, seen)
        assert (call.state, call.gaps, bytes(call.response.data)) == ("done", [], upstream.answer_to(seen.number))


async def test_the_workers_of_a_killed_proxy_give_the_port_back_and_let_their_calls_end(tmp_path: Path) -> None:
    async with numbered_upstream(pieces=20, size=200, pause=0.02) as upstream:
        upstream.may_end.clear()
        parts = Parts(tmp_path / "home", upstream.base_url, {"UNION_SQUARE_WORKERS": "2"})
        try:
            await parts.start("proxy")
            every = [Seen(number=number) for number in range(STREAMS)]
            async with asyncio.TaskGroup() as streams:
                for seen in every:
                    streams.create_task(call_once(parts.port, seen))
                await eventually(lambda: len(upstream.asked) == STREAMS)
                parts.kill("proxy")
                await until_refused(parts.port)
                await parts.start("proxy")
                upstream.may_end.set()
            assert all(seen.whole for seen in every)
        finally:
            await parts.stop("proxy")
