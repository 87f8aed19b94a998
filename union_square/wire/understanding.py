"""One call, understood while its events come in: the fold shared by the projector, the live feed and `rebuild`.

Must not: do I/O, take the time, or raise because of what a client or a provider sent.
"""

from union_square.domain.call import CallRecording
from union_square.domain.events import Event
from union_square.domain.ids import CallId
from union_square.domain.messages import Request, Response
from union_square.domain.views import CallDetail, CallView


class Understanding:
    """The recording of a call and what its bytes mean, so far.

    Feed it the call's events in order with `apply`. `view` and `detail` may be asked at any moment; their session
    fields (`session_id`, `parent_id`, `link_rule`, `link_confidence`) are None: linking is the projector's.
    """

    recording: CallRecording

    def __init__(self, call_id: CallId) -> None:
        self.recording = CallRecording(call_id=call_id)

    def apply(self, event: Event) -> None:
        raise NotImplementedError

    @property
    def request(self) -> Request:
        """What the request says; a placeholder of dialect "none" until it was read to its end."""
        raise NotImplementedError

    @property
    def response(self) -> Response:
        """What the response says so far."""
        raise NotImplementedError

    def view(self) -> CallView:
        raise NotImplementedError

    def detail(self) -> CallDetail:
        raise NotImplementedError
