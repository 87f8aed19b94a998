"""A call's cost is its usage at the provider's list price, or unknown; never made up."""

from datetime import UTC, datetime

import pytest

from union_square.domain.messages import Usage
from union_square.wire.cost import Cost, cost_of

WHEN = datetime(2026, 6, 1, tzinfo=UTC)
MILLION = Usage(input_tokens=1_000_000, output_tokens=1_000_000)


def usd(usage: Usage, *models: str, upstream: str = "custom", operation: str = "chat") -> float | None:
    cost = cost_of(usage, models, upstream, WHEN, operation=operation)
    return cost.usd if cost else None


def test_list_prices_are_applied() -> None:
    assert usd(MILLION, "gpt-4o", upstream="openai") == pytest.approx(2.5 + 10)


def test_cached_input_is_part_of_the_input_and_cheaper() -> None:
    cached = Usage(input_tokens=1_000_000, output_tokens=0, cache_read_input_tokens=1_000_000)
    assert usd(cached, "gpt-4o", upstream="openai") == pytest.approx(1.25)


def test_writing_anthropics_cache_costs_a_quarter_more() -> None:
    fresh = Usage(input_tokens=100_000, output_tokens=0)
    written = Usage(input_tokens=100_000, output_tokens=0, cache_creation_input_tokens=100_000)
    base, more = usd(fresh, "claude-sonnet-4-5", upstream="anthropic"), usd(written, "claude-sonnet-4-5")
    assert base is not None
    assert more == pytest.approx(base * 1.25)


def test_writing_a_cache_that_lives_for_an_hour_costs_twice_the_input() -> None:
    usage = Usage(input_tokens=1000, output_tokens=0, cache_creation_input_tokens=1000)
    base = cost_of(Usage(input_tokens=1000, output_tokens=0), ("claude-sonnet-4-5",), "anthropic", WHEN)
    written = cost_of(usage, ("claude-sonnet-4-5",), "anthropic", WHEN, priced=(("cache_write_1h_tokens", 1000),))
    assert base is not None
    assert written is not None
    assert written.usd == pytest.approx(2 * base.usd)


def test_counts_that_contradict_the_usage_leave_its_usual_price() -> None:
    usage = Usage(input_tokens=10, output_tokens=1)
    usual = cost_of(usage, ("gpt-4o",), "openai", WHEN)
    assert usual is not None
    assert cost_of(usage, ("gpt-4o",), "openai", WHEN, priced=(("input_audio_tokens", 500),)) == usual


@pytest.mark.parametrize("operation", ["count_tokens", "batch_results"])
def test_what_does_no_work_has_no_cost(operation: str) -> None:
    assert usd(MILLION, "gpt-4o", upstream="openai", operation=operation) is None


def test_reasoning_is_part_of_the_output_and_not_paid_twice() -> None:
    thought = Usage(input_tokens=0, output_tokens=1_000_000, reasoning_output_tokens=900_000)
    plain = Usage(input_tokens=0, output_tokens=1_000_000)
    assert usd(thought, "gpt-5", upstream="openai") == usd(plain, "gpt-5", upstream="openai")


@pytest.mark.parametrize("upstream", ["openai", "azure-openai", "my-gateway", "openrouter"])
def test_the_model_tells_where_the_upstream_does_not(upstream: str) -> None:
    assert usd(MILLION, "gpt-4o", upstream=upstream) == pytest.approx(12.5)


def test_a_model_named_with_its_provider_is_found() -> None:
    assert usd(MILLION, "openai/gpt-4o") == pytest.approx(12.5)


def test_where_the_served_model_is_unknown_the_one_asked_for_counts() -> None:
    assert usd(MILLION, "", "who-knows-1", "gpt-4o") == pytest.approx(12.5)


@pytest.mark.parametrize(
    ("usage", "model", "upstream"),
    [
        (MILLION, "a-model-of-nobody", "openai"),
        (MILLION, "", "openai"),
        (MILLION, "gpt-4o", "ollama"),
        (Usage(), "gpt-4o", "openai"),
        (Usage(input_tokens=5), "gpt-4o", "openai"),
        (Usage(output_tokens=5), "gpt-4o", "openai"),
        (Usage(input_tokens=1, output_tokens=1, cache_read_input_tokens=5), "gpt-4o", "openai"),
    ],
)
def test_an_unknown_cost_is_none(usage: Usage, model: str, upstream: str) -> None:
    assert usd(usage, model, upstream=upstream) is None


def test_embeddings_have_no_output_and_a_cost_all_the_same() -> None:
    cost = usd(Usage(input_tokens=1_000_000), "text-embedding-3-small", upstream="openai", operation="embeddings")
    assert cost == pytest.approx(0.02)


def test_a_cost_names_its_source() -> None:
    cost = cost_of(MILLION, ("gpt-4o-2024-08-06",), "openai", WHEN)
    assert isinstance(cost, Cost)
    assert cost.source.startswith("genai-prices ")
    assert cost.source.endswith(": openai/gpt-4o")
    assert cost.input_usd + cost.output_usd == pytest.approx(cost.usd)


def test_another_service_tier_has_its_own_price() -> None:
    when = datetime(2026, 11, 1, tzinfo=UTC)

    def by(tier: str) -> float | None:
        cost = cost_of(MILLION, ("gpt-4.1",), "openai", when, service_tier=tier)
        return cost.usd if cost else None

    assert by("") == by("default") == by("unheard-of") == pytest.approx(2 + 8)
    assert by("priority") == pytest.approx(3.5 + 14)
