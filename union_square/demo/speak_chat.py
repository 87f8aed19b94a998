"""OpenAI's chat completions, after its API reference. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from union_square.demo.script import Answer, Ask, Conversation, Results, Step
from union_square.demo.voice import CREATED, Voice, sse, tokens_of


def _chat_assistant(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.uses:
        message["tool_calls"] = [
            {"id": u.id, "type": "function", "function": {"name": u.name, "arguments": json.dumps(dict(u.arguments))}}
            for u in answer.uses
        ]
    return message


def _chat_said(step: Step) -> list[dict[str, Any]]:
    match step.said:
        case Ask(text=text):
            return [{"role": "user", "content": text}]
        case Results(of=results):
            return [{"role": "tool", "tool_call_id": id_, "content": text} for id_, text in results.items()]


def chat_request(conversation: Conversation, index: int) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": conversation.system}]
    for step in conversation.steps[:index]:
        messages += [*_chat_said(step), _chat_assistant(step.answer)]
    body: dict[str, Any] = {
        "model": conversation.model,
        "messages": [*messages, *_chat_said(conversation.steps[index])],
    }
    if conversation.tools:
        body["tools"] = [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.schema}}
            for t in conversation.tools
        ]
    if conversation.steps[index].answer.streamed:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


class ChatVoice(Voice):
    def _usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.input,
            "completion_tokens": self.output,
            "total_tokens": self.input + self.output,
            "prompt_tokens_details": {"cached_tokens": self.cached},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning},
        }

    def _chunk(self, **fields: Any) -> bytes:
        head = {"id": f"chatcmpl-{self.id}", "object": "chat.completion.chunk", "created": CREATED}
        return sse({**head, "model": self.model, **fields})

    def events(self) -> Iterator[bytes]:
        def delta(reason: str | None = None, **content: Any) -> bytes:
            return self._chunk(choices=[{"index": 0, "delta": content, "finish_reason": reason}], usage=None)

        yield delta(role="assistant", content="")
        for token in tokens_of(self.answer.text):
            yield delta(content=token)
        for number, use in enumerate(self.answer.uses):
            head = {"index": number, "id": use.id, "type": "function"}
            yield delta(tool_calls=[{**head, "function": {"name": use.name, "arguments": ""}}])
            for token in tokens_of(json.dumps(dict(use.arguments))):
                yield delta(tool_calls=[{"index": number, "function": {"arguments": token}}])
        yield delta("tool_calls" if self.answer.uses else "stop")
        yield self._chunk(choices=[], usage=self._usage())
        yield sse("[DONE]")

    def whole(self) -> dict[str, Any]:
        reason = "tool_calls" if self.answer.uses else "stop"
        choice = {"index": 0, "message": _chat_assistant(self.answer), "finish_reason": reason}
        head = {"id": f"chatcmpl-{self.id}", "object": "chat.completion", "created": CREATED, "model": self.model}
        return {**head, "choices": [choice], "usage": self._usage()}
