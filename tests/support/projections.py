"""Projections for tests: calls as the projector would hand them to a store, in one line each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from union_square.domain.ids import CallId, SessionId
from union_square.domain.lifecycle import CallState
from union_square.domain.messages import Message, Role, TextPart, ToolOffer, Usage
from union_square.domain.views import CallDetail, CallView, ChunkView, GapView, HeadView
from union_square.store.ports import Projection

NOON = datetime(2026, 3, 1, 12, 0, 0, 123457, tzinfo=UTC)


def call_id(number: int) -> CallId:
    return CallId(f"{number:032x}")


def said(role: Role, text: str) -> Message:
    return Message(role=role, parts=(TextPart(text=text),))


def at(seconds: float) -> datetime:
    """That many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def projection(
    number: int,
    session: str | None = "s",
    *,
    seconds: float | None = None,
    duration_ms: float | None = 1500.25,
    state: CallState = "done",
    messages: Sequence[Message] = (),
    request_message_count: int | None = None,
    parent: int | None = None,
    tags: tuple[str, ...] = (),
    usage: Usage | None = None,
    gaps: tuple[GapView, ...] = (),
    tools: tuple[ToolOffer, ...] = (),
    archive: bytes | None = None,
    fingerprint: str = "key",
    thread_digests: tuple[str, ...] = (),
    response_id: str = "",
    system_digest: str = "",
    **view: Any,
) -> Projection:
    """Call `number`, which began `seconds` (by default `number`) after noon; a running one has no duration."""
    running = state == "running"
    values: dict[str, Any] = {
        "link_rule": "new" if session else None,
        "link_confidence": 1.0 if session else None,
        "upstream": "openai",
        "dialect": "openai-chat",
        "operation": "chat",
        "model": "gpt-test",
        "response_model": "gpt-test-2026",
        "method": "POST",
        "path": "/v1/chat/completions",
        "status_code": None if running else 200,
        "streamed": True,
        "time_to_first_chunk_ms": 100.001,
        "time_to_first_token_ms": 200.002,
        "output_tokens_per_second": 12.5,
        "cost_usd": None,
        "finish_reasons": () if running else ("stop",),
        "error_type": "",
        "error_message": "",
        "request_bytes": 10,
        "response_bytes": 20,
        "recorded": True,
        "preview": "hello",
    }
    call = CallView(
        id=call_id(number),
        session_id=SessionId(session) if session else None,
        parent_id=None if parent is None else call_id(parent),
        state=state,
        started_at=at(number if seconds is None else seconds),
        duration_ms=None if running else duration_ms,
        usage=usage,
        gap_observations=sum(gap.observations for gap in gaps),
        gap_bytes=sum(gap.bytes for gap in gaps),
        tags=tags,
        **(values | view),
    )
    detail = CallDetail(
        call=call,
        messages=tuple(messages),
        request_message_count=len(messages) if request_message_count is None else request_message_count,
        tools=tools,
        parameters={"temperature": 0.5},
        request=HeadView(start_line="POST /v1/chat/completions HTTP/1.1", headers=(("Host", "a"), ("host", "b"))),
        response=None if running else HeadView(start_line="HTTP/1.1 200 OK", headers=(("X", "1"),)),
        chunks=() if running else (ChunkView(offset_ms=100.001, bytes=7), ChunkView(offset_ms=900.5, bytes=13)),
        request_chunks=(ChunkView(offset_ms=0.004, bytes=10),),
        gaps=gaps,
        problems=("something odd at byte 3",),
    )
    return Projection(
        detail=detail,
        fingerprint=fingerprint,
        system_digest=system_digest,
        thread_digests=thread_digests,
        response_id=response_id,
        archive=archive,
    )
