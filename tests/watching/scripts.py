"""Conversations as scripts of events, for a hand-written log."""

import json
import time
from collections.abc import Sequence
from typing import Any

from union_square.domain import events as ev
from union_square.domain.ids import CallId


def call_id(number: int) -> CallId:
    return CallId(f"0190{number:028x}")


def now_us() -> int:
    return time.time_ns() // 1000


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


class Script:
    """One streamed OpenAI chat call, event by event, each `step_us` after the one before."""

    def __init__(
        self,
        number: int,
        messages: Sequence[dict[str, Any]] = (user("Hello"),),
        *,
        started_us: int | None = None,
        headers: Sequence[tuple[str, str]] = (),
        step_us: int = 1000,
    ) -> None:
        self.id = call_id(number)
        self.at = now_us() if started_us is None else started_us
        self.step_us = step_us
        self.body = json.dumps({"model": "gpt-test", "stream": True, "messages": list(messages)}).encode()
        self.headers = headers
        self.total = 0

    def _tick(self) -> int:
        self.at += self.step_us
        return self.at

    def request(self) -> list[ev.Event]:
        lines = [
            "POST /openai/v1/chat/completions HTTP/1.1",
            "Host: localhost",
            "Content-Type: application/json",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        head = "\r\n".join([*lines, "", ""]).encode()
        return [
            ev.RequestHead(call_id=self.id, at=self.at, upstream="openai", fingerprint="key", recorded=True, head=head),
            ev.RequestChunk(call_id=self.id, at=self._tick(), data=self.body),
            ev.RequestEnd(call_id=self.id, at=self._tick(), total=len(self.body)),
        ]

    def answer_begins(self, status: str = "200 OK") -> list[ev.Event]:
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n".encode()
        return [ev.ResponseHead(call_id=self.id, at=self._tick(), head=head)]

    def says(self, *texts: str) -> list[ev.Event]:
        return [self._chunk({"delta": {"content": text}}) for text in texts]

    def _chunk(self, choice: dict[str, Any]) -> ev.Event:
        value = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-test-1", "choices": [choice]}
        data = f"data: {json.dumps(value | {'choices': [{'index': 0} | choice]})}\n\n".encode()
        self.total += len(data)
        return ev.ResponseChunk(call_id=self.id, at=self._tick(), data=data)

    def ends(self) -> list[ev.Event]:
        return [
            self._chunk({"delta": {}, "finish_reason": "stop"}),
            ev.ResponseEnd(call_id=self.id, at=self._tick(), total=self.total),
        ]

    def whole(self, *texts: str) -> list[ev.Event]:
        return [*self.request(), *self.answer_begins(), *self.says(*texts), *self.ends()]
