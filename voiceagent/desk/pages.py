"""The desk's pages: HTML at its addresses, and what the pages are made of under ``/static``.

Files are not named by their content, so browsers ask each time whether theirs is still the newest
(``no-cache`` and an entity tag, RFC 9111 and 9110): a new release is never mixed with an old one,
and what is unchanged is not sent again. The pages hold no data; that comes from the API, which
knows who asks.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import Scope

from voiceagent.desk.parts import Running, running
from voiceagent.desk.permissions import Permission
from voiceagent.desk.security import Principal, optional_user

STATIC = Path(__file__).parent / "static"

PAGES = {
    "/sign-in": "sign-in.html",
    "/desk": "desk.html",
    "/board": "board.html",
    "/calls": "calls.html",
    "/calls/{call_id}": "report.html",
    "/prompts": "prompts.html",
}
"""Which file is at which address; ``/`` and ``/call`` are added below."""

_METHODS = ["GET", "HEAD"]


class _Statics(StaticFiles):
    """Static files that are asked for anew each time."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        return response


_statics = _Statics(directory=STATIC)

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=_METHODS)
async def start(user: Annotated[Principal | None, Depends(optional_user)]) -> Response:
    """To the page of whoever asks: the board for those who watch it, else the desk."""
    if user is None:
        where = "/sign-in"
    else:
        where = "/board" if user.may(Permission.WATCH_BOARD) else "/desk"
    return RedirectResponse(where, 303, headers={"Cache-Control": "no-store"})


@router.api_route("/call", methods=_METHODS)
async def customer_page(request: Request, desk: Annotated[Running, Depends(running)]) -> Response:
    """The customer's page, where it is open."""
    if not desk.desk.settings.customer_page:
        raise HTTPException(404)
    return await _page("call.html", request)


def add_pages(app: FastAPI) -> None:
    """Put the pages and their files at their addresses."""
    for path, name in PAGES.items():
        _add_page(app, path, name)
    app.include_router(router)
    app.mount("/static", _statics)


def _add_page(app: FastAPI, path: str, name: str) -> None:

    async def page(request: Request) -> Response:
        return await _page(name, request)

    app.add_api_route(path, page, methods=_METHODS, include_in_schema=False, name=name)


async def _page(name: str, request: Request) -> Response:
    return await _statics.get_response(name, request.scope)
