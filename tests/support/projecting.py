"""Ways to run the projector over a log and to look at what it wrote."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.support.logs import MemoryLog, call_id
from union_square.domain import events as ev
from union_square.domain.views import CallView
from union_square.projecting.projector import Projector
from union_square.store.memory import MemoryStore
from union_square.store.ports import StoreReader

DEADLINE_SECONDS = 60


@dataclass
class World:
    """A log, a store and a projector between them; `later` moves its clock on."""

    log: MemoryLog = field(default_factory=MemoryLog)
    store: MemoryStore = field(default_factory=MemoryStore)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new projector, which knows what the store knows."""
        self.projector = Projector(self.log, self.store, monotonic=lambda: self.now)

    def project(self, *events: Iterable[ev.Event]) -> None:
        """Log these events and project until there is nothing left."""
        for some in events:
            self.log.append(some)
        while self.projector.step().more:
            pass

    def later(self, seconds: float) -> None:
        self.now += seconds

    def call(self, number: int) -> CallView:
        return self.store.call(call_id(number)).call

    def session(self, number: int) -> str | None:
        return self.call(number).session_id

    def parents(self) -> dict[int, int | None]:
        """Each call's parent, by their numbers."""
        calls = self.store.calls(limit=1000).items
        return {int(call.id, 16): None if call.parent_id is None else int(call.parent_id, 16) for call in calls}


def wait_until(true: Callable[[], bool]) -> None:
    """Look again and again until it is true; far beyond what it should take, fail."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def everything(store: StoreReader) -> tuple[object, ...]:
    """All that a store's readers can see, to compare two stores."""
    calls = store.calls(limit=1000).items
    return (
        calls,
        store.sessions(limit=1000).items,
        [store.call(call.id) for call in calls],
        [store.call_events(call.id) for call in calls],
        store.figures(),
    )
