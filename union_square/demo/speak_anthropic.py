"""Anthropic's messages, after its API reference. Pure."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from union_square.demo.script import Answer, Ask, Conversation, Results, Step
from union_square.demo.voice import Voice, sse, tokens_of


def _anthropic_blocks(answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.thinking:
        signature = hashlib.sha256(answer.thinking.encode()).hexdigest()
        blocks.append({"type": "thinking", "thinking": answer.thinking, "signature": signature})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    blocks += [{"type": "tool_use", "id": u.id, "name": u.name, "input": dict(u.arguments)} for u in answer.uses]
    return blocks


def _anthropic_said(step: Step) -> dict[str, Any]:
    match step.said:
        case Ask(text=text):
            return {"role": "user", "content": text}
        case Results(of=results):
            blocks = [{"type": "tool_result", "tool_use_id": id_, "content": text} for id_, text in results.items()]
            return {"role": "user", "content": blocks}


def anthropic_request(conversation: Conversation, index: int) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    for step in conversation.steps[:index]:
        messages += [_anthropic_said(step), {"role": "assistant", "content": _anthropic_blocks(step.answer)}]
    body: dict[str, Any] = {
        "model": conversation.model,
        "max_tokens": 2048,
        "system": [{"type": "text", "text": conversation.system, "cache_control": {"type": "ephemeral"}}],
        "messages": [*messages, _anthropic_said(conversation.steps[index])],
    }
    if conversation.tools:
        body["tools"] = [
            {"name": t.name, "description": t.description, "input_schema": t.schema} for t in conversation.tools
        ]
    if any(step.answer.thinking for step in conversation.steps):
        body["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    if conversation.steps[index].answer.streamed:
        body["stream"] = True
    return body


class AnthropicVoice(Voice):
    def _usage(self) -> dict[str, Any]:
        return {
            "input_tokens": self.input - self.cached,  # Anthropic counts cached tokens apart
            "cache_read_input_tokens": self.cached,
            "cache_creation_input_tokens": 0,
            "output_tokens": self.output,
        }

    def whole(self) -> dict[str, Any]:
        return {
            "id": f"msg_{self.id}",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": _anthropic_blocks(self.answer),
            "stop_reason": "tool_use" if self.answer.uses else "end_turn",
            "stop_sequence": None,
            "usage": self._usage(),
        }

    def events(self) -> Iterator[bytes]:
        def event(type_: str, **fields: Any) -> bytes:
            return sse({"type": type_, **fields}, type_)

        usage = {**self._usage(), "output_tokens": 1}
        begun: dict[str, Any] = {**self.whole(), "content": [], "stop_reason": None, "usage": usage}
        yield event("message_start", message=begun)
        for place, block in enumerate(_anthropic_blocks(self.answer)):
            empty, deltas = _anthropic_deltas(block)
            yield event("content_block_start", index=place, content_block=empty)
            for delta in deltas:
                yield event("content_block_delta", index=place, delta=delta)
            yield event("content_block_stop", index=place)
        stop = {"stop_reason": self.whole()["stop_reason"], "stop_sequence": None}
        yield event("message_delta", delta=stop, usage={"output_tokens": self.output})
        yield event("message_stop")

    def error(self) -> dict[str, Any]:
        error = {"type": "rate_limit_error", "message": self.answer.text}
        return {"type": "error", "error": error, "request_id": f"req_{self.id}"}


def _anthropic_deltas(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    match block["type"]:
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": token} for token in tokens_of(block["thinking"])]
            signature = {"type": "signature_delta", "signature": block["signature"]}
            return {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signature]
        case "text":
            return {"type": "text", "text": ""}, [{"type": "text_delta", "text": t} for t in tokens_of(block["text"])]
        case _:
            parts = tokens_of(json.dumps(block["input"]))
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in parts]
