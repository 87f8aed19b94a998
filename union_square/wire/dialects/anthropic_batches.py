"""Anthropic's batches of messages: what is asked in one go, and the results, which are JSON lines.

https://docs.claude.com/en/api/creating-message-batches. A batch's requests and answers are named by their `custom_id`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from union_square.domain.messages import Message, OtherPart, Request, Usage
from union_square.wire.dialects.anthropic_blocks import blocks_of
from union_square.wire.dialects.anthropic_messages import AnthropicMessages, usage_of
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.failures import failure_of
from union_square.wire.headers import Target
from union_square.wire.jsontext import json_text, list_of, obj_of, text_of

_PATH = re.compile(r"/messages/batches(/[^/]+(/(results|cancel))?)?/?\Z")
MAX_ENTRIES = 10_000
"""Of a batch that are shown; Anthropic allows 100,000."""


class AnthropicBatches:
    name = "anthropic-batches"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:  # noqa: ARG002 nobody else sends batches so
        return False

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        asked = [obj_of(item) for item in list_of(body.get("requests"))[:MAX_ENTRIES]]
        messages: list[Message] = []
        models: list[str] = []
        for item in asked:
            inner = AnthropicMessages().read_request(target, obj_of(item.get("params")))
            messages += [replace(message, name=text_of(item.get("custom_id"))) for message in inner.messages]
            models.append(inner.model)
        results = target.path.rstrip("/").endswith("/results")
        return Request(
            dialect=self.name,
            operation="batch_results" if results else "batch",
            model=next(iter(models), "") if len(set(models)) == 1 else "",
            messages=tuple(messages),
        )

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return BatchDraft()


class BatchDraft(Draft):
    """The state of a batch, or its results; their usage is the sum of them all."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: list[Message] = []
        self._state: OtherPart | None = None

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        if "result" in body and "custom_id" in body:
            return self.read_event("", body)  # of a batch of one, the only line
        if "processing_status" not in body:
            return False
        self.response_id = text_of(body.get("id"))
        self._state = OtherPart(label="batch", json=json_text(body))
        return True

    def take_failure(self, value: Any) -> bool:
        """One entry that failed is no failure of the call."""
        return "result" not in obj_of(value) and super().take_failure(value)

    def read_event(self, name: str, value: Any) -> bool:  # noqa: ARG002
        entry = obj_of(value)
        result = obj_of(entry.get("result"))
        if not result:
            return False
        if len(self._messages) >= MAX_ENTRIES:
            self.note(f"more than {MAX_ENTRIES:,} results; the rest are not shown")
            return True
        message = obj_of(result.get("message"))
        self.model = text_of(message.get("model")) or self.model
        self.usage = _sum(self.usage, usage_of(message.get("usage")))
        reason = text_of(message.get("stop_reason"))
        self.finish_reasons = tuple(dict.fromkeys((*self.finish_reasons, *([reason] if reason else []))))
        parts = blocks_of(message.get("content"))
        if not message:
            failed = failure_of(obj_of(result.get("error")))
            parts = [OtherPart(label=failed[0] if failed else text_of(result.get("type")), json=json_text(result))]
        self._messages.append(Message(role="assistant", parts=tuple(parts), name=text_of(entry.get("custom_id"))))
        self.output_pieces += 1
        return True

    def read_messages(self) -> Iterator[Message]:
        if self._state is not None:
            yield Message(role="assistant", parts=(self._state,))
        yield from self._messages


def _sum(one: Usage | None, other: Usage | None) -> Usage | None:
    if one is None or other is None:
        return one or other

    def add(mine: int | None, theirs: int | None) -> int | None:
        return None if mine is None and theirs is None else (mine or 0) + (theirs or 0)

    return Usage(
        input_tokens=add(one.input_tokens, other.input_tokens),
        output_tokens=add(one.output_tokens, other.output_tokens),
        cache_read_input_tokens=add(one.cache_read_input_tokens, other.cache_read_input_tokens),
        cache_creation_input_tokens=add(one.cache_creation_input_tokens, other.cache_creation_input_tokens),
        reasoning_output_tokens=add(one.reasoning_output_tokens, other.reasoning_output_tokens),
    )
