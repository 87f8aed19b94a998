"""A fake of the `Watching` port: an imagined world of sessions in memory, for the UI's own tests and for looking at it.

It keeps the port's promises: errors as the real one raises them, tags and notes that stick, a version that grows.
"""

import asyncio
import json
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from union_square.domain.edits import Change, Edit
from union_square.domain.figures import Dimension, Figures, Tally, add_up, three_digits
from union_square.domain.finding import Candidate, Filter, fulfils
from union_square.domain.finding.facets import Facet, count_facets
from union_square.domain.finding.hits import Hit
from union_square.domain.finding.marks import tools_called
from union_square.domain.ids import CallId, SessionId
from union_square.domain.lifecycle import CallState
from union_square.domain.messages import (
    MediaPart,
    Message,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolOffer,
    ToolResultPart,
    Usage,
)
from union_square.domain.sorting import NEWEST, Sort
from union_square.domain.views import (
    AnnotationView,
    CallDetail,
    CallView,
    ChunkView,
    GapView,
    HeadView,
    Page,
    SavedView,
    SessionDetail,
    SessionView,
    Subject,
)
from union_square.store.annotator import Annotator
from union_square.store.mapping import annotation_view, call_words
from union_square.store.memory import MemoryStore
from union_square.store.ports import HOUR_US, NO_FILTER, CallFilter, NoSuchSubject, StoreUnavailable
from union_square.store.rows import MemoryRows, Rows
from union_square.watching.people import People, Surroundings
from union_square.watching.ports import Conversation, LiveCall, LiveSession, LiveSnapshot, RecordedBody, Turn

BEGAN = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def user(text: str) -> Message:
    return Message(role="user", parts=(TextPart(text=text),))


def system(text: str) -> Message:
    return Message(role="system", parts=(TextPart(text=text),))


def assistant(*parts: Part | str) -> Message:
    return Message(role="assistant", parts=tuple(TextPart(text=p) if isinstance(p, str) else p for p in parts))


def tool_result(call_id: str, text: str, *, is_error: bool = False) -> Message:
    return Message(role="tool", parts=(ToolResultPart(id=call_id, text=text, is_error=is_error),))


def call_id(number: int) -> CallId:
    return CallId(f"019ab{number:027x}")


def make_call(number: int, session: str, **changes: Any) -> CallView:
    """A finished, ordinary call; `changes` lays other values over it."""
    base = CallView(
        id=call_id(number),
        session_id=SessionId(session),
        parent_id=None,
        link_rule="new",
        link_confidence=1.0,
        upstream="openai",
        dialect="openai-chat",
        operation="chat",
        model="gpt-5-mini",
        response_model="gpt-5-mini-2026-08-07",
        method="POST",
        path="/v1/chat/completions",
        status_code=200,
        state="done",
        streamed=True,
        started_at=BEGAN + timedelta(seconds=40 * number),
        duration_ms=2345.6,
        time_to_first_chunk_ms=312.4,
        time_to_first_token_ms=345.0,
        output_tokens_per_second=87.5,
        usage=Usage(input_tokens=1240, output_tokens=182, cache_read_input_tokens=1024),
        cost_usd=0.000674,
        finish_reasons=("stop",),
        error_type="",
        error_message="",
        request_bytes=4096,
        response_bytes=9120,
        recorded=True,
        gap_observations=0,
        gap_bytes=0,
        preview="",
    )
    return replace(base, **changes)


def session_of(turns: Sequence[Turn], title: str, tags: tuple[str, ...] = ()) -> SessionView:
    """The session those turns amount to."""
    calls = [turn.call for turn in turns]
    known = [c.cost_usd for c in calls if c.cost_usd is not None]
    reported = [c.usage for c in calls if c.usage]
    ends = [c.started_at + timedelta(milliseconds=c.duration_ms or 0) for c in calls]
    return SessionView(
        id=calls[0].session_id or SessionId("?"),
        title=title,
        state="running" if any(c.state == "running" for c in calls) else "ended",
        started_at=calls[0].started_at,
        last_at=max(ends),
        duration_ms=(max(ends) - calls[0].started_at).total_seconds() * 1000,
        call_count=len(calls),
        running_count=sum(c.state == "running" for c in calls),
        error_count=sum(c.state in {"failed", "cut_off"} for c in calls),
        models=tuple(dict.fromkeys(c.model for c in calls if c.model)),
        upstreams=tuple(dict.fromkeys(c.upstream for c in calls)),
        input_tokens=sum(u.input_tokens or 0 for u in reported) if reported else None,
        output_tokens=sum(u.output_tokens or 0 for u in reported) if reported else None,
        cost_usd=sum(known) if known else None,
        unpriced_calls=sum(c.cost_usd is None and c.state != "running" for c in calls),
        gap_observations=sum(c.gap_observations for c in calls),
        tags=tags,
    )


@dataclass(slots=True)
class Told:
    """One session of the world, with what people said of it."""

    title: str
    turns: list[Turn]
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    notes: list[AnnotationView] = field(default_factory=list[AnnotationView])

    @property
    def id(self) -> str:
        return self.turns[0].call.session_id or ""

    def view(self) -> SessionView:
        return session_of(self.turns, self.title, self.tags.get(self.id, ()))

    def call(self, turn: Turn) -> CallView:
        return replace(turn.call, tags=self.tags.get(turn.call.id, turn.call.tags))


class FakeWatching:
    """`down`: the store does not answer. `problem`: what the banner says."""

    def __init__(self, told: Sequence[Told] = (), *, problem: str = "") -> None:
        self.told = list(told)
        self.problem = problem
        self.down = False
        self.broken = False  # a defect, which no page expects
        self.looks = 0  # how often a page or the API has read something
        self._version = 1
        self._changed = asyncio.Event()
        self._kept = MemoryStore()  # saved views
        self._rows = _FakeRows(self.told)

        @contextmanager
        def rows() -> Generator[Rows]:
            yield self._rows

        around = Surroundings(in_store=self._in_store, call=self.call, changed=self._told_all)
        self.people = People(Annotator(rows, rows), around)

    # What a test does to the world.

    def say(self, number: int, text: str) -> None:
        """Let the running call `number` have answered `text` so far."""
        for told in self.told:
            for n, turn in enumerate(told.turns):
                if turn.call.id == call_id(number):
                    told.turns[n] = replace(turn, answer=(assistant(text),))
        self.touch()

    def touch(self) -> None:
        self._version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    # The port.

    @property
    def version(self) -> int:
        return self._version

    async def changed(self, since: int, timeout_seconds: float = 10) -> int:
        if self._version <= since:
            try:
                await asyncio.wait_for(self._changed.wait(), timeout_seconds)
            except TimeoutError:
                return since
        return self._version

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("connection refused")

    async def live(self, tail_characters: int = 300) -> LiveSnapshot:
        self.looks += 1
        if self.broken:
            raise RuntimeError("a defect")
        running = [t for t in self.told if t.view().state == "running"]
        sessions = [
            LiveSession(
                session=t.view(),
                calls=tuple(_live_call(t.call(turn), turn) for turn in t.turns if turn.call.state == "running"),
            )
            for t in reversed(running)
        ]
        return LiveSnapshot(version=self._version, running=tuple(sessions), recording_problem=self.problem)

    async def sessions(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[SessionView]:
        self._check()
        views = sorted((t.view() for t in self.told if _matches(t, where)), key=lambda v: v.last_at, reverse=True)
        start = int(cursor or 0)
        more = str(start + limit) if start + limit < len(views) else None
        return Page(items=tuple(views[start : start + limit]), next_cursor=more)

    def _find(self, subject_id: str) -> Told:
        self._check()
        for told in self.told:
            if told.id == subject_id or any(turn.call.id == subject_id for turn in told.turns):
                return told
        raise NoSuchSubject(subject_id)

    def _notes(self, told: Told, subject_id: str) -> tuple[AnnotationView, ...]:
        return tuple(note for note in told.notes if note.subject_id == subject_id)

    async def session(self, session_id: str) -> SessionDetail:
        told = self._find(session_id)
        return SessionDetail(
            session=told.view(),
            calls=tuple(told.call(turn) for turn in told.turns),
            annotations=self._notes(told, session_id),
        )

    async def conversation(self, session_id: str) -> Conversation:
        self.looks += 1
        told = self._find(session_id)
        turns = tuple(replace(turn, call=told.call(turn), after=turn.call.parent_id) for turn in told.turns)
        return Conversation(detail=await self.session(session_id), turns=turns, truncated=False)

    async def calls(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER, sort: Sort = NEWEST
    ) -> Page[CallView]:
        self._check()
        found = [one.call for one in self._candidates(where)]
        found.sort(key=lambda c: c.started_at, reverse=True)
        return Page(items=tuple(found[:limit]), next_cursor=None)

    async def call(self, call_id: CallId) -> CallDetail:
        told = self._find(call_id)
        number = next(n for n, turn in enumerate(told.turns) if turn.call.id == call_id)
        return _detail(told, number, self._notes(told, call_id))

    async def body(self, call_id: CallId, side: Literal["request", "response"]) -> RecordedBody:
        detail = await self.call(call_id)
        if side == "request":
            return RecordedBody(data=_request_json(detail), content_type="application/json", content_encoding="")
        return RecordedBody(data=_events(detail), content_type="text/event-stream", content_encoding="")

    async def facets(self, where: CallFilter = NO_FILTER) -> list[Facet]:
        self._check()
        return count_facets(self._candidates(where))

    async def figures(
        self, where: CallFilter = NO_FILTER, *, by: Dimension = "model", step_us: int = HOUR_US
    ) -> Figures:
        self._check()
        tallies = [_tally(one.call, by, step_us) for one in self._candidates(where)]
        return add_up(tallies, tallies, step_us)

    async def span(self, where: CallFilter = NO_FILTER) -> tuple[int, int] | None:
        self._check()
        began = [round(one.call.started_at.timestamp() * 1e6) for one in self._candidates(where)]
        return (min(began), max(began)) if began else None

    async def saved_views(self) -> list[SavedView]:
        return self._kept.saved_views()

    async def save_view(self, page: str, name: str, query: str) -> SavedView:
        return self._kept.save_view(page, name, query)

    async def rename_view(self, view_id: int, name: str) -> SavedView:
        return self._kept.rename_view(view_id, name)

    async def hits(self, call_ids: Sequence[CallId], query: Filter) -> dict[CallId, Hit]:
        return {}

    async def values(self, field: str, begins: str = "") -> list[str]:
        facets = count_facets(self._candidates(NO_FILTER))
        return [one.value for facet in facets if facet.field == field for one in facet.values]

    async def remove_view(self, view_id: int) -> None:
        self._kept.remove_view(view_id)

    def _candidates(self, where: CallFilter) -> list[Candidate]:
        """The imagined calls that the filter finds."""
        found = [_candidate(told, turn) for told in self.told for turn in told.turns]
        said = where.text or ""
        return [one for one in found if fulfils(one, where.query) and said.lower() in one.words()]

    async def arrange(self, edit: Edit, author: str = "") -> Change:
        raise ValueError("nothing can be moved in an imagined world")

    async def tag_names(self) -> list[str]:
        self._check()
        return sorted({tag for told in self.told for tags in told.tags.values() for tag in tags})

    async def _told_all(self, _edit: object) -> None:
        """What people changed becomes what the world tells."""
        for told in self.told:
            ids = {told.id, *(turn.call.id for turn in told.turns)}
            rows = [row for row in self._rows.find("tags", removed=False) if row["subject_id"] in ids]
            told.tags = {id_: tuple(row["tag"] for row in rows if row["subject_id"] == id_) for id_ in ids}
            notes = (row for row in self._rows.find("annotations", removed=False) if row["subject_id"] in ids)
            told.notes[:] = map(annotation_view, notes)
        self.touch()

    async def _in_store(self, _subject: Subject, subject_id: str) -> str:
        self._check()
        return subject_id


class _FakeRows(MemoryRows):
    """What people keep of an imagined world."""

    def __init__(self, told: Sequence[Told]) -> None:
        super().__init__()
        self._told = told
        for one in told:
            calls = [(turn.call.id, one.call(turn).tags) for turn in one.turns]
            for id_, tags in (*calls, (one.id, one.tags.get(one.id, ()))):
                subject = "session" if id_ == one.id else "call"
                rest = {"source": "person", "removed": False, "created_at": 0}
                self.put("tags", [{"subject": subject, "subject_id": id_, "tag": tag, **rest} for tag in tags])

    def existing(self, subject: Subject, ids: Iterable[str]) -> set[str]:
        calls = {turn.call.id for told in self._told for turn in told.turns}
        return set(ids) & (calls if subject == "call" else {told.id for told in self._told})

    def calls_after(self, after: str, limit: int) -> list[CallView]:
        calls = sorted((turn.call for told in self._told for turn in told.turns), key=lambda call: call.id)
        return [call for call in calls if call.id > after][:limit]

    def candidates(self, calls: Sequence[CallView]) -> list[Candidate]:
        return [Candidate(call=call) for call in calls]

    def count_calls(self) -> int:
        return sum(len(told.turns) for told in self._told)


def _text(turn: Turn) -> str:
    return " ".join(p.text for m in (*turn.added, *turn.answer) for p in m.parts if isinstance(p, TextPart))


def _says(turn: Turn, text: str) -> bool:
    return text.lower() in f"{_text(turn)} {turn.call.model} {turn.call.id}".lower()


def _candidate(told: Told, turn: Turn) -> Candidate:
    call = told.call(turn)
    said = (*turn.added, *turn.answer)
    return Candidate(call=call, words=lambda: call_words(call, said), tools=tools_called(turn.answer))


def _tally(call: CallView, by: Dimension, step_us: int) -> Tally:
    values = {"model": call.model, "upstream": call.upstream, "application": call.application, "tag": ""}
    usage = call.usage or Usage()
    first = call.time_to_first_token_ms
    return Tally(
        bucket=int(call.started_at.timestamp() * 1e6) // step_us,
        value=values[by],
        durations=[] if call.duration_ms is None else [three_digits(round(call.duration_ms * 1000))],
        firsts=[] if first is None else [three_digits(round(first * 1000))],
        calls=1,
        errors=call.state in {"failed", "cut_off"},
        input_tokens=usage.input_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        cached_tokens=usage.cache_read_input_tokens or 0,
        cost_pico=round((call.cost_usd or 0) * 1e12),
        unpriced=call.cost_usd is None,
    )


def _matches(told: Told, where: CallFilter) -> bool:
    view = told.view()
    return (
        (not where.text or any(_says(turn, where.text) for turn in told.turns))
        and (not where.model or where.model in view.models)
        and (not where.tag or where.tag in view.tags)
        and any(fulfils(_candidate(told, turn), where.query) for turn in told.turns)
        and (not where.state or any(turn.call.state == where.state for turn in told.turns))
    )


def _live_call(call: CallView, turn: Turn) -> LiveCall:
    parts = turn.answer[-1].parts if turn.answer else ()
    last = parts[-1] if parts else None
    kind: Literal["text", "thinking", "tool_call"] = "text"
    text = ""
    match last:
        case TextPart():
            text = last.text
        case ThinkingPart():
            kind, text = "thinking", last.text
        case ToolCallPart():
            kind, text = "tool_call", f"{last.name}({last.arguments}"
        case _:
            pass
    silent = 12_300.0 if "stalled" in call.metadata else 40.0
    return LiveCall(call=call, tail=text[-300:], tail_kind=kind, last_chunk_ms_ago=silent if text else None)


def _detail(told: Told, number: int, notes: tuple[AnnotationView, ...]) -> CallDetail:
    turn = told.turns[number]
    call = told.call(turn)
    asked: list[Message] = []
    for earlier in told.turns[: number + 1]:
        asked += [*earlier.added, *(earlier.answer if earlier is not turn else ())]
    first = call.time_to_first_chunk_ms or 300
    last = call.duration_ms or 4000
    count = 60 if call.streamed else 1
    chunks = tuple(
        ChunkView(offset_ms=first + (last - first) * (n / count) ** 1.4, bytes=90 + 37 * (n % 7)) for n in range(count)
    )
    return CallDetail(
        call=call,
        messages=(*asked, *turn.answer),
        request_message_count=len(asked),
        tools=(
            ToolOffer(
                name="search_orders",
                description="Orders of the signed-in customer, newest first.",
                schema='{"type":"object","properties":{"query":{"type":"string"},"limit":{"type":"integer"}}}',
            ),
        ),
        parameters={"temperature": 0.2, "max_completion_tokens": 2048, "stream_options": {"include_usage": True}},
        request=HeadView(
            start_line=f"POST /{call.upstream}{call.path} HTTP/1.1",
            headers=(
                ("Host", "127.0.0.1:8787"),
                ("Authorization", "Bearer ***5d41402a"),
                ("User-Agent", "OpenAI/Python 3.54.0"),
                ("Content-Type", "application/json"),
                ("Content-Length", str(call.request_bytes)),
            ),
        ),
        response=HeadView(
            start_line=f"HTTP/1.1 {call.status_code} OK",
            headers=(
                ("Content-Type", "text/event-stream; charset=utf-8"),
                ("x-request-id", "req_8f2c1d4e"),
                ("openai-processing-ms", "298"),
            ),
        )
        if call.status_code
        else None,
        chunks=chunks if call.status_code else (),
        request_chunks=(ChunkView(offset_ms=0.4, bytes=call.request_bytes),),
        gaps=(
            GapView(at=call.started_at, observations=call.gap_observations, bytes=call.gap_bytes, reason="stream_full"),
        )
        if call.gap_observations
        else (),
        problems=(),
        annotations=notes,
    )


def _request_json(detail: CallDetail) -> bytes:
    messages = [
        {"role": m.role, "content": " ".join(p.text for p in m.parts if isinstance(p, TextPart))}
        for m in detail.messages[: detail.request_message_count]
    ]
    return json.dumps({"model": detail.call.model, "stream": True, "messages": messages}).encode()


def _events(detail: CallDetail) -> bytes:
    text = " ".join(
        p.text for m in detail.messages[detail.request_message_count :] for p in m.parts if isinstance(p, TextPart)
    )
    words = [{"choices": [{"index": 0, "delta": {"content": word + " "}}]} for word in text.split()]
    return b"".join(b"data: " + json.dumps(w).encode() + b"\n\n" for w in words) + b"data: [DONE]\n\n"


__all__ = [
    "BEGAN",
    "CallState",
    "FakeWatching",
    "MediaPart",
    "RefusalPart",
    "Told",
    "assistant",
    "call_id",
    "make_call",
    "session_of",
    "system",
    "tool_result",
    "user",
]
