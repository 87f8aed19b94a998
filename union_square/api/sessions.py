"""/api/v1/sessions."""

from typing import Annotated

from fastapi import APIRouter, Query

from union_square.api.errors import ERRORS
from union_square.api.shapes import ConversationShape, Listing, Session, SessionQuery, present_session, present_turns
from union_square.domain.ids import parse_session_id
from union_square.domain.sorting import SESSION_KEYS, parse_sort
from union_square.domain.views import SessionView
from union_square.watching.ports import Watching


def session_routes(watching: Watching) -> APIRouter:
    """The routes of sessions."""
    routes = APIRouter(tags=["sessions"], responses=ERRORS)

    @routes.get("/sessions")
    async def list_sessions(query: Annotated[SessionQuery, Query()]) -> Listing[SessionView]:
        """Sessions, the one that was active last first, or in the order asked for; one is listed when one of its calls
        fulfils every filter."""
        page = await watching.sessions(
            limit=query.limit, cursor=query.cursor, where=query.filter(), sort=parse_sort(query.sort, SESSION_KEYS)
        )
        return Listing(items=list(page.items), next_cursor=page.next_cursor)

    @routes.get("/sessions/{session_id}")
    async def read_session(session_id: str) -> Session:
        """One session with its calls, oldest first."""
        return present_session(await watching.session(parse_session_id(session_id)))

    @routes.get("/sessions/{session_id}/conversation")
    async def read_conversation(session_id: str) -> ConversationShape:
        """One session as people read it: turn by turn, without the history that each request repeats."""
        found = await watching.conversation(parse_session_id(session_id))
        return ConversationShape(
            session=found.detail.session, turns=present_turns(found.turns), truncated=found.truncated
        )

    _ = (list_sessions, read_session, read_conversation)
    return routes
