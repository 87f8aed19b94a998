"""Rules that tag calls by themselves: what they ask of a call, and which tags a call gets. PURE."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from union_square.domain.finding import Candidate, Filter, FilterError, fulfils, parse_filter, settle


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a rule asks of a call that has ended; every one that is given must hold. None given: no call fits."""

    failed: bool = False  # it failed or was cut off
    slower_than_ms: float | None = None
    dearer_than_usd: float | None = None
    model: str = ""  # asked for or served
    upstream: str = ""
    query: str = ""  # the filter language (`domain.finding`)

    @property
    def none_given(self) -> bool:
        return self == Conditions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Puts `tag` on each call that fulfils `conditions`, when it ends. `id` is None before it is kept."""

    id: int | None = None
    name: str
    tag: str
    conditions: Conditions
    enabled: bool = True


def fits(conditions: Conditions, candidate: Candidate) -> bool:
    """Whether the call fulfils them. What is not known of a call (its cost, its duration) fulfils nothing."""
    call = candidate.call
    if conditions.none_given or call.state == "running":
        return False
    asked = (
        (conditions.failed, call.state in {"failed", "cut_off"}),
        (conditions.slower_than_ms is not None, _above(call.duration_ms, conditions.slower_than_ms)),
        (conditions.dearer_than_usd is not None, _above(call.cost_usd, conditions.dearer_than_usd)),
        (conditions.model != "", conditions.model in {call.model, call.response_model}),
        (conditions.upstream != "", conditions.upstream == call.upstream),
    )
    plain = all(holds for given, holds in asked if given)
    return plain and (not conditions.query or _found(conditions.query, candidate))


def decide_tags(rules: Iterable[Rule], candidate: Candidate) -> dict[str, Rule]:
    """The tags that a call gets by the rules that are on, each with the first rule that gives it."""
    given = dict[str, Rule]()
    for rule in rules:
        if rule.enabled and fits(rule.conditions, candidate):
            given.setdefault(rule.tag, rule)
    return given


def _found(query: str, candidate: Candidate) -> bool:
    """Whether a filter finds the call; "that long ago" is counted back from its end."""
    call = candidate.call
    ended = call.started_at + timedelta(milliseconds=call.duration_ms or 0)
    try:
        return fulfils(candidate, settle(_parsed(query), ended))
    except FilterError:
        return False  # kept by a version that knew other words


@lru_cache(maxsize=64)
def _parsed(query: str) -> Filter:
    return parse_filter(query)


def _above(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value > limit
