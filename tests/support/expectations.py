"""What a recorded exchange says, read here a second time and in another way than the product does: its format, its JSON
values, the provider's own counts, the text that the model wrote."""

import base64
import json
import re
import struct
import zlib
from typing import Any

from tests.support.cassettes import Exchange
from union_square.domain.messages import Usage

_BY_PATH = (
    ("openai-chat", re.compile(r"/chat/completions(\?|#|$)")),
    ("openai-responses", re.compile(r"/responses(/input_tokens)?(\?|$)")),
    ("", re.compile(r"/threads/[^/]+/messages(\?|$)")),
    ("anthropic-messages", re.compile(r"/messages(/count_tokens)?(\?|$)")),
    ("gemini-interactions", re.compile(r"/interactions(\?|$)")),
    ("gemini-generate", re.compile(r":((stream)?generateContent|countTokens)(\?|$)", re.IGNORECASE)),
    ("cohere-chat", re.compile(r"/v2/chat$")),
    ("cohere-v1-chat", re.compile(r"cohere.*/v1/chat$")),
    ("ollama-chat", re.compile(r"/api/(chat|generate)$")),
    ("bedrock-converse", re.compile(r"/converse(-stream)?$")),
    ("bedrock-converse", re.compile(r"/model/[^/]*nova-(micro|lite|pro)[^/]*/invoke(-with-response-stream)?$")),
    ("anthropic-messages", re.compile(r"/publishers/anthropic/models/[^/]+:(stream)?rawPredict$")),
    ("anthropic-batches", re.compile(r"/messages/batches$")),
    ("text-completion", re.compile(r"/model/[^/]*claude-(v2|instant)[^/]*/invoke(-with-response-stream)?$")),
    ("anthropic-messages", re.compile(r"/model/[^/]*claude[^/]*/invoke(-with-response-stream)?$")),
    ("embeddings", re.compile(r"/embed(dings)?(\?|$)|embed[^/]*:predict$|EmbedContents$|embed[^/]*/invoke$")),
    ("text-completion", re.compile(r"/completions(\?|$)|/invocations$|/invoke(-with-response-stream)?$")),
    ("images", re.compile(r"/images/(generations|edits|variations)$")),
    ("audio-transcription", re.compile(r"/audio/(transcriptions|translations)$")),
    ("moderation", re.compile(r"/moderations$")),
    ("rerank", re.compile(r"/rerank$")),
)
# By a field that only one of the formats behind Bedrock's invoke has, at the top of its request.
_OF_INVOKE = {
    "anthropic_version": "anthropic-messages",
    "prompt": "text-completion",
    "inputText": "text-completion",
    "message": "cohere-v1-chat",
    "messages": "openai-chat",
}


def expected_dialect(exchange: Exchange) -> str:
    """The format that an exchange has to be told to have; "" = it asks no model."""
    if exchange.method != "POST":
        return ""
    place = f"{exchange.provider}{exchange.path}"
    if not exchange.request_body and "/model/" in place:
        return ""
    found = next((name for name, pattern in _BY_PATH if pattern.search(place)), "")
    if "/model/" in place and found in {"text-completion", "anthropic-messages"}:
        return _of_invoke(exchange, found)
    return found


def _of_invoke(exchange: Exchange, found: str) -> str:
    """Behind Bedrock a model's name does not tell which of its maker's formats is spoken."""
    fields = {key for key in _OF_INVOKE if f'"{key}"'.encode() in exchange.request_body}
    return next((_OF_INVOKE[key] for key in _OF_INVOKE if key in fields), found)


def decoded(exchange: Exchange) -> str:
    """The response body as text, its compression off; an AWS event stream as the JSON lines of its payloads."""
    body = exchange.response_body
    if body[:2] == b"\x1f\x8b":
        body = zlib.decompressobj(31).decompress(body)
    if is_aws_stream(exchange):
        return "\n".join(json.dumps(value) for value in _aws_values(body))
    return body.decode("utf-8", "replace")


def is_aws_stream(exchange: Exchange) -> bool:
    return "eventstream" in exchange.header("content-type") and exchange.response_body[:1] == b"\0"


def _aws_values(body: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    at = 0
    while at < len(body):
        total, headers = struct.unpack(">II", body[at : at + 8])
        name = re.search(rb":event-type\x07..([A-Za-z]+)", body[at : at + 12 + headers], re.DOTALL)
        value = json.loads(body[at + 12 + headers : at + total - 4])
        if "bytes" in value:
            value = json.loads(base64.b64decode(value["bytes"]))
        elif name:
            value = {name[1].decode(): value}
        found.append(value)
        at += total
    return found


def json_values(exchange: Exchange) -> list[dict[str, Any]]:
    """Every JSON object of the response, whether it is one body, a list, or a stream of events or lines."""
    text = decoded(exchange)
    try:
        value = json.loads(text)
    except ValueError:
        payloads = [line.removeprefix("data:").strip() for line in text.splitlines()]
        return [json.loads(payload) for payload in payloads if payload.startswith("{")]
    return value if isinstance(value, list) else [value]


def is_stream(exchange: Exchange) -> bool:
    try:
        json.loads(decoded(exchange))
    except ValueError:
        return True
    return is_aws_stream(exchange)


def get(value: Any, *keys: str) -> Any:
    """What stands below those keys, None where they lead nowhere."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def expected_usage(dialect: str, values: list[dict[str, Any]]) -> Usage | None:
    """The provider's own counts, merged as its documentation says."""
    reader = _READERS.get(dialect, _openai_usage)
    return reader(values)


def usage_of_headers(exchange: Exchange) -> Usage | None:
    """What Bedrock counts in its headers where a model's own answer counts nothing."""
    count = exchange.header("x-amzn-bedrock-input-token-count")
    written = exchange.header("x-amzn-bedrock-output-token-count")
    return Usage(input_tokens=int(count), output_tokens=int(written) if written else None) if count else None


def _anthropic_usage(values: list[dict[str, Any]]) -> Usage | None:
    counts: dict[str, Any] = {}
    for value in values:
        reported = value.get("usage") or get(value, "message", "usage") or {}
        counts.update({key: count for key, count in reported.items() if count is not None})
    if "input_tokens" not in counts:
        return None
    cached = (counts.get("cache_read_input_tokens") or 0) + (counts.get("cache_creation_input_tokens") or 0)
    return Usage(
        input_tokens=counts["input_tokens"] + cached,
        output_tokens=counts.get("output_tokens"),
        cache_read_input_tokens=counts.get("cache_read_input_tokens"),
        cache_creation_input_tokens=counts.get("cache_creation_input_tokens"),
        reasoning_output_tokens=get(counts, "output_tokens_details", "thinking_tokens"),
    )


def _interactions_usage(values: list[dict[str, Any]]) -> Usage | None:
    found: dict[str, Any] = {}
    for value in values:
        found = value.get("usage") or get(value, "interaction", "usage") or found
    if not found:
        return None
    asked = found["total_input_tokens"] + found.get("total_tool_use_tokens", 0)
    return Usage(
        input_tokens=asked,
        output_tokens=found["total_tokens"] - asked,
        cache_read_input_tokens=found.get("total_cached_tokens"),
        reasoning_output_tokens=found.get("total_thought_tokens"),
    )


def _ollama_usage(values: list[dict[str, Any]]) -> Usage | None:
    found = Usage(input_tokens=values[-1].get("prompt_eval_count"), output_tokens=values[-1].get("eval_count"))
    return None if found == Usage() else found


def _cohere_usage(values: list[dict[str, Any]]) -> Usage | None:
    last = values[-1]
    ended = last.get("usage") or get(last, "delta", "usage") or last.get("meta") or get(last, "response", "meta")
    billed = get(ended, "billed_units")
    return Usage(input_tokens=billed["input_tokens"], output_tokens=billed["output_tokens"]) if billed else None


def _converse_usage(values: list[dict[str, Any]]) -> Usage | None:
    found = next((get(value, "metadata", "usage") or value.get("usage") for value in reversed(values)), None)
    if not found:
        return None
    read = found.get("cacheReadInputTokens", found.get("cacheReadInputTokenCount"))
    written = found.get("cacheWriteInputTokens", found.get("cacheWriteInputTokenCount"))
    usage = Usage(
        input_tokens=found["inputTokens"] + (read or 0) + (written or 0),
        output_tokens=found.get("outputTokens"),  # none where a guardrail answered
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
    )
    assert found.get("totalTokens") in {None, (usage.input_tokens or 0) + (usage.output_tokens or 0)}
    return usage


def _gemini_usage(values: list[dict[str, Any]]) -> Usage | None:
    """The last counts; the total is of everything, the prompt and what tools added to it are the input."""
    counts = [value["usageMetadata"] for value in values if value.get("usageMetadata")]
    counts = [count for count in counts if "totalTokenCount" in count]
    if not counts:
        return None
    last = counts[-1]
    input_tokens = last["promptTokenCount"] + last.get("toolUsePromptTokenCount", 0)
    return Usage(
        input_tokens=input_tokens,
        output_tokens=last["totalTokenCount"] - input_tokens,
        cache_read_input_tokens=last.get("cachedContentTokenCount"),
        reasoning_output_tokens=last.get("thoughtsTokenCount"),
    )


def _embeddings_usage(values: list[dict[str, Any]]) -> Usage | None:
    value = values[0]
    if get(value, "usage", "prompt_tokens") is not None:
        return _openai_usage(values)
    counts = [get(value, "usage", "total_tokens"), get(value, "meta", "billed_units", "input_tokens")]
    counts.append(get(value, "usageMetadata", "promptTokenCount"))
    for prediction in value.get("predictions") or []:
        counts.append(get(prediction, "embeddings", "statistics", "token_count"))
    counted = [count for count in counts if count is not None]
    return Usage(input_tokens=sum(counted)) if counted else None


def _completion_usage(values: list[dict[str, Any]]) -> Usage | None:
    metrics = values[-1].get("amazon-bedrock-invocationMetrics")
    if metrics:
        return Usage(input_tokens=metrics["inputTokenCount"], output_tokens=metrics["outputTokenCount"])
    titan = {key: count for value in values for key, count in value.items() if "TextTokenCount" in key and count}
    if titan:
        written = [item["tokenCount"] for value in values for item in value.get("results") or []]
        output = titan.get("totalOutputTextTokenCount", sum(written) if written else None)
        return Usage(input_tokens=titan.get("inputTextTokenCount"), output_tokens=output)
    return _openai_usage(values)


def _openai_usage(values: list[dict[str, Any]]) -> Usage | None:
    found: dict[str, Any] = {}
    for value in values:
        found = value.get("usage") or get(value, "response", "usage") or get(value, "x_groq", "usage") or found
    prompt = found.get("prompt_tokens", found.get("input_tokens"))
    if prompt is None:
        return None
    completion = found.get("completion_tokens", found.get("output_tokens"))
    reasoning = get(found, "completion_tokens_details", "reasoning_tokens")
    reasoning = get(found, "output_tokens_details", "reasoning_tokens") if reasoning is None else reasoning
    reasoning = found.get("reasoning_tokens") if reasoning is None else reasoning
    if get(found, "completion_tokens_details", "reasoning_tokens") and found["total_tokens"] != prompt + completion:
        completion = found["total_tokens"] - prompt
    cached = get(found, "prompt_tokens_details", "cached_tokens")
    cached = get(found, "input_tokens_details", "cached_tokens") if cached is None else cached
    for key in ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens"):
        cached = found.get(key) if cached is None else cached
    written = get(found, "prompt_tokens_details", "cache_write_tokens")
    written = get(found, "input_tokens_details", "cache_write_tokens") if written is None else written
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_input_tokens=cached,
        cache_creation_input_tokens=found.get("cache_creation_input_tokens") if written is None else written,
        reasoning_output_tokens=reasoning,
    )


_READERS = {
    "anthropic-messages": _anthropic_usage,
    "ollama-chat": _ollama_usage,
    "cohere-chat": _cohere_usage,
    "cohere-v1-chat": _cohere_usage,
    "bedrock-converse": _converse_usage,
    "gemini-generate": _gemini_usage,
    "gemini-interactions": _interactions_usage,
    "embeddings": _embeddings_usage,
    "text-completion": _completion_usage,
}


def expected_text(dialect: str, values: list[dict[str, Any]]) -> str:
    """All text the model wrote in its first choice, without thoughts, in order."""
    return "".join(text for value in values for text in _texts(dialect, value))


def _texts(dialect: str, value: dict[str, Any]) -> list[str]:
    match dialect:
        case "openai-chat":
            return [_chat_text(choice) for choice in value.get("choices") or [] if choice.get("index", 0) == 0]
        case "ollama-chat":
            return [get(value, "message", "content") or value.get("response") or ""]
        case "cohere-chat":
            blocks = [block.get("text", "") for block in get(value, "message", "content") or []]
            return [*blocks, get(get(value, "delta", "message", "content"), "text") or ""]
        case "cohere-v1-chat":
            return [value.get("text", "")]
        case "gemini-generate":
            parts = [
                part for item in (value.get("candidates") or [])[:1] for part in get(item, "content", "parts") or []
            ]
            return [part["text"] for part in parts if "text" in part and not part.get("thought")]
        case "gemini-interactions":
            said = [part for step in value.get("steps") or [] for part in step.get("content") or []]
            texts = [part["text"] for part in said if part["type"] == "text"]
            return [*texts, get(value, "delta", "text") or ""]
        case "anthropic-messages":
            blocks = [block["text"] for block in value.get("content") or [] if block["type"] == "text"]
            return [*blocks, get(value, "delta", "text") or get(value, "content_block", "text") or ""]
        case "bedrock-converse":
            blocks = get(value, "output", "message", "content") or []
            blocks = [part for block in blocks for part in get(block, "citationsContent", "content") or [block]]
            return [*(part.get("text", "") for part in blocks), get(value, "contentBlockDelta", "delta", "text") or ""]
        case "text-completion":
            lists = ("choices", "results", "outputs", "generations", "completions")
            first = next((value[name][0] for name in lists if value.get(name)), value)
            first = first.get("data") or first  # AI21's
            texts = ("text", "generated_text", "outputText", "generation", "completion")
            return [next((first[name] for name in texts if first.get(name)), "")]
        case "audio-transcription":
            return [value["text"] if value.get("type", "").endswith((".done", "")) and "speaker" not in value else ""]
        case "openai-responses":
            items = [part for item in value.get("output") or [] for part in item.get("content") or []]
            texts = [part.get("text", "") for part in items if part["type"] == "output_text"]
            return [*texts, value["delta"] if value.get("type") == "response.output_text.delta" else ""]
        case _:
            return []


def _chat_text(choice: dict[str, Any]) -> str:
    content = get(choice, "message", "content") or get(choice, "delta", "content")
    if isinstance(content, list):  # Mistral's thinking models
        content = "".join(part.get("text", "") for part in content if part["type"] == "text")
    return content or ""
