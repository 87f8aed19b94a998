"""Filters and calls that make a law worth stating: few values, so that they meet."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from union_square.domain.finding.fields import FIELDS, THINGS
from union_square.domain.finding.terms import (
    All,
    Began,
    Compare,
    Either,
    Filter,
    Has,
    Named,
    Not,
    Operator,
    Pattern,
    Words,
)

MODELS = ("gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-mini", "openai/GPT-4o", "claude-sonnet-4-5", "", "a%b", "a_b", 'q"\\')
WORDS = ("wéather", "weather", "in", "berlin", "rain", "東京都", "it's")
TEXTS = ("The weather in Berlin", "rain in berlin", "weather", "in the rain; WEATHER", "東京都の天気", "")
TAGS = ("bug", "Bug", "needs review", "a,b", "slow")
USERS = ("alice", "Bob", "o'neil", "x*y", "true")
NUMBERS = (0, 1, 2, 10, 400, 404, 429, 500, 1_000_000, 1_500_250, 10**12, 5 * 10**11)
INSTANTS = tuple(datetime(2026, 3, 1, 12, minute, tzinfo=UTC) for minute in (0, 1, 2))

_NAMES = {
    "model": (*MODELS, "GPT-4O", "claude-sonnet-4"),
    "upstream": ("openai", "anthropic", "OpenAI"),
    "status": ("ok", "error", "running", "4xx", "5xx"),
    "state": ("running", "done", "failed", "cut_off", "ended"),
    "tag": TAGS,
    "label": ("good",),
    "application": ("billing", "Claude-CLI", ""),
    "tool": ("search", "Search", "fetch"),
    "finish": ("stop", "length", "tool_calls"),
    "error": ("rate_limit", "limit", "overloaded"),
    "dialect": ("openai-chat", "anthropic-messages"),
    "operation": ("chat", "embeddings"),
    "session": ("s1", "s2", "S1"),
    "id": ("0" * 31 + "1",),
    "parent": ("0" * 31 + "1", ""),
    "link": ("new", "content"),
    "path": ("completions", "/v1", "%"),
    "meta.user": USERS,
    "meta.team.name": ("core",),
}


def patterns(values: tuple[str, ...]) -> st.SearchStrategy[Pattern]:
    whole = st.sampled_from(values).map(lambda value: Pattern((value,)))
    cut = st.tuples(st.sampled_from(values), st.integers(0, 4)).map(lambda of: Pattern((of[0][: of[1]], "")))
    both = st.sampled_from(values).map(lambda value: Pattern((value[:1], value[-1:])))
    return whole | cut | both


def _named() -> st.SearchStrategy[Filter]:
    return st.one_of(
        *(
            st.lists(patterns(values), min_size=1, max_size=2).map(lambda found, name=name: Named(name, tuple(found)))
            for name, values in _NAMES.items()
        )
    )


_OPERATORS: tuple[Operator, ...] = ("=", ">", ">=", "<", "<=")

leaves: st.SearchStrategy[Filter] = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).flatmap(
        lambda said: st.booleans().map(lambda open_end: Words(" ".join(said), open_end))
    ),
    _named(),
    st.builds(
        Compare,
        st.sampled_from([field.name for field in FIELDS if field.kind in {"number", "status"}]),
        st.sampled_from(_OPERATORS),
        st.sampled_from(NUMBERS),
    ),
    st.builds(Began, st.sampled_from(["after", "before"]), st.sampled_from(INSTANTS)),
    st.builds(Has, st.sampled_from(THINGS)),
)


def _joined(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(inner.map(Not), several.map(All), several.map(Either))


filters: st.SearchStrategy[Filter] = st.recursive(leaves, _joined, max_leaves=6)
"""Settled filters over the values of `views`."""

unsettled: st.SearchStrategy[Filter] = filters | st.builds(
    Began, st.sampled_from(["after", "before"]), st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds))
)

views: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "session": st.sampled_from(["s1", "s2", None]),
        "seconds": st.sampled_from([0, 59.5, 60, 119, 120]),
        "state": st.sampled_from(["running", "done", "failed", "cut_off"]),
        "model": st.sampled_from(MODELS),
        "response_model": st.sampled_from(MODELS),
        "upstream": st.sampled_from(["openai", "anthropic"]),
        "application": st.sampled_from(["billing", "claude-cli", ""]),
        "dialect": st.sampled_from(["openai-chat", "anthropic-messages"]),
        "operation": st.sampled_from(["chat", "embeddings", ""]),
        "path": st.sampled_from(["/v1/chat/completions", "/v1/50%/x_y"]),
        "error_type": st.sampled_from(["", "rate_limit_error", "Overloaded"]),
        "cost_usd": st.sampled_from([None, 0.0, 0.5, 1.0, 0.1]),
        "finish_reasons": st.sampled_from([(), ("stop",), ("length", "stop")]),
        "tags": st.lists(st.sampled_from(TAGS), max_size=2, unique=True).map(tuple),
        "metadata": st.one_of(
            st.just(dict[str, Any]()),
            st.builds(lambda user: {"user": user}, st.sampled_from([*USERS, True, 7, ["alice", "x*y"]])),
            st.just({"team": {"name": "core"}, "user": None}),
        ),
        "status": st.sampled_from([None, 200, 404, 429, 500]),
        "tokens": st.sampled_from([None, (None, None), (10, None), (1, 1), (10**6, 400)]),
        "text": st.sampled_from(TEXTS),
        "tool": st.sampled_from(["", "search", "fetch"]),
    }
)
"""What calls may be like; `tests.store.test_finding` makes projections of them."""
