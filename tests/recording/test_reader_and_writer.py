"""The real writer's log, read by the real reader while it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recording.logs import WRITER, chunk
from union_square.domain import events as ev
from union_square.domain.records import encode
from union_square.recording.log_reader import FolderLogReader
from union_square.recording.log_writer import LogWriter


@given(batches=st.lists(st.lists(st.integers(0, 3000), min_size=1, max_size=4), max_size=12), read=st.data())
def test_what_is_written_is_read_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]], read: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    writer, reader = LogWriter(folder, WRITER, segment_bytes=4000), FolderLogReader(folder)
    written: list[ev.Event] = []
    found: list[ev.Event] = []
    position = 0
    for batch in batches:
        events = [chunk(len(written) + number, size) for number, size in enumerate(batch)]
        writer.append(b"".join(map(encode, events)))
        written += events
        if read.draw(st.booleans()):
            for logged in reader.read(WRITER, position):
                found.append(logged.event)
                position = logged.after
    assert reader.is_alive(WRITER)
    writer.close()
    assert not reader.is_alive(WRITER)
    found += [logged.event for logged in reader.read(WRITER, position)]
    assert found == written
    assert reader.problems() == ()
    reader.remove_before(WRITER, writer.position)
    assert not (folder / WRITER).exists() or not written
    reader.close()
