"""The tags that calls get when they are projected: those their request asked for, and those that rules give.

A call is projected again by `rebuild`. A tag that somebody took off stays off then, and a rule says a thing once.
"""

from collections.abc import Sequence

from union_square.domain.lifecycle import ENDED
from union_square.domain.rules import decide_tags
from union_square.domain.views import CallView
from union_square.store import mapping
from union_square.store.rows import Row, Rows

RULE = "rule"
"""Source of the tags, and action of the changes, that a rule made; the author of these is the rule's name."""


def tag_projected(rows: Rows, calls: Sequence[CallView]) -> None:
    """Called in the transaction that writes these calls."""
    wanted = [_row(call, mapping.clean(tag, mapping.LONGEST_INDEXED), "request") for call in calls for tag in call.tags]
    ended = [call for call in calls if call.state in ENDED]
    given = list[tuple[Row, str]]()
    rules = [mapping.rule_value(row) for row in rows.find("rules", enabled=True, removed=False)] if ended else []
    for one in rows.candidates(ended) if rules else ():
        given += [(_row(one.call, tag, RULE), rule.name) for tag, rule in decide_tags(rules, one).items()]
    if not wanted and not given:
        return
    ids = list({row["subject_id"] for row in (*wanted, *(row for row, _ in given))})
    there = {(row["subject_id"], row["tag"]) for row in rows.find("tags", subject="call", subject_id=ids)}
    fresh = [row for row in wanted if (row["subject_id"], row["tag"]) not in there]
    there |= {(row["subject_id"], row["tag"]) for row in fresh}
    ruled = [(row, rule) for row, rule in given if (row["subject_id"], row["tag"]) not in there]
    rows.put("tags", [*fresh, *(row for row, _ in ruled)])
    for row, rule in ruled:
        tell_rule(rows, row, rule)


def tell_rule(rows: Rows, tag: Row, rule: str) -> None:
    """Keep that a rule gave a tag, as a change that can be taken back."""
    row: Row = {
        "id": None,
        "change_id": 0,
        "at": tag["created_at"],
        "author": rule,
        "action": RULE,
        "kind": "tags",
        "subject": tag["subject"],
        "subject_id": tag["subject_id"],
        "before": None,
        "after": tag,
        "undoes": None,
    }
    told = rows.put("changes", [row])[0]
    rows.put("changes", [told | {"change_id": told["id"]}])


def _row(call: CallView, tag: str, source: str) -> Row:
    ended = call.duration_ms if source == RULE and call.duration_ms is not None else 0.0
    return {
        "subject": "call",
        "subject_id": call.id,
        "tag": tag,
        "source": source,
        "removed": False,
        "created_at": mapping.to_us(call.started_at) + round(ended * 1000),
    }
