"""One `union-square up` at a time for a data folder: two projectors would write the same store."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from union_square.running.expected import ExpectedFailure


class HomeTaken(ExpectedFailure):
    """Another `up` runs on this data folder. The message names its process and the way out."""


@contextmanager
def hold_home(home: Path) -> Generator[None]:
    """Hold the data folder for this process. Raises HomeTaken. The system lets go of it when the process ends."""
    path = home / "run" / "up.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            raise HomeTaken(
                f"Union Square is running already on {home} (process {holder}).\n"
                "Stop that one first, or choose another data folder: UNION_SQUARE_HOME=…"
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)
