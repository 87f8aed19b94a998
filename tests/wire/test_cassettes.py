"""Recorded traffic of many providers is understood: compared with what its own bytes say, read here independently."""

import json
import random
from typing import Any

import pytest

from tests.support.calls import events_of, every, understand
from tests.support.cassettes import Exchange, exchanges, require_cassettes
from tests.support.expectations import (
    decoded,
    expected_dialect,
    expected_text,
    expected_usage,
    is_stream,
    json_values,
    usage_of_headers,
)
from union_square.wire.understanding import Understanding

KNOWN = [exchange for exchange in exchanges() if expected_dialect(exchange)]
SAID = [exchange for exchange in KNOWN if exchange.status == 200]
OTHERS = [exchange for exchange in exchanges() if not expected_dialect(exchange)]


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


@params(SAID)
def test_every_answer_is_understood_in_full(exchange: Exchange) -> None:
    call = played(exchange)
    dialect, values = expected_dialect(exchange), json_values(exchange)
    failed = any(value.get("error") or value.get("type") == "error" for value in values)
    view = call.view()
    assert view.dialect == dialect
    assert call.detail().problems == ()
    assert call.request.messages or not exchange.request_body
    assert call.response.messages or failed
    assert call.response.usage == (expected_usage(dialect, values) or usage_of_headers(exchange))
    assert view.streamed == is_stream(exchange)
    assert view.model or '"model"' not in exchange.request_body.decode("utf-8", "replace")
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
    assert view.dialect == expected_dialect(exchange)
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
