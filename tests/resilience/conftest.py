"""Sizes of the tests here: small by default, long for `make soak` (UNION_SQUARE_SOAK=1)."""

import os
from dataclasses import dataclass, replace
from typing import Any

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How long and how much. What is tested is the same at every size."""

    seed: int
    kills: int  # rounds, of single parts and of all
    worker_kills: int  # of a proxy that has several
    product_kills: int  # rounds with the whole product, UI included
    streams: int  # at once
    stream_seconds: float
    outage_seconds: float  # of a database
    slow_seconds: float  # of traffic that the recorder cannot keep up with
    stuck_clients: int  # that stop reading
    stuck_megabytes: int  # that each of them was promised


CI = Sizes(
    seed=1, kills=6, worker_kills=1, product_kills=1, streams=200, stream_seconds=3, outage_seconds=0.5, slow_seconds=2,
    stuck_clients=8, stuck_megabytes=16,
)  # fmt: skip
LONG = Sizes(
    seed=1, kills=60, worker_kills=20, product_kills=20, streams=1000, stream_seconds=60, outage_seconds=60,
    slow_seconds=60, stuck_clients=100, stuck_megabytes=20,
)  # fmt: skip


@pytest.fixture(scope="session")
def sizes() -> Sizes:
    """The sizes of this run. UNION_SQUARE_SEED chooses other random moments."""
    chosen = LONG if os.environ.get("UNION_SQUARE_SOAK") else CI
    seed = os.environ.get("UNION_SQUARE_SEED")
    return replace(chosen, seed=int(seed)) if seed else chosen


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}
