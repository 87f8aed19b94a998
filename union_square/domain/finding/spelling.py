"""A filter's tree → a text that is parsed into the same tree again. PURE."""

import re
from datetime import datetime, timedelta

from union_square.domain.finding.fields import field_named
from union_square.domain.finding.terms import (
    All,
    Began,
    Compare,
    Either,
    Filter,
    Has,
    Named,
    Not,
    Pattern,
    Words,
)
from union_square.domain.finding.values import spell_instant, spell_number

_PLAIN_WORD = re.compile(r"[^\W_][\w.']*\Z")
_PLAIN_VALUE = re.compile(r"[\w./:@~+\-]+\Z")
_KEYWORDS = {"AND", "OR", "NOT"}


def spell_filter(term: Filter) -> str:
    """The text; "" for a filter that everything fulfils."""
    match term:
        case All():
            return " ".join(map(_in_all, term.terms))
        case Either():
            return " OR ".join(_in_either(one) for one in term.terms)
        case Not():
            return "-" + (
                f"({spell_filter(term.term)})" if isinstance(term.term, All | Either) else spell_filter(term.term)
            )
        case Words():
            plain = _PLAIN_WORD.match(term.text) and term.text not in _KEYWORDS
            return term.text if term.open_end and plain else quote(term.text) + "*" * term.open_end
        case Named():
            return f"{term.field}:{','.join(map(spell_pattern, term.patterns))}"
        case Compare():
            field = field_named(term.field)
            return term.field + term.operator + spell_number(term.value, field.unit if field else "count")
        case Began():
            return f"{term.side}:{spell_instant(term.at)}"
        case Has():
            return f"has:{term.thing}"


def spell_value(value: str) -> str:
    """A value of a field that means itself and nothing else."""
    return value if _PLAIN_VALUE.match(value) else quote(value)


def spell_pattern(pattern: Pattern) -> str:
    return "*".join(spell_value(piece) if piece or len(pattern.pieces) == 1 else "" for piece in pattern.pieces)


def spell_began(side: str, at: datetime | timedelta) -> str:
    return f"{side}:{spell_instant(at)}"


def quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _in_all(term: Filter) -> str:
    return f"({spell_filter(term)})" if isinstance(term, All | Either) else spell_filter(term)


def _in_either(term: Filter) -> str:
    return f"({spell_filter(term)})" if isinstance(term, Either) else spell_filter(term)
