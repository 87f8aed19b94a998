"""How a page follows what changes: look, show, wait for a change, and never more often than it can keep up with."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import anyio
from reflex_base.registry import RegistrationContext

from union_square.watching.ports import Watching

View = TypeVar("View")

SHORTEST_SECONDS = 0.1
"""Between two looks: ten updates a second are as many as people and browsers follow."""

_LONGEST_WAIT_SECONDS = 1.0  # silences are counted up although nothing changes
_SHARE = 4  # of the time a page may spend looking: 1 part in 1 + 4


def client_is_here(token: str) -> bool:
    """Whether the browser tab with that Reflex token is connected to this process."""
    namespace = RegistrationContext.get().app.event_namespace
    return namespace is not None and token in namespace.token_to_sid


_shown = dict[str, str]()  # the path that each tab shows
_MOST_TABS = 1000


def now_showing(token: str, path: str) -> None:
    """The tab with that Reflex token has opened that page: what follows something for another one ends."""
    if len(_shown) >= _MOST_TABS:
        for gone in [one for one in _shown if not client_is_here(one)]:
            del _shown[gone]
    _shown[token] = path


def while_shown(token: str, path: str) -> Callable[[], bool]:
    """Whether the tab is there and shows that page, which it does now."""
    now_showing(token, path)
    return lambda: client_is_here(token) and _shown.get(token, path) == path


async def follow(
    watching: Watching, look: Callable[[], Awaitable[View]], is_wanted: Callable[[], bool]
) -> AsyncIterator[View]:
    """What `look` gives, again after each change and at least once a second, while `is_wanted()`.

    Reflex mostly cancels the task of a page that is left, and of one whose socket closed; `is_wanted` sees to the rest,
    and to tabs that vanish without a word."""
    while is_wanted():
        seen = watching.version
        began = time.monotonic()
        view = await look()
        spent = time.monotonic() - began
        yield view
        await anyio.sleep(max(SHORTEST_SECONDS, _SHARE * spent))
        if watching.version == seen:
            await watching.changed(seen, _LONGEST_WAIT_SECONDS)
