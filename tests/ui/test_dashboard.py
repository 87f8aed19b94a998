"""The dashboard's address, its window of time, its charts and its links."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.domain.figures import Figures, Sums
from union_square.domain.finding import parse_filter
from union_square.ui.charting import bars, ceiling, steps
from union_square.ui.dashboard_asked import (
    DIMENSIONS,
    MOST_SPANS,
    Asked,
    Window,
    choose_window,
    instant,
    moved,
    read_asked,
    to_us,
)
from union_square.ui.dashboard_views import DashboardView
from union_square.ui.present_dashboard import MOST_ROWS, present_dashboard

NOW = datetime(2026, 11, 24, 12, 30, 15, tzinfo=UTC)
MINUTE = 60_000_000

instants = st.integers(631_152_000_000, 4_102_444_800_000).map(lambda ms: instant(ms * 1000))
ago = st.sampled_from([timedelta(minutes=5), timedelta(hours=1), timedelta(days=1), timedelta(days=30)])
asked = st.builds(
    Asked,
    query=st.text(min_size=0, max_size=20).map(str.strip),
    by=st.sampled_from(DIMENSIONS),
    since=st.none() | instants | ago,
    until=st.none() | instants,
)


def address(href: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(href).query))


@given(asked)
def test_an_address_asks_for_what_it_was_made_of(one: Asked) -> None:
    assert read_asked(address(one.address)) == one


@given(asked, st.none() | st.tuples(instants, instants).map(sorted))
def test_a_window_holds_all_that_is_asked_for_in_few_whole_spans(one: Asked, span: list[datetime] | None) -> None:
    found = (to_us(span[0]), to_us(span[1])) if span else None
    window = choose_window(one, NOW, found)
    assert 1 <= len(window.numbers) <= MOST_SPANS
    assert window.begin % window.step == window.end % window.step == 0
    if one.since is None and one.until is None and found:
        assert window.begin <= found[0]
        assert found[1] < window.end
    if isinstance(one.since, timedelta):
        assert window.begin <= to_us(NOW - one.since)


@pytest.mark.parametrize("wrong", [{"from": "yesterday"}, {"to": "24h"}, {"by": "colour"}, {"from": "0001-01-01"}])
def test_what_cannot_be_read_of_an_address_does_not_stop_the_page(wrong: dict[str, str]) -> None:
    window = choose_window(read_asked(wrong), NOW, None)
    assert len(window.numbers) <= MOST_SPANS


MOVES: list[tuple[Literal["in", "out", "earlier", "later"], int, int]] = [
    ("in", 900, 2700),
    ("out", -1800, 5400),
    ("earlier", -1800, 1800),
    ("later", 1800, 5400),
]


@pytest.mark.parametrize(("way", "begin", "end"), MOVES)
def test_zooming_keeps_the_middle_and_moving_keeps_the_length(
    way: Literal["in", "out", "earlier", "later"], begin: int, end: int
) -> None:
    hour = NOW.replace(minute=0, second=0)
    window = Window(begin=to_us(hour), end=to_us(hour) + 60 * MINUTE, step=MINUTE)
    there = moved(Asked(query="x"), window, way)
    assert there == Asked(query="x", since=hour + timedelta(seconds=begin), until=hour + timedelta(seconds=end))


@given(st.floats(1e-6, 1e15))
def test_a_scale_is_not_below_what_stands_on_it_nor_far_above(most: float) -> None:
    top = ceiling(most)
    assert most <= top * (1 + 1e-6)
    assert top <= 2 * most * (1 + 1e-6)


def test_a_line_is_broken_where_nothing_was_measured_and_one_call_is_seen() -> None:
    assert steps([None, 5.0, None, 10.0, 5.0], 10) == "M200.0 50.0H400.0M600.0 0.0H800.0V50.0H1000.0"
    assert bars([0, 1], [0, 0], 1000).count("Z") == 1
    assert bars([], [], 0) == steps([], 0) == ""


def looked_at(one: Asked, sums: dict[str, Sums], total: Sums) -> DashboardView:
    window = Window(
        begin=to_us(NOW) - to_us(NOW) % MINUTE, end=to_us(NOW) - to_us(NOW) % MINUTE + 30 * MINUTE, step=MINUTE
    )
    spans = {window.numbers[3]: total} if total.calls else {}
    since = one.since if isinstance(one.since, datetime) else None
    return present_dashboard(Figures(step_us=MINUTE, total=total, spans=spans, values=sums), one, window, since)


SOME = Sums(
    calls=4,
    errors=1,
    input_tokens=2000,
    output_tokens=50,
    cached_tokens=500,
    cost_pico=30_000_000_000,
    unpriced=2,
    durations=Counter({1_230_000: 3, 9_000_000: 1}),
    firsts=Counter({250_000: 4}),
)


def test_every_figure_says_its_share_and_leads_to_its_calls() -> None:
    view = looked_at(Asked(query="a OR b", since=NOW), {"gpt": SOME}, SOME)
    figures = {one.key: one for one in view.figures}
    assert (figures["calls"].value, figures["errors"].value, figures["errors"].note) == ("4", "1", "25.0% of all calls")
    assert (figures["input"].value, figures["input"].note) == ("2.0k", "25% read from a cache")
    assert (figures["cost"].value, figures["cost"].note) == ("$0.0300", "2 calls without a price")
    assert [(one.word, one.value) for one in figures["duration"].parts] == [
        ("p50", "1.23 s"),
        ("p95", "9.00 s"),
        ("p99", "9.00 s"),
    ]
    after = "after:2026-11-24T12:30:15Z"
    assert address(figures["errors"].href)["q"] == f"(a OR b) status:error {after}"
    assert address(figures["duration"].parts[0].href)["q"] == f"(a OR b) duration>=1230ms {after}"
    for href in (one.href for one in [*view.figures, *view.columns, *view.rows] if one.href):
        assert urlsplit(href).path == "/search"
        parse_filter(parse_qs(urlsplit(href).query)["q"][0])


def test_a_column_leads_to_the_calls_of_its_span_within_what_was_asked() -> None:
    inside = NOW.replace(second=30)
    view = looked_at(Asked(since=inside), {}, SOME)
    assert address(view.columns[0].href)["q"] == "after:2026-11-24T12:30:30Z before:2026-11-24T12:31:00Z"
    assert address(view.columns[3].href)["q"] == "after:2026-11-24T12:33:00Z before:2026-11-24T12:34:00Z"
    assert (view.columns[3].calls, view.columns[2].calls) == ("4", "0")
    assert [one.tab for one in view.columns].count("0") == 1


def test_values_are_ordered_by_calls_and_few_are_shown() -> None:
    many = {f"model-{n:03}": Sums(calls=n + 1) for n in range(MOST_ROWS + 7)} | {"": Sums(calls=999, errors=1)}
    view = looked_at(Asked(), many, SOME)
    assert len(view.rows) == MOST_ROWS
    assert view.more == "and 8 more values"
    assert (view.rows[0].name, address(view.rows[0].href)["q"]) == ("(no model)", "-has:model")
    assert address(view.rows[0].errors_href)["q"] == "-has:model status:error"


def test_nothing_at_all_and_nothing_of_that_kind_are_told_apart() -> None:
    assert looked_at(Asked(), {}, Sums()).nothing == "Nothing to add up yet"
    narrow = looked_at(Asked(query="model:x", by="tag"), {}, Sums())
    assert (narrow.nothing, narrow.everything) == ("No such calls", "/dashboard?by=tag")
    assert narrow.calls.nothing == "No calls."


def test_an_unknown_cost_is_not_shown_as_zero() -> None:
    view = looked_at(Asked(), {"m": Sums(calls=2, unpriced=2)}, Sums(calls=2, unpriced=2))
    assert [one.value for one in view.figures if one.key == "cost"] == ["unknown"]
    assert view.rows[0].cost == "unknown"
    assert view.rows[0].inputs == "–"
    assert instant(to_us(NOW)) == NOW
