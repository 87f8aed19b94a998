"""The filter language in a query parameter."""

from datetime import UTC, datetime

from union_square.domain.finding import Filter, parse_filter, settle


def read_filter(q: str | None) -> Filter:
    """The filter that `q` says, with "that long ago" counted from now. Raises FilterError."""
    return settle(parse_filter(q or ""), datetime.now(UTC))
