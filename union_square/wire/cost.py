"""What a call cost: by the prices a user gives, else by its provider's list price, from the tables of `genai-prices`.

Offline: never fetches prices.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache

from genai_prices import Usage as PricedUsage
from genai_prices import __version__ as tables_version
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import PriceCalculation, StartDateConstraint

from union_square.domain.messages import Usage
from union_square.wire.prices import Prices, price_for

# The upstreams that are configured from the start, by genai-prices' ids. Another name says nothing of the provider:
# there the model alone must tell.
_PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "vertex-ai": "google",
    "bedrock": "aws",
    "azure-openai": "azure",
    "mistral": "mistral",
    "groq": "groq",
    "deepseek": "deepseek",
    "openrouter": "openrouter",
    "xai": "x-ai",
    "cohere": "cohere",
    "together": "together",
    "fireworks": "fireworks",
    "perplexity": "perplexity",
}
Priced = tuple[tuple[str, int], ...]
"""Tokens that have a price of their own: ("cache_write_1h_tokens", 512)."""

_NO_WORK = {"count_tokens", "batch_results"}  # costs nothing; was paid before, at half the price
_UNPRICED = {"ollama"}  # runs on the user's own machine; a price of someone else's `llama3` would be wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """In US dollars. `source` names the table with its date, the provider and the model whose price was taken."""

    usd: float
    input_usd: float
    output_usd: float
    source: str


def cost_of(
    usage: Usage,
    models: tuple[str, ...],
    upstream: str,
    when: datetime,
    *,
    operation: str = "chat",
    service_tier: str = "",
    priced: Priced = (),
    own: Prices = (),
) -> Cost | None:
    """What that usage cost at that time; `models` are tried in order (served, then asked for). None = unknown.

    `usage.input_tokens` holds the cached ones and `output_tokens` the reasoning ones, as genai-prices expects. A usage
    without one of the two has no known cost; only embeddings have no output. `service_tier` is what the provider says
    it served by ("flex", "priority"); where the tables have no price for it, the usual one is taken. `priced` are the
    tokens among those of `usage` that have a price of their own, by genai-prices' names. `own` prices go first.
    """
    if (
        operation in _NO_WORK
        or usage.input_tokens is None
        or (usage.output_tokens is None and operation != "embeddings")
    ):
        return None
    if price := price_for(own, models, upstream):
        asked, answered = price.of(usage)
        return Cost(usd=asked + answered, input_usd=asked, output_usd=answered, source=price.source)
    for model in dict.fromkeys(model for model in models if model):
        hour = when.replace(minute=0, second=0, microsecond=0)
        cost = _cost(usage, model, upstream, hour, service_tier, priced)
        if cost is not None:
            return cost
    return None


@lru_cache(maxsize=4096)
def _cost(usage: Usage, model: str, upstream: str, when: datetime, tier: str, priced: Priced) -> Cost | None:
    if upstream in _UNPRICED:
        return None
    hints = [_PROVIDERS[upstream]] if upstream in _PROVIDERS else []
    for provider in (*hints, None, *(["litellm"] if "/" in model else [])):
        price = _price(usage, model, provider, when, tier, priced)
        if price is None and priced:  # counted in a way that the tables find to contradict itself
            price = _price(usage, model, provider, when, tier, ())
        if price is not None:
            return Cost(
                usd=float(price.total_price),
                input_usd=float(price.input_price),
                output_usd=float(price.output_price),
                source=f"genai-prices {tables_version} of {tables_date()}: {price.provider.id}/{price.model.id}",
            )
    return None


@cache
def tables_date() -> str:
    """The day of the newest price in the tables, which do not say when they were made."""
    conditional = (
        price
        for provider in get_snapshot().providers
        for model in provider.models
        for price in (*(model.prices if isinstance(model.prices, list) else ()), *(model.price_variants or ()))
    )
    constraints = (price.constraint for price in conditional)
    return max(one.start_date for one in constraints if isinstance(one, StartDateConstraint)).isoformat()


def _price(
    usage: Usage, model: str, provider: str | None, when: datetime, tier: str, priced: Priced
) -> PriceCalculation | None:
    tokens = PricedUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_input_tokens,
        cache_write_tokens=usage.cache_creation_input_tokens,
        **dict(priced),
    )
    try:
        return get_snapshot().calc(tokens, model, provider, None, when, {"service_tier": tier} if tier else None)
    except (LookupError, ValueError):  # no such model; or counts that contradict each other
        return None
