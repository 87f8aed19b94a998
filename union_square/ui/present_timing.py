"""When the bytes of a call passed, as view values. PURE."""

from itertools import pairwise

from union_square.domain.views import ChunkView
from union_square.ui import wording
from union_square.ui.views import Pair, TickView, TimelineView

_BUCKETS = 96
_CHUNK_ROWS = 200


def _percent(part: float, whole: float) -> str:
    return f"{100 * max(0.0, min(1.0, part / whole)):.2f}%"


def present_timeline(
    sent: tuple[ChunkView, ...], received: tuple[ChunkView, ...], duration_ms: float | None
) -> TimelineView:
    """When the bytes passed: sending, waiting and streaming as spans, received bytes as ticks over time."""
    ends = [duration_ms or 0.0, *(c.offset_ms for c in sent[-1:]), *(c.offset_ms for c in received[-1:])]
    whole = max(max(ends), 0.001)
    sent_until = sent[-1].offset_ms if sent else 0.0
    first = received[0].offset_ms if received else (duration_ms or sent_until)
    last = received[-1].offset_ms if received else first
    return TimelineView(
        ticks=_ticks(received, whole),
        request_width=_percent(sent_until, whole),
        waiting_left=_percent(sent_until, whole),
        waiting_width=_percent(max(0.0, first - sent_until), whole),
        stream_left=_percent(first, whole),
        stream_width=_percent(max(0.0, last - first), whole),
        summary=_timeline_words(received, first),
        scale=[wording.duration(whole * n / 4) if n else "0" for n in range(5)],
        chunks=[
            Pair(name=f"{chunk.offset_ms:.3f} ms", value=wording.size(chunk.bytes)) for chunk in received[:_CHUNK_ROWS]
        ],
        chunks_note=f"the first {_CHUNK_ROWS} of {wording.grouped(len(received))}"
        if len(received) > _CHUNK_ROWS
        else "",
    )


def _timeline_words(received: tuple[ChunkView, ...], first: float) -> str:
    if not received:
        return "no bytes of a response"
    total = wording.size(sum(c.bytes for c in received))
    longest = max((b.offset_ms - a.offset_ms for a, b in pairwise(received)), default=0.0)
    words = f"{wording.plural(len(received), 'chunk')}, {total}, the first after {wording.duration(first)}"
    return words if len(received) == 1 else f"{words}, the longest silence {wording.duration(longest)}"


def _tick_words(count: int, size: int, at_ms: float) -> str:
    return f"{wording.plural(count, 'chunk')}, {wording.size(size)} after {wording.duration(at_ms)}"


def _ticks(received: tuple[ChunkView, ...], whole: float) -> list[TickView]:
    buckets: dict[int, tuple[int, int]] = {}
    for chunk in received:
        place = min(_BUCKETS - 1, int(chunk.offset_ms / whole * _BUCKETS))
        count, size = buckets.get(place, (0, 0))
        buckets[place] = (count + 1, size + chunk.bytes)
    tallest = max((size for _, size in buckets.values()), default=1) or 1
    return [
        TickView(
            left=f"{100 * place / _BUCKETS:.2f}%",
            width=f"{100 / _BUCKETS:.2f}%",
            height=f"{max(8.0, 100 * size / tallest):.0f}%",
            label=_tick_words(count, size, whole * place / _BUCKETS),
        )
        for place, (count, size) in sorted(buckets.items())
    ]
