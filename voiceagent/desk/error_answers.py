"""Errors as people and pages read them: ``{"code", "problem", "remedy"}`` with a fitting status.

Errors of this package, of HTTP itself and of requests that do not validate all come out alike.
Nothing that was sent is repeated: it may be a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from voiceagent.desk.errors import DeskError
from voiceagent.domain.errors import (
    AccountNotFoundError,
    AccountsUnavailableError,
    IllegalTransitionError,
    InputError,
    LanguageModelError,
    LegError,
    StoreError,
    VoiceAgentError,
)
from voiceagent.store.errors import (
    CallNotFoundError,
    NaiveDatetimeError,
    UserNotFoundError,
    VerdictNotFoundError,
)

_STATUS: dict[type[BaseException], int] = {
    VoiceAgentError: 500,
    InputError: 400,
    AccountNotFoundError: 404,
    CallNotFoundError: 404,
    UserNotFoundError: 404,
    VerdictNotFoundError: 404,
    IllegalTransitionError: 409,
    NaiveDatetimeError: 400,
    StoreError: 503,
    AccountsUnavailableError: 503,
    LanguageModelError: 503,
    LegError: 502,
}

_OF_HTTP = {
    404: ("not_found", "There is nothing at this address.", "Check the address."),
    405: ("method_not_allowed", "This address does not take such a request.", ""),
    413: ("too_large", "The request is too large.", "Send less."),
}


class Problem(BaseModel):
    """Why a request was refused or failed."""

    code: str = Field(description="Stable; safe to match on.")
    problem: str = Field(description="What is wrong, in one sentence for people.")
    remedy: str = Field(description="What to do about it, in one sentence; may be empty.")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route that may answer with a problem of these statuses."""
    return {status: {"model": Problem} for status in statuses}


def answer_errors(app: FastAPI) -> None:
    """Have the application answer every error so."""
    app.add_exception_handler(VoiceAgentError, _own)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)


def status_of(error: VoiceAgentError) -> int:
    """The HTTP status for an error of this package: that of its most specific known class."""
    if isinstance(error, DeskError):
        return error.status
    return next(_STATUS[each] for each in type(error).__mro__ if each in _STATUS)


async def _own(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, VoiceAgentError)
    headers = error.headers if isinstance(error, DeskError) else None
    return _answer(status_of(error), error.code, error.problem, error.remedy, headers)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = error.status_code
    if status in _OF_HTTP:
        return _answer(status, *_OF_HTTP[status], error.headers)
    detail = error.detail if isinstance(error.detail, str) else ""
    problem = f"The request was refused: {detail}." if detail else "The request was refused."
    return _answer(status, f"http_{status}", problem, "", error.headers)


async def _validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    problem = f"The request does not fit: '{field}': {first['msg']}."
    return _answer(422, "invalid_request", problem, "Correct it and send it again.")


def _answer(
    status: int, code: str, problem: str, remedy: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    content = {"code": code, "problem": problem, "remedy": remedy}
    return JSONResponse(content, status, dict(headers) if headers else None)
