"""Projections gathered until they are worth a transaction, and the look-ups that have to see them before that."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from union_square.domain.ids import CallId, WriterId
from union_square.domain.session import Link, LinkCandidate, LinkQuery, decide_link
from union_square.projecting.open_call import OpenCall
from union_square.projecting.staged import Staged
from union_square.store.ports import Projection, StoreRejected, StoreWriter

MOST_CALLS = 200
MOST_BYTES = 16 << 20  # of archives

logger = logging.getLogger(__name__)


class Batch:
    """What is to be written next. The last version of a call replaces those before it."""

    def __init__(self, store: StoreWriter) -> None:
        self._store = store
        self.written = 0  # calls, every version counted
        self._staged = dict[CallId, Projection]()
        self._bytes = 0
        self._unwritten = Staged()

    @property
    def full(self) -> bool:
        return len(self._staged) >= MOST_CALLS or self._bytes >= MOST_BYTES

    @property
    def empty(self) -> bool:
        return not self._staged

    def link(self, call: OpenCall) -> Link:
        """The call's place among the sessions, as all calls that were added here have it. Raises StoreUnavailable."""
        plan = call.plan()
        by_response = self._find(plan.by_response)
        by_history = () if by_response else self._find_any(plan.by_history())
        by_task = () if by_response or by_history else self._find(plan.by_task)
        return decide_link(plan, by_response, by_history, by_task)

    def add(self, projection: Projection) -> None:
        call = projection.detail.call
        self._staged[call.id] = projection
        self._bytes += len(projection.archive or b"")
        self._unwritten.add(projection)

    def flush(self, positions: Mapping[WriterId, int] | None = None) -> None:
        """Write what was added, and the positions. What is stored as ended stays as it is, so that events may be read
        twice. Raises StoreUnavailable."""
        done = self._store.ended(list(self._staged))
        projections = [projection for id_, projection in self._staged.items() if id_ not in done]
        try:
            if projections or positions:
                self._store.write(projections, dict(positions or {}))
        except StoreRejected:
            for projection in projections:
                self._write_alone(projection)
            self._store.write([], dict(positions or {}))
        self._staged.clear()
        self._unwritten.clear()
        self._bytes = 0
        self.written += len(projections)

    def _find(self, query: LinkQuery | None) -> list[LinkCandidate]:
        return [] if query is None else self._unwritten.find(query, self._store.find_links(query))

    def _find_any(self, queries: Iterable[LinkQuery]) -> list[LinkCandidate]:
        """What the first query finds that finds anything."""
        for query in queries:
            if found := self._find(query):
                return found
        return []

    def _write_alone(self, projection: Projection) -> None:
        """One of several was refused: find out which, and keep at least its recorded bytes and figures."""
        try:
            self._store.write([projection], {})
        except StoreRejected as error:
            detail = projection.detail
            logger.error("call %s could not be stored whole: %s", detail.call.id, error)
            problem = f"the database refused parts of this call ({error}); its bytes are kept as they came"
            bare = replace(detail, messages=(), request_message_count=0, tools=(), parameters={}, problems=(problem,))
            self._store.write([replace(projection, detail=bare)], {})
