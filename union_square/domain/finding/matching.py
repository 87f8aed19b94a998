"""Whether a text fits a pattern, the same in memory and in SQL: ASCII case does not count, `*` is anything. PURE."""

import re
from collections.abc import Iterable
from functools import lru_cache

from union_square.domain.finding.terms import Pattern

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FOLD = str.maketrans(_UPPER, _UPPER.lower())

_VERSION = r"(?:[-@:]v?\d{4}-?\d\d-?\d\d|[-@:]\d{3,4}|[-:]latest|-preview(?:-\d\d-\d{2,4})?|-v\d+(?::\d+)?)"
"""How providers mark the versions of one model: gpt-4o-2024-08-06, claude-sonnet-4@20250514, gemini-1.5-pro-002."""


def fold_ascii(text: str) -> str:
    """Lower case where ASCII has one: what both databases can do alike."""
    return text.translate(_FOLD)


def fits(pattern: Pattern, value: str, *, anywhere: bool = False) -> bool:
    """Whether the whole value is of that pattern; with `anywhere`, some part of it."""
    folded = [fold_ascii(piece) for piece in pattern.pieces]
    if anywhere:
        folded = ["", *folded, ""]
    rest = fold_ascii(value)
    first, *following = folded
    if not following:
        return rest == first
    *middle, last = following
    if len(rest) < len(first) + len(last) or not rest.startswith(first) or not rest.endswith(last):
        return False
    place, end = len(first), len(rest) - len(last)
    for piece in middle:
        found = rest.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def fits_model(pattern: Pattern, model: str) -> bool:
    """As `fits`; a name without `*` also means its versions, and itself behind a vendor's or a folder's prefix."""
    name, *more = pattern.pieces
    if more or not name:
        return fits(pattern, model)
    return _versions(fold_ascii(name)).fullmatch(fold_ascii(model)) is not None


@lru_cache(maxsize=256)
def _versions(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:.*[/.])?{re.escape(name)}{_VERSION}*", re.DOTALL)


def models_like(patterns: Iterable[Pattern], known: Iterable[str]) -> list[str]:
    """Those of the known models that fit one of the patterns."""
    wanted = tuple(patterns)
    return [model for model in known if any(fits_model(pattern, model) for pattern in wanted)]
