"""A call's events made from its parts, cut where the test says, and the call understood."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from union_square.domain import events as ev
from union_square.domain.ids import CallId
from union_square.wire.understanding import Understanding

CALL = CallId("0190a0b1c2d37e4f8a9b0c1d2e3f4a5b")
BEGAN = 1_750_000_000_000_000
"""Microseconds since the epoch."""

JSON = ("content-type", "application/json")
SSE = ("content-type", "text/event-stream")


def head(start_line: str, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """A head as it goes over the wire."""
    lines = [start_line, *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The data cut at those offsets."""
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(data)}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def every(size: int, data: bytes) -> range:
    """Cuts that make pieces of that size."""
    return range(size, len(data), size)


def events_of(
    path: str,
    request: bytes,
    response: bytes,
    *,
    method: str = "POST",
    upstream: str = "openai",
    request_headers: Iterable[tuple[str, str]] = (JSON,),
    response_headers: Iterable[tuple[str, str]] = (JSON,),
    status: int = 200,
    cuts: Iterable[int] = (),
    recorded: bool = True,
) -> Iterator[ev.Event]:
    """A whole call: the head at 0 ms, the response head at 50 ms, then a chunk every 10 ms."""
    at = BEGAN
    start = head(f"{method} /{upstream}{path} HTTP/1.1", request_headers)
    yield ev.RequestHead(call_id=CALL, at=at, upstream=upstream, fingerprint="f", recorded=recorded, head=start)
    if request and recorded:
        yield ev.RequestChunk(call_id=CALL, at=at + 1_000, data=request)
    yield ev.RequestEnd(call_id=CALL, at=at + 2_000, total=len(request))
    yield ev.ResponseHead(call_id=CALL, at=at + 50_000, head=head(f"HTTP/1.1 {status} Said", response_headers))
    at += 50_000
    for piece in pieces(response, cuts) if recorded else []:
        at += 10_000
        yield ev.ResponseChunk(call_id=CALL, at=at, data=piece)
    yield ev.ResponseEnd(call_id=CALL, at=at + 10_000, total=len(response))


def understand(events: Iterable[ev.Event]) -> Understanding:
    """The call that those events amount to."""
    understanding = Understanding(CALL)
    for event in events:
        understanding.apply(event)
    return understanding
