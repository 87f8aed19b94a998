"""Calls that were projected and are not written yet, as the store would find them were they written.

A backlog holds whole conversations: to write every call before the next one is linked would take a transaction each.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from union_square.domain.ids import CallId
from union_square.domain.lifecycle import ENDED
from union_square.domain.session import LinkCandidate, LinkQuery
from union_square.domain.tasks import CALLED
from union_square.store.mapping import answered_at, to_us
from union_square.store.ports import Projection


@dataclass(frozen=True, slots=True)
class _Answered:
    """An ended call, and when its answer was there (microseconds since the epoch)."""

    projection: Projection
    at: int


class Staged:
    """What a later call may continue. `add` replaces an earlier version of the same call."""

    def __init__(self) -> None:
        self._by_name = dict[tuple[str, str], dict[CallId, _Answered]]()  # by fingerprint and digest or response id
        self._children = dict[CallId, dict[CallId, int]]()  # when each of them was answered

    def add(self, projection: Projection) -> None:
        call = projection.detail.call
        at = answered_at(projection.detail)
        if call.state not in ENDED or at is None:
            return
        for name in (*projection.thread_digests, projection.response_id):
            if name:
                found = self._by_name.setdefault((projection.fingerprint, name), {})
                found[call.id] = _Answered(projection, at)
        if call.parent_id and CALLED not in projection.thread_digests:
            self._children.setdefault(call.parent_id, {})[call.id] = at

    def find(self, query: LinkQuery, stored: Iterable[LinkCandidate]) -> list[LinkCandidate]:
        """What the store would find with these calls in it, given what it finds without them."""
        began = to_us(query.started_at)
        there = dict[str, dict[CallId, LinkCandidate]]()
        for candidate in stored:
            there.setdefault(candidate.matched, {})[candidate.call_id] = candidate
        for name in (query.response_id,) if query.response_id else query.history:
            here = {
                id_: self._candidate(one.projection, name, began)
                for id_, one in self._by_name.get((query.fingerprint, name), {}).items()
                if _fits(one, query, began)
            }
            known = {id_: self._counted(candidate, began) for id_, candidate in there.get(name, {}).items()}
            if found := here | known:
                return sorted(found.values(), key=lambda one: (one.started_at, one.call_id), reverse=True)
        return []

    def clear(self) -> None:
        self._by_name.clear()
        self._children.clear()

    def _candidate(self, projection: Projection, name: str, began: int) -> LinkCandidate:
        call = projection.detail.call
        assert call.session_id is not None
        return LinkCandidate(
            call_id=call.id,
            session_id=call.session_id,
            matched=name,
            system_digest=projection.system_digest,
            started_at=call.started_at,
            children=self._children_of(call.id, began),
            upstream=call.upstream,
            model=call.model,
        )

    def _counted(self, candidate: LinkCandidate, began: int) -> LinkCandidate:
        more = self._children_of(candidate.call_id, began)
        return replace(candidate, children=candidate.children + more) if more else candidate

    def _children_of(self, call_id: CallId, began: int) -> int:
        return sum(at <= began for at in self._children.get(call_id, {}).values())


def _fits(one: _Answered, query: LinkQuery, began: int) -> bool:
    call = one.projection.detail.call
    return (
        call.session_id is not None
        and query.session_id in {"", call.session_id}
        and one.at <= began
        and (call.started_at, call.id) < (query.started_at, query.call_id)
        and (not query.response_id or call.upstream == query.upstream)
    )
