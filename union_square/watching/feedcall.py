"""One call as the live feed holds it: its events until somebody asks, then what they mean.

Most calls of a busy proxy come and go unwatched; reading their bodies would cost far more than keeping them.
"""

import logging
from dataclasses import dataclass, field

from union_square.domain import events as ev
from union_square.domain.call import CallRecording
from union_square.domain.ids import CallId, WriterId
from union_square.wire.prices import Prices
from union_square.wire.understanding import Understanding

logger = logging.getLogger(__name__)

MOST_PENDING = 512
"""Events kept unread; past it they are folded, which takes less room than many small events."""


@dataclass(slots=True)
class FeedCall:
    """Read `understanding` at any moment; it is brought up to date when asked for."""

    call_id: CallId
    writer: WriterId
    version: int = 0  # of the feed, when this call last changed
    last_at: int = 0  # microseconds since the epoch, of the latest event
    last_chunk_at: int | None = None
    bytes: int = 0  # payload bytes held
    ended: bool = False
    ended_monotonic: float = 0.0
    doubtful: bool = False  # events of its log were missed: its end may have been among them
    prices: Prices = ()  # the user's own
    _pending: list[ev.Event] = field(default_factory=list[ev.Event])
    _understanding: Understanding | None = None
    _given_up: bool = False

    def take(self, event: ev.Event) -> None:
        """Keep one more event of this call. Never raises."""
        self._pending.append(event)
        self.last_at = max(self.last_at, event.at)
        match event:
            case ev.ResponseChunk():
                self.last_chunk_at = event.at
                self.bytes += len(event.data)
            case ev.RequestChunk():
                self.bytes += len(event.data)
            case ev.ResponseEnd() | ev.Failure():
                self.ended = True
            case _:
                pass
        if len(self._pending) > MOST_PENDING:
            self.catch_up()

    def cut_off(self) -> None:
        """The process that wrote its events died before its end: it was cut off when it was last heard of."""
        self.take(
            ev.Failure(
                call_id=self.call_id,
                at=self.last_at,
                code="proxy_stopped",
                message="the proxy that carried this call stopped before the call had ended",
                status=0,
                request_total=0,
                response_total=0,
            )
        )

    def catch_up(self) -> None:
        """Fold what has come since."""
        understanding = self._understanding = self._understanding or Understanding(self.call_id, self.prices)
        pending, self._pending = self._pending, []
        try:
            for event in pending:
                if not (self._given_up and isinstance(event, ev.RequestChunk | ev.ResponseChunk)):
                    understanding.apply(event)
            understanding.view()
        except Exception as error:  # noqa: BLE001 - one call that cannot be understood must not end the live page
            self._give_up(understanding.recording, error)

    def _give_up(self, recording: CallRecording, error: Exception) -> None:
        """Go on with the heads and the end alone; the bytes are recorded all the same."""
        if self._given_up:
            raise error
        logger.error("call %s could not be understood; its bytes are recorded", self.call_id, exc_info=error)
        self._given_up = True
        self._understanding = Understanding(self.call_id, self.prices)
        at, total = recording.started_at, recording.response.total
        self._pending = [
            ev.RequestHead(
                call_id=self.call_id,
                at=at,
                upstream=recording.upstream,
                fingerprint=recording.fingerprint,
                recorded=recording.recorded,
                head=recording.request_head,
            ),
            ev.RequestEnd(call_id=self.call_id, at=at, total=recording.request.total),
        ]
        if recording.response_head:
            self._pending.append(ev.ResponseHead(call_id=self.call_id, at=at, head=recording.response_head))
        if recording.failure is not None:
            self._pending.append(recording.failure)
        elif recording.ended_at is not None:
            self._pending.append(ev.ResponseEnd(call_id=self.call_id, at=recording.ended_at, total=total))
        self.catch_up()

    @property
    def understanding(self) -> Understanding:
        if self._pending or self._understanding is None:
            self.catch_up()
        assert self._understanding is not None
        return self._understanding
