"""The projector: follows every writer's event log, folds calls, and writes them into the store.

It holds open calls and nothing else. What it has committed for a writer is the first byte of that writer's oldest open
call, so whatever stops it, the next run reads those calls again from their beginning; calls that are stored as ended
are left as they are. When the store does not answer, the same happens without a restart: everything in memory is
dropped, and read again once it answers. The log waits for as long as that takes.
"""

import heapq
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from union_square.domain import events as ev
from union_square.domain.ids import CallId, WriterId
from union_square.domain.threads_kept import Memory
from union_square.projecting.batch import Batch
from union_square.projecting.open_call import OpenCall
from union_square.recording.ports import Logged, LogReader
from union_square.store.ports import StoreUnavailable, StoreWriter
from union_square.wire.bodies import Bodies
from union_square.wire.prices import Prices

READ_BYTES = 4 << 20  # of one writer's log in one step
REFRESH_SECONDS = 1.0
GRACE_SECONDS = 60.0
_RECENT = 4096  # ended calls that are remembered, for events that come after the end
_TRIM_EVERY_SECONDS = 5.0

STOPPED = "the proxy stopped while the call was running"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step did."""

    events: int
    written: int  # calls
    more: bool  # there was more to read than one step takes


@dataclass(slots=True)
class _Open:
    call: OpenCall
    position: int  # of its first record
    began: float  # when it was first seen, monotonic seconds
    refresh_at: float
    changed: bool = False  # since it was last staged


@dataclass(slots=True)
class _Following:
    cursor: int  # the next byte to read
    committed: int
    alive: bool = True
    latest: int = 0  # the latest time seen, microseconds
    open: dict[CallId, _Open] = field(default_factory=dict[CallId, _Open])
    # Positions with the time of their commit: what is removed has been committed for the grace time.
    commits: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    @property
    def low_water(self) -> int:
        return min((one.position for one in self.open.values()), default=self.cursor)


class Projector:
    """`step` until there is nothing left, again and again; `run_projector` does that."""

    def __init__(
        self,
        log: LogReader,
        store: StoreWriter,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        grace_seconds: float = GRACE_SECONDS,
        refresh_seconds: float = REFRESH_SECONDS,
        read_bytes: int = READ_BYTES,
        prices: Prices = (),
    ) -> None:
        self._log = log
        self._store = store
        self._monotonic = monotonic
        self._grace = grace_seconds
        self._refresh = refresh_seconds
        self._read_bytes = read_bytes
        self._prices = prices
        self._batch = Batch(store)
        self._memory, self._bodies = Memory(), Bodies()
        self._following = dict[WriterId, _Following]()
        self._ended = OrderedDict[CallId, None]()
        self._trim_at = 0.0

    def step(self) -> Step:
        """Read what is new (some of it, where it is much), project it, commit it. Raises StoreUnavailable; then nothing
        is kept in memory, and the next step begins at what was committed."""
        try:
            return self._step()
        except BaseException:
            self._forget()
            raise

    def cursors(self) -> dict[WriterId, int]:
        """The byte behind the last event that was read, for each writer's log. May be asked from any thread."""
        return {writer: following.cursor for writer, following in list(self._following.items())}

    def _forget(self) -> None:
        self._following.clear()
        self._ended.clear()
        self._batch = Batch(self._store)

    def _step(self) -> Step:
        now = self._monotonic()
        events, before = 0, self._batch.written
        batches, more = self._gather()
        for logged in _in_time(batches, more):
            events += 1
            self._take(logged, now)
            if self._batch.full:
                self._batch.flush()
        for writer, following in self._following.items():
            if not following.alive and not batches.get(writer):
                self._end_open_calls(writer, following, now)
            self._refresh_open_calls(following, now)
        self._commit(now)
        self._trim(now)
        return Step(events=events, written=self._batch.written - before, more=bool(more))

    def _gather(self) -> tuple[dict[WriterId, list[Logged]], set[WriterId]]:
        """The next events of each writer, and the writers that have more than that."""
        batches, more = dict[WriterId, list[Logged]](), set[WriterId]()
        writers = self._log.writers()
        for gone in self._following.keys() - set(writers):
            if self._following[gone].open:  # someone removed a log that was being read
                self._following[gone].alive = False
            else:
                del self._following[gone]
        for writer in writers:
            following = self._following.get(writer)
            if following is None:
                position = self._store.position(writer)
                following = self._following[writer] = _Following(cursor=position, committed=position)
            # Asked before reading: what it wrote before it died is then seen, before its calls are ended.
            following.alive = self._log.is_alive(writer)
            batches[writer] = found = list(self._log.read(writer, following.cursor, self._read_bytes))
            if found and found[-1].after - found[0].position >= self._read_bytes // 2:
                more.add(writer)
        return batches, more

    def _take(self, logged: Logged, now: float) -> None:
        following = self._following[logged.writer]
        following.cursor = logged.after
        event = logged.event
        id_ = event.call_id
        one = following.open.get(id_)
        if one is None:
            if self._is_done_with(event):
                return
            one = following.open[id_] = _Open(
                call=OpenCall(id_, self._memory, self._prices, self._bodies),
                position=logged.position,
                began=now,
                refresh_at=now + self._refresh,
            )
        one.call.apply(event)
        one.changed = True
        if one.call.ended:
            self._end(following, one)
        elif isinstance(event, ev.RequestEnd):
            one.call.link = self._batch.link(one.call)
            self._stage(one, now)

    def _end(self, following: _Following, one: _Open) -> None:
        """Linked again, now that every call that was answered before it began has certainly been read."""
        one.call.link = self._batch.link(one.call)
        self._batch.add(one.call.project())
        del following.open[one.call.call_id]
        self._remember(one.call.call_id)

    def _is_done_with(self, event: ev.Event) -> bool:
        """Whether it is an afterthought to an ended call, or of one that began before where reading began."""
        id_ = event.call_id
        if id_ in self._ended:
            return True
        if isinstance(event, ev.RequestHead) or not self._store.ended([id_]):
            return False
        self._remember(id_)
        return True

    def _remember(self, ended: CallId) -> None:
        self._ended[ended] = None
        while len(self._ended) > _RECENT:
            self._ended.popitem(last=False)

    def _stage(self, one: _Open, now: float) -> None:
        self._batch.add(one.call.project())
        one.changed = False
        # A long stream is written ever more rarely: it costs as many writes as its duration has digits.
        one.refresh_at = now + max(self._refresh, (now - one.began) / 4)

    def _refresh_open_calls(self, following: _Following, now: float) -> None:
        for one in following.open.values():
            if one.changed and one.call.link is not None and now >= one.refresh_at:
                self._stage(one, now)

    def _end_open_calls(self, writer: WriterId, following: _Following, now: float) -> None:
        """The writer is gone and its log is read to the end: what it left open was cut off."""
        for one in list(following.open.values()):
            failure = one.call.failure("proxy_stopped", STOPPED)
            self._take(Logged(writer=writer, position=one.position, after=following.cursor, event=failure), now)

    def _commit(self, now: float) -> None:
        moved = {w: f.low_water for w, f in self._following.items() if f.low_water != f.committed}
        if not moved and self._batch.empty:
            return
        self._batch.flush(moved)
        for writer, position in moved.items():
            self._following[writer].committed = position
            self._following[writer].commits.append((now, position))

    def _trim(self, now: float) -> None:
        """Have segments removed that all is done with, and that live readers have had the grace time to read."""
        if now < self._trim_at:
            return
        self._trim_at = now + min(_TRIM_EVERY_SECONDS, self._grace)
        for writer, following in self._following.items():
            if not following.commits and not following.alive and not following.open:
                following.commits.append((now, following.committed))  # committed by an earlier run
            old = None
            while following.commits and following.commits[0][0] <= now - self._grace:
                old = following.commits.popleft()[1]
            if old is not None:
                self._log.remove_before(writer, old)


def _in_time(batches: dict[WriterId, list[Logged]], more: set[WriterId]) -> Iterator[Logged]:
    """The events of several writers as they happened, each writer's in its own order. Where a writer has more than was
    read, what is later than that is left for the next step: a call may continue one of another writer."""
    if len(batches) == 1:
        yield from next(iter(batches.values()))
        return
    keyed = {writer: list(_with_time(found)) for writer, found in batches.items() if found}
    until = min((keyed[writer][-1][0] for writer in more), default=None)
    for at, _, logged in heapq.merge(*keyed.values(), key=lambda item: item[:2]):
        if until is not None and at > until:
            return
        yield logged


def _with_time(found: list[Logged]) -> Iterator[tuple[int, WriterId, Logged]]:
    latest = 0
    for logged in found:
        latest = max(latest, logged.event.at)
        yield latest, logged.writer, logged


@dataclass(slots=True)
class Health:
    """How projecting goes, for others to look at from any thread."""

    problem: str = ""  # why nothing can be written at the moment; "" = it can
    last_commit: float | None = None  # seconds since the epoch
    calls: int = 0  # written so far, every version counted


def run_projector(
    projector: Projector,
    stop: threading.Event,
    *,
    health: Health | None = None,
    idle_seconds: float = 0.02,
    most_idle_seconds: float = 0.05,
    retry_seconds: float = 0.1,
    most_retry_seconds: float = 5.0,
) -> None:
    """Step until `stop` is set. Between idle steps it waits `idle_seconds`, growing to `most_idle_seconds`; after a
    store that did not answer `retry_seconds`, growing to `most_retry_seconds`, for as long as it takes."""
    health = health or Health()
    wait = idle_seconds
    while not stop.is_set():
        try:
            step = projector.step()
        except StoreUnavailable as error:
            if not health.problem:
                logger.warning(
                    "the store cannot be written: %s. The log waits; this is tried again until it can", error
                )
                wait = retry_seconds
            health.problem = str(error)
            stop.wait(wait)
            wait = min(wait * 2, most_retry_seconds)
            continue
        if health.problem:
            logger.warning("the store can be written again")
            health.problem, wait = "", idle_seconds
        if step.written:
            health.last_commit = time.time()
            health.calls += step.written
        if step.events:
            wait = idle_seconds
        if not step.more:
            stop.wait(wait)
            wait = min(wait * 1.2, most_idle_seconds)
