"""When a session's calls ran, waited and streamed, and what lay between them, as view values. PURE.

Calls that ran at the same time stand on lanes below each other. Time in which nothing ran is cut short where it is
long: a session that rests over night would else be two dots.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from union_square.domain.conversation import Turn
from union_square.domain.messages import ToolResultPart
from union_square.domain.views import CallView
from union_square.ui import wording
from union_square.ui.present_sessions import call_href
from union_square.ui.session_views import BarView, BreakView, ScaleMark, WaterfallRow, WaterfallView
from union_square.ui.views import Pair

LANE_PIXELS = 26
_CUT_SHARE = 0.06  # of the time in which calls ran: what a long rest is drawn as
_MARKS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A call in milliseconds since the session began."""

    turn: Turn
    number: int
    start: float
    end: float
    waiting: float  # until the first byte of the answer
    thinking: float  # from then until the first token
    streaming: float
    tools: float  # between the parent's end and this call, which brings results of its tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """A session's time in milliseconds. Calls that ran at once count each."""

    waiting: float
    streaming: float
    tools: float


def session_times(turns: Sequence[Turn], until: datetime) -> Times:
    """How a session's time splits up; `until`: when anything was last heard of it."""
    spans = _spans(turns, until)
    return Times(
        waiting=sum(span.waiting + span.thinking for span in spans),
        streaming=sum(span.streaming for span in spans),
        tools=sum(span.tools for span in spans),
    )


def times_words(times: Times) -> str:
    pairs = (("waiting", times.waiting), ("streaming", times.streaming), ("tools", times.tools))
    return " · ".join(f"{wording.duration(ms)} {name}" for name, ms in pairs if ms > 0)


def present_waterfall(
    turns: Sequence[Turn], until: datetime, *, truncated: bool = False, table: bool = True
) -> WaterfallView:
    """The time line of a session's turns (in the order of time). `table`: with the same in figures, a row a call."""
    spans = _spans(turns, until)
    if not spans:
        return WaterfallView(summary="no calls")
    axis = _Axis(spans)
    lanes = _lanes(spans)
    times = session_times(turns, until)
    count = max(lanes) + 1
    words = f"{wording.plural(len(spans), 'call')} in {wording.duration(axis.real_end)}"
    return WaterfallView(
        bars=[_bar(span, lane, axis) for span, lane in zip(spans, lanes, strict=True)],
        breaks=[*_tool_breaks(spans, lanes, axis), *axis.rests()],
        scale=axis.marks(),
        height=f"{count * LANE_PIXELS}px",
        summary=f"{words}, {count} at once" if count > 1 else words,
        note="Only the newest turns of this session could be loaded." if truncated else "",
        totals=[
            Pair(name="waiting for the first token", value=wording.duration(times.waiting)),
            Pair(name="streaming", value=wording.duration(times.streaming)),
            Pair(name="tools between calls", value=wording.duration(times.tools)),
            Pair(name="from begin to end", value=wording.duration(axis.real_end)),
        ],
        rows=[_table_row(span) for span in spans] if table else [],
    )


def _spans(turns: Sequence[Turn], until: datetime) -> list[_Span]:
    if not turns:
        return []
    began = turns[0].call.started_at
    ends = dict[str, float]()
    spans = list[_Span]()
    for number, turn in enumerate(turns, 1):
        call = turn.call
        start = _ms(began, call.started_at)
        whole = call.duration_ms if call.duration_ms is not None else max(0.0, _ms(call.started_at, until))
        first = min(whole, call.time_to_first_chunk_ms if call.time_to_first_chunk_ms is not None else whole)
        token = min(whole, max(first, call.time_to_first_token_ms or first))
        ends[call.id] = start + whole
        brings = any(isinstance(part, ToolResultPart) for message in turn.added for part in message.parts)
        since = ends.get(turn.after or "") if brings else None
        spans.append(
            _Span(
                turn=turn,
                number=number,
                start=start,
                end=start + whole,
                waiting=first,
                thinking=token - first,
                streaming=whole - token,
                tools=max(0.0, start - since) if since is not None else 0.0,
            )
        )
    return spans


def _ms(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds() * 1000


class _Axis:
    """Turns moments into places on the line, long rests cut short."""

    def __init__(self, spans: Sequence[_Span]) -> None:
        self.real_end = max(max(span.end for span in spans), 0.001)
        merged = list[list[float]]()
        for span in spans:  # by start
            if merged and span.start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], span.end)
            else:
                merged.append([span.start, span.end])
        busy = sum(end - start for start, end in merged)
        longest = max(_CUT_SHARE * busy, 1.0)
        self._cuts = list[tuple[float, float, float]]()  # a rest's begin and end, and how much of it is left out
        for (_, end), (start, _) in pairwise(merged):
            if start - end > longest:
                self._cuts.append((end, start, start - end - longest))
        self._whole = max(self.real_end - sum(cut for _, _, cut in self._cuts), 0.001)

    def at(self, moment: float) -> float:
        """A share from 0 to 1."""
        left_out = 0.0
        for begin, end, cut in self._cuts:
            if moment >= end:
                left_out += cut
            elif moment > begin:
                left_out += cut * (moment - begin) / (end - begin)
            else:
                break
        return max(0.0, min(1.0, (moment - left_out) / self._whole))

    def rests(self) -> list[BreakView]:
        """Where time was cut short."""
        return [
            BreakView(
                key=f"rest-{number}",
                kind="idle",
                left=_percent(self.at(begin)),
                width=_percent(self.at(end) - self.at(begin)),
                title=f"{wording.duration(end - begin)} between calls (drawn short)",
            )
            for number, (begin, end, _) in enumerate(self._cuts)
        ]

    def marks(self) -> list[ScaleMark]:
        """Moments along the line, in the time that really passed."""
        return [
            ScaleMark(left=_percent(n / _MARKS), word=wording.duration(self._moment(n / _MARKS)) if n else "0")
            for n in range(_MARKS + 1)
        ]

    def _moment(self, share: float) -> float:
        moment = share * self._whole
        for begin, end, cut in self._cuts:
            if moment <= begin:
                break
            kept = end - begin - cut
            moment += cut * min(1.0, (moment - begin) / kept)
        return moment


def _percent(share: float) -> str:
    return f"{100 * share:.3f}%"


def _lanes(spans: Sequence[_Span]) -> list[int]:
    """For each call the first lane that is free when it begins."""
    free, lanes = list[float](), list[int]()
    for span in spans:
        lane = next((n for n, until in enumerate(free) if until <= span.start), len(free))
        if lane == len(free):
            free.append(0.0)
        free[lane] = span.end
        lanes.append(lane)
    return lanes


def _bar(span: _Span, lane: int, axis: _Axis) -> BarView:
    call = span.turn.call
    left, right = axis.at(span.start), axis.at(span.end)
    whole = max(span.end - span.start, 0.001)
    return BarView(
        id=call.id,
        href=call_href(call.id),
        number=f"#{span.number}",
        title=bar_words(span.number, call, span),
        state=call.state,
        left=_percent(left),
        width=_percent(right - left),
        top=f"{lane * LANE_PIXELS}px",
        waiting=_percent(span.waiting / whole),
        thinking=_percent(span.thinking / whole),
        streaming=_percent(span.streaming / whole),
    )


def bar_words(number: int, call: CallView, span: "_Span") -> str:
    """A bar's figures in one line."""
    usage = call.usage
    parts = (
        f"#{number} {call.response_model or call.model or call.upstream}",
        wording.CALL_WORDS[call.state],
        f"began after {wording.duration(span.start)}" if span.start else "began the session",
        f"waited {wording.duration(span.waiting)}",
        f"first token after {wording.duration(call.time_to_first_token_ms)}" if call.time_to_first_token_ms else "",
        f"streamed {wording.duration(span.streaming)}" if span.streaming else "",
        f"in all {wording.duration(span.end - span.start)}",
        wording.token_pair(usage.input_tokens, usage.output_tokens) + " tokens" if usage else "",
        wording.cost(call.cost_usd),
    )
    return " · ".join(filter(None, parts))


def _tool_breaks(spans: Sequence[_Span], lanes: Sequence[int], axis: _Axis) -> list[BreakView]:
    return [
        BreakView(
            key=f"tools-{span.number}",
            kind="tools",
            left=_percent(axis.at(span.start - span.tools)),
            width=_percent(axis.at(span.start) - axis.at(span.start - span.tools)),
            top=f"{lane * LANE_PIXELS}px",
            title=f"tools for {wording.duration(span.tools)} before #{span.number}",
        )
        for span, lane in zip(spans, lanes, strict=True)
        if span.tools > 0
    ]


def _table_row(span: _Span) -> WaterfallRow:
    call = span.turn.call
    return WaterfallRow(
        id=call.id,
        href=call_href(call.id),
        number=f"#{span.number}",
        began=wording.duration(span.start) if span.start else "0",
        tools=wording.duration(span.tools) if span.tools else wording.NONE,
        waiting=wording.duration(span.waiting),
        first_token=wording.duration(call.time_to_first_token_ms) or wording.NONE,
        streaming=wording.duration(span.streaming) if span.streaming else wording.NONE,
        total=wording.duration(span.end - span.start),
    )
