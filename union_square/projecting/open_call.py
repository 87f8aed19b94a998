"""A call while its events come in: what it means so far, its records for the archive, and its place among sessions.

Must not: do I/O. Asking the store who the parent is belongs to `projecting.batch`.
"""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from union_square.domain import events as ev
from union_square.domain import records
from union_square.domain.ids import CallId
from union_square.domain.messages import Message
from union_square.domain.session import Link, LinkPlan, plan_link
from union_square.domain.tasks import CALLED
from union_square.domain.threads import History, opening_system
from union_square.domain.threads_kept import Memory
from union_square.domain.views import CallDetail
from union_square.store.ports import Projection
from union_square.wire.bodies import Bodies
from union_square.wire.prices import Prices
from union_square.wire.understanding import Understanding

logger = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OpenCall:
    """The fold of one call's events, and the projections that can be made of it at any moment."""

    def __init__(
        self, call_id: CallId, memory: Memory | None = None, prices: Prices = (), bodies: Bodies | None = None
    ) -> None:
        self.call_id = call_id
        self.archive = bytearray()
        self.link: Link | None = None
        self.has_head = False
        self._prices = prices
        self._understanding = Understanding(call_id, prices, bodies)
        self._memory = memory or Memory()
        self._plan: LinkPlan | None = None
        self._history = History(())
        self._problem = ""

    def apply(self, event: ev.Event) -> None:
        """Take one more event of this call."""
        self.archive += records.encode(event)
        self.has_head = self.has_head or isinstance(event, ev.RequestHead)
        if self._problem and isinstance(event, ev.RequestChunk | ev.ResponseChunk):
            return
        upgraded = self._understanding.upgraded
        try:
            self._understanding.apply(event)
        except Exception as error:  # noqa: BLE001 (one call that cannot be understood must not stop all others)
            self._give_up(error)
        if self._understanding.upgraded and (self.ended or not upgraded):
            self._plan = None  # made before anything was asked

    @property
    def ended(self) -> bool:
        return self._understanding.recording.ended

    @property
    def request_read(self) -> bool:
        return self._understanding.recording.request.ended_at is not None

    def failure(self, code: str, message: str) -> ev.Failure:
        """What ends the call when its writer is gone: at the time of the last that was seen of it."""
        recording = self._understanding.recording
        return ev.Failure(
            call_id=self.call_id,
            at=recording.last_at,
            code=code,
            message=message,
            status=0,
            request_total=recording.request.total,
            response_total=recording.response.total,
        )

    def plan(self) -> LinkPlan:
        """What has to be asked to link it. Kept once the request has been read as far as it goes."""
        if self._plan is not None:
            return self._plan
        understanding = self._understanding
        recording = understanding.recording
        history = self._memory.history(understanding.request.messages)
        plan = plan_link(
            call_id=self.call_id,
            started_at=_EPOCH + timedelta(microseconds=recording.started_at),
            fingerprint=recording.fingerprint,
            upstream=recording.upstream,
            headers=understanding.request_headers.headers,
            request=understanding.request,
            history=history,
        )
        if self.ended or (self.request_read and not understanding.upgraded):
            self._plan, self._history = plan, history
        return plan

    def project(self) -> Projection:
        """Everything the store gets to know of the call now. While it runs, that leaves out what it has answered so
        far: the live feed has it, and the store would be written with every other version of it."""
        understanding = self._understanding
        try:
            detail = understanding.detail()
            response, request = understanding.response, understanding.request
        except Exception as error:  # noqa: BLE001 (as above)
            self._give_up(error)
            return self.project()
        link = self.link
        detail = replace(
            detail,
            call=replace(
                detail.call,
                session_id=link and link.session_id,
                parent_id=link and link.parent_id,
                link_rule=link and link.rule,
                link_confidence=link and link.confidence,
            ),
            messages=self._messages(detail.messages, detail.request_message_count),
            problems=(*detail.problems, self._problem) if self._problem else detail.problems,
        )
        projection = Projection(
            detail=detail if self.ended else _without_answer(detail),
            fingerprint=understanding.recording.fingerprint,
            system_digest=self.plan().system_digest,
            external_session=link.external_session if link else "",
        )
        if not self.ended:
            return projection
        history, choices = self._history, response.messages
        if understanding.upgraded:  # several turns: what continues it repeats them all
            history, choices = History((*request.messages, *choices[:-1])), choices[-1:]
        elsewhere = bool(request.previous_response_id or request.conversation_id)  # the provider keeps the history
        fetched = response.response_id == request.previous_response_id  # what continues it continues what asked for it
        return replace(
            projection,
            thread_digests=(
                *(() if elsewhere else history.thread_digests(choices)),
                *(() if elsewhere else history.opening_digests(opening_system(request.messages))),
                *history.given_tasks(choices),
                *((CALLED,) if link and link.called else ()),
            ),
            response_id="" if fetched else response.response_id,
            archive=bytes(self.archive),
        )

    def _messages(self, messages: tuple[Message, ...], asked: int) -> tuple[Message, ...]:
        """The messages, those of the history as the objects that earlier calls had: what is known is known by these."""
        if self._plan is None or not asked:
            return messages
        return self._history.as_kept(messages[:asked]) + messages[asked:]

    def _give_up(self, error: Exception) -> None:
        """Go on without what the bodies mean; the archive has them, and a later version may understand them."""
        if self._problem:
            raise error
        logger.error("call %s could not be understood; its bytes are kept", self.call_id, exc_info=error)
        self._problem = f"the call could not be understood ({type(error).__name__}); its bytes are kept as they came"
        self._plan, self._history = None, History(())
        self._understanding = Understanding(self.call_id, self._prices)
        for event, _ in records.decode(bytes(self.archive)):
            if not isinstance(event, ev.RequestChunk | ev.ResponseChunk):
                self._understanding.apply(event)


def _without_answer(detail: CallDetail) -> CallDetail:
    return replace(detail, messages=detail.messages[: detail.request_message_count], chunks=())
