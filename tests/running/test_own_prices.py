"""A price that the user gives, and what the provider says of its answer, come out of the running product."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.product import eventually, running_product, upstream_in_a_thread
from tests.support.upstream import response
from union_square.domain.ids import CallId
from union_square.store.sql import SqlStore
from union_square.ui.present_call import present_call

USAGE = {
    "prompt_tokens": 1_000_000,
    "completion_tokens": 500_000,
    "total_tokens": 1_500_000,
    "prompt_tokens_details": {"cached_tokens": 200_000, "audio_tokens": 300},
}
ANSWER = {
    "id": "chatcmpl-7",
    "model": "house-7b",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": USAGE,
}
HEADERS = [("Content-Type", "application/json"), ("x-request-id", "req_7"), ("x-ratelimit-remaining-tokens", "99")]
PRICES = [{"model": "house-*", "upstream": "lab", "input": 2, "output": 8, "cache_read": 0.5}]


def asked(proxy: str) -> str:
    """The id of a call that was made through the proxy."""
    body = {"model": "house-7b", "messages": [{"role": "user", "content": "Hi"}]}
    answer = httpx.post(f"{proxy}/lab/v1/chat/completions", json=body, timeout=30, trust_env=False)
    assert answer.json() == ANSWER
    return answer.headers["x-union-square-call-id"]


def shown(home: Path, call_id: str) -> dict[str, str]:
    """The figures and facts of the call's page, once the store has it."""
    store = SqlStore(f"sqlite:///{home / 'union-square.db'}")
    try:
        eventually(lambda: call_id in {call.id for call in store.reader.calls().items if call.state == "done"})
        page = present_call(store.reader.call(CallId(call_id)), "http://proxy", None)
    finally:
        store.close()
    return {pair.name: pair.value for pair in [*page.usage, *page.facts]}


def test_a_users_own_price_and_the_providers_facts_reach_rest_and_the_page(tmp_path: Path) -> None:
    given = {"UNION_SQUARE_PRICES": json.dumps(PRICES)}
    with (
        upstream_in_a_thread([[response(json.dumps(ANSWER).encode(), headers=HEADERS)]]) as upstream,
        running_product(tmp_path / "home", {"lab": upstream.base_url}, environment=given) as product,
    ):
        call_id = asked(product.proxy)
        facts = shown(tmp_path / "home", call_id)
        call: dict[str, Any] = product.ended(call_id)
    assert call["cost_usd"] == pytest.approx(0.8 * 2 + 0.2 * 0.5 + 0.5 * 8)
    assert call["cost_source"] == "your settings: lab/house-*"
    assert facts["price from"] == call["cost_source"]
    assert facts["cost"].startswith("$5.7")
    assert (call["response_id"], call["request_id"]) == ("chatcmpl-7", "req_7")
    assert call["rate_limits"] == {"x-ratelimit-remaining-tokens": "99"}
    assert call["usage_details"] == {"input_audio_tokens": 300}
    assert (facts["response id"], facts["request id"]) == ("chatcmpl-7", "req_7")
    assert facts["x-ratelimit-remaining-tokens"] == "99"
    assert facts["of them input audio tokens"] == "300"
