"""Event logs in memory, and conversations written as the events they leave behind."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from union_square.domain import events as ev
from union_square.domain import records
from union_square.domain.ids import CallId, WriterId
from union_square.recording.ports import Logged, LogProblem

NOON = 1_772_366_400_000_000  # 2026-03-01T12:00:00Z in microseconds
WRITER = WriterId("a" * 32)
OTHER_WRITER = WriterId("b" * 32)


class MemoryLog:
    """`recording.ports.LogReader` over lists. `append` is what a writer would do; `stop` is its death."""

    def __init__(self) -> None:
        self._records = dict[WriterId, list[bytes]]()
        self._dead = set[WriterId]()
        self.removed = dict[WriterId, int]()

    def append(self, events: Iterable[ev.Event], writer: WriterId = WRITER) -> None:
        self._records.setdefault(writer, []).extend(map(records.encode, events))

    def stop(self, writer: WriterId = WRITER) -> None:
        self._dead.add(writer)

    def writers(self) -> list[WriterId]:
        return list(self._records)

    def read(self, writer: WriterId, position: int, limit_bytes: int = 4 << 20) -> Iterator[Logged]:
        here, left = 0, limit_bytes
        for record in list(self._records.get(writer, ())):
            after = here + len(record)
            if here >= position and left > 0:
                ((event, _),) = records.decode(record)
                yield Logged(writer=writer, position=here, after=after, event=event)
                left -= len(record)
            here = after

    def is_alive(self, writer: WriterId) -> bool:
        return writer not in self._dead

    def remove_before(self, writer: WriterId, position: int) -> int:
        self.removed[writer] = position
        return 0

    def problems(self) -> tuple[LogProblem, ...]:
        return ()


def call_id(number: int) -> CallId:
    return CallId(f"{number:032x}")


def exchange(
    number: int,
    path: str,
    request: dict[str, Any],
    response: dict[str, Any] | bytes,
    *,
    seconds: float | None = None,
    duration: float = 0.5,
    fingerprint: str = "key",
    headers: Sequence[tuple[str, str]] = (),
    status: int = 200,
    upstream: str = "openai",
) -> list[ev.Event]:
    """A call that began `seconds` (by default `number`) after noon. A response in bytes is a stream of events."""
    asked = json.dumps(request).encode()
    data = response if isinstance(response, bytes) else json.dumps(response).encode()
    kind = "text/event-stream" if isinstance(response, bytes) else "application/json"
    id_, at = call_id(number), NOON + round((number if seconds is None else seconds) * 1e6)
    lines = [f"POST /{upstream}{path} HTTP/1.1", "Host: x", "Content-Type: application/json"]
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers), "", ""]).encode()
    answer = f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\n\r\n".encode()
    ended = at + round(duration * 1e6)
    return [
        ev.RequestHead(call_id=id_, at=at, upstream=upstream, fingerprint=fingerprint, recorded=True, head=head),
        ev.RequestChunk(call_id=id_, at=at + 10, data=asked),
        ev.RequestEnd(call_id=id_, at=at + 20, total=len(asked)),
        ev.ResponseHead(call_id=id_, at=ended - 20, head=answer),
        ev.ResponseChunk(call_id=id_, at=ended - 10, data=data),
        ev.ResponseEnd(call_id=id_, at=ended, total=len(data)),
    ]


def chat(
    number: int,
    messages: Sequence[Any],
    answers: Sequence[Any],
    *,
    seconds: float | None = None,
    duration: float = 0.5,
    fingerprint: str = "key",
    headers: Sequence[tuple[str, str]] = (),
    status: int = 200,
    **body: Any,
) -> list[ev.Event]:
    """An unstreamed call of OpenAI's chat completions. Messages and answers are texts, which user and assistant say by
    turns, or JSON objects as they stand."""
    turns = ("user", "assistant")
    said = [m if isinstance(m, dict) else {"role": turns[i % 2], "content": m} for i, m in enumerate(messages)]
    spoken = [a if isinstance(a, dict) else {"role": "assistant", "content": a} for a in answers]
    choices = [{"index": i, "finish_reason": "stop", "message": answer} for i, answer in enumerate(spoken)]
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    response = {"id": f"r{number}", "object": "chat.completion", "model": "gpt-4o-mini-2024-07-18", "choices": choices}
    return exchange(
        number,
        "/v1/chat/completions",
        {"model": "gpt-4o-mini", "messages": said} | body,
        response | {"usage": usage},
        seconds=seconds,
        duration=duration,
        fingerprint=fingerprint,
        headers=headers,
        status=status,
    )


def in_time(*calls: Iterable[ev.Event]) -> list[ev.Event]:
    """The events of several calls as one writer would have logged them."""
    return sorted((event for call in calls for event in call), key=lambda event: event.at)
