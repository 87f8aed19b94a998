"""What is exported: a session, or one call, with all that is known of it. Must not: do I/O."""

from dataclasses import dataclass

from union_square.domain.ids import CallId
from union_square.domain.messages import Message
from union_square.domain.views import CallDetail
from union_square.replaying.recording import RecordedCall, Recording, recording_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedCall:
    """One ended call: what it means, and its events."""

    detail: CallDetail
    recorded: RecordedCall

    @property
    def id(self) -> CallId:
        return self.detail.call.id

    @property
    def asked(self) -> tuple[Message, ...]:
        return self.detail.messages[: self.detail.request_message_count]

    @property
    def answered(self) -> tuple[Message, ...]:
        return self.detail.messages[self.detail.request_message_count :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """`name` is the session's or the call's id; calls stand in the order they began. `base_urls`: of upstreams."""

    name: str
    title: str
    calls: tuple[ExportedCall, ...]
    base_urls: dict[str, str]

    @property
    def recording(self) -> Recording:
        return recording_of(call.recorded for call in self.calls)
