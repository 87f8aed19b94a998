"""What the calls that a filter finds are: how many of each model, upstream, state, … PURE."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from union_square.domain.finding.fulfilling import Candidate
from union_square.domain.finding.marks import marks_of
from union_square.domain.storable import clean

FACETS = ("model", "upstream", "state", "status", "tag", "application", "dialect", "finish", "tool", "link")
MOST_VALUES = 20
MOST_COUNTED = 2_000
"""Of the calls found, the newest so many are counted: to count a hundred thousand takes seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    value: str
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """A field of the filter language, and its most frequent values among the calls found."""

    field: str
    values: tuple[FacetValue, ...]  # at most MOST_VALUES, most calls first
    partial: bool = False  # True: of the newest MOST_COUNTED calls found; there are more


def rank(counts: dict[str, Counter[str]], *, partial: bool = False) -> list[Facet]:
    """The facets that say anything, in their order."""
    found = list[Facet]()
    for field in FACETS:
        ranked = sorted(
            ((value, n) for value, n in counts.get(field, Counter()).items() if value), key=lambda of: (-of[1], of[0])
        )
        if ranked:
            values = tuple(FacetValue(value=value, calls=n) for value, n in ranked[:MOST_VALUES])
            found.append(Facet(field=field, values=values, partial=partial))
    return found


def count_facets(candidates: Iterable[Candidate], *, partial: bool = False) -> list[Facet]:
    """Of these calls. The SQL in `store.counting` finds the same."""
    counts: dict[str, Counter[str]] = {field: Counter() for field in FACETS}
    for one in candidates:
        call = one.call
        for field, value in (
            ("model", call.model or call.response_model),
            ("upstream", call.upstream),
            ("state", call.state),
            ("status", "" if call.status_code is None else str(call.status_code)),
            ("application", clean(call.application)),
            ("dialect", call.dialect),
            ("link", call.link_rule or ""),
        ):
            counts[field][value] += 1
        for tag in {*call.tags, *one.session_tags}:
            counts["tag"][tag] += 1
        for name, value in marks_of(call, one.tools):
            if name in {"finish", "tool"}:
                counts[name][value] += 1
    return rank(counts, partial=partial)
