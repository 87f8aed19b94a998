"""The live calls as readers get them: the feed's calls, each with the session that it was linked to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from union_square.domain.finding import Candidate
from union_square.domain.finding.marks import tools_called
from union_square.domain.ids import CallId, SessionId
from union_square.domain.views import CallDetail, CallView, SessionView
from union_square.store.mapping import call_words
from union_square.watching.feed import LiveFeed
from union_square.watching.feedcall import FeedCall
from union_square.watching.links import Links
from union_square.watching.overlay import overlay_session, session_of_live, with_session
from union_square.watching.ports import LiveCall, LiveSession

LINGER_SECONDS = 1.5
"""How long an ended call stays on the live page: until then it may not be in the store, and would be nowhere."""

MOST_GAPS = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LiveCalls:
    """Looks into the feed. Nothing here waits."""

    def __init__(
        self, feed: LiveFeed, links: Links, *, clock: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._feed = feed
        self._links = links
        self._clock = clock
        self._monotonic = monotonic

    def session_of(self, call: FeedCall) -> SessionId:
        """The session it was linked to; until then it stands alone under its own id."""
        return self._links.get(call.call_id) or SessionId(call.call_id)

    def view(self, call: FeedCall) -> CallView:
        return with_session(call.understanding.view(), self._links.get(call.call_id))

    def candidate(self, call: FeedCall) -> Candidate:
        """The call as a filter looks at it; what is not linked yet repeats no other call's history."""

        def words() -> str:
            return call_words(view, (*understanding.request_messages, *understanding.response_messages))

        view, understanding = self.view(call), call.understanding
        return Candidate(call=view, words=words, tools=tools_called(understanding.response_messages))

    def detail(self, call: FeedCall) -> CallDetail:
        detail = call.understanding.detail()
        view = with_session(detail.call, self._links.get(call.call_id))
        return detail if view is detail.call else replace(detail, call=view)

    def by_session(self) -> dict[SessionId, list[FeedCall]]:
        """All of the feed's calls, in the order they began."""
        return self._grouped([*self._feed.ended(), *self._feed.running()])

    def of_session(self, session_id: str) -> list[FeedCall]:
        """The feed's calls of that session, in the order they began."""
        return self.by_session().get(SessionId(session_id), [])

    def unlinked(self) -> list[FeedCall]:
        """Those that the store has not linked yet, newest first."""
        every = (*self._feed.ended(), *self._feed.running())
        found = [call for call in every if self._links.get(call.call_id) is None]
        return sorted(found, key=lambda call: call.call_id, reverse=True)

    def groups(self) -> dict[SessionId, list[FeedCall]]:
        """The calls on the live page by session: those that run, and those that ended a moment ago."""
        recent = self._monotonic() - LINGER_SECONDS
        return self._grouped(
            [call for call in self._feed.ended() if call.ended_monotonic > recent] + self._feed.running()
        )

    def _grouped(self, calls: list[FeedCall]) -> dict[SessionId, list[FeedCall]]:
        groups: dict[SessionId, list[FeedCall]] = {}
        for call in sorted(calls, key=lambda call: call.call_id):
            groups.setdefault(self.session_of(call), []).append(call)
        return groups

    def sessions(
        self, groups: dict[SessionId, list[FeedCall]], stored: dict[SessionId, SessionView], tail_characters: int
    ) -> tuple[LiveSession, ...]:
        """The live page's sessions: the one whose call began last comes first."""
        newest = sorted(groups.items(), key=lambda item: item[1][-1].call_id, reverse=True)
        return tuple(self._session(calls, stored.get(session_id), tail_characters) for session_id, calls in newest)

    def last_at(self, calls: list[FeedCall]) -> datetime:
        """When anything was heard of them last."""
        return _EPOCH + timedelta(microseconds=max(call.last_at for call in calls))

    def _session(self, calls: list[FeedCall], stored: SessionView | None, tail_characters: int) -> LiveSession:
        lines = tuple(self._line(call, tail_characters) for call in calls)
        last_at = self.last_at(calls)
        views = [line.call for line in lines]
        running = [view for view in views if view.state == "running"]
        if stored is None:
            session = session_of_live(views, last_at)
        else:
            session = overlay_session(stored, running, last_at, ended=len(views) - len(running))
        return LiveSession(session=session, calls=lines)

    def _line(self, call: FeedCall, tail_characters: int) -> LiveCall:
        kind, tail = call.understanding.tail(tail_characters)
        ago = None if call.last_chunk_at is None else max(0.0, self._clock() * 1000 - call.last_chunk_at / 1000)
        chunks = call.understanding.recording.response.chunks[-MOST_GAPS - 1 :]
        gaps = tuple((after.offset_us - before.offset_us) / 1000 for before, after in pairwise(chunks))
        return LiveCall(call=self.view(call), tail=tail, tail_kind=kind, last_chunk_ms_ago=ago, gaps_ms=gaps)

    def by_id(self, call_id: CallId) -> FeedCall | None:
        return self._feed.get(call_id)
