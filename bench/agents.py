"""Sessions of coding agents, made up as the proxy would record them: every call repeats the whole history.

The texts are files of Python's own library: code and prose that compress as such things do. The same seed gives the
same session.
"""

import json
import random
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from union_square.domain import events as ev
from union_square.domain import records
from union_square.domain.ids import CallId, WriterId
from union_square.recording.ports import Logged, LogProblem

WRITER = WriterId("b" * 32)
BEGAN = 1_772_366_400_000_000  # microseconds since the epoch
CHUNK_BYTES = 64 << 10  # of a request, as it is read from a socket

Dialect = Literal["openai", "anthropic"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCall:
    """One call's events, and the bodies that went over the wire."""

    events: tuple[ev.Event, ...]
    request: bytes
    response: bytes


@cache
def library() -> tuple[str, ...]:
    """What the made-up tools read: the larger files of Python's standard library, by name."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    texts = (path.read_text("utf-8", "replace") for path in files)
    return tuple(text for text in texts if len(text) > 20_000)


class AgentSession:
    """Call after call of one agent at work; `call()` gives the next."""

    def __init__(self, seed: int, dialect: Dialect = "openai", *, streamed: bool = True) -> None:
        self._random = random.Random(seed)
        self._seed = seed
        self._dialect: Dialect = dialect
        self._streamed = streamed
        self._number = 0
        self._at = BEGAN + seed * 1000
        self._system = self._text(8000)
        self._tools = [self._tool(number) for number in range(18)]
        self._messages: list[Json] = [{"role": "user", "content": self._text(1500)}]

    def call(self) -> AgentCall:
        """The next request and its answer: mostly a word and a tool call, of which the result follows."""
        self._number += 1
        body = json.dumps(self._body()).encode()
        said, name, arguments = self._text(self._random.randint(60, 500)), "read_file", {"path": f"{self._text(20)!r}"}
        tool_id = f"call_{self._random.getrandbits(96):024x}"
        answer = self._answer(said, tool_id, name, json.dumps(arguments))
        events = tuple(self._events(body, answer))
        self._remember(said, tool_id, name, arguments, self._text(self._random.randint(300, 7000)))
        return AgentCall(events=events, request=body, response=b"".join(answer))

    def _text(self, characters: int) -> str:
        text = self._random.choice(library())
        start = self._random.randrange(len(text) - characters) if len(text) > characters else 0
        return text[start : start + characters]

    def _tool(self, number: int) -> Json:
        schema = {
            "type": "object",
            "properties": {f"option_{n}": {"type": "string", "description": self._text(70)} for n in range(4)},
        }
        return {"name": f"tool_{number}", "description": self._text(400), "schema": schema}

    def _body(self) -> Json:
        if self._dialect == "openai":
            tools = [
                {
                    "type": "function",
                    "function": {k: t[k] for k in ("name", "description")} | {"parameters": t["schema"]},
                }
                for t in self._tools
            ]
            messages = [{"role": "system", "content": self._system}, *self._messages]
            return {"model": "gpt-4o-mini", "messages": messages, "tools": tools, "stream": self._streamed}
        tools = [{k: t[k] for k in ("name", "description")} | {"input_schema": t["schema"]} for t in self._tools]
        last = self._messages[-1]
        said: str | list[Json] = last["content"]
        parts: list[Json] = [{"type": "text", "text": said}] if isinstance(said, str) else said
        # The marker of what is to be cached moves to the end with every call, as Anthropic's clients do it.
        marked: list[Json] = [*parts[:-1], parts[-1] | {"cache_control": {"type": "ephemeral"}}]
        messages: list[Json] = [*self._messages[:-1], last | {"content": marked}]
        system = [{"type": "text", "text": self._system, "cache_control": {"type": "ephemeral"}}]
        head = {"model": "claude-sonnet-4-5", "max_tokens": 8192, "stream": self._streamed}
        return head | {"system": system, "tools": tools, "messages": messages}

    def _remember(self, said: str, tool_id: str, name: str, arguments: Json, result: str) -> None:
        if self._dialect == "openai":
            function = {"name": name, "arguments": json.dumps(arguments)}
            calls = [{"id": tool_id, "type": "function", "function": function}]
            self._messages.append({"role": "assistant", "content": said, "tool_calls": calls})
            self._messages.append({"role": "tool", "tool_call_id": tool_id, "content": result})
            return
        use = {"type": "tool_use", "id": tool_id, "name": name, "input": arguments}
        self._messages.append({"role": "assistant", "content": [{"type": "text", "text": said}, use]})
        self._messages.append(
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": tool_id, "content": result}]}
        )

    def _answer(self, said: str, tool_id: str, name: str, arguments: str) -> list[bytes]:
        id_ = f"chatcmpl-{self._random.getrandbits(120):030x}"
        usage = {"prompt_tokens": 1000 * self._number, "completion_tokens": len(said) // 4}
        if self._dialect == "anthropic":
            return _anthropic_answer(id_, said, tool_id, name, arguments, streamed=self._streamed)
        call = {"id": tool_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        head = {"id": id_, "created": self._at // 10**6, "model": "gpt-4o-mini-2024-07-18"}
        if not self._streamed:
            message = {"role": "assistant", "content": said, "tool_calls": [call]}
            choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
            return [json.dumps(head | {"object": "chat.completion", "choices": [choice], "usage": usage}).encode()]
        deltas: list[Json] = [{"content": piece} for piece in _pieces(said)]
        deltas.append({"tool_calls": [{"index": 0} | call | {"function": {"name": name, "arguments": ""}}]})
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in _pieces(arguments)]
        chunk = head | {"object": "chat.completion.chunk", "system_fingerprint": "fp_44added55e"}
        lines: list[Json] = [
            chunk | {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}
            for delta in deltas
        ]
        lines.append(chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}], "usage": usage})
        return [
            *(f"data: {json.dumps(line, separators=(',', ':'))}\n\n".encode() for line in lines),
            b"data: [DONE]\n\n",
        ]

    def _events(self, body: bytes, answer: Sequence[bytes]) -> Iterator[ev.Event]:
        id_ = CallId(f"{self._seed:08x}{self._number:08x}{self._random.getrandbits(64):016x}")
        path = "/openai/v1/chat/completions" if self._dialect == "openai" else "/anthropic/v1/messages"
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: agent/1.0\r\nAccept: */*\r\n"
        head += (
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nAuthorization: Bearer [redacted]\r\n\r\n"
        )
        yield ev.RequestHead(
            call_id=id_,
            at=self._tick(50),
            upstream=self._dialect,
            fingerprint="0123456789abcdef",
            recorded=True,
            head=head.encode(),
        )
        for start in range(0, len(body), CHUNK_BYTES):
            yield ev.RequestChunk(call_id=id_, at=self._tick(200), data=body[start : start + CHUNK_BYTES])
        yield ev.RequestEnd(call_id=id_, at=self._tick(20), total=len(body))
        kind = "text/event-stream" if self._streamed else "application/json"
        request_id = f"req_{self._random.getrandbits(128):032x}"
        answered = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nx-request-id: {request_id}\r\nServer: cloudflare\r\n\r\n"
        )
        yield ev.ResponseHead(call_id=id_, at=self._tick(700_000), head=answered.encode())
        for piece in answer:
            yield ev.ResponseChunk(call_id=id_, at=self._tick(30_000), data=piece)
        yield ev.ResponseEnd(call_id=id_, at=self._tick(300), total=sum(map(len, answer)))
        self._tick(2_000_000)

    def _tick(self, about: int) -> int:
        self._at += self._random.randint(about // 2, about + about // 2)
        return self._at


def _pieces(text: str) -> Iterator[str]:
    """A text as a model streams it, token by token."""
    for start in range(0, len(text), 4):
        yield text[start : start + 4]


def _anthropic_answer(id_: str, said: str, tool_id: str, name: str, arguments: str, *, streamed: bool) -> list[bytes]:
    use: Json = {"type": "tool_use", "id": tool_id, "name": name, "input": {}}
    usage = {"input_tokens": 10, "cache_read_input_tokens": 9000, "output_tokens": len(said) // 4}
    message: Json = {"id": id_, "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}
    if not streamed:
        content = [{"type": "text", "text": said}, use | {"input": json.loads(arguments)}]
        return [json.dumps(message | {"content": content, "stop_reason": "tool_use", "usage": usage}).encode()]
    lines: list[Json] = [{"type": "message_start", "message": message | {"content": [], "usage": usage}}]
    for index, (block, kind, key, text) in enumerate(
        (
            ({"type": "text", "text": ""}, "text_delta", "text", said),
            (use, "input_json_delta", "partial_json", arguments),
        )
    ):
        lines.append({"type": "content_block_start", "index": index, "content_block": block})
        lines += [
            {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: piece}}
            for piece in _pieces(text)
        ]
        lines.append({"type": "content_block_stop", "index": index})
    lines.append({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": usage})
    lines.append({"type": "message_stop"})
    return [f"event: {line['type']}\ndata: {json.dumps(line)}\n\n".encode() for line in lines]


class RecordedLog:
    """`recording.ports.LogReader` over events that are there already: a backlog without a disk."""

    def __init__(self, events: Iterable[ev.Event]) -> None:
        self._logged = list[Logged]()
        self._next = 0
        self.append(events)

    def append(self, events: Iterable[ev.Event]) -> None:
        """More has been recorded."""
        here = self._logged[-1].after if self._logged else 0
        for event in events:
            after = here + len(records.encode(event))
            self._logged.append(Logged(writer=WRITER, position=here, after=after, event=event))
            here = after

    def writers(self) -> list[WriterId]:
        return [WRITER]

    def read(self, writer: WriterId, position: int, limit_bytes: int = 4 << 20) -> Iterator[Logged]:  # noqa: ARG002
        while self._next < len(self._logged) and limit_bytes > 0:
            logged = self._logged[self._next]
            self._next += 1
            limit_bytes -= logged.after - logged.position
            yield logged

    def is_alive(self, writer: WriterId) -> bool:  # noqa: ARG002
        return True

    def remove_before(self, writer: WriterId, position: int) -> int:  # noqa: ARG002
        return 0

    def problems(self) -> tuple[LogProblem, ...]:
        return ()
