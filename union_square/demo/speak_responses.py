"""OpenAI's responses, after its API reference. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from union_square.demo.script import Ask, Conversation, Results
from union_square.demo.voice import CREATED, Voice, response_id, sse, tokens_of


def responses_request(conversation: Conversation, index: int) -> dict[str, Any]:
    step = conversation.steps[index]
    match step.said:
        case Ask(text=text):
            items: list[dict[str, Any]] = [{"role": "user", "content": text}]
        case Results(of=results):
            items = [{"type": "function_call_output", "call_id": i, "output": text} for i, text in results.items()]
    body: dict[str, Any] = {
        "model": conversation.model,
        "instructions": conversation.system,
        "input": items,
        "stream": step.answer.streamed,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "tools": [
            {"type": "function", "name": t.name, "description": t.description, "parameters": t.schema, "strict": False}
            for t in conversation.tools
        ],
    }
    if index:  # the provider keeps the history; the request names the answer it follows
        body["previous_response_id"] = f"resp_{response_id(conversation, index - 1)}"
    return body


class ResponsesVoice(Voice):
    def _items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if self.answer.thinking:
            summary = [{"type": "summary_text", "text": self.answer.thinking}]
            items.append({"type": "reasoning", "id": f"rs_{self.id}", "summary": summary})
        if self.answer.text:
            content: list[dict[str, Any]] = [{"type": "output_text", "text": self.answer.text, "annotations": []}]
            head = {"type": "message", "id": f"msg_{self.id}", "role": "assistant", "status": "completed"}
            items.append({**head, "content": content})
        for use in self.answer.uses:
            head = {"type": "function_call", "id": f"fc_{use.id}", "call_id": use.id, "status": "completed"}
            items.append({**head, "name": use.name, "arguments": json.dumps(dict(use.arguments))})
        return items

    def whole(self) -> dict[str, Any]:
        return self._response("completed")

    def _response(self, status: str) -> dict[str, Any]:
        done = status == "completed"
        usage = {
            "input_tokens": self.input,
            "input_tokens_details": {"cached_tokens": self.cached},
            "output_tokens": self.output,
            "output_tokens_details": {"reasoning_tokens": self.reasoning},
            "total_tokens": self.input + self.output,
        }
        head = {"id": f"resp_{self.id}", "object": "response", "created_at": CREATED, "status": status}
        output = self._items() if done else []
        return {**head, "model": self.model, "output": output, "usage": usage if done else None, "error": None}

    def events(self) -> Iterator[bytes]:
        number = 0

        def event(type_: str, **fields: Any) -> bytes:
            nonlocal number
            number += 1
            return sse({"type": type_, "sequence_number": number - 1, **fields}, type_)

        yield event("response.created", response=self._response("in_progress"))
        for place, item in enumerate(self._items()):
            at = {"output_index": place, "item_id": item["id"]}
            yield event("response.output_item.added", output_index=place, item=_begun(item))
            kind, text, where = _streamed_text(item)
            part = _PARTS.get(item["type"])
            if part is not None:
                name, shape = part
                yield event(f"response.{name}.added", **at, **where, part={**shape, "text": ""})
            for token in tokens_of(text):
                yield event(f"response.{kind}.delta", **at, **where, delta=token, logprobs=[])
            whole = {"arguments": text} if item["type"] == "function_call" else {"text": text}
            yield event(f"response.{kind}.done", **at, **where, **whole)
            if part is not None:
                name, shape = part
                yield event(f"response.{name}.done", **at, **where, part={**shape, "text": text})
            yield event("response.output_item.done", output_index=place, item=item)
        yield event("response.completed", response=self.whole())


_PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "reasoning": ("reasoning_summary_part", {"type": "summary_text"}),
    "message": ("content_part", {"type": "output_text", "annotations": []}),
}


def _begun(item: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, dict[str, Any]] = {
        "reasoning": {"summary": []},
        "message": {"content": [], "status": "in_progress"},
        "function_call": {"arguments": "", "status": "in_progress"},
    }
    return {**item, **empty[item["type"]]}


def _streamed_text(item: dict[str, Any]) -> tuple[str, str, dict[str, int]]:
    match item["type"]:
        case "reasoning":
            return "reasoning_summary_text", item["summary"][0]["text"], {"summary_index": 0}
        case "message":
            return "output_text", item["content"][0]["text"], {"content_index": 0}
        case _:
            return "function_call_arguments", item["arguments"], {}
