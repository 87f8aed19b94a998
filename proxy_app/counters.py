"""What the proxy counts. Plain integers on the hot path; for `/-/metrics` each worker lays them into memory that all
workers share, so that whichever of them is asked answers for all."""

import mmap

LATENCY_BOUNDS_US = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000)
FAILURE_CODES = (
    "connect_failed", "timeout", "upstream_closed", "upstream_protocol", "client_left", "client_protocol",
    "proxy_stopped",
)  # fmt: skip
GAUGES = ("in_flight", "client_connections", "upstream_connections", "backlog_bytes", "recorder_failing")
TOTALS = (
    "calls", "refused", "request_bytes", "response_bytes", "upstream_connects", "log_bytes", "gaps",
    "missed_observations",
    "missed_bytes", "latency_sum_us",
)  # fmt: skip
_LATENCIES = tuple(f"latency_{i}" for i in range(len(LATENCY_BOUNDS_US) + 1))
FIELDS = (*GAUGES, *TOTALS, *_LATENCIES, *(f"failure_{code}" for code in FAILURE_CODES))


class Counters:
    """One worker's counts. The data plane adds to the attributes; nothing here is locked."""

    def __init__(self) -> None:
        self.calls = 0
        self.in_flight = 0
        self.refused = 0
        self.request_bytes = 0
        self.response_bytes = 0
        self.upstream_connects = 0
        self.failures: dict[str, int] = {}
        self.latencies = [0] * (len(LATENCY_BOUNDS_US) + 1)
        """Calls by what they were held up between reading and passing on: below each bound, and above the last."""
        self.latency_sum_us = 0

    def values(self, **measured: int) -> dict[str, int]:
        """Every field of FIELDS; `measured` are those that others know."""
        own = {name: getattr(self, name, 0) for name in (*GAUGES, *TOTALS)}
        own.update(zip(_LATENCIES, self.latencies, strict=True))
        own.update((f"failure_{code}", self.failures.get(code, 0)) for code in FAILURE_CODES)
        return own | measured


class SharedCounts:
    """A place for every worker's counts, made before they are forked."""

    def __init__(self, workers: int) -> None:
        self._memory = mmap.mmap(-1, workers * len(FIELDS) * 8)
        self._cells = memoryview(self._memory).cast("Q")
        self._workers = workers

    def publish(self, worker: int, values: dict[str, int]) -> None:
        start = worker * len(FIELDS)
        for i, name in enumerate(FIELDS):
            self._cells[start + i] = values[name]

    def sums(self) -> dict[str, int]:
        """Every field, summed over the workers."""
        cells, width = self._cells, len(FIELDS)
        return {name: sum(cells[w * width + i] for w in range(self._workers)) for i, name in enumerate(FIELDS)}
