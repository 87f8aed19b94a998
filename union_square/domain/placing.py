"""Where a call stands among the sessions, once people have merged, split and moved. Pure.

The ladder (`domain.session`) goes on as if nobody had moved anything: so it finds what it would have found. What people
did is laid over its answer, call by call, in the order in which the calls began:

- a call that somebody put somewhere stands there;
- a call that continues another one stands in that one's session;
- a call that continues none stands where the ladder put it, or where that session was merged into.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from union_square.domain.views import LinkRule


@dataclass(frozen=True, slots=True)
class Standing:
    """A call's session, the call it continues there, and what put it there."""

    session_id: str
    parent_id: str | None
    rule: LinkRule | None
    confidence: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placements:
    """What people said: calls with their session and parent, and sessions with those they were merged into."""

    calls: Mapping[str, tuple[str, str | None]] = field(default_factory=dict[str, tuple[str, str | None]])
    merged: Mapping[str, str] = field(default_factory=dict[str, str])


def place(call_id: str, linked: Standing, placements: Placements, parents_session: str | None) -> Standing:
    """Where a call stands. `linked`: as the ladder has it; `parents_session`: where the call it continues by the ladder
    stands; None = it continues none, or that one is not known."""
    by_hand = placements.calls.get(call_id)
    if by_hand is not None:
        return Standing(by_hand[0], by_hand[1], "manual", 1.0)
    session_id = parents_session or merged_into(linked.session_id, placements.merged)
    if session_id == linked.session_id:
        return linked
    return Standing(session_id, linked.parent_id, linked.rule, linked.confidence)


def merged_into(session_id: str, merged: Mapping[str, str]) -> str:
    """The session that it has become; itself where nobody merged it."""
    seen = {session_id}
    while (into := merged.get(session_id)) is not None and into not in seen:
        session_id = into
        seen.add(into)
    return session_id
