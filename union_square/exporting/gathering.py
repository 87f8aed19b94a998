"""What is to be exported, gathered from wherever calls can be read."""

from collections.abc import Mapping
from typing import Literal, Protocol

from union_square.domain.events import Event
from union_square.domain.ids import CallId, IdError, parse_call_id
from union_square.domain.views import CallDetail, CallView, Page
from union_square.exporting.exported import Exported, ExportedCall
from union_square.replaying.recording import recorded_call
from union_square.store.ports import NO_FILTER, CallFilter, NoSuchSubject, StoreReader

_PAGE = 200


class Source(Protocol):
    """`watching.ports.Watching` is one; `StoreSource` another."""

    async def call(self, call_id: CallId) -> CallDetail: ...

    async def call_events(self, call_id: CallId) -> list[Event]: ...

    async def calls(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER
    ) -> Page[CallView]: ...


class StoreSource:
    """A store alone, for commands: it blocks."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    async def call(self, call_id: CallId) -> CallDetail:
        return self._reader.call(call_id)

    async def call_events(self, call_id: CallId) -> list[Event]:
        return self._reader.call_events(call_id)

    async def calls(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER
    ) -> Page[CallView]:
        return self._reader.calls(limit=limit, cursor=cursor, where=where)


async def gather(
    source: Source, subject: str, base_urls: Mapping[str, str], kind: Literal["session", "call", "either"] = "either"
) -> Exported:
    """The ended calls of a session, or one call, by its id. A session that nothing named has its first call's id; of
    either, the session is meant. Raises NoSuchSubject, StoreUnavailable."""
    details = [] if kind == "call" else await _of_session(source, subject)
    if not details and kind != "session":
        details = [await _call(source, subject)]
    calls = [
        ExportedCall(detail=detail, recorded=recorded_call(detail.call.id, events))
        for detail in details
        if (events := await source.call_events(detail.call.id))
    ]
    if not calls:
        raise NoSuchSubject(f"no session or call {subject[:128]} with an ended call")
    return Exported(name=subject, title=details[0].call.preview, calls=tuple(calls), base_urls=dict(base_urls))


async def _call(source: Source, call_id: str) -> CallDetail:
    try:
        return await source.call(parse_call_id(call_id))
    except IdError as error:
        raise NoSuchSubject(f"no session or call {call_id[:128]}") from error


async def _of_session(source: Source, session_id: str) -> list[CallDetail]:
    views = list[CallView]()
    cursor: str | None = None
    while True:
        page = await source.calls(limit=_PAGE, cursor=cursor, where=CallFilter(session_id=session_id))
        views += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    views.sort(key=lambda view: (view.started_at, view.id))
    return [await source.call(view.id) for view in views]
