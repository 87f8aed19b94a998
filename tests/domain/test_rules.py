"""Which calls a rule tags."""

from dataclasses import replace

import pytest

from tests.support.projections import projection
from union_square.domain.edits import parse_labels, parse_tag
from union_square.domain.finding import Candidate
from union_square.domain.rules import Conditions, Rule, decide_tags, fits

CALL = replace(projection(1, cost_usd=0.2, state="failed").detail.call, duration_ms=1500.25)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (Conditions(), False),
        (Conditions(failed=True), True),
        (Conditions(slower_than_ms=1500), True),
        (Conditions(slower_than_ms=1501), False),
        (Conditions(dearer_than_usd=0.1), True),
        (Conditions(dearer_than_usd=0.2), False),
        (Conditions(model=CALL.model), True),
        (Conditions(model=CALL.response_model, upstream="openai"), True),
        (Conditions(model=CALL.model, upstream="other"), False),
        (Conditions(failed=True, dearer_than_usd=1), False),
        (Conditions(query="status:error cost>0.1"), True),
        (Conditions(query="status:error -cost>0.1"), False),
        (Conditions(failed=True, query="model:other"), False),
    ],
)
def test_every_condition_that_is_given_must_hold(conditions: Conditions, expected: bool):
    assert fits(conditions, Candidate(call=CALL)) is expected


def test_what_is_not_known_fulfils_nothing_and_what_runs_is_left_alone():
    assert not fits(Conditions(dearer_than_usd=0), Candidate(call=replace(CALL, cost_usd=None)))
    assert not fits(Conditions(slower_than_ms=0), Candidate(call=replace(CALL, duration_ms=None)))
    assert not fits(Conditions(model=CALL.model), Candidate(call=replace(CALL, state="running")))


def test_a_tag_is_given_once_by_the_first_rule_that_is_on():
    on = Rule(id=2, name="b", tag="x", conditions=Conditions(failed=True))
    rules = (replace(on, id=1, enabled=False), on, replace(on, id=3), replace(on, id=4, tag="y"))
    assert {tag: rule.id for tag, rule in decide_tags(rules, Candidate(call=CALL)).items()} == {"x": 2, "y": 4}


def test_labels_have_keys():
    assert parse_labels("good, bad,, 9=other") == (("1", "good"), ("2", "bad"), ("9", "other"))
    assert parse_labels("") == ()
    for wrong in ("1=a, 1=b", "=a", ", ".join("abcdefghij")):
        if wrong == "=a":
            assert parse_labels(wrong) == (("1", "=a"),)
            continue
        with pytest.raises(ValueError, match="nine"):
            parse_labels(wrong)


def test_a_tag_is_one_line():
    assert parse_tag("  a\n b ") == "a b"
