"""What is to be reached, as data: each goal is a line of the report. Subjects and scenarios are named in one place."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.proxy.results import Results

DIRECT, NGINX, OFF, ON = "direct", "nginx", "recording off", "recording on"
MITMPROXY, LITELLM, PORTKEY = "mitmproxy", "LiteLLM", "Portkey"
TWO_WORKERS = "2 workers"
NGINX_TLS, OFF_TLS, ON_TLS = "nginx, TLS", "recording off, TLS", "recording on, TLS"
PACED, BURST, MEMORY, WORKERS = "paced streams", "streams at full speed", "memory", "workers"


def calls(clients: int) -> str:
    """The scenario of plain calls by so many clients at once."""
    return f"calls, {clients} client{'s' if clients > 1 else ''}"


def peers(clients: int) -> str:
    """The same beside the other proxies, in rounds of their own."""
    return f"beside others, {clients} client{'s' if clients > 1 else ''}"


def tls(clients: int) -> str:
    """The same with TLS to the upstream."""
    return f"TLS upstream, {clients} client{'s' if clients > 1 else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """`value` is None where it was not measured. Reached: at most, or at least, `limit`."""

    text: str
    limit: float
    value: Callable[[Results], float | None]
    at_least: bool = False
    unit: str = ""
    prototype: str = ""

    def is_reached(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


def _cost(results: Results) -> float | None:
    """What recording takes of the throughput, in percent."""
    part = results.ratio(calls(64), "requests_per_s", ON, OFF)
    return None if part is None else (1 - part) * 100


def _beside(other: str) -> Callable[[Results], float | None]:
    return lambda results: results.ratio(peers(64), "requests_per_s", ON, other)


GOALS = (
    Goal(text="added p50 at 1 client ÷ nginx's", limit=1.2, prototype="0.9–1.25",
         value=lambda r: r.added_ratio(calls(1), "p50_ms", ON, NGINX)),
    Goal(text="added p99 at 8 clients", limit=1, unit="ms", prototype="0.5–2.6",
         value=lambda r: r.added(calls(8), "p99_ms", ON)),
    Goal(text="requests/s at 64 clients ÷ nginx's", limit=0.5, at_least=True, prototype="0.58",
         value=lambda r: r.ratio(calls(64), "requests_per_s", ON, NGINX)),
    Goal(text="requests/s at 512 clients ÷ nginx's", limit=0.5, at_least=True,
         value=lambda r: r.ratio(calls(512), "requests_per_s", ON, NGINX)),
    Goal(text="requests/s at 64 clients ÷ LiteLLM's pass-through", limit=150, at_least=True, prototype="230",
         value=_beside(LITELLM)),
    Goal(text="requests/s at 64 clients ÷ mitmproxy's, recording", limit=60, at_least=True, prototype="75",
         value=_beside(MITMPROXY)),
    Goal(text="requests/s at 64 clients ÷ Portkey's", limit=40, at_least=True, prototype="46", value=_beside(PORTKEY)),
    Goal(text="CPU per relayed SSE event ÷ nginx's, 64 streams", limit=1.5, prototype="1.65",
         value=lambda r: r.ratio(PACED, "cpu_us", ON, NGINX)),
    Goal(text="added chunk delay p99, 64 paced streams", limit=1, unit="ms",
         value=lambda r: r.added(PACED, "delay_p99_ms", ON)),
    Goal(text="recording's cost in requests/s at 64 clients", limit=15, unit="%", prototype="22–25", value=_cost),
    Goal(text="TLS upstream: added p50 at 1 client over nginx's", limit=1.2,
         value=lambda r: r.ratio(tls(1), "p50_ms", ON_TLS, NGINX_TLS)),
    Goal(text="TLS upstream: requests/s at 64 clients ÷ nginx's", limit=0.5, at_least=True,
         value=lambda r: r.ratio(tls(64), "requests_per_s", ON_TLS, NGINX_TLS)),
    Goal(text="2 workers: calls per CPU second ÷ those of 1", limit=0.85, at_least=True,
         value=lambda r: r.ratio(WORKERS, "calls_per_cpu_s", TWO_WORKERS, ON)),
    Goal(text="memory after 1,000,000 chunks ÷ after 10,000", limit=1.1,
         value=lambda r: r.ratio(MEMORY, "after_1000000_chunks_mb", ON, f"{ON}, early")),
)  # fmt: skip
