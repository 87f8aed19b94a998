"""Token counts that Bedrock puts around a model's own answer: headers of a whole one, metrics in the last event."""

from typing import Any

from union_square.domain.messages import Usage
from union_square.wire.headers import Head
from union_square.wire.jsontext import count_of, obj_of

_METRICS = "amazon-bedrock-invocationMetrics"
_INPUT, _OUTPUT = "x-amzn-bedrock-input-token-count", "x-amzn-bedrock-output-token-count"


def usage_of_head(head: Head) -> Usage | None:
    """What the headers of an answer count; None = nothing."""
    return _usage(_number(head.get(_INPUT)), _number(head.get(_OUTPUT)))


def usage_of_metrics(event: Any) -> Usage | None:
    """What the metrics of an event count, which is all but always nothing."""
    if not isinstance(event, dict) or _METRICS not in event:
        return None
    metrics = obj_of(obj_of(event).get(_METRICS))
    read, written = (count_of(metrics.get(f"cache{way}InputTokenCount")) for way in ("Read", "Write"))
    fresh = count_of(metrics.get("inputTokenCount"))
    found = _usage(fresh, count_of(metrics.get("outputTokenCount")))
    if found is None or fresh is None or not (read or written):
        return found
    return Usage(
        input_tokens=fresh + (read or 0) + (written or 0),
        output_tokens=found.output_tokens,
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
    )


def _usage(inputs: int | None, outputs: int | None) -> Usage | None:
    return None if inputs is None and outputs is None else Usage(input_tokens=inputs, output_tokens=outputs)


def _number(value: str) -> int | None:
    return count_of(int(value)) if value.isascii() and value.isdigit() and len(value) < 19 else None
