"""Merging, splitting and moving by hand: which rows an edit writes, and how calls are put where they stand by them.

`domain.placing` has the rule; the ladder's own answer is kept beside each call that stands elsewhere (`moved_calls`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from union_square.domain import edits
from union_square.domain.ids import CallId, SessionId
from union_square.domain.placing import Placements, Standing, place
from union_square.store import mapping
from union_square.store.ports import NoSuchSubject, Projection
from union_square.store.rows import Row, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The placements that an edit makes, and the session that calls go to."""

    rows: list[Row]
    session_id: str


def plan(rows: Rows, edit: edits.MergeSession | edits.SplitSession | edits.MoveCall) -> Plan:
    """Raises NoSuchSubject, and ValueError for what cannot be."""
    match edit:
        case edits.MergeSession():
            return _plan_merge(rows, mapping.clean(edit.session_id), mapping.clean(edit.into))
        case edits.SplitSession():
            return _plan_split(rows, mapping.clean(edit.call_id), later=edit.later)
        case edits.MoveCall():
            return _plan_move(rows, edit)


def settle(rows: Rows, session_ids: Iterable[str]) -> None:
    """Put every call of those sessions where it stands by what people have said until now."""
    calls = rows.linked(sorted(set(session_ids)))
    placements = _placements(rows, {call.id: call.linked for call in calls})
    now: dict[str, Standing] = {}
    elsewhere = {call.linked.parent_id for call in calls} - {call.id for call in calls} - {None}
    known = rows.sessions_of(sorted(filter(None, elsewhere)))
    for call in calls:
        parent = call.linked.parent_id
        above = None if parent is None else now[parent].session_id if parent in now else known.get(parent)
        now[call.id] = place(call.id, call.linked, placements, above)
    rows.stand([(call, now[call.id]) for call in calls if now[call.id] != call.stands])


def place_projected(rows: Rows, latest: Mapping[CallId, Projection]) -> tuple[dict[CallId, Projection], list[Row]]:
    """The projections as they stand by what people said, and the ladder's answers where that is another."""
    if not rows.any_placed():
        return dict(latest), []
    ordered = sorted(latest.values(), key=lambda one: (one.detail.call.started_at, one.detail.call.id))
    linked = {str(one.detail.call.id): _linked(one) for one in ordered if one.detail.call.session_id}
    placements = _placements(rows, linked)
    parents = {one.parent_id for one in linked.values() if one.parent_id} - linked.keys()
    known = rows.sessions_of(sorted(filter(None, parents)))
    placed, moved = dict(latest), list[Row]()
    for projection in ordered:
        call = projection.detail.call
        was = linked.get(call.id)
        if was is None:
            continue
        now = place(call.id, was, placements, known.get(was.parent_id or ""))
        known[call.id] = now.session_id
        if now != was:
            placed[call.id] = _standing_at(projection, now)
            moved.append(_moved_row(call.id, was))
    return placed, moved


def _moved_row(call_id: str, linked: Standing) -> Row:
    return {
        "call_id": call_id,
        "session_id": linked.session_id,
        "parent_id": linked.parent_id,
        "link_rule": linked.rule,
        "link_confidence": linked.confidence,
    }


def _standing_at(projection: Projection, now: Standing) -> Projection:
    call = replace(
        projection.detail.call,
        session_id=SessionId(now.session_id),
        parent_id=None if now.parent_id is None else CallId(now.parent_id),
        link_rule=now.rule,
        link_confidence=now.confidence,
    )
    return replace(projection, detail=replace(projection.detail, call=call))


def _linked(projection: Projection) -> Standing:
    call = projection.detail.call
    return Standing(call.session_id or "", call.parent_id, call.link_rule, call.link_confidence)


def _placements(rows: Rows, linked: Mapping[str, Standing]) -> Placements:
    """What concerns those calls."""
    by_hand = rows.find("placements", subject="call", removed=False, subject_id=list(linked))
    merged, asked = dict[str, str](), {one.session_id for one in linked.values()}
    while asked:
        found = rows.find("placements", subject="session", removed=False, subject_id=sorted(asked))
        merged |= {row["subject_id"]: row["session_id"] for row in found}
        asked = {row["session_id"] for row in found} - merged.keys()
    return Placements(
        calls={row["subject_id"]: (row["session_id"], row["parent_id"]) for row in by_hand}, merged=merged
    )


def _plan_merge(rows: Rows, session_id: str, into: str) -> Plan:
    if session_id == into:
        raise ValueError("a session cannot be merged into itself")
    there = rows.existing("session", (session_id, into))
    for one in (session_id, into):
        if one not in there:
            raise NoSuchSubject(f"no session {one[:128]}")
    calls = rows.linked([session_id])
    own = {call.id for call in calls}
    by_hand = {
        row["subject_id"] for row in rows.find("placements", subject="call", removed=False, subject_id=list(own))
    }
    # Those that follow another call of the session come along by themselves.
    roots = [call for call in calls if call.linked.parent_id not in own or call.id in by_hand]
    placed = [_row("call", call.id, into, call.stands.parent_id) for call in roots]
    return Plan(rows=[*placed, _row("session", session_id, into, None)], session_id=into)


def _plan_split(rows: Rows, call_id: str, *, later: bool) -> Plan:
    session_id = _session_of(rows, call_id)
    calls = rows.linked([session_id])
    ids = [call.id for call in calls]
    moving = _below(rows, session_id, call_id)
    if later:
        moving |= set(ids[ids.index(call_id) :])
    if moving >= set(ids):
        raise ValueError("that is the whole session: there is nothing to split it from")
    new = _new_session(rows, call_id)
    return Plan(rows=_moving(rows, session_id, moving, new, {call_id: None}), session_id=new)


def _plan_move(rows: Rows, edit: edits.MoveCall) -> Plan:
    call_id = mapping.clean(edit.call_id)
    here = _session_of(rows, call_id)
    moving = _below(rows, here, call_id)
    parent = None if edit.parent_id is None else mapping.clean(edit.parent_id)
    if parent is not None and parent in moving:
        raise ValueError("a call cannot continue itself, or what continues it")
    to = None if edit.session_id is None else mapping.clean(edit.session_id)
    if parent is not None:
        at = _session_of(rows, parent)
        if to not in {None, at}:
            raise ValueError("the call to continue is of another session than the one to move to")
        order = [call.id for call in rows.linked([here, at]) if call.id in {call_id, parent}]
        if order[0] == call_id:
            raise ValueError("a call cannot continue one that began after it")
        to = at
    if to is None:
        to = _new_session(rows, call_id)
    elif to not in rows.existing("session", (to,)):
        raise NoSuchSubject(f"no session {to[:128]}")
    return Plan(rows=_moving(rows, here, moving, to, {call_id: parent}), session_id=to)


def _moving(rows: Rows, session_id: str, moving: set[str], to: str, parents: Mapping[str, str | None]) -> list[Row]:
    """Placements for the calls of a session that go elsewhere, but for those that follow one of them by themselves."""
    by_hand = rows.find("placements", subject="call", removed=False, subject_id=sorted(moving))
    known = {row["subject_id"] for row in by_hand}
    found = list[Row]()
    for call in rows.linked([session_id]):
        if call.id not in moving:
            continue
        if call.id in parents:
            found.append(_row("call", call.id, to, parents[call.id]))
        elif call.id in known or call.linked.parent_id not in moving:
            parent = call.stands.parent_id if call.stands.parent_id in moving else None
            found.append(_row("call", call.id, to, parent))
    return found


def _below(rows: Rows, session_id: str, call_id: str) -> set[str]:
    """The call and all that continues it in its session."""
    found = {call_id}
    for call in rows.linked([session_id]):  # parents come before their children
        if call.stands.parent_id in found:
            found.add(call.id)
    return found


def _session_of(rows: Rows, call_id: str) -> str:
    found = rows.sessions_of([call_id]).get(call_id)
    if found is None:
        raise NoSuchSubject(f"no call {call_id[:128]} in a session")
    return found


def _new_session(rows: Rows, call_id: str) -> str:
    """The call's own id, as with a session that it began; else that with a number."""
    names: Sequence[str] = (call_id, *(f"{call_id}-{number}" for number in range(2, 100)))
    taken = rows.existing("session", names)
    taken |= {row["subject_id"] for row in rows.find("placements", subject="session", subject_id=list(names))}
    return next(name for name in names if name not in taken)


def _row(subject: str, subject_id: str, session_id: str, parent_id: str | None) -> Row:
    return {
        "subject": subject,
        "subject_id": subject_id,
        "session_id": session_id,
        "parent_id": parent_id,
        "removed": False,
    }
