"""Prices that a user gives: they come before the lists, and price what no list knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from union_square.domain.messages import Usage

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens. `model` is its name as the provider or the application writes it, and may hold
    `*`; `upstream` "" = wherever it is served. Cache prices that are None: such tokens cost what input costs."""

    model: str
    input: float
    output: float = 0.0
    cache_read: float | None = None
    cache_write: float | None = None
    upstream: str = ""

    @property
    def source(self) -> str:
        return f"your settings: {self.upstream + '/' if self.upstream else ''}{self.model}"

    def of(self, usage: Usage) -> tuple[float, float]:
        """What the input and the output of that usage cost, in US dollars. What is not reported is none."""
        read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        fresh = max(0, (usage.input_tokens or 0) - read - written)
        read_price = self.input if self.cache_read is None else self.cache_read
        write_price = self.input if self.cache_write is None else self.cache_write
        asked = fresh * self.input + read * read_price + written * write_price
        return asked / _MILLION, (usage.output_tokens or 0) * self.output / _MILLION


Prices = tuple[Price, ...]


def price_for(prices: Iterable[Price], models: Iterable[str], upstream: str) -> Price | None:
    """The first of the prices that fits; the models are tried in order."""
    known = tuple(prices)
    for model in models:
        for price in known:
            if price.upstream in {"", upstream} and model and fnmatchcase(model, price.model):
                return price
    return None
