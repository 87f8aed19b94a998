"""A recorded call as it stood at any moment: the one fold of `Understanding`, stopped where one likes.

Must not: do I/O. Going on costs what is new; going back begins anew.
"""

from bisect import bisect_right
from collections.abc import Sequence

from union_square.domain.events import Event
from union_square.domain.ids import CallId
from union_square.domain.views import CallDetail
from union_square.wire.understanding import Understanding


class Moments:
    """The events of one call, in the order they were recorded."""

    def __init__(self, call_id: CallId, events: Sequence[Event]) -> None:
        self._call_id = call_id
        self._events = events
        self._began = events[0].at if events else 0
        latest, self._times = 0, list[int]()
        for event in events:  # clocks can be set back; what was recorded later did not come earlier
            latest = max(latest, event.at - self._began)
            self._times.append(latest)
        self._understanding = Understanding(call_id)
        self._applied = 0

    @property
    def empty(self) -> bool:
        """Nothing was recorded of it."""
        return not self._events

    def at(self, offset_us: int) -> CallDetail:
        """The call as it stood `offset_us` after it began; at least its first event has always happened."""
        wanted = max(1, bisect_right(self._times, offset_us))
        if wanted < self._applied:
            self._understanding, self._applied = Understanding(self._call_id), 0
        for event in self._events[self._applied : wanted]:
            self._understanding.apply(event)
        self._applied = max(self._applied, min(wanted, len(self._events)))
        return self._understanding.detail()
