"""Whether recording is well, in words for a banner. What is said comes from the feed, the log reader, the projector."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from union_square.recording.ports import LogProblem
from union_square.watching.feed import RecentGaps

STALE_SECONDS = 5.0
"""The projector writes its heartbeat about once a second."""

MUCH_BACKLOG = 64 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What the projector last said. `age_seconds` is None when it never said anything."""

    age_seconds: float | None
    backlog_bytes: int = 0
    last_error: str = ""


def read_heartbeat(path: Path, now: float) -> Heartbeat:
    """The heartbeat file; `now` in seconds since the epoch. One that is missing or broken is a silent projector."""
    try:
        with path.open("rb") as file:
            written = os.fstat(file.fileno()).st_mtime
            found: Any = json.loads(file.read(64 << 10))
    except (OSError, ValueError):
        return Heartbeat(age_seconds=None)
    if not isinstance(found, dict):
        return Heartbeat(age_seconds=None)
    values = cast("dict[str, Any]", found)
    backlog, error = values.get("backlog_bytes"), values.get("last_error")
    return Heartbeat(
        age_seconds=max(0.0, now - written),
        backlog_bytes=backlog if isinstance(backlog, int) else 0,
        last_error=error if isinstance(error, str) else "",
    )


def present_problem(
    gaps: RecentGaps | None, problems: Sequence[LogProblem], heartbeat: Heartbeat | None, up_seconds: float
) -> str:
    """What is wrong with recording, most pressing first; "" = nothing. `heartbeat` None: there is none to expect."""
    found: list[str] = []
    if heartbeat is not None:
        found += _of_projector(heartbeat, up_seconds)
    if gaps is not None:
        calls = "1 call" if gaps.calls == 1 else f"{gaps.calls} calls"
        why = ", ".join(_GAP_WORDS.get(reason, reason) for reason in gaps.reasons)
        found.append(
            f"Parts of {calls} were not recorded in the last 5 minutes ({gaps.observations} observations, "
            f"{gaps.bytes} bytes): {why}. The calls themselves were not affected."
        )
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        found.append(f"Part of the event log cannot be read: {problems[-1].message}{more}.")
    return " ".join(found)


_GAP_WORDS = {
    "stream_full": "recording could not keep up",
    "disk_full": "the disk is full",
}


def _of_projector(heartbeat: Heartbeat, up_seconds: float) -> list[str]:
    age = heartbeat.age_seconds
    if age is None or age > STALE_SECONDS:
        if age is None and up_seconds < STALE_SECONDS:
            return []  # both may just be starting
        since = "" if age is None else f" since {_span(age)}"
        return [
            f"The projector is not running{since}: calls are recorded and shown live, but will reach the history only "
            "when it runs again (union-square up, or union-square projector)."
        ]
    if heartbeat.last_error:
        return [f"The projector cannot store what is recorded: {heartbeat.last_error}. Nothing is lost; the log waits."]
    if heartbeat.backlog_bytes > MUCH_BACKLOG:
        return [f"The projector is {heartbeat.backlog_bytes >> 20} MiB behind; history will be complete later."]
    return []


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
