"""How a part tells the others where it listens: `<home>/run/<part>.json`, written whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any


def read_announcement(home: Path, part: str) -> dict[str, Any] | None:
    """What the part last said of itself; None where it said nothing (or is writing for the first time)."""
    try:
        said: Any = json.loads((home / "run" / f"{part}.json").read_text())
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None  # type: ignore[return-value]


def forget_announcement(home: Path, part: str) -> None:
    """Remove what an earlier run left, so that it is not taken for this one's."""
    (home / "run" / f"{part}.json").unlink(missing_ok=True)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def announce(home: Path, part: str, **what: Any) -> None:
    """Say that this process is ready, and where."""
    folder = home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f".{part}.{os.getpid()}.tmp"
    new.write_text(json.dumps({"pid": os.getpid(), **what}))
    new.replace(folder / f"{part}.json")


def bound_port(server: Any) -> int:
    """The port that a started uvicorn server really listens on."""
    return int(server.servers[0].sockets[0].getsockname()[1])
