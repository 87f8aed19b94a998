"""Counting calls: facets and figures, each in a few passes over an index that holds all that is counted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, Subquery, case, cast, func, select

from union_square.domain.figures import Dimension, Figures, Tally, add_up
from union_square.domain.finding.facets import MOST_COUNTED, Facet, rank
from union_square.domain.views import Subject
from union_square.store.sums import failed, unpriced
from union_square.store.tables import CALLS, MARKS, TAGS, AnySelect, by_time, pieces

_c = CALLS.c
Condition = ColumnElement[bool]

_MOST_DIGITS = 16  # of µs: more than thirty years

_COLUMNS: dict[str, ColumnElement[Any]] = {
    "upstream": _c.upstream,
    "state": _c.state,
    "status": _c.status_code,
    "application": _c.application,
    "dialect": _c.dialect,
    "link": _c.link_rule,
}


def asked_model() -> ColumnElement[Any]:
    return case((_c.model != "", _c.model), else_=_c.response_model)


def load_facets(connection: Connection, conditions: list[Condition]) -> list[Facet]:
    """How many of the calls there are of each value; what `domain.finding.facets.count_facets` counts in memory."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("model", *_COLUMNS, "finish", "tool", "tag")}
    names = ("model", *_COLUMNS)
    labelled = [column.label(name) for name, column in zip(names, (asked_model(), *_COLUMNS.values()), strict=True)]
    newest = select(_c.id, _c.session_id, *labelled).where(*conditions).order_by(_c.started_at.desc(), _c.id.desc())
    found, ids = connection.execute(by_time(newest).limit(MOST_COUNTED + 1)).all(), dict[str, str | None]()
    for row in found[:MOST_COUNTED]:
        ids[row[0]] = row[1]
        for name, value in zip(names, row[2:], strict=True):
            counts[name][_text(value)] += 1
    for some in pieces(ids):
        # Not by the index of names, which has most of all calls under each: coalesce hides the column from the planner.
        named = func.coalesce(MARKS.c.name, "").in_(("finish", "tool"))
        marked = select(MARKS.c.name, MARKS.c.value, func.count()).where(named)
        marked = marked.where(MARKS.c.call_id.in_(some)).group_by(MARKS.c.name, MARKS.c.value)
        for name, value, number in connection.execute(marked):
            counts[name][value] += number
    counts["tag"] = _count_tags(connection, ids)
    return rank(counts, partial=len(found) > MOST_COUNTED)


def _count_tags(connection: Connection, calls: Mapping[str, str | None]) -> Counter[str]:
    """How many of the calls have each tag, or are of a session that has it."""
    t, of_session, own = TAGS.c, dict[str, set[str]](), dict[str, set[str]]()
    for subject, ids, tags in (("call", calls, own), ("session", set(calls.values()), of_session)):
        for some in pieces(one for one in ids if one is not None):
            there = (t.subject == subject, t.subject_id.in_(some), t.removed.is_(False))
            for subject_id, tag in connection.execute(select(t.subject_id, t.tag).where(*there)):
                tags.setdefault(subject_id, set()).add(tag)
    return Counter(
        tag for id_, session in calls.items() for tag in own.get(id_, set()) | of_session.get(session or "", set())
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def load_figures(connection: Connection, conditions: list[Condition], by: Dimension, step_us: int) -> Figures:
    """What the calls amounted to, over time and by the dimension."""
    values: dict[Dimension, ColumnElement[Any]] = {
        "model": asked_model(),
        "upstream": _c.upstream,
        "application": _c.application,
    }
    if by != "tag":
        tallies = _tallies(connection, by_time(_statement(values[by], step_us).where(*conditions)))
        return add_up(tallies, tallies, step_us)
    call, session = _tags_of("call"), _tags_of("session")
    tagged = CALLS.outerjoin(call, call.c.subject_id == _c.id).outerjoin(session, session.c.subject_id == _c.session_id)
    tags = func.coalesce(call.c.tags, "") + "\n" + func.coalesce(session.c.tags, "")
    by_tags = _statement(tags, step_us).select_from(tagged).where(*conditions)
    tallies = _tallies(connection, by_time(by_tags))
    each = (replace(one, value=tag) for one in tallies for tag in sorted({*one.value.split("\n")} - {""}))
    return add_up(tallies, each, step_us)


def _tags_of(subject: Subject) -> Subquery:
    """The tags of each of those that have any, in a text: a tag is one line."""
    t = TAGS.c
    tags = func.aggregate_strings(t.tag, "\n").label("tags")
    there = (t.subject == subject, t.removed.is_(False))
    return select(t.subject_id, tags).where(*there).group_by(t.subject_id).subquery()


def _statement(value: ColumnElement[Any], step_us: int) -> AnySelect:
    """A row for each span and value. Times come as a list in a text: a row for each time would be as many as calls."""
    bucket = _c.started_at // step_us
    groups = (bucket.label("bucket"), value.label("value"))
    sums = (failed(), _c.input_tokens, _c.output_tokens, _c.cache_read_input_tokens, _c.cost_pico, unpriced())
    times = (_c.ended_at - _c.started_at, _c.first_token_us)
    lists = (func.aggregate_strings(cast(_three_digits(us), String), ",") for us in times)
    return select(*groups, func.count(), *map(func.sum, sums), *lists).group_by(*groups)


def _three_digits(us: ColumnElement[Any]) -> ColumnElement[Any]:
    """`domain.figures.three_digits`: by comparisons, which cost a third of taking digits from a text."""
    cut = ((us < 10**digits, us - us % 10 ** (digits - 3)) for digits in range(4, _MOST_DIGITS))
    return case((us < 1000, us), *cut, else_=us - us % 10 ** (_MOST_DIGITS - 3))


def _tallies(connection: Connection, statement: AnySelect) -> list[Tally]:
    return [
        Tally(
            bucket=row[0],
            value=row[1],
            calls=row[2],
            errors=int(row[3]),
            input_tokens=int(row[4] or 0),
            output_tokens=int(row[5] or 0),
            cached_tokens=int(row[6] or 0),
            cost_pico=int(row[7] or 0),
            unpriced=int(row[8]),
            durations=_numbers(row[9]),
            firsts=_numbers(row[10]),
        )
        for row in connection.execute(statement)
    ]


def _numbers(listed: str | None) -> list[int]:
    return list(map(int, listed.split(","))) if listed else []
