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
from union_square.store.migrate import migrate
from union_square.store.ports import StoreUnavailable
from union_square.store.sql import SqlStore
from union_square.wire.prices import Prices

RETRY_SECONDS = 0.1
MOST_RETRY_SECONDS = 5.0

logger = logging.getLogger(__name__)


def run(
    *,
    home: Path,
    database_url: str,
    log_folder: Path | None = None,
    stop: threading.Event | None = None,
    prices: Prices = (),
) -> None:
    """Project the log in `<home>/log` (or `log_folder`) until `stop` is set, or SIGTERM or SIGINT comes where no `stop`
    is given. What has been recorded until then is written first, if the database answers. The database is brought to
    this version's tables first; one that is away is waited for. `prices` are the
    user's own. Raises MigrationsMissing."""
    folder = log_folder or home / "log"
    store, log = SqlStore(database_url), FolderLogReader(folder)
    projector, health = Projector(log, store.writer, prices=prices), Health()
    try:
        # Tried once before anyone is told that this process is there: most often that is all, and pages find tables.
        ready = _made_ready(database_url, health)
        with _stopping(stop) as told, beating(home, folder, health, projector.cursors):
            if ready or _until_ready(database_url, told, health):
                run_projector(projector, told, health=health)
                _finish(projector, health)
    finally:
        log.close()
        store.close()


def _made_ready(database_url: str, health: Health) -> bool:
    """Bring the database to this version; False where it does not answer, and `health` says why."""
    try:
        migrate(database_url)
    except StoreUnavailable as error:
        if not health.problem:
            logger.warning("%s. The log waits; this is tried again until the database can be used", error)
        health.problem = str(error)
        return False
    if health.problem:
        logger.warning("the database can be used now")
    health.problem = ""
    return True


def _until_ready(database_url: str, stop: threading.Event, health: Health) -> bool:
    """The same for as long as it takes; False when a stop came first."""
    wait = RETRY_SECONDS
    while not stop.wait(wait):
        if _made_ready(database_url, health):
            return True
        wait = min(wait * 2, MOST_RETRY_SECONDS)
    return False


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
