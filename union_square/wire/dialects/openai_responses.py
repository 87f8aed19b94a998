"""OpenAI responses, and the servers that speak it.

https://platform.openai.com/docs/api-reference/responses, and …/responses-streaming for the events.
"""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import Message, Part, Request, TextPart
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.openai_parts import offers_of, parts_of
from union_square.wire.dialects.openai_usage import usage_of
from union_square.wire.dialects.responses_items import input_messages, item_parts
from union_square.wire.dialects.responses_slot import Slot
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, list_of, obj_of, text_of

_PATH = re.compile(r"/responses(/(?P<id>resp_[^/]+)(/cancel|/input_items)?|/input_tokens|/compact)?/?\Z")
_NOT_PARAMETERS = {"model", "input", "instructions", "tools", "stream", "previous_response_id", "conversation"}
_OWN_FIELDS = {"instructions", "previous_response_id", "max_output_tokens", "reasoning", "text"}
_ENDS = {"response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done"}
_CITED = "response.output_text.annotation.added"
_OF_ITEMS = {"response.output_item.added", "response.output_item.done", _CITED}
MAX_ITEMS = 4096
"""Output items of one response that are kept. Known responses hold a few dozen."""


class OpenAIResponses:
    name = "openai-responses"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def claims_body(self, body: dict[str, Any]) -> bool:
        asked = body.get("input")
        items = [obj_of(item) for item in list_of(asked)]
        if items:
            return all("role" in item or "type" in item for item in items)
        return isinstance(asked, str) and bool(_OWN_FIELDS & body.keys())

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        conversation = body.get("conversation")
        counting = target.path.rstrip("/").endswith("/input_tokens")
        asked = _PATH.search(target.path)
        fetched = asked["id"] if asked else None  # an answer that was made in the background
        return Request(
            dialect=self.name,
            operation="count_tokens" if counting else "chat",
            model=text_of(body.get("model")),
            messages=(*_instructions(body.get("instructions")), *input_messages(body.get("input"))),
            tools=offers_of(body.get("tools")),
            parameters={key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS},
            stream=body.get("stream") is True,
            previous_response_id=text_of(body.get("previous_response_id")) or fetched or "",
            conversation_id=text_of(conversation) or text_of(obj_of(conversation).get("id")),
        )

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return ResponsesDraft()


def _instructions(value: Any) -> list[Message]:
    if isinstance(value, str):
        return [Message(role="system", parts=(TextPart(text=text_of(value)),))] if value else []
    return input_messages(value) or [Message(role="system", parts=tuple(parts)) for parts in [parts_of(value)] if parts]


class ResponsesDraft(Draft):
    """Fed by whole bodies and by events. An item's last word is its own: `output_item.done`, or the final response."""

    def __init__(self) -> None:
        super().__init__()
        self._slots: dict[int, Slot] = {}  # by output_index
        self._final: list[Part] | None = None

    def read_body(self, value: Any) -> bool:
        body = obj_of(value)
        if body.get("object") != "response" and "output" not in body:
            return False
        self._take_response(body)
        self._take_output(body)
        return True

    def read_event(self, name: str, value: Any) -> bool:
        event = obj_of(value)
        kind = text_of(event.get("type")) or name
        if isinstance(event.get("response"), dict):
            self._take_response(event["response"])
            if kind in _ENDS:
                self.said_all = True
                self._take_output(event["response"])
            return True
        if kind in _OF_ITEMS or kind.endswith(".delta"):
            slot = self._slot(event)
            if slot is not None:
                self._take_piece(slot, kind, event)
            return True
        return kind.startswith(("response.", "keepalive", "error", "codex.")) or kind in {
            "ping",
            "conversation.created",
        }

    def read_messages(self) -> Iterator[Message]:
        parts = self._final
        if parts is None:
            parts = [part for _, slot in sorted(self._slots.items()) for part in slot.parts()]
        if parts or self.response_id:
            yield Message(role="assistant", parts=tuple(parts))

    def _take_response(self, body: dict[str, Any]) -> None:
        self.response_id = text_of(body.get("id")) or self.response_id
        self.model = text_of(body.get("model")) or self.model
        self.service_tier = text_of(body.get("service_tier")) or self.service_tier
        self.usage = usage_of(body.get("usage")) or self.usage
        self.take_failure(body)
        status = text_of(body.get("status"))
        reason = text_of(obj_of(body.get("incomplete_details")).get("reason"))
        if reason or status in {"completed", "incomplete", "failed", "cancelled"}:
            self.finish_reasons = (reason or status,)

    def _take_output(self, body: dict[str, Any]) -> None:
        output = list_of(body.get("output"))
        if len(output) > MAX_ITEMS:
            self.note(f"more than {MAX_ITEMS:,} output items; the rest are not shown")
        if output:  # some servers leave it empty at the end of a stream
            self._final = [part for item in output[:MAX_ITEMS] for part in item_parts(item)]

    def _take_piece(self, slot: Slot, kind: str, event: dict[str, Any]) -> None:
        if kind.endswith(".delta"):
            slot.grow(kind, event, self)
        elif kind == _CITED:
            slot.cite(event)
        else:
            self._take_item(slot, obj_of(event.get("item")), done=kind.endswith("done"))

    def _take_item(self, slot: Slot, item: dict[str, Any], *, done: bool) -> None:
        slot.take(item, done=done)
        if done and not slot.grew and item_parts(item):
            self.output_pieces += 1  # a server that sends no deltas

    def _slot(self, event: dict[str, Any]) -> Slot | None:
        index = count_of(event.get("output_index"))
        if index is None:
            index = max(self._slots, default=0)
        slot = self._slots.get(index)
        if slot is None:
            if len(self._slots) >= MAX_ITEMS:
                self.note(f"more than {MAX_ITEMS:,} output items; the rest are not shown")
                return None
            slot = self._slots[index] = Slot()
        return slot
