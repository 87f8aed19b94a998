"""The projector's process: the log of one data folder into one database, until it is told to stop."""

import logging
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from union_square.projecting.heartbeat import beating
from union_square.projecting.projector import Health, Projector, run_projector
from union_square.recording.log_reader import FolderLogReader
from union_square.store.ports import StoreUnavailable
from union_square.store.sql import SqlStore

logger = logging.getLogger(__name__)


def run(*, home: Path, database_url: str, log_folder: Path | None = None, stop: threading.Event | None = None) -> None:
    """Project the log in `<home>/log` (or `log_folder`) until `stop` is set, or SIGTERM or SIGINT comes where no `stop`
    is given. What has been recorded until then is written first, if the database answers. The database must have been
    migrated; one that is away is waited for."""
    folder = log_folder or home / "log"
    store, log = SqlStore(database_url), FolderLogReader(folder)
    projector, health = Projector(log, store.writer), Health()
    try:
        with _stopping(stop) as told, beating(home, folder, health, projector.cursors):
            run_projector(projector, told, health=health)
            _finish(projector, health)
    finally:
        log.close()
        store.close()


def _finish(projector: Projector, health: Health) -> None:
    """The proxy is stopped before the projector: what it wrote last is projected before this process ends too."""
    try:
        while not health.problem and projector.step().more:
            pass
    except StoreUnavailable as error:
        logger.warning("the store cannot be written: %s. The log keeps what is left for the next start", error)


@contextmanager
def _stopping(stop: threading.Event | None) -> Generator[threading.Event]:
    if stop is not None:
        yield stop
        return
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    before = {number: signal.signal(number, tell) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
