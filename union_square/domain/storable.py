"""What a text column of either database can hold. PURE."""

_UNSTORABLE = dict.fromkeys((0, *range(0xD800, 0xE000)), "\ufffd")


def clean(value: str, limit: int | None = None) -> str:
    """`value` without NUL and lone surrogates, which PostgreSQL refuses; at most `limit` characters."""
    return value.translate(_UNSTORABLE)[:limit]
