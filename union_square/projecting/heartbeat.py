"""What the projector's process says of itself, once a second, in `<home>/run/projector.json`."""

import logging
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from union_square.announcing import announce, forget_announcement
from union_square.domain.ids import IdError, WriterId, parse_writer_id
from union_square.projecting.projector import Health
from union_square.recording.segments import HEADER_BYTES, parse_segment_name

EVERY_SECONDS = 1.0
PART = "projector"

logger = logging.getLogger(__name__)


def log_ends(folder: Path) -> dict[WriterId, int]:
    """The position behind the last byte of each writer's log below `folder`."""
    ends = dict[WriterId, int]()
    for path in folder.glob("*/*.uslog"):
        try:
            writer, base = parse_writer_id(path.parent.name), parse_segment_name(path.name)
            if base is not None:
                end = base + max(0, path.stat().st_size - HEADER_BYTES)
                ends[writer] = max(end, ends.get(writer, 0))
        except (IdError, OSError):  # not a log, or removed a moment ago
            continue
    return ends


def backlog_bytes(ends: Mapping[WriterId, int], cursors: Mapping[WriterId, int]) -> int:
    """Bytes that were recorded and not read yet."""
    return sum(max(0, end - cursors.get(writer, 0)) for writer, end in ends.items())


def write_heartbeat(home: Path, health: Health, backlog: int) -> None:
    """Raises OSError."""
    announce(
        home,
        PART,
        backlog_bytes=backlog,
        last_commit=health.last_commit,
        last_error=health.problem,
        calls=health.calls,
    )


@contextmanager
def beating(
    home: Path, log_folder: Path, health: Health, cursors: Callable[[], Mapping[WriterId, int]]
) -> Generator[None]:
    """Write the heartbeat every second for as long as the block lasts; the file is removed at its end."""
    stop = threading.Event()

    def beat() -> None:
        said = False
        while True:
            try:
                write_heartbeat(home, health, backlog_bytes(log_ends(log_folder), cursors()))
                said = False
            except OSError as error:  # a full disk: projecting itself goes on
                if not said:
                    logger.warning("the projector's health cannot be written to %s: %s", home / "run", error)
                said = True
            if stop.wait(EVERY_SECONDS):
                return

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        forget_announcement(home, PART)
