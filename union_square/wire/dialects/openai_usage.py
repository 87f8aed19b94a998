"""Token counts as OpenAI's formats and their copies report them, brought to one meaning (`domain.messages.Usage`)."""

from typing import Any

from union_square.domain.messages import Usage
from union_square.wire.cost import Priced
from union_square.wire.jsontext import count_of, obj_of

_DETAILS = ("_tokens_details", "_token_details")


def _first(*values: Any) -> int | None:
    return next((count for count in map(count_of, values) if count is not None), None)


def usage_of(value: Any) -> Usage | None:
    """The usage object of chat completions, responses, embeddings and their copies; None = nothing reported.

    Beside OpenAI's own names: DeepSeek's `prompt_cache_hit_tokens`, Moonshot's `cached_tokens`, Mistral's
    `num_cached_tokens`, OpenRouter's `cache_write_tokens`, LiteLLM's `cache_creation_input_tokens`.
    """
    usage = obj_of(value)
    if not usage:
        return None  # nearly every chunk of a stream
    inputs = obj_of(usage.get("prompt_tokens_details")) or obj_of(usage.get("input_tokens_details"))
    outputs = obj_of(usage.get("completion_tokens_details")) or obj_of(usage.get("output_tokens_details"))
    found = Usage(
        input_tokens=_first(usage.get("prompt_tokens"), usage.get("input_tokens")),
        output_tokens=_output(usage, outputs),
        cache_read_input_tokens=_first(
            inputs.get("cached_tokens"),
            usage.get("prompt_cache_hit_tokens"),
            usage.get("cached_tokens"),
            usage.get("num_cached_tokens"),
        ),
        cache_creation_input_tokens=_first(inputs.get("cache_write_tokens"), usage.get("cache_creation_input_tokens")),
        reasoning_output_tokens=_first(outputs.get("reasoning_tokens"), usage.get("reasoning_tokens")),
    )
    return None if found == Usage() else found


def priced_of(value: Any) -> Priced:
    """The tokens of a usage object that were sound or image: they have prices of their own."""
    usage = obj_of(value)
    found: list[tuple[str, int]] = []
    for side, names in (("input", ("prompt", "input")), ("output", ("completion", "output"))):
        keys = [f"{name}{ending}" for name in names for ending in _DETAILS]
        details = obj_of(next((usage[key] for key in keys if usage.get(key)), None))
        for kind in ("audio", "image"):
            tokens = count_of(details.get(f"{kind}_tokens"))
            if tokens:
                found.append((f"{side}_{kind}_tokens", tokens))
    return tuple(found)


def _output(usage: dict[str, Any], details: dict[str, Any]) -> int | None:
    output = _first(usage.get("completion_tokens"), usage.get("output_tokens"))
    reasoning = count_of(details.get("reasoning_tokens"))
    total, prompt = count_of(usage.get("total_tokens")), _first(usage.get("prompt_tokens"), usage.get("input_tokens"))
    if output is None or not reasoning or total is None or prompt is None:
        return output
    # xAI counts reasoning beside the completion, and its total tells so.
    return output + reasoning if total == prompt + output + reasoning else output
