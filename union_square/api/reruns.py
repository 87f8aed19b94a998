"""/api/v1/sessions/{id}/resend and /api/v1/session-resends: a recorded session sent again, call by call."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.exceptions import HTTPException

from union_square.api.errors import ERRORS
from union_square.domain.ids import CallId, parse_session_id
from union_square.replaying.loading import NoRecording
from union_square.replaying.rerun import Order, Rerun, Turn
from union_square.replaying.rerunning import Reruns
from union_square.replaying.resend import Edit


class NewRerun(BaseModel):
    """What is to be different; what is left out is as recorded."""

    model_config = ConfigDict(extra="forbid")

    upstream: str = ""
    model: str = ""
    dialect: str = Field(default="", description="openai-chat, openai-responses, anthropic-messages or gemini-generate")
    fields: dict[str, str] = Field(default_factory=dict, description='Wherever a dialect has it: {"temperature": "0"}')
    values: dict[str, Any] = Field(default_factory=dict, description="By path into every body")
    answers: Literal["now", "recorded"] = Field(default="now", description="Which answers later calls go on from")
    go_on: bool = Field(default=False, description="When a call fails, send those behind it all the same")
    key: SecretStr = Field(default=SecretStr(""), description="For this once; else the environment's. Kept nowhere")


class TurnView(BaseModel):
    resent_from: CallId
    state: str = Field(description="waiting, running, done, failed, or left_out: not sent")
    call_id: CallId | None = Field(description="The new call, once the head of its answer has come")
    dropped: list[str] = Field(description="What the other dialect cannot say")
    problem: str = Field(description='Why it failed; "" = it did not')


class RerunView(BaseModel):
    session_id: str = Field(description="The new session")
    resent_from: str = Field(description="The recorded one")
    state: str = Field(description="running, ended, stopped (by a call that failed) or cancelled")
    sent: int = Field(description="How many of the turns have ended")
    failed: int
    problem: str
    turns: list[TurnView]


def rerun_routes(reruns: Reruns) -> APIRouter:
    routes = APIRouter(tags=["resends"], responses=ERRORS)

    @routes.post("/sessions/{session_id}/resend", status_code=202)
    async def resend_session(session_id: str, new: NewRerun) -> RerunView:
        """Send the ended calls of a session again through the proxy, each once the one before has ended. It goes on
        whoever looks; the answers are recorded as a session of their own."""
        edit = Edit(upstream=new.upstream, model=new.model, dialect=new.dialect, fields=new.fields, values=new.values)
        order = Order(
            subject=parse_session_id(session_id),
            edit=edit,
            renew=new.answers == "now",
            go_on=new.go_on,
            key=new.key.get_secret_value(),
        )
        try:
            return _present(await reruns.start(order))
        except NoRecording as error:
            raise HTTPException(404, str(error)) from error

    @routes.get("/session-resends/{session_id}")
    async def read_session_resend(session_id: str) -> RerunView:
        """How far it is, by the new session's id."""
        return _present(_known(reruns.get(session_id)))

    @routes.delete("/session-resends/{session_id}")
    async def cancel_session_resend(session_id: str) -> RerunView:
        """Break it off, the running call too; one that has ended stays as it is."""
        return _present(_known(reruns.stop(session_id)))

    _ = (resend_session, read_session_resend, cancel_session_resend)
    return routes


def _known(found: Rerun | None) -> Rerun:
    if found is None:
        raise HTTPException(404, "no session of that id is being sent here")
    return found


def _present(rerun: Rerun) -> RerunView:
    return RerunView(
        session_id=rerun.session,
        resent_from=rerun.subject,
        state=rerun.state,
        sent=rerun.sent,
        failed=rerun.failed,
        problem=rerun.problem,
        turns=[_turn(turn) for turn in rerun.turns],
    )


def _turn(turn: Turn) -> TurnView:
    return TurnView(
        resent_from=turn.before.id,
        state=turn.state,
        call_id=turn.call_id,
        dropped=list(turn.dropped),
        problem=turn.problem,
    )
