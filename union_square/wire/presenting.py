"""An understood call as the values that readers get. Pure; no reading of bodies happens here."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from union_square.domain.call import CallRecording
from union_square.domain.lifecycle import CallState
from union_square.domain.messages import Message, Request, TextPart
from union_square.domain.views import CallDetail, CallView, GapView, HeadView
from union_square.wire.application import application_of
from union_square.wire.dialects.draft import Draft
from union_square.wire.headers import Head

if TYPE_CHECKING:
    from union_square.wire.understanding import Understanding

PREVIEW_CHARACTERS = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_US = 253_402_300_799_000_000  # the last second of the year 9999, where datetime ends


def instant(at_us: int) -> datetime:
    """Microseconds since the epoch as an aware date."""
    return _EPOCH + timedelta(microseconds=min(max(at_us, 0), _MAX_US))


def _milliseconds(us: int | None) -> float | None:
    return None if us is None else us / 1000


def preview_of(messages: Iterable[Message]) -> str:
    """The last user text that says something, on one line, at most 200 characters."""
    for message in reversed(tuple(messages)):
        if message.role != "user":
            continue
        text = " ".join(part.text[:2000] for part in message.parts if isinstance(part, TextPart))
        line = " ".join(text.split())
        if line:
            return line if len(line) <= PREVIEW_CHARACTERS else line[: PREVIEW_CHARACTERS - 1].rstrip() + "…"
    return ""


def output_tokens_per_second(understanding: "Understanding") -> float | None:
    """Output tokens by the time between the first of them and the end; None where that cannot be known."""
    recording, draft = understanding.recording, understanding.draft
    first, last = understanding.first_token_us, understanding.last_token_us
    usage = draft.usage if draft else None
    if usage is None or not usage.output_tokens or decide_state(recording, draft) != "done":
        return None
    duration = recording.duration_us
    if first is None or last is None or last <= first or duration is None or duration <= first:
        return None  # all in one chunk: when its tokens were made is not known
    return usage.output_tokens / (duration - first) * 1_000_000


def present_view(understanding: "Understanding") -> CallView:
    """The call as a listing shows it."""
    recording, request, draft = understanding.recording, understanding.request, understanding.draft
    target, cost = understanding.target, understanding.cost
    error_type, error_message = _error(understanding)
    return CallView(
        id=recording.call_id,
        session_id=None,
        parent_id=None,
        link_rule=None,
        link_confidence=None,
        upstream=recording.upstream,
        dialect=request.dialect,
        operation=request.operation,
        model=request.model,
        response_model=draft.model if draft else "",
        method=target.method,
        path=target.raw,
        status_code=recording.status,
        state=decide_state(recording, draft),
        streamed=understanding.streamed,
        started_at=instant(recording.started_at),
        duration_ms=_milliseconds(recording.duration_us),
        time_to_first_chunk_ms=_milliseconds(recording.time_to_first_chunk_us),
        time_to_first_token_ms=_milliseconds(understanding.first_token_us),
        output_tokens_per_second=output_tokens_per_second(understanding),
        usage=draft.usage if draft else None,
        cost_usd=cost.usd if cost else None,
        finish_reasons=draft.finish_reasons if draft else (),
        error_type=error_type,
        error_message=error_message,
        request_bytes=recording.request.total,
        response_bytes=recording.response.total,
        recorded=recording.recorded,
        gap_observations=sum(gap.observations for gap in recording.gaps),
        gap_bytes=sum(gap.bytes for gap in recording.gaps),
        preview=understanding.preview,
        tags=understanding.labels.tags,
        metadata=understanding.labels.metadata,
        application=application_of(understanding.labels.metadata, understanding.request_headers),
    )


def decide_state(recording: CallRecording, draft: Draft | None) -> CallState:
    """The call's state, with what its stream says of itself taken into account.

    Clients close as soon as they have read the stream's own last word (the OpenAI SDK does at `[DONE]`), often before
    the end of the transfer has come: such a call was not cut off. An error event in a stream with status 200 is a
    failure.
    """
    state = recording.state
    if draft is None:
        return state
    if state == "cut_off" and draft.said_all and recording.failure and recording.failure.code == "client_left":
        state = "done"
    return "failed" if state == "done" and draft.error_type else state


def _error(understanding: "Understanding") -> tuple[str, str]:
    recording, draft = understanding.recording, understanding.draft
    if recording.failure is not None and decide_state(recording, draft) == recording.state:
        return recording.failure.code, recording.failure.message
    if draft is not None and (draft.error_type or draft.error_message):
        return draft.error_type, draft.error_message
    if (recording.status or 0) >= 400 and recording.ended:
        return f"http_{recording.status}", ""
    return "", ""


def present_detail(understanding: "Understanding") -> CallDetail:
    """The call whole, but for its body bytes."""
    recording, request, response = understanding.recording, understanding.request, understanding.response
    head = understanding.response_headers
    request_chunks, chunks = understanding.chunk_views()
    cost = understanding.cost
    return CallDetail(
        call=understanding.view(),
        messages=request.messages + response.messages,
        request_message_count=len(request.messages),
        tools=request.tools,
        parameters=request.parameters,
        request=_head_view(understanding.request_headers),
        response=None if head is None else _head_view(head),
        chunks=chunks,
        request_chunks=request_chunks,
        gaps=tuple(
            GapView(at=instant(gap.at), observations=gap.observations, bytes=gap.bytes, reason=gap.reason)
            for gap in recording.gaps
        ),
        problems=_problems(understanding, request),
        cost_source=cost.source if cost else "",
        response_id=response.response_id,
        request_id=response.request_id,
        rate_limits=response.rate_limits,
        usage_details=response.usage_details,
    )


def _head_view(head: Head) -> HeadView:
    return HeadView(start_line=head.start_line, headers=head.headers)


def _problems(understanding: "Understanding", request: Request) -> tuple[str, ...]:
    found = (*understanding.labels.problems, request.problem, understanding.response.problem)
    return tuple(problem for problem in found if problem)
