"""The official Anthropic SDK."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.clients.conftest import KEY, Wire, answer, events

SAY: Any = [{"role": "user", "content": "How far is it to the bridge?"}]
MESSAGE: dict[str, Any] = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-of-tests", "stop_sequence": None,
    "content": [{"type": "text", "text": "Two miles."}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 12, "output_tokens": 4},
}  # fmt: skip
BATCH: dict[str, Any] = {
    "id": "msgbatch_1", "type": "message_batch", "processing_status": "ended", "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-02T00:00:00Z", "archived_at": None, "cancel_initiated_at": None, "ended_at": None,
    "request_counts": {"processing": 0, "succeeded": 1, "errored": 0, "canceled": 0, "expired": 0},
}  # fmt: skip


@pytest.fixture
def client(wire: Wire) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key=KEY, base_url=f"{wire.url}/anthropic", max_retries=0) as client:
        yield client


def test_messages_whole_and_streamed(wire: Wire, client: anthropic.Anthropic) -> None:
    empty = MESSAGE | {"content": [], "stop_reason": None}
    wire.answers(
        answer(MESSAGE, request_id="req_1"),
        events(
            {"type": "message_start", "message": empty},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "ping"},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Two "}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "miles."}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
            {"type": "message_stop"},
            named=True,
        ),
    )
    whole = client.messages.create(model="claude-of-tests", max_tokens=99, messages=SAY)
    assert (whole.content[0].type, whole._request_id) == ("text", "req_1")
    with client.messages.stream(model="claude-of-tests", max_tokens=99, messages=SAY) as stream:
        assert list(stream.text_stream) == ["Two ", "miles."]
        assert stream.get_final_message().usage.output_tokens == 4
    wire.seen("POST /v1/messages", "POST /v1/messages")


def test_tokens_are_counted(wire: Wire, client: anthropic.Anthropic) -> None:
    wire.answers(answer({"input_tokens": 12}))
    assert client.messages.count_tokens(model="claude-of-tests", messages=SAY).input_tokens == 12
    wire.seen("POST /v1/messages/count_tokens")


def test_batches_are_made_asked_after_listed_and_read(wire: Wire, client: anthropic.Anthropic) -> None:
    # The SDK reads results from the address that the batch names. Anthropic names its own, and bodies pass unchanged:
    # so that one request goes past the proxy, unless, as here, the address is the proxy's.
    results = BATCH | {"results_url": f"{wire.url}/anthropic/v1/messages/batches/msgbatch_1/results"}
    line = {"custom_id": "a", "result": {"type": "succeeded", "message": MESSAGE}}
    wire.answers(
        answer(results), answer(results), answer({"data": [results], "has_more": False, "first_id": "", "last_id": ""}),
        answer(results), answer(line),
    )  # fmt: skip
    params: Any = {"model": "claude-of-tests", "max_tokens": 99, "messages": SAY}
    made = client.messages.batches.create(requests=[{"custom_id": "a", "params": params}])
    assert client.messages.batches.retrieve(made.id).processing_status == "ended"
    assert [batch.id for batch in client.messages.batches.list(limit=1)] == ["msgbatch_1"]
    assert [found.custom_id for found in client.messages.batches.results(made.id)] == ["a"]
    wire.seen(
        "POST /v1/messages/batches",
        "GET /v1/messages/batches/msgbatch_1",
        "GET /v1/messages/batches?limit=1",
        "GET /v1/messages/batches/msgbatch_1",
        "GET /v1/messages/batches/msgbatch_1/results",
    )


def test_an_overloaded_provider_is_told_as_it_tells(wire: Wire, client: anthropic.Anthropic) -> None:
    body = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_2"}'
    head = f"HTTP/1.1 529 \r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    wire.answers([head.encode() + body.encode()])
    with pytest.raises(anthropic.APIStatusError) as failed:
        client.messages.create(model="claude-of-tests", max_tokens=99, messages=SAY)
    assert failed.value.status_code == 529
    assert "overloaded_error" in str(failed.value)
    wire.seen("POST /v1/messages", state="failed")
