"""Which session each live call belongs to, as far as the projector has linked it; asked of the store, remembered."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from union_square.domain.ids import CallId, SessionId

MOST_ASKED = 500
"""Calls asked for at once, the newest first; the rest has its turn next time."""

AGAIN_SECONDS = 5.0
"""How often calls that are linked are asked for again: people merge and split sessions."""


class AskLinks(Protocol):
    async def __call__(self, call_ids: Sequence[CallId]) -> dict[CallId, SessionId]: ...


class Links:
    """Ask `refresh` now and then; `get` answers at once."""

    def __init__(self, ask: AskLinks, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._known: dict[CallId, SessionId] = {}
        self._all_at = 0.0

    def get(self, call_id: CallId) -> SessionId | None:
        return self._known.get(call_id)

    def forget(self) -> None:
        """Ask for all of them next time: somebody has just moved some."""
        self._all_at = float("-inf")

    async def refresh(self, live: Sequence[CallId]) -> bool:
        """Ask for those of the live calls (oldest first) that are not linked yet; whether anything is new.

        Raises what the store raises; what is known stays."""
        now = self._monotonic()
        everything = now - self._all_at > AGAIN_SECONDS
        wanted = [call_id for call_id in reversed(live) if everything or call_id not in self._known][:MOST_ASKED]
        found = await self._ask(wanted) if wanted else {}
        if everything:
            self._all_at = now
        news = any(self._known.get(call_id) != session_id for call_id, session_id in found.items())
        there = set(live)
        self._known = {call_id: session_id for call_id, session_id in self._known.items() if call_id in there} | found
        return news
