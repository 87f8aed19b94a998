"""How a part tells the others that it is there: `<home>/run/<part>.json`, written whole or not at all."""

import contextlib
import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast


def announcement_file(home: Path, part: str) -> Path:
    return home / "run" / f"{part}.json"


def announce(home: Path, part: str, **what: Any) -> None:
    """Say that this process is there, and `what` else there is to say. May raise OSError."""
    path = announcement_file(home, part)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps({"pid": os.getpid(), **what}), encoding="utf-8")
    draft.replace(path)


def read_announcement(home: Path, part: str) -> dict[str, Any] | None:
    """What the part last said of itself; None where it said nothing, or what cannot be read."""
    try:
        said: Any = json.loads(announcement_file(home, part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return cast("dict[str, Any]", said) if isinstance(said, dict) else None


def forget_announcement(home: Path, part: str) -> None:
    """Remove what was said, by this run or by an earlier one that did not come to it. Never raises."""
    with contextlib.suppress(OSError):
        announcement_file(home, part).unlink(missing_ok=True)


def is_running(pid: int) -> bool:
    """Whether there is a process of that number, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def announced(home: Path, part: str, **what: Any) -> Generator[None]:
    """Announced for as long as the block lasts; a process forked inside it takes nothing back."""
    announce(home, part, **what)
    owner = os.getpid()
    try:
        yield
    finally:
        if os.getpid() == owner:
            forget_announcement(home, part)
