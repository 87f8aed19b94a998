"""Ten times more traffic than the recorder can write: no call is held up, memory stays bounded, and what is missing is
known to the byte."""

import asyncio
from pathlib import Path

import httpx

from tests.resilience.conftest import Sizes
from tests.support.proxy import memory_bytes, running_proxy
from tests.support.traffic import Traffic, numbered_upstream
from union_square.domain.records import RECORD_OVERHEAD

STREAM_BYTES = 64 << 10
FLUSH_MILLISECONDS = 500
WRITABLE_A_SECOND = STREAM_BYTES * 1000 / FLUSH_MILLISECONDS
CLIENTS = 16


def metric(text: str, name: str) -> int:
    return int(float(text.split(f"\n{name} ")[1].split()[0]))


async def test_the_gap_is_exact_the_memory_bounded_and_both_are_said(tmp_path: Path, sizes: Sizes) -> None:
    # What does not fit into the stream between two writes is missed: so much and no more is written in a second.
    env = {"UNION_SQUARE_STREAM_BYTES": str(STREAM_BYTES), "UNION_SQUARE_FLUSH_MILLISECONDS": str(FLUSH_MILLISECONDS)}
    async with numbered_upstream(pieces=40, size=4000, pause=0.005) as upstream:
        with running_proxy(tmp_path, {"t": upstream.base_url}, env=env) as proxy:
            async with httpx.AsyncClient(base_url=proxy.url, timeout=60) as asking:
                await asking.get("/-/metrics")
                async with Traffic(lambda: proxy.port) as traffic:
                    before, began = memory_bytes(proxy), asyncio.get_running_loop().time()
                    traffic.begin(CLIENTS)
                    not_ready = await until_not_ready(asking)
                    # As long as it takes to be ten times too much, on a machine of whatever speed.
                    await asyncio.sleep(sizes.slow_seconds)
                    during = (await asking.get("/-/metrics")).text
                    most = memory_bytes(proxy)
                    await traffic.end()
                    seconds = asyncio.get_running_loop().time() - began
                while (await asking.get("/-/ready")).status_code != 200:
                    await asyncio.sleep(0.05)
                after = (await asking.get("/-/metrics")).text
            received = sum(len(seen.received()) for seen in traffic.seen)
            proxy.stop()
            calls = {call.call_id: call for call in proxy.recordings()}
    assert received > 10 * WRITABLE_A_SECOND * seconds
    assert all(seen.received() == upstream.answer_to(seen.number) for seen in traffic.seen)
    assert any("did not fit" in problem for problem in not_ready["problems"])
    assert metric(during, "union_square_missed_payload_bytes_total") > 0
    assert metric(during, "union_square_recorder_backlog_bytes") <= STREAM_BYTES + 4000 + RECORD_OVERHEAD
    assert most - before < 24 << 20
    assert set(calls) == {seen.call_id for seen in traffic.seen}
    for call in calls.values():
        kept = len(call.request.data) + len(call.response.data)
        assert kept + sum(gap.bytes for gap in call.gaps) == call.request.total + call.response.total
        assert call.state == "done" or not call.response_head
    gaps = [gap for call in calls.values() for gap in call.gaps]
    assert {gap.reason for gap in gaps} == {"stream_full"}
    assert metric(after, "union_square_gaps_total") == len(gaps)
    assert metric(after, "union_square_missed_payload_bytes_total") == sum(gap.bytes for gap in gaps)
    assert metric(after, "union_square_missed_observations_total") == sum(gap.observations for gap in gaps)


async def until_not_ready(asking: httpx.AsyncClient) -> dict[str, list[str]]:
    async with asyncio.timeout(30):
        while (answer := await asking.get("/-/ready")).status_code != 503:
            await asyncio.sleep(0.01)
    return answer.json()
