"""Numbers → paths in a box of 1000 × 100, and the scale they stand on. PURE."""

from collections.abc import Sequence

WIDTH, HEIGHT = 1000.0, 100.0
_GAP = 0.12  # of a column, between two bars


def ceiling(most: float) -> float:
    """The next of 1, 2, 3, 4, 6, 8, 10, 20, … that is not below `most`, so that half of it is round; 0 for nothing."""
    if most <= 0:
        return 0
    unit = 1.0
    while unit * 10 < most:
        unit *= 10
    while unit >= most:
        unit /= 10
    return next(unit * factor for factor in (1, 2, 3, 4, 6, 8, 10) if unit * factor >= most * (1 - 1e-9))


def bars(values: Sequence[float], below: Sequence[float], top: float) -> str:
    """A bar for each column that has a value, standing on what is `below` it."""
    column, pieces = WIDTH / max(1, len(values)), list[str]()
    for number, (value, base) in enumerate(zip(values, below, strict=True)):
        if value <= 0 or top <= 0:
            continue
        left, right = (number + _GAP / 2) * column, (number + 1 - _GAP / 2) * column
        low, high = HEIGHT * (1 - base / top), HEIGHT * (1 - (base + value) / top)
        high = min(high, low - 0.8)  # one among thousands is seen too
        pieces.append(f"M{left:.1f} {low:.1f}V{high:.1f}H{right:.1f}V{low:.1f}Z")
    return "".join(pieces)


def steps(values: Sequence[float | None], top: float) -> str:
    """A line that is level over each column; broken where there is no value."""
    column, pieces, drawing = WIDTH / max(1, len(values)), list[str](), False
    for number, value in enumerate(values):
        if value is None or top <= 0:
            drawing = False
            continue
        y = HEIGHT * (1 - min(value, top) / top)
        pieces.append(f"{'V' if drawing else f'M{number * column:.1f} '}{y:.1f}H{(number + 1) * column:.1f}")
        drawing = True
    return "".join(pieces)
