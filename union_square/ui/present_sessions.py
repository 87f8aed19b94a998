"""Sessions, running calls and calls in listings, as view values. PURE."""

from dataclasses import replace

from union_square.domain.views import CallView, SessionView
from union_square.ui import wording
from union_square.ui.present_pulse import present_pulse
from union_square.ui.views import CallLine, LiveCard, SessionLine, TailLine
from union_square.watching.ports import LiveCall, LiveSession

STALLED_AFTER_MS = 4000
"""A running call that has been silent for this long is said to be; models think for a second or two all the time."""

_TAIL_WORDS = {"text": "saying", "thinking": "thinking", "tool_call": "calling a tool"}
UNTITLED = "(no user text)"


def session_href(session_id: str) -> str:
    return f"/sessions/{session_id}"


def call_href(call_id: str) -> str:
    return f"/calls/{call_id}"


def _problem(session: SessionView) -> str:
    failed = wording.plural(session.error_count, "failed call") if session.error_count else ""
    gaps = "recording gap" if session.gap_observations else ""
    return " · ".join(filter(None, (failed, gaps)))


def present_session_line(session: SessionView) -> SessionLine:
    """A session as a line of a listing."""
    partly = session.cost_usd is not None and session.unpriced_calls > 0
    unpriced = f"the price of {wording.plural(session.unpriced_calls, 'call')} is not known"
    running = session.state == "running"
    return SessionLine(
        id=session.id,
        href=session_href(session.id),
        title=session.title or UNTITLED,
        state="running" if running else "failed" if session.error_count else "ended",
        state_word="running" if running else "ended",
        models=", ".join(session.models) or wording.NONE,
        upstreams=", ".join(session.upstreams),
        calls=wording.plural(session.call_count, "call"),
        tokens=wording.token_pair(session.input_tokens, session.output_tokens) or wording.NONE,
        tokens_title=wording.token_title(session.input_tokens, session.output_tokens),
        cost=(wording.cost(session.cost_usd) + ("+" if partly else "")) or wording.NONE,
        cost_title=unpriced if session.unpriced_calls else "cost by your prices, else by list price",
        duration="" if running else wording.duration(session.duration_ms),
        first="" if session.time_to_first_token_ms is None else wording.duration(session.time_to_first_token_ms),
        since=wording.iso(session.started_at) if running else "",
        started=wording.iso(session.started_at),
        last=wording.iso(session.last_at),
        problem=_problem(session),
        tags=list(session.tags),
    )


def silence_words(call: LiveCall) -> str:
    """That a running call has gone quiet, and for how long; "" while it flows or before it began."""
    if call.call.state != "running" or call.last_chunk_ms_ago is None or call.last_chunk_ms_ago < STALLED_AFTER_MS:
        return ""
    return f"no data for {call.last_chunk_ms_ago / 1000:.0f} s"


def _doing(live: LiveCall) -> str:
    if live.call.state != "running":
        return wording.CALL_WORDS[live.call.state]
    return _TAIL_WORDS[live.tail_kind] if live.tail else "waiting for the first words"


def present_tail(live: LiveCall) -> TailLine:
    """What one running call is saying."""
    call = live.call
    pulse = present_pulse(live.gaps_ms)
    return TailLine(
        call_id=call.id,
        href=call_href(call.id),
        model=call.model or call.response_model or call.upstream,
        state=call.state,
        state_word=wording.CALL_WORDS[call.state],
        kind=live.tail_kind,
        kind_word=_doing(live),
        text=live.tail,
        silence=silence_words(live),
        pulse=pulse.usual,
        late=pulse.late,
        late_words=pulse.words,
    )


MOST_CARDS = 50


def present_card(live: LiveSession) -> LiveCard:
    """A running session with the newest three of its calls."""
    return LiveCard(session=present_session_line(live.session), tails=[present_tail(call) for call in live.calls[-3:]])


def present_live(sessions: tuple[LiveSession, ...], limit: int = MOST_CARDS) -> list[LiveCard]:
    """The running sessions as cards, at most `limit` of them."""
    return [present_card(live) for live in sessions[:limit]]


def present_ended_card(card: LiveCard) -> LiveCard:
    """A card whose session is not among the running ones any more: between two calls, or over."""
    if card.session.state != "running":
        return card
    return replace(card, session=replace(card.session, state="ended", state_word="ended", since=""))


def present_call_line(call: CallView) -> CallLine:
    """A call as a line of a listing."""
    usage = call.usage
    inputs, outputs = (usage.input_tokens, usage.output_tokens) if usage else (None, None)
    return CallLine(
        id=call.id,
        href=call_href(call.id),
        session_href=session_href(call.session_id) if call.session_id else "",
        preview=call.preview or f"{call.method} {call.path}",
        model=call.response_model or call.model or wording.NONE,
        upstream=call.upstream,
        state=call.state,
        state_word=wording.CALL_WORDS[call.state],
        status=str(call.status_code or ""),
        tokens=wording.token_pair(inputs, outputs) or wording.NONE,
        tokens_title=wording.token_title(inputs, outputs),
        cost=wording.cost(call.cost_usd) or wording.NONE,
        duration=wording.duration(call.duration_ms),
        first="" if call.time_to_first_token_ms is None else wording.duration(call.time_to_first_token_ms),
        started=wording.iso(call.started_at),
        tags=list(call.tags),
    )
