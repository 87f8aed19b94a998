"""Recorded traffic of many providers is understood: compared with what its own bytes say, read here independently."""

import gzip
import json
import random
import re
from typing import Any

import pytest

from tests.support.calls import events_of, every, understand
from tests.support.cassettes import Exchange, exchanges, require_cassettes
from union_square.domain.messages import Usage
from union_square.wire.understanding import Understanding

DIALECT_BY_PATH = (
    ("openai-chat", re.compile(r"/chat/completions(\?|#|$)")),
    ("openai-responses", re.compile(r"/responses(\?|$)")),
    ("anthropic-messages", re.compile(r"/messages(\?|$)")),
    ("gemini-generate", re.compile(r":(stream)?generateContent(\?|$)", re.IGNORECASE)),
    ("cohere-chat", re.compile(r"^/v2/chat$")),
    ("ollama-chat", re.compile(r"^/api/(chat|generate)$")),
)


def dialect_of(exchange: Exchange) -> str:
    if exchange.method != "POST":
        return ""
    return next((name for name, pattern in DIALECT_BY_PATH if pattern.search(exchange.path)), "")


KNOWN = [exchange for exchange in exchanges() if dialect_of(exchange)]
SAID = [exchange for exchange in KNOWN if exchange.status == 200]
OTHERS = [exchange for exchange in exchanges() if not dialect_of(exchange)]


def params(chosen: list[Exchange]) -> pytest.MarkDecorator:
    found = [pytest.param(exchange, id=exchange.name) for exchange in chosen]
    return pytest.mark.parametrize("exchange", found or [pytest.param(None, id="no recordings")])


@pytest.fixture(autouse=True)
def recordings() -> None:
    require_cassettes()


def played(exchange: Exchange, cuts: Any = ()) -> Understanding:
    return understand(
        events_of(
            exchange.path,
            exchange.request_body,
            exchange.response_body,
            method=exchange.method,
            upstream=exchange.provider or "custom",
            request_headers=exchange.request_headers,
            response_headers=exchange.response_headers,
            status=exchange.status,
            cuts=cuts,
        )
    )


def decoded(exchange: Exchange) -> str:
    body = exchange.response_body
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    return body.decode("utf-8", "replace")


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
    return False


def get(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def expected_usage(dialect: str, values: list[dict[str, Any]]) -> Usage | None:
    """The provider's own counts, merged as its documentation says."""
    if dialect == "anthropic-messages":
        counts: dict[str, Any] = {}
        for value in values:
            reported = value.get("usage") or get(value, "message", "usage") or {}
            counts.update({key: count for key, count in reported.items() if count is not None})
        if not counts:
            return None
        cached = (counts.get("cache_read_input_tokens") or 0) + (counts.get("cache_creation_input_tokens") or 0)
        return Usage(
            input_tokens=counts["input_tokens"] + cached,
            output_tokens=counts["output_tokens"],
            cache_read_input_tokens=counts.get("cache_read_input_tokens"),
            cache_creation_input_tokens=counts.get("cache_creation_input_tokens"),
            reasoning_output_tokens=get(counts, "output_tokens_details", "thinking_tokens"),
        )
    if dialect == "ollama-chat":
        last = values[-1]
        return Usage(input_tokens=last["prompt_eval_count"], output_tokens=last["eval_count"])
    if dialect == "cohere-chat":
        ended = values[-1].get("usage") or get(values[-1], "delta", "usage")
        billed = ended["billed_units"]
        return Usage(input_tokens=billed["input_tokens"], output_tokens=billed["output_tokens"])
    if dialect == "gemini-generate":
        return expected_gemini_usage(values)
    found: dict[str, Any] = {}
    for value in values:
        found = value.get("usage") or get(value, "response", "usage") or get(value, "x_groq", "usage") or found
    if not found:
        return None
    prompt = found.get("prompt_tokens", found.get("input_tokens"))
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


def expected_gemini_usage(values: list[dict[str, Any]]) -> Usage | None:
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


def expected_text(dialect: str, values: list[dict[str, Any]]) -> str:
    """All text the model wrote in its first choice, without thoughts, in order."""
    found: list[str] = []
    for value in values:
        if dialect == "openai-chat":
            for choice in value.get("choices") or []:
                content = get(choice, "message", "content") or get(choice, "delta", "content")
                if choice.get("index", 0) != 0:
                    continue
                if isinstance(content, list):  # Mistral's thinking models
                    content = "".join(part.get("text", "") for part in content if part["type"] == "text")
                found.append(content or "")
        elif dialect == "ollama-chat":
            found.append(get(value, "message", "content") or value.get("response") or "")
        elif dialect == "cohere-chat":
            for block in get(value, "message", "content") or []:
                found.append(block.get("text", ""))
            content = get(value, "delta", "message", "content")
            found.append(get(content, "text") or "")
        elif dialect == "gemini-generate":
            for candidate in (value.get("candidates") or [])[:1]:
                parts = get(candidate, "content", "parts") or []
                found += [part["text"] for part in parts if "text" in part and not part.get("thought")]
        elif dialect == "anthropic-messages":
            found += [block["text"] for block in value.get("content") or [] if block["type"] == "text"]
            found += [get(value, "delta", "text") or get(value, "content_block", "text") or ""]
        else:
            body = value if "output" in value else {}
            for item in body.get("output") or []:
                found += [part.get("text", "") for part in item.get("content") or [] if part["type"] == "output_text"]
            if value.get("type") == "response.output_text.delta":
                found.append(value["delta"])
    return "".join(found)


@params(SAID)
def test_every_answer_is_understood_in_full(exchange: Exchange) -> None:
    call = played(exchange)
    dialect, values = dialect_of(exchange), json_values(exchange)
    failed = any(value.get("error") or value.get("type") == "error" for value in values)
    view = call.view()
    assert view.dialect == dialect
    assert call.detail().problems == ()
    assert call.request.messages or not exchange.request_body
    assert call.response.messages or failed
    assert call.response.usage == expected_usage(dialect, values)
    assert view.streamed == is_stream(exchange)
    assert view.model or not exchange.request_body
    assert (
        view.finish_reasons
        or failed
        or not any(choice.get("finish_reason") for value in values for choice in value.get("choices") or [])
    )
    if call.response.messages:
        texts = [part.text for part in call.response.messages[0].parts if part.type == "text"]
        assert "".join(texts) == expected_text(dialect, values)


@params([exchange for exchange in KNOWN if exchange.status >= 400])
def test_every_refusal_is_told_in_the_providers_words(exchange: Exchange) -> None:
    view = played(exchange).view()
    assert view.dialect == dialect_of(exchange)
    assert view.state == "failed"
    assert view.error_type
    assert view.error_message
    assert view.error_message in decoded(exchange).encode().decode("unicode_escape", "replace") or json.dumps(
        view.error_message, ensure_ascii=False
    )[1:-1] in decoded(exchange)


@params(KNOWN)
def test_however_it_is_cut_it_is_the_same(exchange: Exchange) -> None:
    body = exchange.response_body
    chance = random.Random(exchange.name)
    whole = played(exchange)
    for size in (chance.randint(1, 16), chance.randint(16, 400)):
        call = played(exchange, every(size, body))
        assert call.response == whole.response
        assert call.request == whole.request


@params([exchange for exchange in SAID if is_stream(exchange)])
def test_a_stream_grows_and_never_takes_back_what_it_said(exchange: Exchange) -> None:
    body = exchange.response_body
    events = list(
        events_of(
            exchange.path,
            exchange.request_body,
            body,
            upstream="custom",
            request_headers=exchange.request_headers,
            response_headers=exchange.response_headers,
            cuts=every(max(1, len(body) // 8), body),
        )
    )
    call = Understanding(events[0].call_id)
    before = ""
    for event in events:
        call.apply(event)
        said = "".join(
            part.text for message in call.response.messages[:1] for part in message.parts if part.type == "text"
        )
        assert said.startswith(before)
        before = said
    assert (
        call.view().time_to_first_token_ms is not None
        or not call.response.messages
        or not any(
            part.type in {"text", "thinking", "tool_call"} and (part.type == "tool_call" or part.text)
            for message in call.response.messages
            for part in message.parts
        )
    )


@params(OTHERS)
def test_whatever_else_was_recorded_is_shown_as_what_it_is(exchange: Exchange) -> None:
    call = played(exchange, every(97, exchange.response_body))
    detail = call.detail()
    assert call.view().state in {"done", "failed"}
    assert detail.messages or call.view().error_message or not (exchange.request_body or exchange.response_body)
    assert not any("response" in problem for problem in detail.problems)
