"""The control plane: the FastAPI app under `/-/` with health, readiness, metrics and settings.

Must not: stand between a client and an upstream; calls never come here.
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from proxy_app.counters import FAILURE_CODES, LATENCY_BOUNDS_US
from proxy_app.plane import Plane

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_GAUGES = {
    "in_flight": ("union_square_calls_in_flight", "Calls being forwarded now."),
    "client_connections": ("union_square_client_connections", "Connections of clients that are open."),
    "upstream_connections": ("union_square_upstream_connections", "Connections to upstreams that are open."),
    "backlog_bytes": ("union_square_recorder_backlog_bytes", "Bytes observed and not yet in the event log."),
    "recorder_failing": ("union_square_recorder_failing", "Workers whose event log cannot be written now."),
}
_TOTALS = {
    "calls": ("union_square_calls", "Calls begun."),
    "refused": ("union_square_requests_refused", "Requests that were not forwarded (400, 404, 431)."),
    "request_bytes": ("union_square_request_payload_bytes", "Payload of ended calls' requests."),
    "response_bytes": ("union_square_response_payload_bytes", "Payload of ended calls' responses."),
    "upstream_connects": ("union_square_upstream_connects", "Connections to upstreams tried."),
    "log_bytes": ("union_square_event_log_bytes", "Bytes written to the event log since the start."),
    "gaps": ("union_square_gaps", "Gaps recorded: one for a call each time it lost something."),
    "missed_observations": ("union_square_missed_observations", "Observations that were not recorded."),
    "missed_bytes": ("union_square_missed_payload_bytes", "Payload bytes that were not recorded."),
}


class PlaneCollector(Collector):
    """Reads the counts of all workers when metrics are asked for."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def collect(self) -> Iterable[Metric]:
        counts = self._plane.publish()
        for name, (metric, text) in _GAUGES.items():
            yield GaugeMetricFamily(metric, text, value=counts[name])
        for name, (metric, text) in _TOTALS.items():
            yield CounterMetricFamily(metric, text, value=counts[name])
        failures = CounterMetricFamily("union_square_call_failures", "Calls without a whole response.", labels=["code"])
        for code in FAILURE_CODES:
            failures.add_metric([code], counts[f"failure_{code}"])
        yield failures
        yield _latency(counts)


def _latency(counts: Mapping[str, int]) -> Metric:
    """Cumulative, as Prometheus wants its buckets."""
    buckets: list[tuple[str, float]] = []
    total = 0
    for i, bound in enumerate([*(str(us / 1_000_000) for us in LATENCY_BOUNDS_US), "+Inf"]):
        total += counts[f"latency_{i}"]
        buckets.append((bound, total))
    text = "What a call was held up between reading and passing on, its request's and response's head together."
    metric = HistogramMetricFamily("union_square_added_latency_seconds", text)
    metric.add_metric([], buckets, counts["latency_sum_us"] / 1_000_000)
    return metric


def control_app(plane: Plane, public_settings: Mapping[str, Any], allowed_hosts: Iterable[str]) -> FastAPI:
    """The app. `public_settings` is shown as it is, so it must hold no secret; `allowed_hosts` are the names besides
    loopback by which a browser may ask for it (a page on another site can point its own name here)."""
    app = FastAPI(title="Union Square proxy", docs_url=None, redoc_url=None, openapi_url="/-/openapi.json")
    registry = CollectorRegistry()
    registry.register(PlaneCollector(plane))
    hosts = _LOOPBACK | {host.lower() for host in allowed_hosts}

    async def healthy() -> dict[str, str]:
        """The proxy runs."""
        return {"status": "ok"}

    async def ready() -> JSONResponse:
        """Calls are forwarded and recorded; otherwise 503 and why not. Calls are forwarded all the same."""
        problems = plane.problems()
        counts = plane.publish()
        gaps = {name: counts[name] for name in ("gaps", "missed_observations", "missed_bytes")}
        content = {"ready": not problems, "problems": problems, "recording": plane.recorder is not None, **gaps}
        return JSONResponse(content, status_code=503 if problems else 200)

    async def metrics() -> Response:
        """Prometheus' text format; counts of all workers together."""
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def settings(request: Request) -> JSONResponse:
        """What is set, without secrets, told to this machine only: it names folders and addresses."""
        if request.client is None or not ip_address(request.client.host.partition("%")[0]).is_loopback:
            message = "the settings are told to clients on the proxy's own machine only"
            return JSONResponse({"error": {"code": "not_from_here", "message": message}}, status_code=403)
        host = request.url.hostname or ""
        if host.lower() not in hosts:
            message = f"not by the name {host!r}; add it to allowed_hosts (UNION_SQUARE_ALLOWED_HOSTS)"
            return JSONResponse({"error": {"code": "host_not_allowed", "message": message}}, status_code=403)
        return JSONResponse(dict(public_settings))

    app.add_api_route("/-/healthy", healthy)
    app.add_api_route("/-/ready", ready)
    app.add_api_route("/-/metrics", metrics)
    app.add_api_route("/-/settings", settings)
    return app
