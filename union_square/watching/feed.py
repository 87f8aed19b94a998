"""The live feed: follows every writer's log and holds the calls that run, and those that ended a moment ago.

One task polls (`run`); everything else is asked from the same event loop. Blocking reads are short; long ones (catching
up) are made in a thread. Nothing here asks the store.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import anyio
import anyio.to_thread

from union_square.domain import events as ev
from union_square.domain.ids import CallId, WriterId
from union_square.recording.ports import Logged, LogReader
from union_square.watching.feedcall import FeedCall
from union_square.wire.prices import Prices

POLL_SECONDS = 0.015
WAKE_SECONDS = 0.05
"""Waiters are woken at most this often (20 times a second)."""

KEEP_SECONDS = 30.0
MOST_ENDED = 400
MOST_ENDED_BYTES = 64 << 20
"""Ended calls are kept this long, this many, and of this much payload; the store has them by then."""

SHORT_READ = 64 << 10  # read in the loop: at most about a millisecond
LONG_READ = 1 << 20  # read in a thread when there is more
MOST_READS = 32  # of one log before the next one's turn
_ALIVE_SECONDS = 0.5  # how often a writer is asked whether it lives
_GAP_SECONDS = 300.0  # how long a gap is told of


@dataclass(slots=True)
class _Followed:
    position: int = 0
    asked_alive: float = 0.0
    finished: bool = False  # dead, and read to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentGaps:
    """Gaps of the last five minutes."""

    calls: int
    observations: int
    bytes: int
    reasons: tuple[str, ...]


class LiveFeed:
    """See the module. `clock` gives seconds since the epoch, `monotonic` seconds that never go back."""

    def __init__(
        self,
        reader: LogReader,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        poll_seconds: float = POLL_SECONDS,
        prices: Prices = (),
    ) -> None:
        self._reader = reader
        self._prices = prices
        self._clock = clock
        self._monotonic = monotonic
        self._poll_seconds = poll_seconds
        self._writers: dict[WriterId, _Followed] = {}
        self._running: dict[CallId, FeedCall] = {}
        self._ended: OrderedDict[CallId, FeedCall] = OrderedDict()
        self._ended_bytes = 0
        self._gaps: deque[tuple[float, ev.Gap]] = deque(maxlen=1000)
        self._version = 0
        self._dirty = False
        self._woken_at = 0.0
        self._wake = anyio.Event()
        self._caught_up = anyio.Event()

    @property
    def version(self) -> int:
        """Grows when anything changes that a reader may show."""
        return self._version

    async def changed(self, since: int, timeout_seconds: float = 10) -> int:
        """Wait until the version is above `since`; its value then, or `since` when the time has passed."""
        with anyio.move_on_after(timeout_seconds):
            while self._version <= since:
                await self._wake.wait()
        return max(self._version, since)

    async def caught_up(self) -> None:
        """Wait until the logs that were there at the start have been read."""
        await self._caught_up.wait()

    def running(self) -> list[FeedCall]:
        """The calls that have not ended, in the order they began."""
        return list(self._running.values())

    def ended(self) -> list[FeedCall]:
        """The calls that ended a moment ago, in that order."""
        return list(self._ended.values())

    def get(self, call_id: CallId) -> FeedCall | None:
        return self._running.get(call_id) or self._ended.get(call_id)

    def forget(self, call_id: CallId) -> None:
        """Drop a call whose end is known from elsewhere."""
        if self._running.pop(call_id, None) is not None:
            self.touch()

    def touch(self) -> None:
        """Say that what readers show has changed, for a reason of its own."""
        self._dirty = True

    def gaps(self) -> RecentGaps | None:
        """What was not recorded of late; None = nothing."""
        oldest = self._monotonic() - _GAP_SECONDS
        while self._gaps and self._gaps[0][0] < oldest:
            self._gaps.popleft()
        if not self._gaps:
            return None
        gaps = [gap for _, gap in self._gaps]
        return RecentGaps(
            calls=len({gap.call_id for gap in gaps}),
            observations=sum(gap.observations for gap in gaps),
            bytes=sum(gap.bytes for gap in gaps),
            reasons=tuple(dict.fromkeys(gap.reason for gap in gaps)),
        )

    async def run(self) -> None:
        """Follow the logs until cancelled."""
        while True:
            await self.poll()
            # What is read before waiters may be woken again, nobody sees any earlier: one look then is enough.
            until_wake = self._woken_at + WAKE_SECONDS - self._monotonic()
            await anyio.sleep(max(self._poll_seconds, until_wake + 0.0005))

    async def poll(self) -> None:
        """One look at every log."""
        # Those known are read before the folder is listed: what is open is still readable after its removal.
        behind = False
        for writer in list(self._writers):
            behind |= await self._drain(writer)
        there = self._reader.writers()
        for writer in there:
            if writer not in self._writers:
                self._writers[writer] = _Followed()
                behind |= await self._drain(writer)
        for writer in self._writers.keys() - set(there):
            del self._writers[writer]
            self._cut_off(writer)
        self._drop_old()
        if not behind:
            self._caught_up.set()
        self._publish()

    async def _drain(self, writer: WriterId) -> bool:
        """Read what is new; whether there is more."""
        followed = self._writers[writer]
        if followed.finished:
            return False
        dead = False
        if self._monotonic() - followed.asked_alive > _ALIVE_SECONDS:
            followed.asked_alive = self._monotonic()
            dead = not self._reader.is_alive(writer)  # asked before the last read, so that nothing can follow it
        limit = SHORT_READ
        for _ in range(MOST_READS):
            batch = await self._read(writer, followed.position, limit)
            if not batch:
                break
            self._fold(writer, followed, batch)
            self._publish()
            limit = LONG_READ if batch[-1].after - batch[0].position > limit // 2 else SHORT_READ
        else:
            return True
        if dead:
            followed.finished = followed.position > 0  # else it may only be about to begin
            self._cut_off(writer)
        return False

    async def _read(self, writer: WriterId, position: int, limit: int) -> list[Logged]:
        if limit > SHORT_READ:
            return await anyio.to_thread.run_sync(lambda: list(self._reader.read(writer, position, limit)))
        return list(self._reader.read(writer, position, limit))

    def _fold(self, writer: WriterId, followed: _Followed, batch: Iterable[Logged]) -> None:
        for logged in batch:
            if logged.position > followed.position:
                self._doubt(writer)
            followed.position = logged.after
            self._take(writer, logged.event)
        self._dirty = True

    def _take(self, writer: WriterId, event: ev.Event) -> None:
        call = self._running.get(event.call_id)
        if isinstance(event, ev.Gap):
            self._gaps.append((self._monotonic() - max(0.0, self._clock() - event.at / 1e6), event))
        if call is None:
            if not isinstance(event, ev.RequestHead):
                return  # its begin was missed, or it has ended: the store's
            call = self._running[event.call_id] = FeedCall(event.call_id, writer, prices=self._prices)
        call.take(event)
        call.version = self._version + 1
        if call.ended:
            self._end(call)

    def _end(self, call: FeedCall) -> None:
        del self._running[call.call_id]
        age = self._clock() - call.last_at / 1e6
        if age > KEEP_SECONDS:
            return
        call.ended_monotonic = self._monotonic() - max(0.0, age)
        self._ended[call.call_id] = call
        self._ended_bytes += call.bytes
        while len(self._ended) > MOST_ENDED or self._ended_bytes > MOST_ENDED_BYTES:
            self._drop_first()

    def _drop_first(self) -> None:
        _, call = self._ended.popitem(last=False)
        self._ended_bytes -= call.bytes

    def _drop_old(self) -> None:
        oldest = self._monotonic() - KEEP_SECONDS
        while self._ended and next(iter(self._ended.values())).ended_monotonic < oldest:
            self._drop_first()
            self._dirty = True

    def _of(self, writer: WriterId) -> list[FeedCall]:
        return [call for call in self._running.values() if call.writer == writer]

    def _cut_off(self, writer: WriterId) -> None:
        for call in self._of(writer):
            call.cut_off()
            call.version = self._version + 1
            self._end(call)
            self._dirty = True

    def _doubt(self, writer: WriterId) -> None:
        for call in self._of(writer):
            call.doubtful = True

    def _publish(self) -> None:
        now = self._monotonic()
        if self._dirty and now - self._woken_at >= WAKE_SECONDS:
            self._dirty = False
            self._woken_at = now
            self._version += 1
            self._wake.set()
            self._wake = anyio.Event()
