"""The provider's request id and its limits are taken from the headers of its answer."""

import pytest

from tests.support.calls import JSON, events_of, understand
from union_square.wire.headers import Head
from union_square.wire.service import parse_rate_limits, parse_request_id


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ((("X-Request-Id", " req_1 "), ("cf-ray", "x")), "req_1"),
        ((("request-id", "req_2"),), "req_2"),
        ((("cf-ray", "ray"), ("x-amzn-RequestId", "aws")), "aws"),
        ((("cf-ray", "ray"),), "ray"),
        ((("x-request-id", ""), ("date", "now")), ""),
    ],
)
def test_the_providers_id_goes_before_a_gateways(headers: tuple[tuple[str, str], ...], said: str) -> None:
    assert parse_request_id(Head(headers=headers)) == said


def test_limits_are_kept_as_they_were_sent() -> None:
    headers = (
        ("X-RateLimit-Remaining-Tokens", "99"),
        ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z"),
        ("Retry-After", "7"),
        ("content-type", "application/json"),
    )
    assert parse_rate_limits(Head(headers=headers)) == {
        "x-ratelimit-remaining-tokens": "99",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:00Z",
        "retry-after": "7",
    }


def test_a_response_says_both_from_its_head_on() -> None:
    headers = (JSON, ("x-request-id", "req"), ("x-ratelimit-limit-requests", "5"))
    *events, _ = events_of("/v1/chat/completions", b"{}", b"", response_headers=headers)
    response = understand(events).response
    assert (response.request_id, response.rate_limits) == ("req", {"x-ratelimit-limit-requests": "5"})
