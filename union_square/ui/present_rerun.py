"""The page on which a session is sent again, as view values. PURE."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from union_square.domain.views import CallView, SessionView
from union_square.replaying.rerun import Rerun, Turn, totals
from union_square.ui import wording
from union_square.ui.present_resend import DifferenceView, present_difference
from union_square.ui.present_sessions import call_href, session_href

ROWS_AT_FIRST = 100
_ABOVE = 80  # rows above the one that runs

_TURN_WORDS = {"waiting": "waiting", "running": "running", "done": "done", "failed": "failed", "left_out": "not sent"}
_MARKS = {"waiting": "ended", "running": "running", "done": "done", "failed": "failed", "left_out": "cut_off"}
_STATE_WORDS = {"running": "Sending", "ended": "Sent", "stopped": "Stopped", "cancelled": "Cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRow:
    """One call of the session: as recorded, and as it was sent again."""

    id: str = ""  # of the recorded call
    number: str = ""
    href: str = ""
    says: str = ""
    mark: str = ""
    state_word: str = ""
    resent_href: str = ""  # "" = there is no new call
    duration: str = ""
    tokens: str = ""
    cost: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunLine:
    """One earlier sending."""

    id: str = ""
    href: str = ""
    at: str = ""
    title: str = ""
    calls: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunView:
    title: str = ""  # what happened; "" = nothing was sent yet
    state: str = ""  # running, ended, stopped, cancelled, earlier; "" = nothing was sent yet
    how: str = ""  # to where, and going on from which answers
    progress: str = ""  # "3 of 7 calls"
    sent: int = 0
    all: int = 0
    problem: str = ""
    session_href: str = ""  # of the new session
    rows: list[TurnRow] = field(default_factory=list[TurnRow])
    above: str = ""  # what brings the rows that are not shown; "" = all are
    totals: list[DifferenceView] = field(default_factory=list[DifferenceView])
    totals_word: str = ""


def present_plan(calls: Sequence[CallView], *, whole: bool = False) -> RerunView:
    """What would be sent."""
    turns = [Turn(before=call) for call in calls]
    rows, above = _rows(turns, 0, whole=whole)
    rows = [replace(row, state_word="not sent yet") for row in rows]
    return RerunView(rows=rows, above=above, all=len(turns), progress=wording.plural(len(turns), "call"))


def present_rerun(rerun: Rerun, *, earlier: bool = False, whole: bool = False) -> RerunView:
    """How far it is. `earlier`: it is told from the recording alone."""
    turns = rerun.turns
    here = next((n for n, turn in enumerate(turns) if turn.state == "running"), rerun.sent)
    rows, above = _rows(turns, here, whole=whole)
    failed = f", {rerun.failed} failed" if rerun.failed else ""
    compared = sum(turn.state == "done" for turn in turns)
    return RerunView(
        title="Sent before" if earlier else _STATE_WORDS[rerun.state],
        state="earlier" if earlier else rerun.state,
        how="" if earlier else _how(rerun),
        progress=f"{rerun.sent} of {wording.plural(len(turns), 'call')}{failed}",
        sent=rerun.sent,
        all=len(turns),
        problem=_problem(rerun),
        session_href=session_href(rerun.session) if any(turn.call_id for turn in turns) else "",
        rows=rows,
        above=above,
        totals=[present_difference(each) for each in totals(turns)],
        totals_word=f"Together, of the {wording.plural(compared, 'call')} answered both times",
    )


def _problem(rerun: Rerun) -> str:
    """What stopped it."""
    stopped_by = next((n for n, turn in enumerate(rerun.turns, 1) if turn.state == "failed"), 0)
    if rerun.state != "stopped" or rerun.go_on or not stopped_by:
        return rerun.problem
    return f"Call {stopped_by}: {rerun.turns[stopped_by - 1].problem}"


def _how(rerun: Rerun) -> str:
    where = rerun.upstream or "the same upstreams"
    model = rerun.model or "the recorded models"
    answers = "the answers given now" if rerun.renew else "the recorded answers"
    failing = "goes on after a failure" if rerun.go_on else "stops at a failure"
    return f"To {where}, {model}; later calls go on from {answers}; {failing}."


def _rows(turns: Sequence[Turn], here: int, *, whole: bool) -> tuple[list[TurnRow], str]:
    """The rows around the one that runs."""
    start = 0 if whole else max(0, min(here - _ABOVE, len(turns) - ROWS_AT_FIRST))
    shown = turns if whole else turns[start : start + ROWS_AT_FIRST]
    hidden = len(turns) - len(shown)
    above = f"Show all ({wording.plural(hidden, 'more call')})" if hidden else ""
    return [_row(start + number, turn) for number, turn in enumerate(shown, 1)], above


def _row(number: int, turn: Turn) -> TurnRow:
    before, after = turn.before, turn.after
    return TurnRow(
        id=before.id,
        number=str(number),
        href=call_href(before.id),
        says=wording.one_line(before.preview, 90) or before.path,
        mark=_MARKS[turn.state],
        state_word=_TURN_WORDS[turn.state],
        resent_href=call_href(turn.call_id) if turn.call_id else "",
        duration=_pair(wording.duration(before.duration_ms), after and wording.duration(after.duration_ms)),
        tokens=_pair(_tokens(before), after and _tokens(after)),
        cost=_pair(wording.cost(before.cost_usd), after and wording.cost(after.cost_usd)),
        problem=turn.problem,
    )


def _tokens(call: CallView) -> str:
    counts = [call.usage.input_tokens, call.usage.output_tokens] if call.usage else []
    known = [count for count in counts if count is not None]
    return wording.short_count(sum(known)) if known else ""


def _pair(before: str, after: str | None) -> str:
    """Before, and once there is one, after."""
    return before if after is None else f"{before or wording.NONE} → {after or wording.NONE}"


def present_runs(sessions: Sequence[SessionView], base: str) -> list[RerunLine]:
    """Earlier sendings, each with the address that compares it."""
    return [
        RerunLine(
            id=session.id,
            href=f"{base}?run={session.id}",
            at=wording.iso(session.started_at),
            title=" · ".join((*session.upstreams, *session.models)),
            calls=wording.plural(session.call_count, "call")
            + (f", {session.error_count} failed" if session.error_count else ""),
        )
        for session in sessions
    ]


def chosen_turn(turns: Sequence[Turn], chosen: str) -> Turn | None:
    """The turn to compare: the one that was chosen, else the one that runs, else the last that has an answer."""
    by_id = next((turn for turn in turns if turn.before.id == chosen), None)
    running = next((turn for turn in turns if turn.state == "running"), None)
    answered = next((turn for turn in reversed(turns) if turn.call_id), None)
    return by_id or running or answered
