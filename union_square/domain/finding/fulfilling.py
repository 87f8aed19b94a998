"""Whether a call fulfils a filter, in memory: for what runs, for rules, and as the measure of the SQL. PURE.

`store.conditions` says the same in SQL.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from operator import eq, ge, gt, le, lt
from typing import assert_never

from union_square.domain.finding.fields import META
from union_square.domain.finding.marks import Mark, marks_of
from union_square.domain.finding.matching import fits, fits_model
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
from union_square.domain.finding.values import MILLIONTHS, PICO
from union_square.domain.lifecycle import CallState
from union_square.domain.storable import clean
from union_square.domain.views import AnnotationView, CallView
from union_square.domain.words import holds

ERRORS: frozenset[CallState] = frozenset({"failed", "cut_off"})

_COMPARE: dict[Operator, Callable[[int, int], bool]] = {"=": eq, ">": gt, ">=": ge, "<": lt, "<=": le}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A call, and what a filter may ask of it that is not in its line. `words`: what `domain.words.search_words` makes
    of its texts; asked for only where the filter looks for text."""

    call: CallView
    words: Callable[[], str] = str
    tools: tuple[str, ...] = ()  # that the answer called
    session_tags: tuple[str, ...] = ()
    annotations: tuple[AnnotationView, ...] = ()  # on the call, its session, or something in them


def fulfils(candidate: Candidate, term: Filter) -> bool:
    """Whether it does. "That long ago" must be settled (`terms.settle`) before."""
    match term:
        case All():
            return all(fulfils(candidate, one) for one in term.terms)
        case Either():
            return any(fulfils(candidate, one) for one in term.terms)
        case Not():
            return not fulfils(candidate, term.term)
        case Words():
            return holds(candidate.words(), term.text, open_end=term.open_end)
        case Named():
            return any(_is_named(candidate, term.field, pattern) for pattern in term.patterns)
        case Compare():
            sizes = _scores(candidate) if term.field == "score" else [number_of(candidate.call, term.field)]
            return any(size is not None and _COMPARE[term.operator](size, term.value) for size in sizes)
        case Began():
            assert isinstance(term.at, datetime), "the filter is not settled"
            return (candidate.call.started_at >= term.at) == (term.side == "after")
        case Has():
            return _has(candidate, term.thing)
        case _:
            assert_never(term)


def number_of(call: CallView, field: str) -> int | None:
    """A call's number in the field's whole unit; None = not known."""
    usage = call.usage
    match field:
        case "status":
            return call.status_code
        case "cost":
            return None if call.cost_usd is None else round(call.cost_usd * PICO)
        case "duration":
            return _microseconds(call.duration_ms)
        case "ttft":
            return _microseconds(call.time_to_first_token_ms)
        case "ttfc":
            return _microseconds(call.time_to_first_chunk_ms)
        case "speed":
            speed = call.output_tokens_per_second
            return None if speed is None else round(speed * MILLIONTHS)
        case "request_bytes":
            return call.request_bytes
        case "response_bytes":
            return call.response_bytes
        case "tokens":
            counts = [usage.input_tokens, usage.output_tokens] if usage else []
            known = [count for count in counts if count is not None]
            return sum(known) if known else None
        case "input_tokens":
            return usage.input_tokens if usage else None
        case "output_tokens":
            return usage.output_tokens if usage else None
        case "cached_tokens":
            return usage.cache_read_input_tokens if usage else None
        case "reasoning_tokens":
            return usage.reasoning_output_tokens if usage else None
        case _:
            raise AssertionError(f"{field} is no number")


def _microseconds(ms: float | None) -> int | None:
    return None if ms is None else round(ms * 1000)


def _scores(candidate: Candidate) -> list[int | None]:
    scores = (one.score for one in candidate.annotations if one.kind == "number")
    return [round(score * MILLIONTHS) for score in scores if score is not None]


def _labels(candidate: Candidate) -> list[str]:
    return [one.label for one in candidate.annotations if one.kind == "label"]


def _is_named(candidate: Candidate, field: str, pattern: Pattern) -> bool:
    call = candidate.call
    match field:
        case "model":
            return any(fits_model(pattern, clean(name)) for name in (call.model, call.response_model))
        case "status":
            return any(fits(pattern, word) for word in status_words(call))
        case "state":
            words = (call.state,) if call.state == "running" else (call.state, "ended")
            return any(fits(pattern, word) for word in words)
        case "tag":
            return any(fits(pattern, tag) for tag in (*call.tags, *candidate.session_tags))
        case "label":
            return any(fits(pattern, label) for label in _labels(candidate))
        case "error":
            return any(fits(pattern, clean(text), anywhere=True) for text in (call.error_type, call.error_message))
        case "path":
            return fits(pattern, clean(call.path), anywhere=True)
        case "finish" | "tool":
            return _is_marked(candidate, field, pattern)
        case _ if field.startswith(META):
            return _is_marked(candidate, field, pattern)
        case _:
            return fits(pattern, _text_of(call, field))


def _is_marked(candidate: Candidate, name: str, pattern: Pattern) -> bool:
    marks: tuple[Mark, ...] = marks_of(candidate.call, candidate.tools)
    return any(fits(pattern, value) for key, value in marks if key == clean(name))


def _text_of(call: CallView, field: str) -> str:
    match field:
        case "upstream":
            return clean(call.upstream)
        case "application":
            return clean(call.application)
        case "dialect":
            return call.dialect
        case "operation":
            return call.operation
        case "session":
            return call.session_id or ""
        case "id":
            return call.id
        case "parent":
            return call.parent_id or ""
        case "link":
            return call.link_rule or ""
        case _:
            raise AssertionError(f"{field} is no name")


def status_words(call: CallView) -> tuple[str, ...]:
    """What `status:` calls the call, beside the number itself."""
    word = "error" if call.state in ERRORS else "ok" if call.state == "done" else call.state
    return (word,) if call.status_code is None else (word, f"{call.status_code // 100}xx")


def _has(candidate: Candidate, thing: str) -> bool:
    call = candidate.call
    match thing:
        case "note":
            return any(one.kind == "text" for one in candidate.annotations)
        case "tag":
            return bool(call.tags or candidate.session_tags)
        case "label":
            return bool(_labels(candidate))
        case "score":
            return bool(_scores(candidate))
        case "gap":
            return call.gap_observations > 0
        case "error":
            return call.state in ERRORS
        case "tool":
            return any(name == "tool" for name, _ in marks_of(call, candidate.tools))
        case "usage":
            return call.usage is not None
        case "cost":
            return call.cost_usd is not None
        case "parent":
            return call.parent_id is not None
        case "model":
            return bool(call.model or call.response_model)
        case _:
            raise AssertionError(f"has:{thing} is not known")
