"""Several workers: processes forked from this one that share its listening socket. This one only looks after them."""

import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType

from union_square.orphan import stop_with_parent

RESTART_PAUSE_SECONDS = 1.0
ORPHAN_POLL_SECONDS = 0.2
"""Until a worker has noticed that its parent is gone it keeps the port, and nobody else can listen there."""
_log = logging.getLogger(__name__)


def run_workers(count: int, run: Callable[[int], None], *, stopping_begins: Callable[[], None]) -> None:
    """Run `run(worker)` in `count` processes until SIGTERM or SIGINT, which is passed on after `stopping_begins` was
    called; a worker that dies is replaced. Workers stop when this process is gone."""
    stopping = False
    workers: dict[int, int] = {}

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        del frame
        stopping = True
        stopping_begins()
        for pid in workers:
            os.kill(pid, number)

    def start(worker: int) -> None:
        if not stopping:
            pid = _fork(worker, run)
            workers[pid] = worker
            if stopping:  # asked between the two lines above
                os.kill(pid, signal.SIGTERM)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for worker in range(count):
            start(worker)
        while workers:
            pid, status = os.wait()
            worker = workers.pop(pid, None)
            if worker is None or stopping:
                continue
            _log.error(
                "worker %d (process %d) died with %d and is replaced", worker, pid, os.waitstatus_to_exitcode(status)
            )
            time.sleep(RESTART_PAUSE_SECONDS)
            start(worker)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _fork(worker: int, run: Callable[[int], None]) -> int:
    """Start one worker; returns its process id. Signals wait meanwhile: the child is not to answer its parent's."""
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        return pid
    code = 1
    try:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        stop_with_parent(ORPHAN_POLL_SECONDS)
        run(worker)
        code = 0
    except BaseException:  # noqa: BLE001  (this process must end here and not run its parent's code)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
