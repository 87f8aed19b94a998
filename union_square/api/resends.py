"""/api/v1/calls/{id}/resend and /api/v1/resends: a recorded call sent again, edited if wanted."""

import json
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.exceptions import HTTPException

from union_square.api.errors import ERRORS
from union_square.api.shapes import Listing, present_calls
from union_square.domain.ids import CallId, parse_call_id
from union_square.domain.views import CallView
from union_square.replaying.resend import Edit, Origin, ResendError, origin_of, plan
from union_square.replaying.resending import Resend, Resends, session_of_resends
from union_square.store.ports import CallFilter
from union_square.watching.ports import Watching


class NewResend(BaseModel):
    """What is to be different; what is left out is as recorded."""

    model_config = ConfigDict(extra="forbid")

    upstream: str = ""
    model: str = ""
    dialect: str = Field(default="", description="openai-chat, openai-responses, anthropic-messages or gemini-generate")
    fields: dict[str, str] = Field(
        default_factory=dict, description='Wherever the dialect has it: {"temperature": "0"}'
    )
    values: dict[str, Any] = Field(default_factory=dict, description='By path into the body: {"temperature": 0}')
    body: dict[str, Any] | None = Field(default=None, description="A whole body instead")
    key: SecretStr = Field(default=SecretStr(""), description="For this once; else the environment's. Kept nowhere")


class ResendView(BaseModel):
    id: str
    resent_from: CallId
    state: str = Field(description="running, ended, failed or cancelled")
    call_id: CallId | None = Field(description="The new call, once the head of its answer has come")
    upstream: str
    dialect: str
    model: str
    dropped: list[str] = Field(description="What the other dialect cannot say")
    problem: str = Field(description='Why no answer came; "" = one came or is awaited')


def resend_routes(watching: Watching, resends: Resends) -> APIRouter:
    routes = APIRouter(tags=["resends"], responses=ERRORS)

    @routes.post("/calls/{call_id}/resend", status_code=202)
    async def resend(call_id: str, new: NewResend) -> ResendView:
        """Send a recorded call again through the proxy. The answer is recorded as a call of its own, whose metadata
        names this one in `resent_from`."""
        origin = await load_origin(watching, parse_call_id(call_id))
        try:
            body = "" if new.body is None else _json(new.body)
            edit = Edit(
                upstream=new.upstream,
                model=new.model,
                dialect=new.dialect,
                fields=new.fields,
                values=new.values,
                body=body,
            )
            return _present(resends.start(plan(origin, edit), new.key.get_secret_value()))
        except ResendError as error:
            raise HTTPException(422, str(error)) from error

    @routes.get("/calls/{call_id}/resends")
    async def list_resends(call_id: str) -> Listing[CallView]:
        """The calls that a call was sent again as, newest first."""
        where = CallFilter(session_id=session_of_resends(parse_call_id(call_id)))
        return present_calls(await watching.calls(limit=200, where=where))

    @routes.get("/resends/{resend_id}")
    async def read_resend(resend_id: str) -> ResendView:
        """How a re-send stands."""
        return _present(_known(resends.get(resend_id)))

    @routes.delete("/resends/{resend_id}")
    async def cancel_resend(resend_id: str) -> ResendView:
        """Break a re-send off; one that has ended stays as it is."""
        return _present(_known(resends.cancel(resend_id)))

    _ = (resend, list_resends, read_resend, cancel_resend)
    return routes


async def load_origin(watching: Watching, call_id: CallId) -> Origin:
    """The recorded call to send again. Raises NoSuchSubject, StoreUnavailable; HTTPException where it cannot be."""
    detail = await watching.call(call_id)
    try:
        return origin_of(call_id, detail.call.session_id or "", await watching.call_events(call_id))
    except ResendError as error:
        raise HTTPException(422, str(error)) from error


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _known(found: Resend | None) -> Resend:
    if found is None:
        raise HTTPException(404, "no re-send of that id is known here")
    return found


def _present(resend: Resend) -> ResendView:
    return ResendView(
        id=resend.id,
        resent_from=resend.origin,
        state=resend.state,
        call_id=resend.call_id,
        upstream=resend.upstream,
        dialect=resend.dialect,
        model=resend.model,
        dropped=list(resend.dropped),
        problem=resend.problem,
    )
