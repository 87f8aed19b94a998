"""The UI's composition: the one place where pages find what they read through, and where that is put together.

Pages call `services()` in their event handlers; they never make a reader themselves.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from union_square.announcing import announcement_file
from union_square.replaying.rerunning import Reruns
from union_square.replaying.resending import Resends
from union_square.store.sql import SqlStore
from union_square.ui.values import UiValues
from union_square.watching.opening import open_watcher
from union_square.watching.ports import Watching

OpenWatching = Callable[[UiValues], AbstractAsyncContextManager[Watching]]
"""Makes the UI's reader and keeps it running while the context is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    watching: Watching
    values: UiValues
    resends: Resends
    reruns: Reruns


class ServicesNotOpen(RuntimeError):
    """A page asked for its services before the server started, or after it stopped."""


@dataclass(slots=True)
class _Composition:
    running: Services | None = None


_composition = _Composition()


@asynccontextmanager
async def open_watching(values: UiValues) -> AsyncGenerator[Watching]:
    """The real reader: the store behind the URL with the live feed of the event log laid over it."""
    store = SqlStore(values.database)
    heartbeat = announcement_file(values.home, "projector")
    try:
        async with open_watcher(
            values.log_folder, store.reader, store.annotator, heartbeat=heartbeat, prices=values.prices
        ) as watcher:
            yield watcher
    finally:
        store.close()


def use(services: Services) -> None:
    """Let pages use these services from now on."""
    _composition.running = services


def services() -> Services:
    """What pages read through. Raises ServicesNotOpen."""
    if _composition.running is None:
        raise ServicesNotOpen("the UI's services are not open: it is starting, stopping, or only being compiled")
    return _composition.running
