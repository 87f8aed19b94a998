"""Anthropic's batches are shown by what they ask and what came of it."""

import json

from tests.support.calls import events_of, understand
from tests.wire.streams import call
from union_square.domain.messages import Message, TextPart, Usage

STATE = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress"}


def test_a_batch_shows_each_of_its_requests() -> None:
    requests = [
        {
            "custom_id": name,
            "params": {"model": "claude", "system": "S", "messages": [{"role": "user", "content": name}]},
        }
        for name in ("a", "b")
    ]
    got = call("/v1/messages/batches", {"requests": requests}, STATE)
    assert (got.request.dialect, got.request.operation, got.request.model) == ("anthropic-batches", "batch", "claude")
    assert [(message.name, message.role) for message in got.request.messages] == [
        ("a", "system"),
        ("a", "user"),
        ("b", "system"),
        ("b", "user"),
    ]
    assert (got.response.response_id, got.response.messages[0].parts[0].type) == ("msgbatch_1", "other")
    assert got.view().state == "done"


def test_results_are_messages_whose_usage_adds_up_and_costs_nothing_again() -> None:
    def result(name: str, **what: object) -> str:
        return json.dumps({"custom_id": name, "result": what}) + "\n"

    message = {
        "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": "4"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 5, "output_tokens": 1},
    }
    lines = (
        result("a", type="succeeded", message=message)
        + result("b", type="errored", error={"type": "error", "error": {"type": "overloaded_error", "message": "No"}})
        + result("c", type="succeeded", message=message)
    )
    got = understand(
        events_of(
            "/v1/messages/batches/msgbatch_1/results",
            b"",
            lines.encode(),
            method="GET",
            upstream="anthropic",
            response_headers=[("content-type", "application/x-jsonl")],
        )
    )
    assert [message.name for message in got.response.messages] == ["a", "b", "c"]
    assert got.response.messages[0] == Message(role="assistant", name="a", parts=(TextPart(text="4"),))
    assert got.response.usage == Usage(input_tokens=10, output_tokens=2)
    assert (got.cost, got.view().state, got.view().error_type) == (None, "done", "")
    assert got.response.finish_reasons == ("end_turn",)
