"""Merging and splitting sessions and moving calls, by hand. What was done is in the history, and undone from there."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from union_square.api.errors import ERRORS
from union_square.domain import edits
from union_square.domain.ids import parse_call_id, parse_session_id
from union_square.watching.ports import Watching

Id = Annotated[str, Field(min_length=1, max_length=128)]


class Merge(BaseModel):
    model_config = ConfigDict(extra="forbid")

    into: Id = Field(description="The session that gets all calls of this one, those that come later too")


class Split(BaseModel):
    model_config = ConfigDict(extra="forbid")

    call_id: Id = Field(description="This call and all that continues it become a session of their own")
    later: bool = Field(False, description="Together with all calls that began after it")


class Move(BaseModel):
    model_config = ConfigDict(extra="forbid")

    session_id: Id | None = Field(None, description="Where to; null: the parent's session, else a new one")
    parent_id: Id | None = Field(None, description="The call that it continues there; null: none")


def arranging_routes(watching: Watching) -> APIRouter:
    """The routes that change where calls stand."""
    routes = APIRouter(tags=["sessions"], responses=ERRORS)

    async def arrange(edit: edits.Edit) -> edits.Change:
        try:
            return await watching.arrange(edit)
        except ValueError as error:
            raise HTTPException(422, f"body: {error}") from error

    @routes.post("/sessions/{session_id}/merge")
    async def merge_session(session_id: str, merge: Merge) -> edits.Change:
        """Merge this session into another one. `id` of the answer undoes it."""
        known, into = parse_session_id(session_id), parse_session_id(merge.into)
        return await arrange(edits.MergeSession(session_id=known, into=into))

    @routes.post("/sessions/{session_id}/split")
    async def split_session(session_id: str, split: Split) -> edits.Change:
        """Split this session at one of its calls; `session_id` of the answer is the new one."""
        call_id = parse_call_id(split.call_id)
        if (await watching.call(call_id)).call.session_id != parse_session_id(session_id):
            raise HTTPException(422, f"body.call_id: the call is not of session {session_id}")
        return await arrange(edits.SplitSession(call_id=call_id, later=split.later))

    @routes.post("/calls/{call_id}/move")
    async def move_call(call_id: str, move: Move) -> edits.Change:
        """Move a call, with all that continues it, to another session or behind another call."""
        edit = edits.MoveCall(
            call_id=parse_call_id(call_id),
            session_id=None if move.session_id is None else parse_session_id(move.session_id),
            parent_id=None if move.parent_id is None else parse_call_id(move.parent_id),
        )
        return await arrange(edit)

    _ = (merge_session, split_session, move_call)
    return routes
