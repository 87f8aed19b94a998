"""A filter as a tree of frozen values.

Numbers are whole, in the unit of their field (`fields.Unit`); instants are aware. What nobody reported fulfils no
comparison, so `-cost>1` holds for a call of unknown cost.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Operator = Literal["=", ">", ">=", "<", "<="]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Literal pieces with anything between them: ("gpt-", "") is `gpt-*`, ("a",) is `a` and nothing else."""

    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """These words in this order in what the call added to its session; with `open_end` the last may go on."""

    text: str
    open_end: bool


@dataclass(frozen=True, slots=True)
class Named:
    """A field fits one of the patterns."""

    field: str
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """A number's size."""

    field: str
    operator: Operator
    value: int


@dataclass(frozen=True, slots=True)
class Began:
    """When the call began: `after` is inclusive, `before` is not. Either at an instant, or that long ago."""

    side: Literal["after", "before"]
    at: datetime | timedelta


@dataclass(frozen=True, slots=True)
class Has:
    thing: str


@dataclass(frozen=True, slots=True)
class Not:
    term: "Filter"


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them; none = everything fits."""

    terms: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of them (there are at least two)."""

    terms: tuple["Filter", ...]


Filter = Words | Named | Compare | Began | Has | Not | All | Either

EVERYTHING = All(())


def settle(term: Filter, now: datetime) -> Filter:
    """The same filter with "that long ago" counted back from `now`."""
    match term:
        case Began():
            return replace(term, at=_before(now, term.at)) if isinstance(term.at, timedelta) else term
        case Not():
            return Not(settle(term.term, now))
        case All() | Either():
            return replace(term, terms=tuple(settle(one, now) for one in term.terms))
        case _:
            return term


def _before(now: datetime, ago: timedelta) -> datetime:
    try:
        return now - ago
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)


def walk(term: Filter) -> "list[Filter]":
    """The term and all that is in it."""
    found, rest = list[Filter](), [term]
    while rest:
        one = rest.pop()
        found.append(one)
        match one:
            case Not():
                rest.append(one.term)
            case All() | Either():
                rest.extend(one.terms)
            case _:
                pass
    return found
