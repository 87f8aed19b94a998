"""Which session a call belongs to: the ladder, without the look-ups.

    rung 1  the client says so: `x-union-square-session-id` ("header"), else a known client's or peer's id ("client")
    rung 2  the provider links: `previous_response_id`, `conversation` ("provider")
    rung 3  the content links: the history repeats an earlier call's request and its answer ("content")
            the task links: it opens with a text that an open tool call of an earlier answer holds ("tool_call")
    rung 4  nothing does: the call begins a session ("new")

`plan_link` reads what the request says, the store is asked the plan's queries, `decide_link` chooses. The session comes
from the highest rung that has one; the parent, within that session, from rung 2 or 3, so that branches, retries and
sub-agents show as a tree. An answer depends on the call and on calls that were answered before it began, on nothing
else: projecting the same calls again gives the same sessions.

Confidence, from 0 to 1, is a guess that is written down, not a measurement:

    1.0   header; the provider's link to a response that was recorded; new, where the request repeats nothing
    0.95  client; the provider's conversation
    0.5   new, though the request repeats what was not recorded here
    content, by what is repeated: 0.99 with tool-call ids, else 0.95 from 400 characters on, 0.9 from 100 on, 0.7;
          times 0.8 where the answer comes back changed, 0.4 where it is not there at all (`domain.threads`),
          times 0.9 where several calls fit, and system prompt, upstream, model or not being continued tells them apart,
          times 0.6 where nothing does and the latest is taken
    tool_call, by the length of the task: 0.9 from 100 characters on, else 0.8

A sub-agent (`domain.tasks`) is linked to the call that asked for it when there is exactly one such call: of the same
credential, begun at most `CALLER_SECONDS` before, with another system prompt, and not gone on with yet. A call has been
gone on with once a call that continues it was answered: by then its tool calls have their results. Where two calls gave
the same task away and both are open, nothing is linked.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from union_square.domain.client_sessions import client_session, own_session
from union_square.domain.ids import CallId, IdError, SessionId, parse_session_id
from union_square.domain.messages import Request
from union_square.domain.threads import History, Place, opening_system, system_digest
from union_square.domain.views import LinkRule

SOON = timedelta(minutes=10)
"""After a call whose answer was left out another one may go on with it, if nothing but its opening tells so."""

NEWEST = 64
"""Places of a history that are looked for first: those of its last messages."""

CALLER_SECONDS = 3600
"""How long before a sub-agent's first call its caller may have begun: people are asked whether a tool may run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuery:
    """What the rungs of the session ladder ask of the store for one call.

    Only calls that have ended and whose answer had come before `started_at` are candidates, and only children of which
    the same is true are counted: so the answer does not depend on how far projecting had come when it was asked."""

    call_id: CallId  # the call that is being linked; never its own candidate
    started_at: datetime
    fingerprint: str
    upstream: str
    session_id: str = ""  # only calls of this session; "" = of any
    response_id: str = ""  # rung 2: the provider's id of an earlier response
    history: tuple[str, ...] = ()  # rung 3: digests of prefixes of the request's history, longest first


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCandidate:
    """An earlier call that a LinkQuery found. `matched` is the digest or response id it was found by."""

    call_id: CallId
    session_id: SessionId
    matched: str
    system_digest: str
    started_at: datetime
    children: int  # that continue it: not those that its tool calls asked for
    upstream: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A call's place among the sessions."""

    session_id: SessionId
    parent_id: CallId | None
    rule: LinkRule
    confidence: float
    external_session: str = ""  # what the client or the provider calls it, where that is not the session id
    called: bool = False  # a tool call of the parent's asked for it: it does not continue the parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A session that the request names by itself."""

    session_id: SessionId
    rule: LinkRule
    confidence: float
    external: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlan:
    """What a request says of its session, and what the store has to be asked."""

    call_id: CallId
    stated: Stated | None
    system_digest: str
    upstream: str
    model: str
    history: History
    scope: LinkQuery  # that asks for nothing yet
    by_response: LinkQuery | None
    by_task: LinkQuery | None  # asked where nothing else finds anything
    openings: tuple[Place, ...] = ()  # of a conversation that nobody answered yet

    def by_history(self) -> Iterator[LinkQuery]:
        """What to ask for the content, one after the other, until something is found: the newest places first, so that
        a long history that goes on where it was left costs no more than a short one."""
        places = self.history.newest_places(NEWEST)
        if newest := (*places, *self.openings):
            yield replace(self.scope, history=tuple(place.digest for place in newest))
        if len(places) == NEWEST and (older := self.history.places[NEWEST:]):
            yield replace(self.scope, history=tuple(place.digest for place in older))


def plan_link(
    *,
    call_id: CallId,
    started_at: datetime,
    fingerprint: str,
    upstream: str,
    headers: Iterable[tuple[str, str]],
    request: Request,
    history: History,
) -> LinkPlan:
    """What is to be found out for a call whose request has been read; `history` is of its messages."""
    stated = _stated(tuple(headers), request, fingerprint)
    scope = LinkQuery(
        call_id=call_id,
        started_at=started_at,
        fingerprint=fingerprint,
        upstream=upstream,
        session_id=stated.session_id if stated and stated.rule != "provider" else "",
    )
    previous = request.previous_response_id
    tasks = () if previous or (stated and stated.rule == "provider") else tuple(history.tasks)
    return LinkPlan(
        call_id=call_id,
        stated=stated,
        system_digest=system_digest(request.messages),
        upstream=upstream,
        model=request.model,
        history=history,
        scope=scope,
        by_response=replace(scope, response_id=previous) if previous else None,
        by_task=replace(scope, history=tasks) if tasks else None,
        openings=() if previous else history.opening_places(opening_system(request.messages)),
    )


def decide_link(
    plan: LinkPlan,
    by_response: Sequence[LinkCandidate],
    by_history: Sequence[LinkCandidate],
    by_task: Sequence[LinkCandidate] = (),
) -> Link:
    """The call's session and parent, given what the plan's queries found (nothing where there was none)."""
    by_history = _likely(by_history, plan)
    parent, certainty = _choose(by_response or by_history, plan)
    if parent is None and (caller := _caller(by_task, plan)):
        return _called(plan, caller)
    parent_id = parent.call_id if parent else None
    stated = plan.stated
    if stated and (stated.rule != "provider" or not by_response):
        if stated.rule == "provider" and parent and parent.session_id != stated.session_id:
            parent_id = None
        return Link(
            session_id=stated.session_id,
            parent_id=parent_id,
            rule=stated.rule,
            confidence=stated.confidence,
            external_session=stated.external,
        )
    if parent is None:
        repeats = any(place.sureness == 1 for place in plan.history.places) or plan.by_response
        return Link(session_id=SessionId(plan.call_id), parent_id=None, rule="new", confidence=0.5 if repeats else 1.0)
    if by_response:
        return Link(session_id=parent.session_id, parent_id=parent_id, rule="provider", confidence=1.0)
    likely = round(_likeness(plan, parent.matched) * certainty, 3)
    return Link(session_id=parent.session_id, parent_id=parent_id, rule="content", confidence=likely)


def _called(plan: LinkPlan, caller: LinkCandidate) -> Link:
    """The place of a sub-agent's first call. A session that the request names stays its own: the caller is of it."""
    stated = plan.stated
    likely = 0.9 if plan.history.tasks[caller.matched] >= 100 else 0.8
    return Link(
        session_id=stated.session_id if stated else caller.session_id,
        parent_id=caller.call_id,
        rule=stated.rule if stated else "tool_call",
        confidence=stated.confidence if stated else likely,
        external_session=stated.external if stated else "",
        called=True,
    )


def derived_id(prefix: str, *of: str) -> SessionId:
    """A session id from what may not stand in one, or is unique only together."""
    whole = "\0".join(of).encode("utf-8", "surrogatepass")
    return SessionId(f"{prefix}-{hashlib.blake2b(whole, digest_size=12).hexdigest()}")


def _stated(headers: Sequence[tuple[str, str]], request: Request, fingerprint: str) -> Stated | None:
    own = own_session(headers)
    if own:
        try:
            return Stated(session_id=parse_session_id(own), rule="header", confidence=1.0, external="")
        except IdError:  # an application may call its sessions anything
            return Stated(session_id=derived_id("h", own), rule="header", confidence=1.0, external=own)
    known = client_session(headers, request.parameters)
    if known:
        return Stated(session_id=derived_id("c", fingerprint, known), rule="client", confidence=0.95, external=known)
    conversation = request.conversation_id
    if conversation:
        id_ = derived_id("p", fingerprint, conversation)
        return Stated(session_id=id_, rule="provider", confidence=0.95, external=conversation)
    return None


def _choose(candidates: Sequence[LinkCandidate], plan: LinkPlan) -> tuple[LinkCandidate | None, float]:
    """The likeliest parent, and how much less sure that is for there being several."""
    if not candidates:
        return None, 1.0
    pool = [candidate for candidate in candidates if candidate.system_digest == plan.system_digest] or list(candidates)
    pool = [candidate for candidate in pool if candidate.upstream == plan.upstream] or pool
    pool = [candidate for candidate in pool if candidate.model == plan.model] or pool
    pool = [candidate for candidate in pool if not candidate.children] or pool
    latest = max(pool, key=lambda candidate: (candidate.started_at, candidate.call_id))
    if len(candidates) == 1:
        return latest, 1.0
    return latest, 0.9 if len(pool) == 1 else 0.6


def _caller(candidates: Sequence[LinkCandidate], plan: LinkPlan) -> LinkCandidate | None:
    """The one call whose tool call is certainly still open."""
    since = plan.scope.started_at - timedelta(seconds=CALLER_SECONDS)
    waiting = [one for one in candidates if not one.children and one.started_at >= since]
    if len(waiting) != 1 or waiting[0].system_digest == plan.system_digest:
        return None
    return waiting[0]


def _likely(found: Sequence[LinkCandidate], plan: LinkPlan) -> Sequence[LinkCandidate]:
    """What was found, but by an opening alone only the one call that was asked just before and that nobody continued:
    instructions are what many requests open with."""
    openings = {place.digest for place in plan.openings}
    if not found or found[0].matched not in openings:
        return found
    began = plan.scope.started_at
    fitting = [one for one in found if not one.children and began - one.started_at <= SOON]
    return fitting if len(found) == len(fitting) == 1 else ()


def _likeness(plan: LinkPlan, digest: str) -> float:
    newest = (*plan.history.newest_places(NEWEST), *plan.openings)
    place = next((place for place in newest if place.digest == digest), None)
    place = place or next(place for place in plan.history.places if place.digest == digest)
    likely = 0.95 if place.characters >= 400 else 0.9 if place.characters >= 100 else 0.7
    return (0.99 if place.has_tool_ids else likely) * place.sureness
