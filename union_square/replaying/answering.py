"""What a mock sends for a recorded call: the recorded head, and the recorded pieces in the framing that it says.

Must not: do I/O, take the time.
"""

from dataclasses import dataclass, replace
from typing import Literal

from union_square.domain import events as ev
from union_square.domain.call import status_of
from union_square.replaying.faults import Fault
from union_square.replaying.recording import RecordedCall
from union_square.wire.http1 import CHUNKED, HEAD_END, UNTIL_CLOSE, HeadError
from union_square.wire.http1_response import parse_response_head
from union_square.wire.understanding import Understanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes to send, `at_us` microseconds after the request had come whole in the recording."""

    at_us: int
    data: bytes  # with its framing


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`pieces`: heads and body in their order; `heads` of them are heads. `after` is what is done then: the connection
    is kept, closed (which breaks off an answer that is not whole), reset (which breaks off one that ends with the
    connection), or left silent."""

    pieces: tuple[Piece, ...]
    heads: int
    after: Literal["keep", "close", "reset", "stall"]
    broken_by: Literal["close", "reset"] = "close"  # what breaks it off

    @property
    def body(self) -> tuple[Piece, ...]:
        return self.pieces[self.heads :]


def answer_of(recorded: RecordedCall) -> Answer:
    """What answered that call. Where the upstream broke off, the answer does; where it never came, nothing does."""
    base = _request_end(recorded)
    method = recorded.call.request_head.split(b" ", 1)[0]
    pieces: list[Piece] = []
    length, keep, heads = UNTIL_CLOSE, True, 0
    for event in recorded.events:
        at = max(0, event.at - base)
        match event:
            case ev.ResponseHead():
                head, length, keep = _head(event.head, method)
                heads += 1
                pieces.append(Piece(at_us=at, data=head))
            case ev.ResponseChunk():
                data = b"%x\r\n%s\r\n" % (len(event.data), event.data) if length == CHUNKED else event.data
                pieces.append(Piece(at_us=at, data=data))
            case _:
                continue
    if not heads:
        return Answer(pieces=(), heads=0, after="close")
    broken_by = "reset" if length == UNTIL_CLOSE else "close"
    if not _is_whole(recorded):
        return Answer(pieces=tuple(pieces), heads=heads, after=broken_by)
    if length == CHUNKED:
        pieces.append(Piece(at_us=pieces[-1].at_us, data=b"0\r\n\r\n"))
    return Answer(pieces=tuple(pieces), heads=heads, after="keep" if keep else "close", broken_by=broken_by)


def with_fault(answer: Answer, fault: Fault | None) -> Answer:
    """The answer with what a fault does to its end; `delay` and `fail` concern its beginning."""
    if fault is None or fault.kind not in {"cut", "stall"}:
        return answer
    count = len(answer.body) // 2 if fault.value is None else int(fault.value)
    left = answer.pieces[: answer.heads + count]
    if len(left) == len(answer.pieces) and len(answer.body):
        left = answer.pieces[:-1]
    if fault.value is None and len(answer.body) == 1:
        only = answer.body[0]
        left = (*answer.pieces[: answer.heads], replace(only, data=only.data[: len(only.data) // 2]))
    return replace(answer, pieces=left, after=answer.broken_by if fault.kind == "cut" else "stall")


def plain_answer(status: int, reason: str, body: bytes, *headers: tuple[str, str]) -> Answer:
    """A JSON answer of the mock's own."""
    lines = [f"HTTP/1.1 {status} {reason}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    head = "\r\n".join(lines).encode() + HEAD_END
    return Answer(pieces=(Piece(at_us=0, data=head), Piece(at_us=0, data=body)), heads=1, after="keep")


def _request_end(recorded: RecordedCall) -> int:
    ended = recorded.call.request.ended_at
    return recorded.call.started_at if ended is None else ended


def _head(head: bytes, method: bytes) -> tuple[bytes, int, bool]:
    """The head without what belonged to the recorded connection, its body's framing, and whether more may follow."""
    if 100 <= status_of(head) < 200:
        return head, 0, True
    try:
        read = parse_response_head(head, method=method)
    except HeadError:
        return head, UNTIL_CLOSE, False
    closing = read.length == UNTIL_CLOSE
    lines = [*read.lines, b"Connection: close"] if closing else read.lines
    return b"\r\n".join(lines) + HEAD_END, read.length, not closing


def _is_whole(recorded: RecordedCall) -> bool:
    """Whether the answer was all there: it ended, or the client left after the stream's own last word."""
    if recorded.call.response.ended_at is not None:
        return True
    understanding = Understanding(recorded.id)
    for event in recorded.events:
        understanding.apply(event)
    return understanding.draft is not None and understanding.draft.said_all
