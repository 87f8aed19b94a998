"""`kill -9` of the proxy, of the projector and of both at random moments under load: what a client had received more
than 50 ms before is in the record afterwards, nothing is doubled, and what was cut off is shown as cut off."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from functools import partial
from pathlib import Path

from tests.resilience.conftest import Sizes
from tests.support.parts import Parts
from tests.support.product import PARTS, running_product
from tests.support.traffic import NumberedUpstream, Seen, Traffic, number_in, numbered_upstream
from tests.support.upstream import eventually
from union_square.domain.call import CallRecording, fold
from union_square.domain.ids import CallId
from union_square.store.migrate import migrate
from union_square.store.ports import NoSuchSubject
from union_square.store.sql import SqlStore

PROMISE_SECONDS = 0.05
CLIENTS = 12
VICTIMS = (("proxy",), ("projector",), ("proxy", "projector"))


async def test_what_was_received_50_ms_before_a_kill_is_recorded_once(tmp_path: Path, sizes: Sizes) -> None:
    chance = random.Random(sizes.seed)
    kept_from: dict[int, float] = {}  # by a call's number: what came before this moment must have been kept
    async with numbered_upstream(pieces=40, size=300, pause=0.012) as upstream:
        parts = Parts(tmp_path / "home", upstream.base_url)
        migrate(parts.database)
        try:
            await parts.start("proxy", "projector")
            async with Traffic(lambda: parts.port) as traffic:
                traffic.begin(CLIENTS)
                for number in range(sizes.kills):
                    victims = VICTIMS[number % len(VICTIMS)]
                    if number == sizes.kills - 1:  # one of the kills certainly cuts something off
                        await eventually(traffic.running)
                    await asyncio.sleep(chance.uniform(0.05, 0.7))
                    traffic.forget_lag()
                    await asyncio.sleep(0.1)
                    # Where the machine kept anyone from running, the recorder did not run either.
                    moment = time.monotonic() - PROMISE_SECONDS - traffic.lag()
                    parts.kill(*victims)
                    if "proxy" in victims:
                        for seen in traffic.seen:
                            kept_from.setdefault(seen.number, moment)
                    await parts.start(*victims)
                await eventually(lambda: sum(seen.whole for seen in traffic.seen) > CLIENTS)
                await traffic.end()
            await parts.stop("proxy")
            await compare(parts, upstream, traffic.seen, kept_from)
        finally:
            parts.close()


async def test_a_killed_worker_takes_its_own_calls_only_and_is_replaced(tmp_path: Path, sizes: Sizes) -> None:
    chance = random.Random(sizes.seed)
    kept_from: dict[int, float] = {}
    async with numbered_upstream(pieces=40, size=300, pause=0.012) as upstream:
        parts = Parts(tmp_path / "home", upstream.base_url, {"UNION_SQUARE_WORKERS": "2"})
        migrate(parts.database)
        try:
            await parts.start("proxy", "projector")
            async with Traffic(lambda: parts.port) as traffic:

                def moment() -> float:
                    # Which of them the machine kept from running is not known here, so there is more time.
                    return time.monotonic() - 10 * PROMISE_SECONDS - traffic.lag()

                traffic.begin(CLIENTS)
                for _ in range(sizes.worker_kills):
                    upstream.may_end.clear()
                    await eventually(lambda: len(traffic.running()) == CLIENTS)
                    await asyncio.sleep(chance.uniform(0.6, 1))
                    traffic.forget_lag()
                    await asyncio.sleep(0.1)
                    await eventually(lambda: all(seen.received(moment()) for seen in traffic.running()))
                    kept = moment()
                    other, killed = sorted(parts.workers("proxy"), key=open_files)  # the one with more calls
                    os.kill(killed, signal.SIGKILL)
                    for seen in traffic.seen:
                        kept_from.setdefault(seen.number, kept)
                    upstream.may_end.set()
                    await until_replaced(parts, killed, other)
                await traffic.end()
            await parts.stop("proxy")
            await compare(parts, upstream, traffic.seen, kept_from)
        finally:
            parts.close()


async def until_replaced(parts: Parts, killed: int, other: int) -> None:
    def is_so() -> bool:
        workers = set(parts.workers("proxy"))
        return len(workers) == 2 and workers & {killed, other} == {other}

    await eventually(is_so)


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def compare(parts: Parts, upstream: NumberedUpstream, every: list[Seen], kept_from: dict[int, float]) -> None:
    """Every call that was answered against its record."""
    store = SqlStore(parts.database)
    answered = [seen for seen in every if seen.received(kept_from.get(seen.number, float("inf"))) or seen.whole]
    cut_off = 0
    assert len(answered) > CLIENTS
    for seen in answered:
        recording = await recording_of(store, seen.call_id)
        data, whole = bytes(recording.response.data), upstream.answer_to(seen.number)
        assert number_in(bytes(recording.request.data)) == seen.number
        assert data.startswith(seen.received(kept_from.get(seen.number, float("inf"))))
        assert whole.startswith(data)
        assert not recording.gaps
        assert recording.state == ("done" if data == whole and recording.failure is None else "cut_off")
        cut_off += recording.state == "cut_off"
        if seen.number not in kept_from:
            assert (seen.whole, recording.state) == (True, "done")
    assert cut_off
    numbers = Counter[int]()
    for call_id in calls_in(store):
        recording = await recording_of(store, call_id)
        assert recording.state in {"done", "cut_off"}
        if recording.request.data:
            numbers[number_in(bytes(recording.request.data))] += 1
    assert max(numbers.values()) == max(upstream.asked.values()) == 1
    store.close()


def calls_in(store: SqlStore) -> list[str]:
    ids, cursor = list[str](), None
    while True:
        page = store.reader.calls(limit=200, cursor=cursor)
        ids += [call.id for call in page.items]
        if (cursor := page.next_cursor) is None:
            return ids


async def recording_of(store: SqlStore, call_id: str) -> CallRecording:
    """The call as it is kept, once it has ended there."""
    async with asyncio.timeout(60):
        while True:
            try:
                if events := store.reader.call_events(CallId(call_id)):
                    return fold(CallId(call_id), events)
            except NoSuchSubject:
                pass
            await asyncio.sleep(0.05)


async def test_the_whole_product_killed_at_once_shows_afterwards_what_was_cut_off(tmp_path: Path, sizes: Sizes) -> None:
    chance = random.Random(sizes.seed)
    home = tmp_path / "home"
    async with numbered_upstream(pieces=100, size=200, pause=0.02) as upstream:
        upstream.may_end.clear()
        for round_ in range(sizes.product_kills):
            with running_product(home, {"t": upstream.base_url}) as product:
                pids = [product.said(part)["pid"] for part in PARTS]
                async with Traffic(partial(product.port, "proxy"), first=1000 * round_) as traffic:
                    traffic.begin(CLIENTS)
                    await eventually(lambda: len(traffic.running()) == CLIENTS)
                    await asyncio.sleep(chance.uniform(0.3, 1.1))
                    traffic.forget_lag()
                    await asyncio.sleep(0.1)
                    moment = time.monotonic() - PROMISE_SECONDS - traffic.lag()
                    for pid in (product.process.pid, *pids):
                        os.kill(pid, signal.SIGKILL)
                product.process.wait()
            with running_product(home, {"t": upstream.base_url}) as again:
                for seen in traffic.seen[:CLIENTS]:
                    call = await asyncio.to_thread(again.ended, seen.call_id)
                    assert call["state"] == "cut_off"
                    kept = await asyncio.to_thread(again.body, seen.call_id, "response")
                    assert kept.startswith(seen.received(before=moment))
                    assert upstream.answer_to(seen.number).startswith(kept)
