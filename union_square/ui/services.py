"""The UI's composition: the one place where pages find what they read through, and where that is put together.

Pages call `services()` in their event handlers; they never make a reader themselves.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from union_square.ui.values import UiValues
from union_square.watching.ports import Watching

OpenWatching = Callable[[UiValues], AbstractAsyncContextManager[Watching]]
"""Makes the UI's reader and keeps it running while the context is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    watching: Watching
    values: UiValues


class ServicesNotOpen(RuntimeError):
    """A page asked for its services before the server started, or after it stopped."""


@dataclass(slots=True)
class _Composition:
    make_values: Callable[[], UiValues] | None = None
    running: Services | None = None


_composition = _Composition()


def provide_values(make: Callable[[], UiValues]) -> None:
    """Say where the values come from, unless that was said before (a server's own values win over the settings)."""
    if _composition.make_values is None:
        _composition.make_values = make


def use(services: Services) -> None:
    """Let pages use these services from now on."""
    _composition.running = services


def services() -> Services:
    """What pages read through. Raises ServicesNotOpen."""
    if _composition.running is None:
        raise ServicesNotOpen("the UI's services are not open: it is starting, stopping, or only being compiled")
    return _composition.running
