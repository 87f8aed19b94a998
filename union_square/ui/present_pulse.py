"""How a stream's chunks came, as a small picture: a bar for each wait before a chunk, late ones apart. PURE."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from union_square.ui import wording

STEP, HEIGHT = 3, 14  # of a bar's place and of the whole picture, in its own units
LATE_MS, LATE_TIMES = 1000.0, 6.0
"""A chunk is late after a second, and six times what is usual in its stream: models think between sentences."""

_FASTEST_MS, _SLOWEST_MS = 5.0, 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """SVG paths, and words on the last late chunk; "" = nothing to draw or say."""

    usual: str = ""
    late: str = ""
    words: str = ""


def present_pulse(gaps_ms: Sequence[float]) -> Pulse:
    """The waits before a stream's last chunks, oldest first."""
    if not gaps_ms:
        return Pulse()
    bound = max(LATE_MS, LATE_TIMES * median(gaps_ms))
    late = [gap > bound for gap in gaps_ms]
    last = next((gap for gap, is_late in zip(reversed(gaps_ms), reversed(late), strict=True) if is_late), None)
    return Pulse(
        usual=_path(gaps_ms, [not one for one in late]),
        late=_path(gaps_ms, late),
        words="" if last is None else f"a chunk came {wording.duration(last)} after the one before it",
    )


def _path(gaps_ms: Sequence[float], wanted: Sequence[bool]) -> str:
    return "".join(
        f"M{number * STEP + 1} {HEIGHT}v-{_height(gap)}"
        for number, (gap, draw) in enumerate(zip(gaps_ms, wanted, strict=True))
        if draw
    )


def _height(gap_ms: float) -> int:
    """By its logarithm: 5 ms to 10 s fill the picture."""
    share = math.log(max(gap_ms, _FASTEST_MS) / _FASTEST_MS) / math.log(_SLOWEST_MS / _FASTEST_MS)
    return max(1, round(min(share, 1.0) * HEIGHT))
