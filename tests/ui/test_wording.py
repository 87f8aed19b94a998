"""Numbers, states and times in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.domain.messages import Usage
from union_square.ui import wording


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (None, ""),
        (0.25, "250 µs"),
        (312.4, "312 ms"),
        (2345.6, "2.35 s"),
        (48_200, "48.2 s"),
        (61_000, "1 min 01 s"),
        (3_720_000, "1 h 02 min"),
        (200_000_000, "2 d 7 h"),
    ],
)
def test_a_duration_has_the_unit_a_person_would_choose(ms: float | None, words: str) -> None:
    assert wording.duration(ms) == words


@pytest.mark.parametrize(
    ("usd", "words"),
    [(None, ""), (0.0, "$0"), (0.00001, "<$0.0001"), (0.000674, "$0.0007"), (0.25, "$0.25"), (1234.5, "$1,234.50")],
)
def test_an_unknown_cost_is_left_out_and_a_small_one_keeps_its_figures(usd: float | None, words: str) -> None:
    assert wording.cost(usd) == words


def test_unreported_tokens_are_never_shown_as_zero() -> None:
    assert wording.token_pair(None, None) == ""
    assert wording.token_title(None, None) == "tokens: not reported"
    assert wording.token_pair(None, 12) == "– → 12"
    assert all(value == "not reported" for _, value in wording.usage_pairs(None))


def test_a_reported_zero_is_shown_as_zero() -> None:
    assert wording.token_pair(0, 12) == "0 → 12"
    assert dict(wording.usage_pairs(Usage(output_tokens=0)))["output tokens"] == "0"


@given(st.integers(min_value=0, max_value=10**12))
def test_a_short_count_stays_short(count: int) -> None:
    assert len(wording.short_count(count)) <= 5


@given(st.text(max_size=400), st.integers(min_value=2, max_value=120))
def test_one_line_is_one_line_of_at_most_its_limit(text: str, limit: int) -> None:
    line = wording.one_line(text, limit)
    assert len(line) <= limit
    assert "\n" not in line


def test_a_moment_is_written_in_utc() -> None:
    at = datetime(2026, 11, 23, 10, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=1)))
    assert wording.iso(at) == "2026-11-23T09:30:00.250Z"
    assert wording.iso(at.astimezone(UTC)) == wording.iso(at)


def test_no_gap_has_no_words() -> None:
    assert wording.gap_words(0, 0) == ""
    assert wording.gap_words(3, 48_200) == "3 pieces (47.1 KiB) could not be recorded"
