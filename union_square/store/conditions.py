"""A filter in SQL: what `domain.finding.fulfilling` says in memory, as a condition on a statement that selects calls.

Every condition is true or false and never NULL, so that NOT means what it says. Texts are compared without regard to
ASCII case, which is what SQLite's LIKE does and what both databases can do alike.
"""

from collections.abc import Callable
from datetime import datetime
from operator import eq, ge, gt, le, lt
from typing import Any, assert_never

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    and_,
    bindparam,
    column,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    table,
    text,
    true,
)

from union_square.domain.finding.fields import META
from union_square.domain.finding.fulfilling import ERRORS
from union_square.domain.finding.matching import fits, fold_ascii, models_like
from union_square.domain.finding.terms import (
    All,
    Began,
    Compare,
    Either,
    Filter,
    Has,
    Named,
    Not,
    Operator,
    Pattern,
    Words,
)
from union_square.domain.finding.values import MILLIONTHS
from union_square.domain.lifecycle import ENDED
from union_square.domain.storable import clean
from union_square.domain.views import AnnotationKind
from union_square.domain.words import words
from union_square.store import mapping
from union_square.store.tables import ANNOTATIONS, CALLS, MARKS, TAGS, TEXTS, AnySelect

Condition = ColumnElement[bool]

_COMPARE: dict[Operator, Callable[[Any, Any], Condition]] = {"=": eq, ">": gt, ">=": ge, "<": lt, "<=": le}
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_c = CALLS.c
NUMBERS: dict[str, ColumnElement[Any]] = {
    "status": _c.status_code,
    "cost": _c.cost_pico,
    "duration": _c.ended_at - _c.started_at,
    "ttft": _c.first_token_us,
    "ttfc": _c.first_chunk_us,
    "request_bytes": _c.request_bytes,
    "response_bytes": _c.response_bytes,
    "tokens": func.coalesce(_c.input_tokens + _c.output_tokens, _c.input_tokens, _c.output_tokens),
    "input_tokens": _c.input_tokens,
    "output_tokens": _c.output_tokens,
    "cached_tokens": _c.cache_read_input_tokens,
    "reasoning_tokens": _c.reasoning_output_tokens,
}
"""A call's numbers in the whole units of `domain.finding.fields`; NULL = not known."""

NAMES: dict[str, ColumnElement[Any]] = {
    "upstream": _c.upstream,
    "application": _c.application,
    "dialect": _c.dialect,
    "operation": _c.operation,
    "session": _c.session_id,
    "id": _c.id,
    "parent": _c.parent_id,
    "link": _c.link_rule,
}


def condition(connection: Connection, term: Filter) -> Condition:
    """Whether a call fulfils the filter, which must be settled."""
    match term:
        case All():
            return and_(true(), *(condition(connection, one) for one in term.terms))
        case Either():
            return or_(false(), *(condition(connection, one) for one in term.terms))
        case Not():
            return not_(condition(connection, term.term))
        case Words():
            return _says(connection, term)
        case Named():
            return or_(false(), *_named(connection, term.field, term.patterns))
        case Compare():
            return _compares(term)
        case Began():
            assert isinstance(term.at, datetime), "the filter is not settled"
            at = mapping.to_us(term.at)
            return _c.started_at >= at if term.side == "after" else _c.started_at < at
        case Has():
            return _has(connection, term.thing)
        case _:
            assert_never(term)


def _compares(term: Compare) -> Condition:
    compare = _COMPARE[term.operator]
    match term.field:
        case "score":
            score = ANNOTATIONS.c.score
            return _annotated("number", and_(score.is_not(None), compare(func.round(score * MILLIONTHS), term.value)))
        case "speed":
            rounded = func.round(_c.output_tokens_per_second * MILLIONTHS)
            return and_(_c.output_tokens_per_second.is_not(None), compare(rounded, term.value))
        case _:
            column = NUMBERS[term.field]
            # As wide as the number may be: PostgreSQL refuses to compare an integer column with more than 2³¹.
            return and_(column.is_not(None), compare(column, literal(term.value, BigInteger)))


def _named(connection: Connection, field: str, patterns: tuple[Pattern, ...]) -> list[Condition]:
    like = _like(connection)
    match field:
        case "model":
            return [_is_model(connection, column, patterns) for column in (_c.model, _c.response_model)]
        case "status":
            return [_has_status(pattern) for pattern in patterns]
        case "state":
            return [_in_state(pattern) for pattern in patterns]
        case "tag":
            return [_tagged(lambda column, one=one: like(column, one)) for one in patterns]
        case "label":
            return [_annotated("label", like(ANNOTATIONS.c.label, one)) for one in patterns]
        case "error" | "path":
            columns = (_c.path,) if field == "path" else (_c.error_type, _c.error_message)
            return [like(column, _anywhere(one)) for column in columns for one in patterns]
        case "finish" | "tool":
            return [_marked(connection, field, like(MARKS.c.value, one)) for one in patterns]
        case _ if field.startswith(META):
            return [_marked(connection, clean(field), like(MARKS.c.value, one)) for one in patterns]
        case _:
            column = NAMES[field]
            return [like(func.coalesce(column, "") if column.name in _NULLABLE else column, one) for one in patterns]


_NULLABLE = {"session_id", "parent_id", "link_rule"}

Like = Callable[[Any, Pattern], Condition]


def _like(connection: Connection) -> Like:
    """How this database says that a column fits a pattern."""
    postgresql = connection.dialect.name == "postgresql"

    def fold(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.translate(column, _UPPER, _UPPER.lower()) if postgresql else func.lower(column)

    def like(column: ColumnElement[Any], pattern: Pattern) -> Condition:
        pieces = [fold_ascii(clean(piece)) for piece in pattern.pieces]
        if len(pieces) == 1:
            return fold(column) == pieces[0]
        return fold(column).like("%".join(map(_escaped, pieces)), escape="\\")

    return like


def _escaped(piece: str) -> str:
    return piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _anywhere(pattern: Pattern) -> Pattern:
    return Pattern(("", *pattern.pieces, ""))


def _is_model(connection: Connection, column: ColumnElement[Any], patterns: tuple[Pattern, ...]) -> Condition:
    """Which names are meant is found out first: they are few, and by their names an index finds the calls."""
    found = models_like(patterns, distinct_values(connection, column))
    return column.in_(found) if found else false()


def distinct_values(connection: Connection, column: ColumnElement[Any]) -> list[str]:
    """The different values of an indexed column of calls, each found by one step down the index."""
    known = select(func.min(column).label("value")).cte("known", recursive=True)
    following = select(func.min(column)).where(column > known.c.value).scalar_subquery()
    known = known.union_all(select(following).where(known.c.value.is_not(None)))
    return list(connection.scalars(select(known.c.value).where(known.c.value.is_not(None))))


def _has_status(pattern: Pattern) -> Condition:
    words = [word for word in ("running", "ok", "error") if fits(pattern, word)]
    states = {"running": ("running",), "ok": ("done",), "error": tuple(sorted(ERRORS))}
    found = list[Condition]()
    if words:
        found.append(_c.state.in_([state for word in words for state in states[word]]))
    for hundred in range(1, 10):
        if fits(pattern, f"{hundred}xx"):
            within = _c.status_code.between(hundred * 100, hundred * 100 + 99)
            found.append(and_(_c.status_code.is_not(None), within))
    return or_(false(), *found)


def _in_state(pattern: Pattern) -> Condition:
    states = [state for state in ("running", *sorted(ENDED)) if fits(pattern, state)]
    if fits(pattern, "ended"):
        states += sorted(ENDED)
    return _c.state.in_(sorted(set(states))) if states else false()


def _tagged(fitting: Callable[[ColumnElement[Any]], Condition] | None = None) -> Condition:
    """The call or its session bears such a tag."""
    t = TAGS.c

    def bears(subject: str, of: ColumnElement[Any]) -> Condition:
        those = select(t.subject_id).where(t.subject == subject, t.removed.is_(False))
        return of.in_(those if fitting is None else those.where(fitting(t.tag)))

    return or_(bears("call", _c.id), and_(_c.session_id.is_not(None), bears("session", _c.session_id)))


def _marked(connection: Connection, name: str, that: Condition | None = None) -> Condition:
    there = and_(MARKS.c.name == name, true() if that is None else that)
    marked = select(MARKS.c.call_id).where(there)
    if _is_common(connection, marked):
        return marked.where(MARKS.c.call_id == _c.id).correlate(CALLS).exists()
    return _c.id.in_(marked)


def _has(connection: Connection, thing: str) -> Condition:
    match thing:
        case "note":
            return _annotated("text")
        case "tag":
            return _tagged()
        case "label":
            return _annotated("label")
        case "score":
            return _annotated("number", ANNOTATIONS.c.score.is_not(None))
        case "gap":
            return _c.gap_observations > 0
        case "error":
            return _c.state.in_(sorted(ERRORS))
        case "tool":
            return _marked(connection, "tool")
        case "usage":
            return _c.usage_reported
        case "cost":
            return _c.cost_pico.is_not(None)
        case "parent":
            return _c.parent_id.is_not(None)
        case "model":
            return or_(_c.model != "", _c.response_model != "")
        case _:
            raise AssertionError(f"has:{thing} is not known")


def _annotated(kind: AnnotationKind, that: Condition | None = None) -> Condition:
    """The call, its session, or something in them bears an annotation of that kind."""
    a = ANNOTATIONS.c

    def bears(subject: str, of: ColumnElement[Any]) -> Condition:
        those = select(a.subject_id).where(a.subject == subject, a.kind == kind, a.removed.is_(False))
        return of.in_(those if that is None else those.where(that))

    return or_(bears("call", _c.id), and_(_c.session_id.is_not(None), bears("session", _c.session_id)))


_WORDS = table("call_texts_fts", column("rowid", BigInteger()), column("call_texts_fts", String()))

COMMON = 2_000
"""What more calls have than this is asked of each call that is looked at; what fewer have leads to the calls."""


def _is_common(connection: Connection, those: AnySelect) -> bool:
    some = those.limit(COMMON + 1).subquery()
    return (connection.scalar(select(func.count()).select_from(some)) or 0) > COMMON


def _says(connection: Connection, term: Words) -> Condition:
    """By the full-text index; PostgreSQL's keeps no order, so there a phrase is looked at once more."""
    said = list(words(term.text[:1000]))
    if not said:
        return false()
    if connection.dialect.name != "postgresql":
        matching = select(_WORDS.c.rowid).where(
            _WORDS.c.call_texts_fts.op("MATCH")(f'"{" ".join(said)}"{"*" if term.open_end else ""}')
        )
        if _is_common(connection, matching):
            return select(TEXTS.c.id).where(TEXTS.c.call_id == _c.id).correlate(CALLS).scalar_subquery().in_(matching)
        return _c.id.in_(select(TEXTS.c.call_id).where(TEXTS.c.id.in_(matching)))
    query = " & ".join(f"'{word}'{':*' if term.open_end and i == len(said) - 1 else ''}" for i, word in enumerate(said))
    matched = text("search @@ CAST(:said AS tsquery)").bindparams(bindparam("said", query, unique=True))
    holding = select(TEXTS.c.call_id).where(matched)
    if len(said) > 1:
        sought = f" {' '.join(said)}{'' if term.open_end else ' '}"
        holding = holding.where(func.strpos(" " + TEXTS.c.words + " ", sought) > 0)
    return _c.id.in_(holding)
