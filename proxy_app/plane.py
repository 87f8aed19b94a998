"""The data plane: what all connections of one worker share, and its life from start to stop."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from proxy_app.call import Call, Offers
from proxy_app.clock import CallIds, Clock
from proxy_app.counters import Counters, SharedCounts
from proxy_app.heads import HeadReader
from proxy_app.pool import Pool
from proxy_app.routes import Route
from union_square.domain.redaction import Redactor
from union_square.domain.redaction_rules import Rule
from union_square.recording.recorder import Recorder
from union_square.recording.redacting import RedactingTap
from union_square.recording.tap import Tap
from union_square.wire.http1 import RequestHead

HEAD_TIMEOUT_SECONDS = 30.0
"""How long a client may take to send a request's head."""
IDLE_TIMEOUT_SECONDS = 300.0
"""How long a client's connection may lie idle; longer than the clients' own pools keep theirs."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    connect_timeout_seconds: float
    response_timeout_seconds: float
    max_head_bytes: int


class Swept(Protocol):
    """A client's connection, looked at about once a second."""

    def sweep(self, now: float) -> None: ...

    def abandon(self) -> None: ...


class Plane:
    """Everything a connection needs. `tap` and `recorder` are None when nothing is recorded."""

    def __init__(
        self, *, routes: Mapping[bytes, Route], limits: Limits, redactor: Redactor, clock: Clock,
        tap: Tap | None, recorder: Recorder | None, shared: SharedCounts, worker: int, rules: tuple[Rule, ...] = (),
    ) -> None:  # fmt: skip
        self.routes = routes
        self.limits = limits
        self.clock = clock
        self.counters = Counters()
        self.pool = Pool(limits.connect_timeout_seconds, self.counters, clock, redactor if tap else None)
        self.tap = tap
        self._offers: Offers | None = RedactingTap(tap, rules) if tap and rules else tap
        self.recorder = recorder
        self.clients: set[Swept] = set()
        self.draining = False
        self.heads = HeadReader(routes, redactor if tap else None)
        self._ids = CallIds()
        self._shared = shared
        self._worker = worker
        self._recording: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._died = ""

    def new_call(self, route: Route, head: RequestHead, at: int) -> Call:
        counters = self.counters
        counters.calls += 1
        counters.in_flight += 1
        return Call(self._ids.next(at), route, head, at, self._offers, counters)

    def start(self) -> None:
        """Begin to record and to look after the connections. Needs the running loop."""
        if self.recorder is not None:
            self._recording = recording = asyncio.create_task(self.recorder.run(), name="recorder")
            recording.add_done_callback(self._recorder_ended)
        self._sweeping = asyncio.create_task(self._look_after(), name="sweep")

    async def stop(self) -> None:
        """End the calls that are still open, and write everything that was seen."""
        for client in list(self.clients):
            client.abandon()
        self.pool.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self.tap is not None:
            self.tap.close()
        if self._recording is not None:
            await asyncio.wait([self._recording])
        if self.recorder is not None:
            self.recorder.finish()

    def problems(self) -> list[str]:
        """Why this worker is not ready; empty when it is."""
        found = [self._died] if self._died else []
        if self.recorder is not None and self.recorder.problem:
            found.append(self.recorder.problem)
        if self.tap is not None and self.tap.missed:
            found.append(f"observations of {len(self.tap.missed)} calls did not fit and wait to be recorded as gaps")
        if self.draining:
            found.append("the proxy is stopping")
        return found

    def publish(self) -> dict[str, int]:
        """Lay this worker's counts out for all, and give the sums of all."""
        tap, recorder = self.tap, self.recorder
        self._shared.publish(
            self._worker,
            self.counters.values(
                client_connections=len(self.clients),
                upstream_connections=self.pool.size,
                backlog_bytes=tap.in_flight if tap else 0,
                missed_observations=tap.missed_observations if tap else 0,
                missed_bytes=tap.missed_bytes if tap else 0,
                gaps=recorder.gaps if recorder else 0,
                log_bytes=recorder.written_bytes if recorder else 0,
                recorder_failing=int(bool(self._died or (recorder and recorder.problem))),
            ),
        )
        return self._shared.sums()

    async def _look_after(self) -> None:
        pause = min(1.0, self.limits.response_timeout_seconds / 4)
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(pause)
            now = loop.time()
            for client in list(self.clients):
                client.sweep(now)
            self.pool.sweep(now)
            self.publish()

    def _recorder_ended(self, task: asyncio.Task[None]) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            error = task.exception()
            if error is not None:
                self._died = f"the recorder stopped ({type(error).__name__}); nothing more is recorded"
                _log.error("%s", self._died, exc_info=error)
