"""What the API sends and takes, where it is not a value of the domain as it stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from union_square.api.filters import read_filter
from union_square.domain.lifecycle import CallState
from union_square.domain.messages import Message, ToolOffer, Usage
from union_square.domain.sorting import CALL_KEYS, NEWEST, SESSION_KEYS, SessionKey, parse_sort
from union_square.domain.views import (
    AnnotationView,
    CallDetail,
    CallView,
    ChunkView,
    GapView,
    HeadView,
    Page,
    SessionDetail,
    SessionView,
)
from union_square.store.ports import CallFilter
from union_square.watching.ports import Turn

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """A page of results, newest first unless `sort` was given. `next_cursor` goes into `?cursor=` for the next page;
    null: there is none."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(CallView):
    """A call, whole but for its body bytes (`/request` and `/response` give those)."""

    messages: list[Message]  # the request's, then the response's
    request_message_count: int
    tools: list[ToolOffer]
    parameters: dict[str, Any]
    request: HeadView
    response: HeadView | None
    chunks: list[ChunkView]
    request_chunks: list[ChunkView]
    gaps: list[GapView]
    problems: list[str]
    cost_source: str  # whose price `cost_usd` was reckoned by, and of when; "" = unknown
    response_id: str  # the provider's; "" = none given
    request_id: str  # the provider's, from the response's headers; "" = none given
    rate_limits: dict[str, str]  # the response's headers that tell of limits, as sent
    usage_details: dict[str, int]  # of the tokens in `usage`, those with a price of their own: input_audio_tokens, …
    annotations: list[AnnotationView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(SessionView):
    """A session with its calls, oldest first."""

    calls: list[CallView]
    annotations: list[AnnotationView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationShape:
    """A session as people read it: each turn with what is new in it."""

    session: SessionView
    turns: list[Turn]
    truncated: bool


def _values(view: CallView | SessionView, of: type) -> dict[str, Any]:
    return {field.name: getattr(view, field.name) for field in fields(of)}


def with_usage(call: CallView) -> CallView:
    """The call with a usage to look into, whatever was reported: what was not is null in it, never 0."""
    return call if call.usage is not None else replace(call, usage=Usage())


def present_calls(page: Page[CallView]) -> Listing[CallView]:
    return Listing(items=list(map(with_usage, page.items)), next_cursor=page.next_cursor)


def present_turns(turns: Iterable[Turn]) -> list[Turn]:
    return [replace(turn, call=with_usage(turn.call)) for turn in turns]


def present_call(detail: CallDetail) -> Call:
    return Call(
        **_values(with_usage(detail.call), CallView),
        messages=list(detail.messages),
        request_message_count=detail.request_message_count,
        tools=list(detail.tools),
        parameters=detail.parameters,
        request=detail.request,
        response=detail.response,
        chunks=list(detail.chunks),
        request_chunks=list(detail.request_chunks),
        gaps=list(detail.gaps),
        problems=list(detail.problems),
        cost_source=detail.cost_source,
        response_id=detail.response_id,
        request_id=detail.request_id,
        rate_limits=detail.rate_limits,
        usage_details=detail.usage_details,
        annotations=list(detail.annotations),
    )


def present_session(detail: SessionDetail) -> Session:
    return Session(
        **_values(detail.session, SessionView),
        calls=list(map(with_usage, detail.calls)),
        annotations=list(detail.annotations),
    )


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


Instant = Annotated[datetime, AfterValidator(_aware)]
"""A date in a query; without an offset it is UTC."""


Q_SAYS = 'The filter language: words, "a phrase", model:gpt-4o status:error cost>0.10 -tag:seen, …'


class PageQuery(BaseModel):
    """Which part of a listing. Unknown parameters are refused: a misspelt filter would show everything."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=1000, description="The next_cursor of the page before, in its order")


_SORT_SAYS = (
    "What the listing is ordered by, smallest first; with - before it, largest first; not known: last. One of {}"
)


def _known_order(keys: Sequence[SessionKey], spelled: str) -> str:
    return parse_sort(spelled, keys).spelled


class FilterQuery(PageQuery):
    q: str | None = Field(None, max_length=2000, description=Q_SAYS)
    model: str | None = None
    upstream: str | None = None
    status_code: int | None = Field(None, ge=100, le=999)
    tag: str | None = None
    text: str | None = Field(None, description="Words that must all occur; the last may be the beginning of one")
    since: Instant | None = Field(None, description="Included. Without an offset: UTC")
    until: Instant | None = Field(None, description="Not included")

    def filter(self) -> CallFilter:
        """Raises FilterError."""
        given = self.model_dump(exclude={"limit", "cursor", "q", "sort"})
        return CallFilter(**given, query=read_filter(self.q))


CallOrder = Annotated[
    str, AfterValidator(partial(_known_order, CALL_KEYS)), Field(description=_SORT_SAYS.format(", ".join(CALL_KEYS)))
]
SessionOrder = Annotated[
    str,
    AfterValidator(partial(_known_order, SESSION_KEYS)),
    Field(description=_SORT_SAYS.format(", ".join(SESSION_KEYS))),
]


class CallQuery(FilterQuery):
    sort: CallOrder = NEWEST.spelled
    session_id: str | None = None
    state: CallState | None = None


class SessionQuery(FilterQuery):
    sort: SessionOrder = NEWEST.spelled
    state: CallState | Literal["ended"] | None = None


class SearchQuery(PageQuery):
    q: str = Field(min_length=1, max_length=2000, description=Q_SAYS)
    sort: CallOrder = NEWEST.spelled
