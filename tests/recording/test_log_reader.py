"""Reading event logs: whole, growing, torn, damaged, vanishing."""

import os
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recording.logs import CALL, WRITER, HandLog, chunk, header
from union_square.domain import events as ev
from union_square.domain.ids import WriterId
from union_square.domain.records import encode
from union_square.recording.log_reader import PATIENCE_SECONDS, FolderLogReader

OTHER = WriterId("0191" + "c" * 28)


def read_all(reader: FolderLogReader, position: int = 0, limit: int = 4 << 20) -> list[ev.Event]:
    """Everything from `position` on, over as many reads as it takes."""
    found: list[ev.Event] = []
    while batch := list(reader.read(WRITER, position, limit)):
        found += [logged.event for logged in batch]
        position = batch[-1].after
    return found


@given(
    sizes=st.lists(st.integers(0, 300), max_size=25),
    cuts=st.lists(st.integers(0, 8000), max_size=12),
    rotations=st.sets(st.integers(0, 24)),
    limit=st.sampled_from([1, 64, 500, 4 << 20]),
)
def test_any_split_of_the_writes_reads_alike(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], cuts: list[int], rotations: set[int], limit: int
) -> None:
    log = HandLog(tmp_path_factory.mktemp("log"))
    reader = FolderLogReader(log.folder.parent)
    events = [chunk(number, size) for number, size in enumerate(sizes)]
    found: list[ev.Event] = []
    position = written = 0
    for number, event in enumerate(events):
        if number in rotations:
            log.begin_segment()
        record = encode(event)
        edges = sorted({0, len(record), *(cut - written for cut in cuts if 0 < cut - written < len(record))})
        for begin, end in pairwise(edges):
            log.write(record[begin:end])
            for logged in reader.read(WRITER, position, limit):
                assert logged.position == position
                found.append(logged.event)
                position = logged.after
        written += len(record)
    found += read_all(reader, position, limit)
    assert found == events
    assert reader.problems() == ()
    reader.close()
    log.die()


def test_reading_goes_on_at_a_position_over_segments(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    events = [chunk(number) for number in range(9)]
    for number, event in enumerate(events):
        if number % 3 == 0:
            log.begin_segment()
        log.append(event)
    whole = list(FolderLogReader(tmp_path).read(WRITER, 0))
    assert [logged.event for logged in whole] == events
    for index, logged in enumerate(whole):
        again = FolderLogReader(tmp_path)
        assert [one.event for one in again.read(WRITER, logged.position)] == events[index:]
        again.close()


def test_a_position_whose_segment_was_removed_reads_on_at_the_oldest_there(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    first = log.begin_segment()
    log.append(chunk(1))
    log.begin_segment()
    log.append(chunk(2))
    first.unlink()
    assert read_all(FolderLogReader(tmp_path)) == [chunk(2)]


def test_a_segment_that_vanishes_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    first = log.begin_segment()
    log.append(*(chunk(number) for number in range(5)))
    reader = FolderLogReader(tmp_path)
    (head, *_) = list(reader.read(WRITER, 0, limit_bytes=1))
    first.unlink()
    log.begin_segment()
    log.append(chunk(5))
    assert read_all(reader, head.after) == [chunk(number) for number in range(1, 6)]
    assert reader.problems() == ()


@given(keep=st.integers(1, 40))
def test_a_torn_tail_ends_a_dead_log_and_is_told(tmp_path_factory: pytest.TempPathFactory, keep: int) -> None:
    log = HandLog(tmp_path_factory.mktemp("log"))
    log.append(chunk(1))
    log.write(encode(chunk(2, 50))[:keep])
    reader = FolderLogReader(log.folder.parent)
    assert read_all(reader) == [chunk(1)]
    assert reader.problems() == (), "alive: a write in progress"
    log.die()
    assert read_all(reader) == [chunk(1)]
    (problem,) = reader.problems()
    assert problem.lost_bytes == keep
    assert "passed over" in problem.message


def test_a_torn_tail_before_another_segment_is_passed_over(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    log.append(chunk(1))
    log.write(encode(chunk(2))[:-1])
    log.begin_segment()
    log.append(chunk(3))
    reader = FolderLogReader(tmp_path)
    assert read_all(reader) == [chunk(1), chunk(3)]
    assert len(reader.problems()) == 1


def test_a_damaged_record_costs_the_rest_of_its_segment_only(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    path = log.begin_segment()
    log.append(chunk(1), chunk(2), chunk(3))
    log.begin_segment()
    log.append(chunk(4))
    raw = bytearray(path.read_bytes())
    raw[32 + len(encode(chunk(1))) + 30] ^= 0xFF
    path.write_bytes(raw)
    reader = FolderLogReader(tmp_path)
    assert read_all(reader) == [chunk(1), chunk(4)]
    (problem,) = reader.problems()
    assert problem.position == len(encode(chunk(1)))
    assert problem.lost_bytes == len(encode(chunk(2))) * 2
    assert "checksum" in problem.message


def test_a_damaged_record_of_a_live_writer_is_told_after_a_while(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    record = bytearray(encode(chunk(1)))
    record[-1] ^= 1
    log.write(bytes(record))
    now = 0.0
    reader = FolderLogReader(tmp_path, monotonic=lambda: now)
    assert read_all(reader) == []
    assert reader.problems() == ()
    now = PATIENCE_SECONDS + 1
    assert read_all(reader) == []
    assert len(reader.problems()) == 1
    log.begin_segment()
    log.append(chunk(2))
    assert read_all(reader) == [chunk(2)]


def test_a_segment_of_a_later_version_stops_reading_and_is_kept(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    log.append(chunk(1))
    log.begin_segment(version=7)
    log.append(chunk(2))
    log.begin_segment()
    log.append(chunk(3))
    log.die()
    reader = FolderLogReader(tmp_path)
    assert read_all(reader) == [chunk(1)]
    (problem,) = reader.problems()
    assert "format version 7" in problem.message
    assert "update Union Square" in problem.message
    reader.remove_before(WRITER, len(encode(chunk(1))))
    assert len(list(log.folder.glob("*.uslog"))) == 2, "what was not read stays"


@pytest.mark.parametrize(
    "content",
    [b"", b"USQ", b"x" * 64, header(OTHER, 0), header(WRITER, 5), header(WRITER, 0, version=0)],
    ids=["empty", "cut short", "foreign", "another writer's", "another position", "version 0"],
)
def test_a_file_that_is_no_segment_is_passed_over(tmp_path: Path, content: bytes) -> None:
    log = HandLog(tmp_path)
    log.begin_segment().write_bytes(content)
    reader = FolderLogReader(tmp_path)
    assert read_all(reader) == []
    log.position = 100
    log.begin_segment()
    log.append(chunk(1))
    assert read_all(reader) == [chunk(1)]
    assert len(reader.problems()) == (1 if content else 0)
    log.die()
    reader.remove_before(WRITER, log.position)
    assert not log.folder.exists()


def test_foreign_files_and_folders_are_no_logs(tmp_path: Path) -> None:
    HandLog(tmp_path).append(chunk(1))
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "lost+found").mkdir()
    (tmp_path / OTHER).write_text("a file with a writer's name")
    (tmp_path / WRITER / "00000000000000000000.uslog.bak").write_text("x")
    reader = FolderLogReader(tmp_path)
    assert reader.writers() == [WRITER]
    assert read_all(reader) == [chunk(1)]


def test_no_folder_is_no_log(tmp_path: Path) -> None:
    reader = FolderLogReader(tmp_path / "none")
    assert reader.writers() == []
    assert list(reader.read(WRITER, 0)) == []
    assert not reader.is_alive(WRITER)
    assert reader.remove_before(WRITER, 10) == 0


def test_writers_come_oldest_first(tmp_path: Path) -> None:
    younger, older = HandLog(tmp_path, WRITER), HandLog(tmp_path, OTHER)
    os.utime(older.folder / "lock", (1, 1))
    os.utime(younger.folder / "lock", (2, 2))
    assert FolderLogReader(tmp_path).writers() == [OTHER, WRITER]


def test_a_writer_is_alive_while_it_holds_its_lock(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    reader, another = FolderLogReader(tmp_path), FolderLogReader(tmp_path)
    assert reader.is_alive(WRITER)
    assert another.is_alive(WRITER)
    log.die()
    assert not reader.is_alive(WRITER)


def test_removing_frees_what_lies_wholly_before_the_position(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    paths: list[Path] = []
    for number in range(3):
        paths.append(log.begin_segment())
        log.append(chunk(number))
    record = len(encode(chunk(0)))
    reader = FolderLogReader(tmp_path)
    assert reader.remove_before(WRITER, record * 2 - 1) == 32 + record
    assert [path.exists() for path in paths] == [False, True, True]
    assert reader.remove_before(WRITER, record * 3) == 32 + record
    assert paths[2].exists(), "alive: it may append"
    log.die()
    assert reader.remove_before(WRITER, record * 2) == 0, "one event is not read yet"
    assert reader.remove_before(WRITER, record * 3) == 32 + record
    assert not log.folder.exists()
    assert reader.writers() == []


def test_a_dead_folder_goes_with_its_torn_tail_but_not_with_foreign_files(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    log.append(chunk(1))
    log.write(encode(chunk(2))[:9])
    log.die()
    (log.folder / "mine.txt").write_text("keep")
    FolderLogReader(tmp_path).remove_before(WRITER, len(encode(chunk(1))))
    assert [path.name for path in log.folder.iterdir()] == ["mine.txt"]


def test_a_folder_without_segments_is_removed_only_when_old(tmp_path: Path) -> None:
    log = HandLog(tmp_path, alive=False)
    reader = FolderLogReader(tmp_path)
    reader.remove_before(WRITER, 0)
    assert log.folder.exists(), "its writer may be about to take the lock"
    os.utime(log.folder / "lock", (time.time() - 3600,) * 2)
    reader.remove_before(WRITER, 0)
    assert not log.folder.exists()


def test_a_record_larger_than_the_limit_comes_whole(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    large = chunk(1, size=200_000)
    log.append(large, chunk(2))
    (only,) = list(FolderLogReader(tmp_path).read(WRITER, 0, limit_bytes=1000))
    assert only.event == large


def test_a_folder_that_cannot_be_read_is_told_not_raised(tmp_path: Path, deny: Callable[[Path], None]) -> None:
    log = HandLog(tmp_path)
    deny(log.begin_segment())
    reader = FolderLogReader(tmp_path)
    assert list(reader.read(WRITER, 0)) == []
    (problem,) = reader.problems()
    assert "could not be read" in problem.message


@pytest.fixture
def deny() -> Callable[[Path], None]:
    def replace_by_folder(path: Path) -> None:
        """A folder in the file's place cannot be read by anyone, the superuser included."""
        path.unlink()
        path.mkdir()

    return replace_by_folder


def test_every_event_kind_comes_back(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    events: list[ev.Event] = [
        ev.RequestHead(
            call_id=CALL, at=1, upstream="o", fingerprint="f", recorded=True, head=b"GET / HTTP/1.1\r\n\r\n"
        ),
        ev.RequestEnd(call_id=CALL, at=2, total=0),
        ev.Gap(call_id=CALL, at=3, observations=2, bytes=9, reason="stream_full"),
        ev.Unknown(call_id=CALL, at=4, number=99, payload=b"later"),
    ]
    log.append(*events)
    assert read_all(FolderLogReader(tmp_path)) == events
