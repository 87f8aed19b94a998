"""What another process started stops when that one is gone, so that nothing is left behind holding a port: a part of
`union-square up`, a worker of the proxy. A part started on its own does not use this: it lives as long as it is wanted.
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
