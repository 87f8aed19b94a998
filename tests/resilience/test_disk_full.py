"""A real disk that is full, under the log and the database at once: calls go on, the gap is counted and shown, and
recording goes on by itself when there is room."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.resilience.conftest import Sizes
from tests.support.parts import Parts
from tests.support.traffic import Traffic, numbered_upstream
from tests.support.upstream import eventually
from union_square.domain.call import fold
from union_square.domain.ids import CallId
from union_square.store.sql import SqlStore

DISK_MEGABYTES = 64
CLIENTS = 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own. Needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here; tests/proxy fills one up with a limit on file sizes")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


async def test_calls_go_on_and_recording_goes_on_by_itself_when_there_is_room(small_disk: Path, sizes: Sizes) -> None:
    async with numbered_upstream(pieces=20, size=1000, pause=0.005) as upstream:
        parts = Parts(small_disk / "home", upstream.base_url, {"UNION_SQUARE_STREAM_BYTES": str(1 << 17)})
        parts.words = small_disk.parent / "words.txt"
        try:
            await parts.start("projector", "proxy")
            asking = httpx.AsyncClient(base_url=f"http://127.0.0.1:{parts.port}", timeout=60)
            async with asking, Traffic(lambda: parts.port) as traffic:
                traffic.begin(CLIENTS)
                await eventually(lambda: len(traffic.seen) > 2 * CLIENTS)
                ballast = fill(small_disk)
                said = await until_ready(asking, 503)
                assert any("cannot be written" in problem for problem in said["problems"])
                before = len(traffic.seen)
                await asyncio.sleep(sizes.outage_seconds)
                assert "union_square_recorder_failing 1.0" in (await asking.get("/-/metrics")).text
                await eventually(lambda: len(traffic.seen) > before + CLIENTS)
                ballast.unlink()
                await until_ready(asking, 200)
                last = len(traffic.seen)
                await eventually(lambda: len(traffic.seen) > last + 2 * CLIENTS)
                await traffic.end()
            assert all(seen.received() == upstream.answer_to(seen.number) for seen in traffic.seen)
            assert "Traceback" not in parts.words.read_text()
            await compare(parts, [seen.call_id for seen in traffic.seen], last)
            for part in ("proxy", "projector"):
                assert await parts.stop(part) == 0
        finally:
            parts.close()


async def compare(parts: Parts, call_ids: list[str], last: int) -> None:
    """Every call is in the store with its gaps; those that began when there was room again are whole."""
    store, reasons, gone = SqlStore(parts.database), set[str](), 0
    ids = [CallId(id_) for id_ in call_ids]
    async with asyncio.timeout(60):
        while store.writer.ended(ids) != set(ids):
            await asyncio.sleep(0.1)
    for number, id_ in enumerate(ids):
        call = fold(id_, store.reader.call_events(id_))
        missed = sum(gap.bytes for gap in call.gaps)
        assert len(call.request.data) + len(call.response.data) + missed == call.request.total + call.response.total
        assert tuple(gap.bytes for gap in store.reader.call(id_).gaps) == tuple(gap.bytes for gap in call.gaps)
        reasons |= {gap.reason for gap in call.gaps}
        gone += bool(call.gaps)
        if number > last + CLIENTS:
            assert (call.state, call.gaps) == ("done", [])
    assert gone
    assert reasons == {"disk_full"}
    store.close()


async def until_ready(asking: httpx.AsyncClient, status: int) -> dict[str, list[str]]:
    async with asyncio.timeout(60):
        while (answer := await asking.get("/-/ready")).status_code != status:
            await asyncio.sleep(0.05)
    return answer.json()
