"""One call, understood while its events come in: the fold shared by the projector, the live feed and `rebuild`.

Must not: do I/O, take the time, or raise because of what a client or a provider sent.
"""

from dataclasses import replace

from union_square.domain import events as ev
from union_square.domain.call import CallRecording
from union_square.domain.events import Event
from union_square.domain.ids import CallId
from union_square.domain.messages import Message, Request, Response
from union_square.domain.views import CallDetail, CallView, ChunkView
from union_square.wire.bodies import Bodies
from union_square.wire.content import ContentDecoder
from union_square.wire.cost import Cost, cost_of
from union_square.wire.dialects.draft import Draft, TailKind
from union_square.wire.dialects.registry import read_request
from union_square.wire.headers import Head, Target, parse_content_type, parse_head, parse_target
from union_square.wire.labels import Labels, parse_labels
from union_square.wire.presenting import instant, present_detail, present_view, preview_of
from union_square.wire.prices import Prices
from union_square.wire.responsebody import ResponseBody
from union_square.wire.upgraded import UpgradedCall
from union_square.wire.websocket import is_websocket

UNREAD = Request(dialect="none", operation="")
UNANSWERED = Response()


class Understanding:
    """The recording of a call and what its bytes mean, so far.

    Feed it the call's events in order with `apply`. `view` and `detail` may be asked at any moment; their session
    fields (`session_id`, `parent_id`, `link_rule`, `link_confidence`) are None: linking is the projector's.
    Each event is read once; an answer costs what is new since the last one, and nothing when nothing is.
    """

    recording: CallRecording

    def __init__(self, call_id: CallId, prices: Prices = (), bodies: Bodies | None = None) -> None:
        """`prices`: the user's own, which go before the lists. `bodies`: of calls before, to read this one's on."""
        self.recording = CallRecording(call_id=call_id)
        self._prices = prices
        self._bodies = bodies
        self.first_token_us: int | None = None  # since the call began, of a streamed answer
        self.last_token_us: int | None = None
        self._target = Target()
        self._request_head = Head()
        self._response_head: Head | None = None
        self._labels = Labels()
        self.preview = ""  # the last user text, on one line
        self._request: Request | None = None
        self._draft: Draft | None = None
        self._body: ResponseBody | None = None
        self._upgraded: UpgradedCall | None = None  # a WebSocket, since the upstream switched to it
        self._early: list[ev.ResponseChunk] = []  # came before the request was read to its end
        self._chunk_views: tuple[list[ChunkView], list[ChunkView]] = ([], [])
        self._response: Response | None = None
        self._view: CallView | None = None
        self._detail: CallDetail | None = None

    def apply(self, event: Event) -> None:
        """Take one more event of this call. Never raises, whatever comes in whatever order."""
        self.recording.apply(event)
        self._response = self._view = self._detail = None
        match event:
            case ev.RequestHead():
                self._request_head = parse_head(event.head)
                self._target = parse_target(self._request_head.start_line, event.upstream)
                self._labels = parse_labels(self._request_head)
            case ev.RequestEnd():
                self._read_request()
            case ev.ResponseHead():
                self._take_response_head()
            case ev.RequestChunk() | ev.ResponseChunk() if self._upgraded is not None:
                self._take_frames(self._upgraded, event)
            case ev.Gap() if self._upgraded is not None:
                self._upgraded.gap()
            case ev.ResponseChunk():
                self._take_chunk(event)
            case ev.ResponseEnd() | ev.Failure():
                self._end()
            case _:
                return

    @property
    def request(self) -> Request:
        """What the request says; a placeholder of dialect "none" until it was read to its end."""
        if self._upgraded is not None and self._request is None:
            self._request = self._upgraded.talk.request()
            self.preview = preview_of(self._request.messages)
        return self._request or UNREAD

    @property
    def response(self) -> Response:
        """What the response says so far."""
        if self._response is None:
            self._response = self._snapshot()
        return self._response

    @property
    def request_messages(self) -> tuple[Message, ...]:
        return self.request.messages

    @property
    def response_messages(self) -> tuple[Message, ...]:
        return self.response.messages

    @property
    def response_id(self) -> str:
        """The provider's id of this response; "" = none so far."""
        return self._draft.response_id if self._draft else ""

    @property
    def previous_response_id(self) -> str:
        return self.request.previous_response_id

    @property
    def conversation_id(self) -> str:
        return self.request.conversation_id

    @property
    def request_headers(self) -> Head:
        """The request's head, credentials replaced."""
        return self._request_head

    @property
    def response_headers(self) -> Head | None:
        """The final response's head; None until it came."""
        return self._response_head

    @property
    def target(self) -> Target:
        """What the request asks of the provider, without the upstream it was sent under."""
        return self._target

    @property
    def labels(self) -> Labels:
        """Tags, metadata and session id that the request's headers give."""
        return self._labels

    @property
    def streamed(self) -> bool:
        return self._upgraded is not None or (self._body is not None and self._body.streamed)

    @property
    def upgraded(self) -> bool:
        """Whether it became a WebSocket: what is asked comes after the switch, and is known whole at its end."""
        return self._upgraded is not None

    @property
    def draft(self) -> Draft | None:
        """The response while it is read: its plain facts cost nothing to look at."""
        return self._draft

    @property
    def cost(self) -> Cost | None:
        """What the call cost by the user's prices or the provider's; None = unknown."""
        draft = self._draft
        if draft is None or draft.usage is None:
            return None
        models = (draft.model, self.request.model)
        recording = self.recording
        return cost_of(
            draft.usage,
            models,
            recording.upstream,
            instant(recording.started_at),
            operation=self.request.operation,
            service_tier=draft.service_tier,
            priced=draft.priced,
            own=self._prices,
        )

    def tail(self, characters: int = 300) -> tuple[TailKind, str]:
        """What the answer said last: the kind of it, and its end."""
        return self._draft.tail(characters) if self._draft else ("text", "")

    def view(self) -> CallView:
        """The call as a listing shows it."""
        if self._view is None:
            self._view = present_view(self)
        return self._view

    def detail(self) -> CallDetail:
        """The call whole, but for its body bytes."""
        if self._detail is None:
            self._detail = present_detail(self)
        return self._detail

    def chunk_views(self) -> tuple[tuple[ChunkView, ...], tuple[ChunkView, ...]]:
        """The chunks of request and response; each is made once."""
        for views, body in zip(self._chunk_views, (self.recording.request, self.recording.response), strict=True):
            views.extend(
                ChunkView(offset_ms=chunk.offset_us / 1000, bytes=chunk.size) for chunk in body.chunks[len(views) :]
            )
        return tuple(self._chunk_views[0]), tuple(self._chunk_views[1])

    def _read_request(self) -> None:
        if self._request is not None or self._upgraded is not None:
            return
        recording = self.recording
        if not recording.recorded:
            self._request = UNREAD
            return
        content = ContentDecoder(",".join(self._request_head.get_all("content-encoding")))
        data = content.feed(bytes(recording.request.data)) + content.end()
        kind = parse_content_type(self._request_head.get("content-type"))
        self._request, self._draft = read_request(self._target, data, kind, self._bodies)
        self.preview = preview_of(self._request.messages)
        if content.problem:
            problems = (f"the request body {content.problem}", self._request.problem)
            self._request = replace(self._request, problem="; ".join(filter(None, problems)))
        self._open_response()

    def _take_response_head(self) -> None:
        if self.recording.response_head and self._response_head is None:
            self._response_head = parse_head(self.recording.response_head)
            if self.recording.status == 101 and is_websocket(self._response_head) and self.recording.recorded:
                self._upgraded = UpgradedCall(self._target, self._response_head)
                self._converse(self._upgraded)
            self._open_response()

    def _open_response(self) -> None:
        switched = self.recording.status == 101  # what follows is another protocol
        if self._draft is None or self._response_head is None or self._body is not None or switched:
            return
        self._body = ResponseBody(self._response_head, self.recording.status or 0, self._draft)
        early, self._early = self._early, []
        for event in early:
            self._feed(event)

    def _take_chunk(self, event: ev.ResponseChunk) -> None:
        if self._body is not None:
            self._feed(event)
        elif self._request is None and self.recording.status != 101:
            self._early.append(event)

    def _feed(self, event: ev.ResponseChunk) -> None:
        if self._body is None or self._draft is None:
            return
        before = self._draft.output_pieces
        self._body.feed(event.data)
        if self._draft.output_pieces != before and self._body.streamed:
            self._note_token(event.at)

    def _note_token(self, at: int) -> None:
        self.last_token_us = max(0, at - self.recording.started_at)
        if self.first_token_us is None:
            self.first_token_us = self.last_token_us

    def _take_frames(self, upgraded: UpgradedCall, event: ev.RequestChunk | ev.ResponseChunk) -> None:
        before = upgraded.talk.output_pieces
        offset_us = max(0, event.at - self.recording.started_at)
        upgraded.feed("sent" if isinstance(event, ev.RequestChunk) else "received", event.data, offset_us)
        if upgraded.talk.output_pieces > before:
            self._note_token(event.at)
        self._converse(upgraded)

    def _converse(self, upgraded: UpgradedCall) -> None:
        """What is asked and answered are both the conversation's; it is put into messages when somebody looks."""
        self._draft, self._request = upgraded.talk, None

    def _end(self) -> None:
        self._read_request()  # of a request that broke off, what came
        if self._body is not None:
            self._body.end()
        if self._upgraded is not None:
            self._upgraded.end()
            self._converse(self._upgraded)

    def _snapshot(self) -> Response:
        draft = self._draft
        if draft is None or (self._body is None and self._upgraded is None):
            return UNANSWERED
        return Response(
            messages=draft.messages(),
            response_id=draft.response_id,
            request_id=draft.request_id,
            rate_limits=draft.rate_limits,
            model=draft.model,
            usage=draft.usage,
            usage_details=dict(draft.priced),
            finish_reasons=draft.finish_reasons,
            error_type=draft.error_type,
            error_message=draft.error_message,
            problem=f"{'the connection:' if self._upgraded else 'the response body'} {draft.problem}"
            if draft.problem
            else "",
            streamed=self.streamed,
        )
