"""A session sent again, as it stands: what was asked for, and what became of each of its calls. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from union_square.domain.ids import CallId
from union_square.domain.views import CallView
from union_square.replaying.comparing import Difference, sums
from union_square.replaying.resend import AS_RECORDED, Edit

PREFIX = "resent~"
_OF_SUBJECT = 90  # characters: what follows tells two of one session apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to send again and how. `renew`: later calls go on from the answers given now; else from the recorded ones.
    `go_on`: when a call fails, send those behind it all the same. `key`: "" = the environment's."""

    subject: str
    edit: Edit = AS_RECORDED
    renew: bool = True
    go_on: bool = False
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One call of the session. `after`: what it was sent again as, once that has ended."""

    before: CallView
    state: Literal["waiting", "running", "done", "failed", "left_out"] = "waiting"
    call_id: CallId | None = None  # of the new call, once the head of its answer has come
    after: CallView | None = None
    problem: str = ""  # why there is no answer, or none to go on from
    dropped: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Rerun:
    """One session on its way. `session`: the new one. `state`: "stopped" = by a call that failed."""

    session: str
    subject: str
    upstream: str = ""  # "" = as recorded
    model: str = ""
    renew: bool = True
    go_on: bool = False
    state: Literal["running", "ended", "stopped", "cancelled"] = "running"
    problem: str = ""
    turns: list[Turn] = field(default_factory=list[Turn])

    @property
    def sent(self) -> int:
        """How many of the turns have ended."""
        return sum(turn.state in {"done", "failed"} for turn in self.turns)

    @property
    def failed(self) -> int:
        return sum(turn.state == "failed" for turn in self.turns)


def session_of_rerun(subject: str, mark: str) -> str:
    """The session that holds one sending of a session; `mark` tells it from the others."""
    return f"{_before_mark(subject)}{mark}"


def is_rerun_of(session: str, subject: str) -> bool:
    return session.startswith(_before_mark(subject))


def _before_mark(subject: str) -> str:
    return f"{PREFIX}{subject[:_OF_SUBJECT]}~"


def went_wrong(before: CallView, after: CallView) -> str:
    """Why the new call is not what the recorded one was: it failed where that did not. "" = it is."""
    if after.state == "done" or before.state == after.state == "failed":
        return ""
    status = f"status {after.status_code}" if after.status_code and after.status_code >= 400 else ""
    said = f"{after.error_type}: {after.error_message}".strip(": ")
    return " · ".join(filter(None, (status, said))) or {"cut_off": "the answer was cut off"}.get(
        after.state, "it failed"
    )


def totals(turns: Sequence[Turn]) -> tuple[Difference, ...]:
    """What the turns took that were answered both times."""
    pairs = [(turn.before, turn.after) for turn in turns if turn.state == "done" and turn.after is not None]
    return tuple(each for each in sums(pairs) if each.name != "first token") if pairs else ()


def turns_from_store(before: Sequence[CallView], after: Sequence[CallView]) -> list[Turn]:
    """The turns of an earlier sending from what is recorded: each call names the one it was sent again from."""
    by_origin = {origin_of_call(call): call for call in after}
    return [_turn(call, by_origin.get(call.id)) for call in before]


def _turn(before: CallView, after: CallView | None) -> Turn:
    if after is None:
        return Turn(before=before, state="left_out")
    if after.state == "running":
        return Turn(before=before, state="running", call_id=after.id)
    problem = went_wrong(before, after)
    return Turn(before=before, state="failed" if problem else "done", call_id=after.id, after=after, problem=problem)


def origin_of_call(call: CallView) -> str:
    """The call it was sent again from; "" = none is named."""
    value: Any = call.metadata.get("resent_from")
    return value if isinstance(value, str) else ""
