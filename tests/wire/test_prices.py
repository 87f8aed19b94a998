"""Prices that a user gives go before the lists, and price what no list knows."""

from datetime import UTC, datetime

import pytest
from genai_prices import __version__ as tables_version

from union_square.domain.messages import Usage
from union_square.wire.cost import Cost, cost_of, tables_date
from union_square.wire.prices import Price

WHEN = datetime(2026, 6, 1, tzinfo=UTC)
USAGE = Usage(
    input_tokens=1_000_000, output_tokens=500_000, cache_read_input_tokens=200_000, cache_creation_input_tokens=100_000
)


def cost(*own: Price, model: str = "house-7b", upstream: str = "lab", usage: Usage = USAGE) -> Cost | None:
    return cost_of(usage, (model,), upstream, WHEN, own=own)


def test_a_model_that_nobody_knows_has_no_cost_until_the_user_gives_a_price() -> None:
    assert cost() is None
    found = cost(Price(model="house-7b", input=2, output=8, cache_read=0.5, cache_write=3))
    assert found is not None
    assert found.input_usd == pytest.approx(0.7 * 2 + 0.2 * 0.5 + 0.1 * 3)
    assert found.output_usd == pytest.approx(4)
    assert found.usd == pytest.approx(found.input_usd + found.output_usd)
    assert found.source == "your settings: house-7b"


def test_cached_tokens_cost_what_input_costs_where_no_price_is_given_for_them() -> None:
    found = cost(Price(model="house-*", input=2))
    assert found is not None
    assert found.usd == pytest.approx(2)


def test_a_price_of_ones_own_goes_before_the_list_and_for_its_upstream_only() -> None:
    own = Price(model="gpt-4o", upstream="openai", input=1, output=1)
    listed, ours = cost(own, model="gpt-4o", upstream="other"), cost(own, model="gpt-4o", upstream="openai")
    assert listed is not None
    assert listed.source == f"genai-prices {tables_version} of {tables_date()}: openai/gpt-4o"
    assert ours is not None
    assert (ours.usd, ours.source) == (pytest.approx(1.5), "your settings: openai/gpt-4o")


def test_the_first_price_that_fits_counts_and_a_local_model_may_have_one() -> None:
    found = cost(Price(model="ll*", input=1), Price(model="*", input=9), model="llama3", upstream="ollama")
    assert found is not None
    assert found.usd == pytest.approx(1)


def test_no_usage_has_no_cost_whatever_the_prices() -> None:
    assert cost(Price(model="*", input=1, output=1), usage=Usage()) is None
