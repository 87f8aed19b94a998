"""Numbers, states and times in words. PURE. Unknown is never shown as 0."""

from datetime import UTC, datetime

from union_square.domain.lifecycle import CallState
from union_square.domain.messages import Usage

NOT_REPORTED = "not reported"
NONE = "–"

CALL_WORDS: dict[CallState, str] = {"running": "running", "done": "done", "failed": "failed", "cut_off": "cut off"}

LINK_WORDS = {
    "header": "session header",
    "client": "the client's own id",
    "provider": "the provider's link",
    "content": "repeats the history",
    "tool_call": "a tool call's task",
    "new": "begins a session",
    "manual": "linked by hand",
}


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plural(count: int, one: str, many: str = "") -> str:
    return f"{grouped(count)} {one if count == 1 else many or one + 's'}"


def grouped(count: int) -> str:
    return f"{count:,}"


def short_count(count: int) -> str:
    """At most four characters or so: 999, 1.2k, 34k, 1.2M."""
    for limit, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= limit:
            value = count / limit
            return f"{value:.1f}{unit}" if value < 10 else f"{value:.0f}{unit}"
    return str(count)


def duration(ms: float | None) -> str:
    """A span of time with two or three figures; "" where it is unknown."""
    if ms is None:
        return ""
    if ms < 1:
        return f"{ms * 1000:.0f} µs"
    if ms < 1000:
        return f"{ms:.0f} ms"
    seconds = ms / 1000
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def size(count: int) -> str:
    """Bytes in binary units."""
    if count < 1024:
        return f"{count} B"
    if count < 1 << 20:
        return f"{count / 1024:.1f} KiB"
    return f"{count / (1 << 20):.1f} MiB"


def cost(usd: float | None) -> str:
    """Dollars with as many places as a small amount needs; "" where it is unknown."""
    if usd is None:
        return ""
    if usd == 0:
        return "$0"
    if usd < 0.0001:
        return "<$0.0001"
    if usd < 0.1:
        return f"${usd:.4f}"
    return f"${usd:,.2f}"


def token_pair(inputs: int | None, outputs: int | None) -> str:
    """`1.2k → 340`; "" where neither was reported."""
    if inputs is None and outputs is None:
        return ""
    left = NONE if inputs is None else short_count(inputs)
    right = NONE if outputs is None else short_count(outputs)
    return f"{left} → {right}"


def token_title(inputs: int | None, outputs: int | None) -> str:
    """The same, exactly, for a title."""
    if inputs is None and outputs is None:
        return "tokens: " + NOT_REPORTED
    left = NOT_REPORTED if inputs is None else grouped(inputs)
    right = NOT_REPORTED if outputs is None else grouped(outputs)
    return f"input tokens: {left} · output tokens: {right}"


def usage_pairs(usage: Usage | None) -> tuple[tuple[str, str], ...]:
    """Every count of a usage report in words, in reading order."""
    counts = usage or Usage()
    named = (
        ("input tokens", counts.input_tokens),
        ("· read from cache", counts.cache_read_input_tokens),
        ("· written to cache", counts.cache_creation_input_tokens),
        ("output tokens", counts.output_tokens),
        ("· reasoning", counts.reasoning_output_tokens),
    )
    return tuple((name, NOT_REPORTED if count is None else grouped(count)) for name, count in named)


def gap_words(observations: int, missed_bytes: int) -> str:
    """What was not recorded; "" = everything was."""
    if not observations:
        return ""
    return f"{plural(observations, 'piece')} ({size(missed_bytes)}) could not be recorded"


def one_line(text: str, limit: int) -> str:
    """The text on one line, cut at `limit` characters with an ellipsis."""
    flat = " ".join(text[: limit * 4].split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"
