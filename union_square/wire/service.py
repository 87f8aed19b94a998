"""What a provider's response headers say of its service: its own id of the request, and how much of a limit is left."""

from union_square.wire.headers import Head

_REQUEST_IDS = (
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "apim-request-id",
    "mistral-correlation-id",
    "x-goog-request-id",
    "x-generation-id",
    "cf-ray",
)
"""In the order in which they are asked: a gateway's own comes last."""

_LIMITS = ("x-ratelimit-", "anthropic-ratelimit-", "anthropic-priority-", "ratelimit-", "x-rate-limit-")
MAX_LIMITS = 50
"""Of one answer that are kept. Anthropic sends 12."""


def parse_request_id(head: Head) -> str:
    """The provider's id of the request, to be named to its support; "" = none given."""
    return next((value for name in _REQUEST_IDS if (value := head.get(name).strip())), "")


def parse_rate_limits(head: Head) -> dict[str, str]:
    """The headers that tell of limits, by their names in lower case, as they were sent."""
    found = {name.lower(): value for name, value in head.headers if _tells_of_limits(name.lower())}
    return dict(list(found.items())[:MAX_LIMITS])


def _tells_of_limits(name: str) -> bool:
    return name in {"retry-after", "retry-after-ms", "ratelimit"} or name.startswith(_LIMITS)
