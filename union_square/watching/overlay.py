"""The store's values with the live feed's laid over them. Pure.

The feed knows what a call is doing now; the store knows where it belongs and what people said of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from union_square.domain.finding import Candidate, fulfils
from union_square.domain.ids import SessionId
from union_square.domain.views import CallDetail, CallView, SessionView
from union_square.store.ports import CallFilter

TITLE_CHARACTERS = 120


def lay_over(stored: CallView, live: CallView) -> CallView:
    """What the feed says of a call, kept where the store put it."""
    return replace(
        live,
        session_id=stored.session_id or live.session_id,
        parent_id=stored.parent_id,
        link_rule=stored.link_rule,
        link_confidence=stored.link_confidence,
        tags=stored.tags,
        metadata=stored.metadata or live.metadata,
    )


def lay_over_detail(stored: CallDetail, live: CallDetail) -> CallDetail:
    return replace(live, call=lay_over(stored.call, live.call), annotations=stored.annotations)


def with_session(view: CallView, session_id: SessionId | None) -> CallView:
    return view if session_id is None or view.session_id == session_id else replace(view, session_id=session_id)


def session_of_one(call: CallView, last_at: datetime) -> SessionView:
    """The session that a call stands for until it is linked; its id is the call's."""
    usage = call.usage
    return SessionView(
        id=call.session_id or SessionId(call.id),
        title=call.preview[:TITLE_CHARACTERS],
        state="running" if call.state == "running" else "ended",
        started_at=call.started_at,
        last_at=max(call.started_at, last_at),
        duration_ms=_milliseconds(call.started_at, last_at),
        call_count=1,
        running_count=1 if call.state == "running" else 0,
        error_count=1 if call.state in {"failed", "cut_off"} else 0,
        models=(call.model,) if call.model else (),
        upstreams=(call.upstream,),
        input_tokens=usage.input_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        cost_usd=call.cost_usd,
        unpriced_calls=0 if call.cost_usd is not None or call.state == "running" else 1,
        gap_observations=call.gap_observations,
        tags=call.tags,
    )


def session_of_live(calls: Sequence[CallView], last_at: datetime) -> SessionView:
    """A session of which nothing but these live calls (oldest first, at least one) is known."""
    each = [session_of_one(call, last_at) for call in calls]
    running = sum(one.running_count for one in each)
    costs = [one.cost_usd for one in each if one.cost_usd is not None]
    return replace(
        each[0],
        state="running" if running else "ended",
        call_count=len(calls),
        running_count=running,
        error_count=sum(one.error_count for one in each),
        models=tuple(dict.fromkeys(call.model for call in calls if call.model)),
        upstreams=tuple(dict.fromkeys(call.upstream for call in calls)),
        input_tokens=_sum([one.input_tokens for one in each]),
        output_tokens=_sum([one.output_tokens for one in each]),
        cost_usd=sum(costs) if costs else None,
        unpriced_calls=sum(one.unpriced_calls for one in each),
        gap_observations=sum(one.gap_observations for one in each),
    )


def overlay_session(
    stored: SessionView, running: Sequence[CallView], last_at: datetime, *, ended: int = 0
) -> SessionView:
    """`running`: every call of the session that the feed knows to run; `ended`: how many it knows to have ended,
    which the store may still count as running; `last_at`: the latest that was heard of any of them."""
    last = max(stored.last_at, last_at)
    left = len(running) or max(0, stored.running_count - ended)
    return replace(
        stored,
        title=stored.title or (running[0].preview[:TITLE_CHARACTERS] if running else ""),
        state="running" if left else "ended",
        last_at=last,
        duration_ms=_milliseconds(stored.started_at, last),
        call_count=max(stored.call_count, len(running)),
        running_count=left,
        models=stored.models or tuple(dict.fromkeys(call.model for call in running if call.model)),
    )


def _sum(counts: Sequence[int | None]) -> int | None:
    reported = [count for count in counts if count is not None]
    return sum(reported) if reported else None


def is_listed(candidate: Candidate, where: CallFilter) -> bool:
    """Whether a call that only the feed knows belongs in a listing. Text and tags asked for by themselves are the
    store's to find."""
    call = candidate.call
    wanted = (
        (where.session_id, call.session_id),
        (where.upstream, call.upstream),
        (where.state, call.state),
        (where.status_code, call.status_code),
    )
    return (
        where.text is None
        and where.tag is None
        and all(asked is None or asked == is_ for asked, is_ in wanted)
        and (where.model is None or where.model in {call.model, call.response_model})
        and (where.since is None or call.started_at >= where.since)
        and (where.until is None or call.started_at < where.until)
        and fulfils(candidate, where.query)
    )


def _milliseconds(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds() * 1000)
