"""The filter language: what is parsed, how it is spelled again, and how errors say what to do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.filters import unsettled
from union_square.domain.finding import EVERYTHING, Filter, FilterError, parse_filter, settle, spell_filter
from union_square.domain.finding.fields import FIELDS
from union_square.domain.finding.matching import fits_model
from union_square.domain.finding.terms import All, Began, Compare, Either, Has, Named, Not, Pattern, Words


def named(field: str, *values: str) -> Named:
    return Named(field, tuple(Pattern((value,)) for value in values))


READ: list[tuple[str, Filter]] = [
    ("", EVERYTHING),
    ("  \n ", EVERYTHING),
    ("weather", Words("weather", True)),
    ("weath*", Words("weath", True)),
    ('"the weather"', Words("the weather", False)),
    ('"the weath"*', Words("the weath", True)),
    ("model:gpt-4o", named("model", "gpt-4o")),
    ("MODEL:gpt-4*", Named("model", (Pattern(("gpt-4", "")),))),
    ('tag:"needs review"', named("tag", "needs review")),
    ("state:failed,cut_off", named("state", "failed", "cut_off")),
    ("status:error", named("status", "error")),
    ("status:5xx", named("status", "5xx")),
    ("status:429", Compare("status", "=", 429)),
    ("status>=400", Compare("status", ">=", 400)),
    ("cost>0.10", Compare("cost", ">", 10**11)),
    ("cost:>$0.10", Compare("cost", ">", 10**11)),
    ("ttft>2s", Compare("ttft", ">", 2_000_000)),
    ("duration<1.5m", Compare("duration", "<", 90_000_000)),
    ("tokens>10k", Compare("tokens", ">", 10_000)),
    ("tokens:10..20", All((Compare("tokens", ">=", 10), Compare("tokens", "<=", 20)))),
    ("before:2026-11-01", Began("before", datetime(2026, 11, 1, tzinfo=UTC))),
    ("after:2026-11-01T10:00+02:00", Began("after", datetime(2026, 11, 1, 8, tzinfo=UTC))),
    ("since:24h", Began("after", timedelta(hours=24))),
    ("has:note", Has("note")),
    ("meta.User:alice", named("meta.User", "alice")),
    ("-tag:seen", Not(named("tag", "seen"))),
    ("NOT tag:seen", Not(named("tag", "seen"))),
    ("a b", All((Words("a", True), Words("b", True)))),
    ("a AND b", All((Words("a", True), Words("b", True)))),
    ("a b OR c", Either((All((Words("a", True), Words("b", True))), Words("c", True)))),
    ("a (b OR c)", All((Words("a", True), Either((Words("b", True), Words("c", True)))))),
    ("ORacle", Words("ORacle", True)),
    ("provider:openai app:cli", All((named("upstream", "openai"), named("application", "cli")))),
]


@pytest.mark.parametrize(("text", "expected"), READ, ids=[text for text, _ in READ])
def test_a_text_is_read_as_what_it_says(text: str, expected: Filter) -> None:
    assert parse_filter(text) == expected


@given(unsettled)
def test_what_is_spelled_is_read_as_the_same(term: Filter) -> None:
    assert parse_filter(spell_filter(term)) == term


@given(st.text(max_size=60) | st.text(st.sampled_from('ab "()-*:,<>=.\\OR AND tag cost model'), max_size=40))
def test_any_text_is_a_filter_or_an_error_that_points_into_it(text: str) -> None:
    found = read(text)
    if isinstance(found, FilterError):
        assert 0 <= found.start <= found.end <= len(text)
        assert found.wrong
        assert found.advice
    else:
        assert parse_filter(spell_filter(found)) == found


def read(text: str) -> Filter | FilterError:
    try:
        return parse_filter(text)
    except FilterError as error:
        return error


WRONG = [
    ("modl:gpt", 0, 4, "there is no field modl"),
    ("a https://x", 2, 7, "there is no field https"),
    ("cost>much", 0, 9, "“much” is not a number"),
    ("ttft>2 parsecs ttft>2x", 15, 22, "“2x” is not a number"),
    ("before:yesterday", 0, 16, "“yesterday” is not a date"),
    ("model>3", 0, 6, "model has no size"),
    ("x model:", 2, 8, "model has no value"),
    ('say "hello', 4, 10, "this quotation mark is not closed"),
    ("(a b", 0, 1, "this parenthesis is not closed"),
    ("a)", 1, 2, "this parenthesis closes nothing"),
    ("a ()", 2, 4, "nothing between"),
    ("a OR", 2, 4, "OR has nothing after it"),
    ("OR a", 0, 2, "OR has nothing before it"),
    ("-", 0, 1, "nothing follows the minus"),
    ("has:wings", 0, 9, "has:wings is not known"),
    ("state:sleeping", 6, 14, "state is never “sleeping”"),
    ("!?", 0, 2, "there is no word"),
]


@pytest.mark.parametrize(("text", "start", "end", "wrong"), WRONG, ids=[text for text, *_ in WRONG])
def test_an_error_says_where_what_and_what_to_do(text: str, start: int, end: int, wrong: str) -> None:
    with pytest.raises(FilterError) as raised:
        parse_filter(text)
    assert (raised.value.start, raised.value.end) == (start, end)
    assert wrong in raised.value.wrong
    assert raised.value.advice


def test_a_misspelt_field_is_told_its_likely_name() -> None:
    with pytest.raises(FilterError, match="perhaps duration"):
        parse_filter("durration>1s")


def test_deep_and_long_filters_are_refused_and_not_followed() -> None:
    for text in ("(" * 500 + "a" + ")" * 500, "-" * 500 + "a", "a " * 500, "a" * 5000):
        with pytest.raises(FilterError):
            parse_filter(text)


def test_every_field_has_an_example_that_is_read() -> None:
    for field in FIELDS:
        parse_filter(field.example)
        assert field.says


def test_that_long_ago_is_counted_from_now() -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    term = parse_filter("-(after:24h OR tag:x)")
    assert settle(term, now) == parse_filter("-(after:2026-11-01 OR tag:x)")


@pytest.mark.parametrize(
    ("asked", "model", "found"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("GPT-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4o", "openai/gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4", "gpt-4o", False),
        ("gpt-4", "gpt-4-0613", True),
        ("claude-sonnet-4", "claude-sonnet-4@20250514", True),
        ("claude-sonnet-4", "claude-sonnet-4-5", False),
        ("claude-3-5-haiku", "anthropic.claude-3-5-haiku-20241022-v1:0", True),
        ("gemini-1.5-pro", "models/gemini-1.5-pro-002", True),
        ("mistral-large", "mistral-large-latest", True),
        ("gpt-4*", "gpt-4o-mini", True),
    ],
)
def test_a_model_is_found_by_its_name_in_all_its_versions(asked: str, model: str, found: bool) -> None:
    term = parse_filter(f"model:{asked}")
    assert isinstance(term, Named)
    assert fits_model(term.patterns[0], model) is found
