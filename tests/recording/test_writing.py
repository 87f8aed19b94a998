"""The writing side of the recording: nothing is lost without a Gap that says how much."""

import errno
import fcntl
import os
import stat
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.proxy import HEADER_BYTES, fold_calls, read_events
from union_square.domain import records
from union_square.domain.events import Gap, RequestChunk, ResponseChunk, ResponseEnd
from union_square.domain.ids import WriterId
from union_square.recording.log_writer import LogWriter, whole_records
from union_square.recording.recorder import Recorder
from union_square.recording.segments import HEADER
from union_square.recording.tap import BRIM_BYTES, Tap

WRITER = WriterId("0123456789abcdef0123456789abcdef")
CALLS = [bytes([n]) * 16 for n in range(4)]


class FaultyLog:
    """A log whose disk has so many bytes of room; what does not fit fails as a full disk does."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.data = b""

    @property
    def position(self) -> int:
        return len(self.data)

    def append(self, data: bytes) -> None:
        fits = whole_records(data, min(len(data), self.room - len(self.data)))
        self.data += data[:fits]
        if fits < len(data):
            raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        pass


def recorder_of(tap: Tap, log: FaultyLog | LogWriter) -> Recorder:
    return Recorder(tap, log, flush_seconds=0.001, now=lambda: 99)


def chunk(tap: Tap, call: bytes, size: int) -> None:
    tap.offer(records.REQUEST_CHUNK, call, 1, b"x" * size)


async def run_to_the_end(tap: Tap, recorder: Recorder) -> None:
    tap.close()
    with anyio.fail_after(10):
        await recorder.run()
    recorder.finish()


async def test_what_was_offered_is_in_the_log_in_its_order(tmp_path: Path) -> None:
    tap = Tap(limit_bytes=1 << 20)
    recorder = recorder_of(tap, LogWriter(tmp_path / "log", WRITER, segment_bytes=1 << 20))
    for at in range(100):
        tap.offer(records.REQUEST_CHUNK, CALLS[at % 3], at, b"%d" % at)
    await run_to_the_end(tap, recorder)
    events = read_events(tmp_path / "log")
    assert [(e.at, e.data) for e in events if isinstance(e, RequestChunk)] == [(n, b"%d" % n) for n in range(100)]
    assert tap.in_flight == 0


async def test_what_does_not_fit_becomes_one_exact_gap_for_each_call() -> None:
    tap, log = Tap(limit_bytes=1000), FaultyLog(1 << 20)
    recorder = recorder_of(tap, log)
    chunk(tap, CALLS[0], 900)
    chunk(tap, CALLS[0], 200)  # does not fit
    chunk(tap, CALLS[1], 300)  # nor does this
    chunk(tap, CALLS[0], 1)  # would fit, but stands behind what is missing
    tap.offer(records.RESPONSE_END, CALLS[0], 7, records.total_payload(12345))
    await run_to_the_end(tap, recorder)
    first, second, *others = fold_calls([e for e, _ in records.decode(log.data)])
    assert others == []
    assert [(g.observations, g.bytes, g.reason) for g in first.gaps] == [(2, 201, "stream_full")]
    assert [(g.observations, g.bytes, g.reason) for g in second.gaps] == [(1, 300, "stream_full")]
    assert (first.response.total, first.state) == (12345, "failed" if first.status else "done")
    assert (tap.missed_observations, tap.missed_bytes, recorder.gaps) == (3, 501, 2)


async def test_of_a_whole_message_that_does_not_fit_the_end_is_kept_and_the_rest_is_counted() -> None:
    tap, log = Tap(limit_bytes=1000), FaultyLog(1 << 20)
    recorder = recorder_of(tap, log)
    head = records.request_head_payload("t", "", recorded=True, head=b"POST / HTTP/1.1\r\n\r\n")
    tap.offer(records.WHOLE_REQUEST, CALLS[0], 1, records.whole_payload(head, b"x" * 700))
    tap.offer(records.WHOLE_RESPONSE, CALLS[0], 2, records.whole_payload(b"HTTP/1.1 200 OK\r\n\r\n", b"y" * 400))
    await run_to_the_end(tap, recorder)
    (call,) = fold_calls([e for e, _ in records.decode(log.data)])
    assert (call.request.data, call.request.total) == (b"x" * 700, 700)
    assert (call.response.data, call.response.total, call.ended) == (b"", 400, True)
    assert [(g.observations, g.bytes) for g in call.gaps] == [(2, 400)]
    assert (tap.missed_observations, tap.missed_bytes) == (2, 400)


@pytest.mark.parametrize("waiting", [False, True])
async def test_what_comes_at_once_is_written_in_its_order_before_it_fills_the_memory(waiting: bool) -> None:
    tap, log = Tap(limit_bytes=64 << 20), FaultyLog(1 << 30)
    recorder, most = recorder_of(tap, log), 0
    async with anyio.create_task_group() as group:
        group.start_soon(recorder.run)
        if waiting:  # for the stream's next item, which is then handed to it and not to be found in the stream
            await anyio.wait_all_tasks_blocked()
        for at in range(2000):  # in one turn of the event loop: the recorder's task has no chance to run
            tap.offer(records.RESPONSE_CHUNK, CALLS[at % 3], at, b"%4000d" % at)
            most = max(most, tap.in_flight)
        tap.close()
    recorder.finish()
    assert most < BRIM_BYTES + 5000
    events = [e for e, _ in records.decode(log.data)]
    assert [int(e.data) for e in events if isinstance(e, ResponseChunk)] == list(range(2000))
    assert tap.in_flight == 0


async def test_a_piece_larger_than_the_bound_is_recorded_when_nothing_else_waits() -> None:
    tap, log = Tap(limit_bytes=100), FaultyLog(1 << 20)
    chunk(tap, CALLS[0], 5000)
    await run_to_the_end(tap, recorder_of(tap, log))
    assert [len(e.data) for e, _ in records.decode(log.data) if isinstance(e, RequestChunk)] == [5000]


async def test_a_full_disk_is_said_survived_and_recovered_from() -> None:
    tap, log = Tap(limit_bytes=2000), FaultyLog(500)
    recorder = recorder_of(tap, log)
    async with anyio.create_task_group() as group:
        group.start_soon(recorder.run)
        for _ in range(10):
            chunk(tap, CALLS[0], 100)
        while not recorder.problem:
            await anyio.sleep(0.005)
        assert "No space left" in recorder.problem
        for _ in range(50):
            chunk(tap, CALLS[1], 100)
        tap.offer(records.RESPONSE_END, CALLS[1], 5, records.total_payload(5000))
        assert tap.missed
        log.room = 1 << 20
        with anyio.fail_after(10):
            while recorder.problem or tap.missed:
                await anyio.sleep(0.01)
        chunk(tap, CALLS[2], 100)
        tap.close()
    recorder.finish()
    first, second, third = fold_calls([e for e, _ in records.decode(log.data)])
    assert (len(first.request.data), first.gaps) == (1000, [])
    assert {g.reason for g in second.gaps} == {"disk_full"}
    assert sum(g.bytes for g in second.gaps) + len(second.request.data) == 5000
    assert second.ended
    assert (len(third.request.data), third.gaps) == (100, [])


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400)), max_size=40),
    st.integers(200, 1500),
    st.lists(st.integers(0, 40), max_size=4),
)
def test_every_byte_is_either_recorded_or_in_a_gap(
    offers: list[tuple[int, int]], limit: int, flushes: list[int]
) -> None:
    tap, log = Tap(limit_bytes=limit), FaultyLog(1 << 30)
    recorder = recorder_of(tap, log)
    for number, (call, size) in enumerate(offers):
        chunk(tap, CALLS[call], size)
        if number in flushes:
            recorder.flush()
    tap.close()
    recorder.finish()
    events = [e for e, _ in records.decode(log.data)]
    for number, call in enumerate(CALLS):
        mine = [e for e in events if e.call_id == call.hex()]
        recorded = [len(e.data) for e in mine if isinstance(e, RequestChunk)]
        gaps = [e for e in mine if isinstance(e, Gap)]
        offered = [size for c, size in offers if c == number]
        assert sum(recorded) + sum(g.bytes for g in gaps) == sum(offered)
        assert len(recorded) + sum(g.observations for g in gaps) == len(offered)
    assert tap.in_flight == 0


def test_the_folder_and_its_files_are_the_owners_only_and_locked(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "log", WRITER, segment_bytes=1 << 20)
    log.append(records.pack(records.REQUEST_CHUNK, CALLS[0], 1, b"x"))
    folder = tmp_path / "log" / WRITER
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in folder.iterdir()} == {0o600}
    with (folder / "lock").open() as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        log.close()
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_segments_are_named_by_the_position_of_their_first_record(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "log", WRITER, segment_bytes=100)
    record = records.pack(records.REQUEST_CHUNK, CALLS[0], 1, b"x" * 50)
    for _ in range(5):
        log.append(record)
    log.close()
    segments = sorted((tmp_path / "log" / WRITER).glob("*.uslog"))
    size = len(record)
    assert [s.name for s in segments] == [f"{n * 2 * size:020d}.uslog" for n in range(3)]
    for number, segment in enumerate(segments):
        data = segment.read_bytes()
        assert HEADER.unpack_from(data) == (b"USQLOG", 1, bytes.fromhex(WRITER), number * 2 * size)
        assert (len(data) - HEADER_BYTES) % size == 0
    assert log.position == 5 * size


def test_a_write_that_fails_in_the_middle_leaves_whole_records_and_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogWriter(tmp_path / "log", WRITER, segment_bytes=1 << 20)
    record = records.pack(records.RESPONSE_END, CALLS[0], 1, records.total_payload(1))
    log.append(record)
    accept = os.write
    calls = iter([lambda fd, data: accept(fd, data[: len(record) + 10])])

    def full(fd: int, data: bytes) -> int:
        for once in calls:
            return once(fd, data)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        log.append(record * 3)
    assert log.position == 2 * len(record)
    monkeypatch.undo()
    log.append(record * 2)
    log.close()
    events = read_events(tmp_path / "log")
    assert len([e for e in events if isinstance(e, ResponseEnd)]) == 4
    (segment,) = (tmp_path / "log" / WRITER).glob("*.uslog")
    assert segment.stat().st_size == HEADER_BYTES + 4 * len(record)


@given(st.lists(st.tuples(st.integers(1, 8), st.sampled_from(CALLS), st.integers(0, 1 << 60), st.binary(max_size=40))))
def test_packing_many_gives_the_records_of_each(observations: list[tuple[int, bytes, int, bytes]]) -> None:
    bodies = [records.body_head(kind, call, at) + payload for kind, call, at, payload in observations]
    assert b"".join(records.frame_all(bodies)) == b"".join(records.pack(*o) for o in observations)


def test_where_a_torn_record_cannot_be_cut_off_the_next_segment_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogWriter(tmp_path / "log", WRITER, segment_bytes=1 << 20)
    record = records.pack(records.RESPONSE_END, CALLS[0], 1, records.total_payload(1))
    log.append(record)
    accept, written = os.write, 0

    def failing(fd: int, data: bytes) -> int:
        nonlocal written
        written += 1
        if written > 1:
            raise OSError(errno.EIO, "Input/output error")
        return accept(fd, data[: len(record) + 10])

    def refused(fd: int, length: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", failing)
    monkeypatch.setattr(os, "ftruncate", refused)
    with pytest.raises(OSError, match="Input/output"):
        log.append(record * 3)
    monkeypatch.undo()
    log.append(record * 2)
    log.close()
    names = sorted(s.name for s in (tmp_path / "log" / WRITER).glob("*.uslog"))
    assert names == [f"{n:020d}.uslog" for n in (0, 2 * len(record))]
    assert len(read_events(tmp_path / "log")) == 4
