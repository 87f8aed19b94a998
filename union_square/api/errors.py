"""The API's errors: JSON with a message a person can act on, `{"error": {"status": …, "message": …}}`."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from union_square.domain.edits import EditedSinceError
from union_square.domain.finding import FilterError
from union_square.domain.ids import IdError
from union_square.store.ports import CursorError, NoSuchSubject, StoreUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    status: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    error: ErrorBody


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "The cursor is not one that a listing gave"},
    404: {"model": ErrorAnswer, "description": "Nothing has that id"},
    422: {"model": ErrorAnswer, "description": "A parameter is wrong; the message names it"},
    503: {"model": ErrorAnswer, "description": "The database does not answer; what runs can still be watched"},
}
"""For the OpenAPI description of each route."""

EDITED_SINCE: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorAnswer, "description": "Somebody has edited it since it was read"}
}


def answer(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"status": status, "message": message}}, status, headers)


def present_wrong_parameters(errors: list[dict[str, Any]]) -> str:
    """The validation's findings as one line: which parameter, what is wrong with it."""
    return "; ".join(f"{'.'.join(str(place) for place in error['loc'])}: {error['msg']}" for error in errors)


async def _no_such(_: Request, error: Exception) -> JSONResponse:
    return answer(404, str(error.args[0]) if error.args else "nothing has that id")


async def _bad_cursor(_: Request, error: Exception) -> JSONResponse:
    return answer(400, f"{error}. Use the next_cursor of a listing as it is, or leave cursor out to begin anew")


async def _bad_filter(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FilterError)
    return answer(422, f"q: {error}")


async def _edited_since(_: Request, error: Exception) -> JSONResponse:
    return answer(409, f"{error}, and was left as it is; read it again and send the version that it has now")


async def _store_away(_: Request, error: Exception) -> JSONResponse:
    message = f"the database does not answer ({error}). Nothing recorded is lost; try again in a moment"
    return answer(503, message, {"retry-after": "5"})


async def _wrong_parameters(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return answer(422, present_wrong_parameters(list(error.errors())))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    message = str(error.detail)
    if error.status_code == 404 and message == "Not Found":
        message = f"there is no {request.url.path} here; /api/v1/docs lists what there is"
    return answer(error.status_code, message, dict(error.headers or {}))


async def _unexpected(_: Request, error: Exception) -> JSONResponse:
    return answer(500, f"this is a fault of Union Square ({type(error).__name__}); its log has the details")


def install(app: FastAPI) -> None:
    """Let every failure of a route become one of these answers."""
    app.add_exception_handler(NoSuchSubject, _no_such)
    app.add_exception_handler(IdError, _no_such)
    app.add_exception_handler(CursorError, _bad_cursor)
    app.add_exception_handler(FilterError, _bad_filter)
    app.add_exception_handler(EditedSinceError, _edited_since)
    app.add_exception_handler(StoreUnavailable, _store_away)
    app.add_exception_handler(RequestValidationError, _wrong_parameters)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
