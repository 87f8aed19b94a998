"""Row ⇄ value. Pure: what the tables hold of a projection, and the views that come out of them again.

Text columns get neither NUL nor lone surrogates (PostgreSQL refuses both), and what is indexed is cut to a length that
an index entry can hold; JSON columns and the archive keep everything.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from union_square.domain.anchors import Anchor
from union_square.domain.edits import Note, version_of
from union_square.domain.finding.marks import Mark, marks_of, tools_called
from union_square.domain.ids import CallId, SessionId
from union_square.domain.lifecycle import ENDED
from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
    Usage,
)
from union_square.domain.models import CallDetailRow, CallRow, GapRow, SessionRow, dump_json
from union_square.domain.rules import Conditions, Rule
from union_square.domain.searchable import message_texts
from union_square.domain.storable import clean
from union_square.domain.views import (
    AnnotationView,
    CallDetail,
    CallView,
    ChunkView,
    GapView,
    HeadView,
    SessionView,
)
from union_square.domain.words import search_words
from union_square.store.packing import pack_numbers, unpack_numbers
from union_square.store.ports import Projection

LONGEST_INDEXED = 256
LONGEST_TITLE = 120
PICO = 10**12

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CHUNK = struct.Struct("<QQ")
_PARTS: dict[str, type[Part]] = {
    "text": TextPart,
    "thinking": ThinkingPart,
    "tool_call": ToolCallPart,
    "tool_result": ToolResultPart,
    "media": MediaPart,
    "refusal": RefusalPart,
    "other": OtherPart,
}

_FIELDS = {kind: tuple(field.name for field in fields(part)) for kind, part in _PARTS.items()}


def to_us(at: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def to_pico(usd: float | None) -> int | None:
    return None if usd is None else round(usd * PICO)


def from_pico(pico: int | None) -> float | None:
    return None if pico is None else int(pico) / PICO


def _ms_to_us(ms: float | None) -> int | None:
    return None if ms is None else round(ms * 1000)


def _us_to_ms(us: int | None) -> float | None:
    return None if us is None else us / 1000


def pack_chunks(chunks: Iterable[ChunkView]) -> bytes:
    """Chunk times and sizes: pairs of little-endian u64 (microseconds since the chunk before, bytes), in zlib."""
    packed, before = bytearray(), 0
    for chunk in chunks:
        at = max(before, round(chunk.offset_ms * 1000))
        packed += _CHUNK.pack(at - before, chunk.bytes)
        before = at
    return zlib.compress(bytes(packed), 3)


def unpack_chunks(packed: bytes) -> tuple[ChunkView, ...]:
    at, chunks = 0, list[ChunkView]()
    for step, size in _CHUNK.iter_unpack(zlib.decompress(packed)):
        at += step
        chunks.append(ChunkView(offset_ms=at / 1000, bytes=size))
    return tuple(chunks)


def message_content(message: Message) -> dict[str, Any]:
    parts = [{name: getattr(part, name) for name in _FIELDS[part.type]} for part in message.parts]
    return {"role": message.role, "name": message.name, "parts": parts}


def message_value(content: Mapping[str, Any]) -> Message:
    parts = tuple(_PARTS[part["type"]](**part) for part in content["parts"])
    return Message(role=content["role"], name=content["name"], parts=parts)


def content_digest(content: Any) -> str:
    """What names a message or a set of tools: the same content has the same digest, in every store."""
    return hashlib.blake2b(dump_json(content).encode(), digest_size=16).hexdigest()


def tools_content(tools: Sequence[ToolOffer]) -> list[dict[str, Any]]:
    return [asdict(tool) for tool in tools]


def call_words(call: CallView, added: Iterable[Message]) -> str:
    """The search words of a call: its ids, model, path, error, and the messages it added to its session."""
    own = (call.id, call.session_id or "", call.model, call.response_model, call.upstream, call.path)
    return clean(search_words((*own, call.error_type, call.error_message, *message_texts(added))))


def marks(detail: CallDetail) -> tuple[Mark, ...]:
    """What the call is found by that it may have several of."""
    return marks_of(detail.call, tools_called(detail.messages[detail.request_message_count :]))


def title_of(messages: Iterable[Message]) -> str:
    """The first user text, on one line."""
    for message in messages:
        if message.role != "user":
            continue
        for part in message.parts:
            if isinstance(part, TextPart) and (line := " ".join(part.text[:2000].split())):
                return clean(line, LONGEST_TITLE)
    return ""


def answered_at(detail: CallDetail) -> int | None:
    """When the last payload byte of the answer was there, in microseconds since the epoch; None while it runs."""
    call = detail.call
    if call.state not in ENDED:
        return None
    answered = round(detail.chunks[-1].offset_ms * 1000) if detail.chunks else _ms_to_us(call.duration_ms)
    return to_us(call.started_at) + (answered or 0)


def call_row(projection: Projection) -> CallRow:
    detail = projection.detail
    call = detail.call
    usage = call.usage or Usage()
    started = to_us(call.started_at)
    duration = _ms_to_us(call.duration_ms)
    ended = call.state in ENDED
    return CallRow(
        id=call.id,
        session_id=call.session_id,
        parent_id=call.parent_id,
        link_rule=call.link_rule,
        link_confidence=call.link_confidence,
        upstream=clean(call.upstream, LONGEST_INDEXED),
        dialect=call.dialect,
        operation=call.operation,
        model=clean(call.model, LONGEST_INDEXED),
        response_model=clean(call.response_model, LONGEST_INDEXED),
        method=clean(call.method),
        path=clean(call.path),
        status_code=call.status_code,
        state=call.state,
        streamed=call.streamed,
        started_at=started,
        ended_at=started + (duration or 0) if ended else None,
        answered_at=answered_at(detail),
        first_chunk_us=_ms_to_us(call.time_to_first_chunk_ms),
        first_token_us=_ms_to_us(call.time_to_first_token_ms),
        output_tokens_per_second=call.output_tokens_per_second,
        usage_reported=call.usage is not None,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_input_tokens=usage.cache_read_input_tokens,
        cache_creation_input_tokens=usage.cache_creation_input_tokens,
        reasoning_output_tokens=usage.reasoning_output_tokens,
        cost_pico=to_pico(call.cost_usd),
        finish_reasons=list(call.finish_reasons),
        error_type=clean(call.error_type),
        error_message=clean(call.error_message),
        request_bytes=call.request_bytes,
        response_bytes=call.response_bytes,
        recorded=call.recorded,
        gap_observations=call.gap_observations,
        gap_bytes=call.gap_bytes,
        title=title_of(detail.messages[: detail.request_message_count]),
        preview=clean(call.preview),
        call_metadata=call.metadata,
        fingerprint=projection.fingerprint,
        system_digest=projection.system_digest,
        response_id=clean(projection.response_id, LONGEST_INDEXED),
        external_session=clean(projection.external_session),
        application=clean(call.application, LONGEST_INDEXED),
    )


def call_view(row: CallRow, tags: tuple[str, ...]) -> CallView:
    usage = Usage(
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cache_read_input_tokens=row.cache_read_input_tokens,
        cache_creation_input_tokens=row.cache_creation_input_tokens,
        reasoning_output_tokens=row.reasoning_output_tokens,
    )
    values: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            *("link_rule", "link_confidence", "upstream", "dialect", "operation", "model", "response_model", "method"),
            *("path", "status_code", "state", "streamed", "output_tokens_per_second", "error_type", "error_message"),
            *("request_bytes", "response_bytes", "recorded", "gap_observations", "gap_bytes", "preview", "application"),
        )
    }
    return CallView(
        id=CallId(row.id),
        session_id=None if row.session_id is None else SessionId(row.session_id),
        parent_id=None if row.parent_id is None else CallId(row.parent_id),
        started_at=from_us(row.started_at),
        duration_ms=None if row.ended_at is None else (row.ended_at - row.started_at) / 1000,
        time_to_first_chunk_ms=_us_to_ms(row.first_chunk_us),
        time_to_first_token_ms=_us_to_ms(row.first_token_us),
        usage=usage if row.usage_reported else None,
        cost_usd=from_pico(row.cost_pico),
        finish_reasons=tuple(row.finish_reasons),
        tags=tags,
        metadata=row.call_metadata,
        **values,
    )


def _head_content(head: HeadView | None) -> dict[str, Any] | None:
    return None if head is None else {"start_line": head.start_line, "headers": [list(pair) for pair in head.headers]}


def _head_value(content: Mapping[str, Any]) -> HeadView:
    return HeadView(start_line=content["start_line"], headers=tuple((n, v) for n, v in content["headers"]))


ANSWER_FACTS = ("response_id", "request_id", "rate_limits", "usage_details")
"""What a provider says of its answer that a call's own page shows, and nothing looks for."""


def detail_row(detail: CallDetail, numbers: list[int], tools_digest: str) -> CallDetailRow:
    return CallDetailRow(
        call_id=detail.call.id,
        message_numbers=pack_numbers(numbers),
        request_message_count=detail.request_message_count,
        tools_digest=tools_digest,
        parameters=detail.parameters,
        request_head=_head_content(detail.request) or {},
        response_head=_head_content(detail.response),
        chunks=pack_chunks(detail.chunks),
        request_chunks=pack_chunks(detail.request_chunks),
        problems=list(detail.problems),
        cost_source=detail.cost_source,
        answer_facts={name: value for name in ANSWER_FACTS if (value := getattr(detail, name))},
    )


def detail_view(
    call: CallView,
    row: CallDetailRow,
    messages: Mapping[int, Message],
    tools: Sequence[Mapping[str, Any]],
    gaps: Iterable[GapRow],
    annotations: tuple[AnnotationView, ...],
) -> CallDetail:
    return CallDetail(
        call=call,
        messages=tuple(map(messages.__getitem__, unpack_numbers(row.message_numbers))),
        request_message_count=row.request_message_count,
        tools=tuple(ToolOffer(**tool) for tool in tools),
        parameters=row.parameters,
        request=_head_value(row.request_head),
        response=None if row.response_head is None else _head_value(row.response_head),
        chunks=unpack_chunks(row.chunks),
        request_chunks=unpack_chunks(row.request_chunks),
        gaps=tuple(gap_view(gap) for gap in gaps),
        problems=tuple(row.problems),
        cost_source=row.cost_source,
        **{name: row.answer_facts[name] for name in ANSWER_FACTS if name in row.answer_facts},
        annotations=annotations,
    )


def gap_rows(call_id: CallId, gaps: Iterable[GapView]) -> list[GapRow]:
    return [
        GapRow(
            call_id=call_id,
            number=number,
            at=to_us(gap.at),
            observations=gap.observations,
            bytes=gap.bytes,
            reason=clean(gap.reason),
        )
        for number, gap in enumerate(gaps)
    ]


def gap_view(row: GapRow) -> GapView:
    return GapView(at=from_us(row.at), observations=row.observations, bytes=row.bytes, reason=row.reason)


def annotation_view(row: Mapping[str, Any]) -> AnnotationView:
    anchor = row["anchor"]
    note = Note(kind=row["kind"], text=row["text"], name=row["name"], label=row["label"], score=row["score"])
    return AnnotationView(
        id=row["id"],
        subject="call" if row["subject"] == "call" else "session",
        subject_id=row["subject_id"],
        text=note.text,
        author=row["author"],
        created_at=from_us(row["created_at"]),
        kind=note.kind,
        name=note.name,
        label=note.label,
        score=note.score,
        anchor=None if anchor is None else Anchor(**anchor),
        version=version_of(note),
    )


def rule_value(row: Mapping[str, Any]) -> Rule:
    return Rule(
        id=row["id"],
        name=row["name"],
        tag=row["tag"],
        conditions=Conditions(**row["conditions"]),
        enabled=row["enabled"],
    )


def session_view(row: SessionRow, tags: tuple[str, ...]) -> SessionView:
    return SessionView(
        id=SessionId(row.id),
        title=row.title,
        state="running" if row.running_count else "ended",
        started_at=from_us(row.started_at),
        last_at=from_us(row.last_at),
        duration_ms=(row.last_at - row.started_at) / 1000,
        call_count=row.call_count,
        running_count=row.running_count,
        error_count=row.error_count,
        models=tuple(row.models),
        upstreams=tuple(row.upstreams),
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_usd=from_pico(row.cost_pico),
        unpriced_calls=row.unpriced_calls,
        gap_observations=row.gap_observations,
        tags=tags,
        time_to_first_token_ms=_us_to_ms(row.first_token_us),
    )
