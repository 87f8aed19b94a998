"""`python -m bench [what]`: measurements, each a module with `main(argv)` that returns an exit code; or all of them.

Exit code 1: something missed its goal.
"""

import signal
import sys
from types import FrameType

from bench import find, live, storage, threading, whole
from bench.pages import run as pages
from bench.proxy import run as proxy

COMMANDS = {
    "proxy": proxy.main,
    "live": live.main,
    "whole": whole.main,
    "storage": storage.main,
    "threading": threading.main,
    "find": find.main,
    "pages": pages.main,
}


def _stop(number: int, _frame: FrameType | None) -> None:
    """A stop ends what was started, as an interrupt does."""
    sys.exit(128 + number)


def main() -> int:
    signal.signal(signal.SIGTERM, _stop)
    if len(sys.argv) < 2:
        codes: list[int] = []
        for name, measure in COMMANDS.items():
            print(f"── {name} ──", flush=True)
            codes.append(measure([]))
        return max(codes)
    if sys.argv[1] not in COMMANDS:
        print(f"usage: python -m bench [{'|'.join(COMMANDS)} …]", file=sys.stderr)
        return 2
    return COMMANDS[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
