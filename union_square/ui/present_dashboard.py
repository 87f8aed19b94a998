"""Figures → the dashboard's view. PURE. Every figure, column and row carries the address of the calls it is made of."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from union_square.domain.figures import Figures, Sums, percentile
from union_square.domain.finding.values import spell_number
from union_square.ui import wording
from union_square.ui.charting import bars, ceiling, steps
from union_square.ui.dashboard_asked import DIMENSIONS, PRESETS, Asked, Window, instant, moved, search_address
from union_square.ui.dashboard_views import (
    AxisMark,
    BigFigure,
    ChartView,
    Choice,
    ColumnView,
    DashboardView,
    FigurePart,
    PathView,
    ValueRow,
)
from union_square.ui.present_finding import narrowed

SHARES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
MOST_ROWS = 50
_PICO = 10**12
_MARKS = 6
_DAY = 86_400_000_000
_HOUR = 3_600_000_000
_UNPRICED = "has:model -has:cost state:done,cut_off"
_NO_SUMS = Sums()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What is looked at: what was asked for, the time it is drawn over, and its begin as an instant."""

    asked: Asked
    window: Window
    since: datetime | None

    def calls(self, *terms: str) -> str:
        """The address of its calls that fulfil these terms too."""
        return search_address(self.asked.query, terms, self.since, self.asked.until)

    def column(self, begin: int, end: int) -> str:
        """The address of its calls that began in that span."""
        after, before = instant(begin), instant(end)
        after = after if self.since is None else max(after, self.since)
        before = before if self.asked.until is None else min(before, self.asked.until)
        return search_address(self.asked.query, (), after, before)


def present_dashboard(figures: Figures, asked: Asked, window: Window, since: datetime | None) -> DashboardView:
    here = Slice(asked=asked, window=window, since=since)
    sums = [figures.spans.get(number, _NO_SUMS) for number in window.numbers]
    rows = _rows(figures, here)
    narrowed_down = bool(asked.query or asked.since or asked.until)
    return DashboardView(
        presets=[_preset(asked, spelled, word) for spelled, word in PRESETS],
        dimensions=[
            Choice(word=by.capitalize(), href=replace(asked, by=by).address, current=by == asked.by)
            for by in DIMENSIONS
        ],
        earlier=moved(asked, window, "earlier").address,
        later=moved(asked, window, "later").address,
        zoom_in=moved(asked, window, "in").address,
        zoom_out=moved(asked, window, "out").address,
        begin=wording.iso(instant(window.begin)),
        end=wording.iso(instant(window.end)),
        step=_step_words(window.step),
        mode=_mark_mode(window),
        marks=_marks(window),
        figures=_figures(figures.total, here),
        columns=_columns(sums, here),
        calls=_stacked(
            [("good", [s.calls - s.errors for s in sums]), ("bad", [s.errors for s in sums])], _count, "No calls."
        ),
        tokens=_stacked(
            [("one", [s.input_tokens for s in sums]), ("two", [s.output_tokens for s in sums])],
            _count,
            "No call reported its tokens.",
        ),
        cost=_stacked([("one", [s.cost_pico for s in sums])], _money, "No call has a known price above $0."),
        durations=_lines([_percentiles(s.durations) for s in sums], "No call has ended."),
        firsts=_lines([_percentiles(s.firsts) for s in sums], "No streamed answer had a token."),
        by=asked.by.capitalize(),
        rows=rows[:MOST_ROWS],
        more=f"and {wording.plural(len(rows) - MOST_ROWS, 'more value')}" if len(rows) > MOST_ROWS else "",
        nothing="" if figures.total.calls else "No such calls" if narrowed_down else "Nothing to add up yet",
        advice="No recorded call of this range is like this."
        if narrowed_down
        else "The live page says how to connect an application.",
        everything=Asked(by=asked.by).address if narrowed_down else "",
    )


def _preset(asked: Asked, spelled: str, word: str) -> Choice:
    ago = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
    preset = replace(asked, since=ago.get(spelled), until=None)
    return Choice(word=word, href=preset.address, current=preset == asked)


def _step_words(step: int) -> str:
    for size, word in ((_DAY, "day"), (_HOUR, "hour"), (60_000_000, "minute"), (1_000_000, "second")):
        if step % size == 0:
            return f"one column is {wording.plural(step // size, word)}"
    return ""


def _mark_mode(window: Window) -> str:
    length = window.end - window.begin
    for longest, mode in ((5 * 60_000_000, "clock"), (1.5 * _DAY, "hour"), (5 * _DAY, "dayhour")):
        if length <= longest:
            return mode
    return "day"


def _marks(window: Window) -> list[AxisMark]:
    numbers = window.numbers
    every = max(1, -(-len(numbers) // _MARKS))
    return [
        AxisMark(at=wording.iso(instant(number * window.step)), left=f"{100 * place / len(numbers):.2f}%")
        for place, number in enumerate(numbers)
        if place % every == 0 and place < 0.9 * len(numbers)
    ]


def _figures(total: Sums, here: Slice) -> list[BigFigure]:
    share = f"{total.errors / total.calls:.1%} of all calls" if total.calls else ""
    cached = f"{_share(total.cached_tokens, total.input_tokens)} read from a cache" if total.input_tokens else ""
    return [
        BigFigure(key="calls", name="Calls", value=wording.grouped(total.calls), href=here.calls()),
        BigFigure(
            key="errors",
            name="Errors",
            value=wording.grouped(total.errors),
            href=here.calls("status:error"),
            note=share,
        ),
        BigFigure(
            key="input",
            name="Tokens in",
            value=_tokens(total.input_tokens),
            href=here.calls("input_tokens>0"),
            note=cached,
            note_href=here.calls("cached_tokens>0") if total.cached_tokens else "",
        ),
        BigFigure(
            key="output", name="Tokens out", value=_tokens(total.output_tokens), href=here.calls("output_tokens>0")
        ),
        BigFigure(
            key="cost",
            name="Cost",
            value=_cost(total) or "unknown",
            href=here.calls("has:cost"),
            note=f"{wording.plural(total.unpriced, 'call')} without a price" if total.unpriced else "by list price",
            note_href=here.calls(_UNPRICED) if total.unpriced else "",
        ),
        BigFigure(key="duration", name="Latency", parts=_parts(_percentiles(total.durations), "duration", here)),
        BigFigure(key="first", name="Time to first token", parts=_parts(_percentiles(total.firsts), "ttft", here)),
    ]


def _share(part: int, whole: int) -> str:
    """In percent; what is little is not called nothing."""
    return "none" if not part else "<1%" if part * 100 < whole else f"{part / whole:.0%}"


def _parts(times: Sequence[int | None], field: str, here: Slice) -> list[FigurePart]:
    return [
        FigurePart(
            word=word,
            value=wording.NONE if us is None else wording.duration(us / 1000),
            href="" if us is None else here.calls(f"{field}>={spell_number(us, 'duration')}"),
        )
        for (word, _), us in zip(SHARES, times, strict=True)
    ]


def _columns(sums: Sequence[Sums], here: Slice) -> list[ColumnView]:
    step, count = here.window.step, len(sums)
    return [
        ColumnView(
            at=wording.iso(instant(begin)),
            href=here.column(begin, begin + step),
            left=f"{100 * place / count:.3f}%",
            width=f"{100 / count:.3f}%",
            tab="-1" if place else "0",
            calls=wording.grouped(one.calls),
            errors=wording.grouped(one.errors),
            inputs=_tokens(one.input_tokens),
            outputs=_tokens(one.output_tokens),
            cost=_cost(one) or ("unknown" if one.calls else wording.NONE),
            duration=_times(one.durations),
            first=_times(one.firsts),
        )
        for place, (begin, one) in enumerate((here.window.begin + place * step, one) for place, one in enumerate(sums))
    ]


def _rows(figures: Figures, here: Slice) -> list[ValueRow]:
    by = here.asked.by
    most = max((one.calls for one in figures.values.values()), default=0) or 1
    rows = list[ValueRow]()
    for value, one in sorted(figures.values.items(), key=lambda pair: (-pair[1].calls, pair[0])):
        term = "-has:model" if by == "model" and not value else narrowed("", by, value)
        rows.append(
            ValueRow(
                name=value or f"(no {by})",
                href=here.calls(term),
                bar=f"{100 * one.calls / most:.1f}%",
                calls=wording.grouped(one.calls),
                errors=f"{wording.grouped(one.errors)} ({one.errors / one.calls:.0%})" if one.errors else wording.NONE,
                errors_href=here.calls(term, "status:error") if one.errors else "",
                inputs=_tokens(one.input_tokens),
                outputs=_tokens(one.output_tokens),
                cost=(_cost(one) or "unknown") + ("+" if one.cost_pico and one.unpriced else ""),
                duration=_times(one.durations),
                first=_times(one.firsts),
            )
        )
    return rows


def _stacked(series: Sequence[tuple[str, Sequence[float]]], words: Callable[[float], str], nothing: str) -> ChartView:
    heights = [sum(values) for values in zip(*(values for _, values in series), strict=True)]
    top = ceiling(max(heights, default=0))
    below, paths = [0.0] * len(heights), list[PathView]()
    for kind, values in series:
        paths.append(PathView(kind=kind, d=bars(values, below, top)))
        below = [base + value for base, value in zip(below, values, strict=True)]
    return _chart(paths, top, words, nothing)


def _lines(times: Sequence[Sequence[int | None]], nothing: str) -> ChartView:
    top = ceiling(max((us for column in times for us in column if us is not None), default=0))
    paths = [
        PathView(kind=word, d=steps([column[place] for column in times], top)) for place, (word, _) in enumerate(SHARES)
    ]
    return _chart(paths, top, lambda us: wording.duration(us / 1000), nothing)


def _chart(paths: list[PathView], top: float, words: Callable[[float], str], nothing: str) -> ChartView:
    if not top:
        return ChartView(nothing=nothing)
    return ChartView(paths=paths, top=words(top), middle=words(top / 2))


def _percentiles(times: Counter[int]) -> list[int | None]:
    return [percentile(times, share) for _, share in SHARES]


def _times(times: Counter[int]) -> str:
    """All three in a line."""
    found = _percentiles(times)
    return " · ".join(wording.duration(us / 1000) for us in found if us is not None) or wording.NONE


def _count(value: float) -> str:
    return wording.short_count(int(value)) if value == int(value) else ""


def _money(pico: float) -> str:
    usd = pico / _PICO
    return wording.cost(usd) if usd >= 0.0001 else f"${usd:.8f}".rstrip("0")


def _tokens(count: int) -> str:
    """A sum of reported tokens; 0 means that nobody reported any."""
    return wording.short_count(count) if count else wording.NONE


def _cost(sums: Sums) -> str:
    """ "" where not one price is known."""
    return wording.cost(sums.cost_pico / _PICO) if sums.cost_pico or sums.calls > sums.unpriced else ""
