"""A session's recording in the player's hands: loaded once, the bytes of the calls around the moment on demand."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from anyio import to_thread

from union_square.domain.conversation import Turn, build_turns
from union_square.domain.ids import CallId, SessionId
from union_square.domain.messages import ToolCallPart
from union_square.domain.playback import PlayedCall, score_of
from union_square.domain.views import CallDetail
from union_square.ui import wording
from union_square.ui.play_views import PlayLook, TrackView
from union_square.ui.present_conversation import present_turn, results_of_turns
from union_square.ui.present_playback import present_deck, present_track, turns_at
from union_square.ui.transport import Scores, Transport, recorded
from union_square.ui.views import TurnView
from union_square.watching.ports import SessionCalls, Watching
from union_square.wire.moments import Moments

TURNS_SHOWN = 16
"""The newest turns at a moment; a page that grows ten times a second is not also to be long."""

_MOST_HELD = 12  # calls whose events are kept


class Player:
    """One recording. `look` may be asked for any moment, in any order."""

    def __init__(self, watching: Watching, found: SessionCalls) -> None:
        self._watching = watching
        self._calls = found.calls
        self._turns = build_turns(found.calls)
        self._address = f"/sessions/{found.detail.session.id}/play"
        self._held: OrderedDict[CallId, Moments] = OrderedDict()
        self._settled: tuple[tuple[int, frozenset[CallId]], list[TurnView]] | None = None
        self.title = found.detail.session.title
        self.session_id: SessionId = found.detail.session.id
        self.truncated = found.truncated
        self.scores = Scores(cut=score_of(found.calls), whole=score_of(found.calls, None))

    def track(self, *, skip: bool) -> TrackView:
        return present_track(self.scores.of(skip=skip), self._calls)

    def begin_of(self, call_id: str) -> int | None:
        """When that call began, in recorded time; None = it is not here."""
        return next((call.begin for call in self.scores.whole.calls if call.call_id == call_id), None)

    async def look(self, transport: Transport) -> PlayLook:
        """The conversation at that place. Raises what the store raises."""
        at = recorded(transport, self.scores)
        open_calls = self.scores.whole.running(at)
        then = {call.call_id: detail for call in open_calls if (detail := await self._at(call, at)) is not None}
        turns = turns_at(self._turns, self.scores.whole, at, then)
        settled, running = await to_thread.run_sync(self._present, turns, frozenset(c.call_id for c in open_calls))
        hidden = max(0, len(turns) - TURNS_SHOWN)
        return PlayLook(
            deck=present_deck(transport, self.scores, self._address),
            settled=settled,
            running=running,
            earlier=f"{wording.plural(hidden, 'earlier turn')} not shown here" if hidden else "",
        )

    async def _at(self, call: PlayedCall, at: int) -> CallDetail | None:
        """The call as it stood; None where its events are not in the store (it still runs)."""
        held = self._held.get(call.call_id)
        if held is None:
            events = await self._watching.call_events(call.call_id)
            held = self._held[call.call_id] = Moments(call.call_id, events)
            while len(self._held) > _MOST_HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(call.call_id)
        return None if held.empty else held.at(at - call.begin)

    def _present(self, turns: Sequence[Turn], running: frozenset[CallId]) -> tuple[list[TurnView], list[TurnView]]:
        """Settled turns are presented anew only when a call began or ended: their Markdown takes a while."""
        first = max(0, len(turns) - TURNS_SHOWN)
        results = results_of_turns(turns)
        shown = list(enumerate(turns[first:], first + 1))
        ids = {
            part.id
            for _, turn in shown
            for message in (*turn.added, *turn.answer)
            for part in message.parts
            if isinstance(part, ToolCallPart)
        }
        numbers = {str(turn.call.id): number for number, turn in enumerate(turns, 1)}

        def view(number: int, turn: Turn) -> TurnView:
            made = present_turn(
                turn, number=number, numbers=numbers, results=results, paired=frozenset(ids & results.keys())
            )
            return replace(made, since="")  # its clock is the player's

        key = (len(turns), running)
        if self._settled is None or self._settled[0] != key:
            self._settled = key, [view(n, turn) for n, turn in shown if turn.call.id not in running]
        return self._settled[1], [view(n, turn) for n, turn in shown if turn.call.id in running]
