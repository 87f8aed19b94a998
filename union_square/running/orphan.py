"""A part that `union-square up` started stops when `up` is gone, so that nothing is left behind holding a port.

A part started on its own (`union-square proxy`) does not use this: it lives as long as it is wanted.
"""

import os
import signal
import threading
import time


def stop_with_parent(poll_seconds: float = 1.0) -> None:
    """From a thread of its own: ask this process to stop (SIGTERM) once its parent has died."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(poll_seconds)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="stop-with-parent", daemon=True).start()
