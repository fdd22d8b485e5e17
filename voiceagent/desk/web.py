"""The desk's web application: every route, guarded, on the event loop of the calls.

What enters: the parts of a running service (``Desk``). What leaves: an ASGI application. Its
lifespan follows the roster for the board and ends what listens when it closes, so it has to be run
by a server that knows lifespans, as uvicorn does.

The description of the API (``/api/openapi.json``) is public: it tells what anybody can read in the
source, nothing of this installation, and tools that make clients of it send no cookie.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voiceagent.desk import (
    board_routes,
    calls_routes,
    health_routes,
    prompts_routes,
    session_routes,
)
from voiceagent.desk.pages import add_pages
from voiceagent.desk.parts import Desk, Running

_DESCRIPTION = """\
Live calls, their handover to people, and reports of past calls.

Errors are `{"code", "problem", "remedy"}`: a code to match on and two sentences for people.
Times are ISO 8601 UTC; `*_ms` is milliseconds of a call's audio since it was answered.
"""


class _TypeOfNothing:
    """ASGI middleware: an answer without content (RFC 9110, section 15.3.5) names no type of it.

    FastAPI says JSON there too, and a client that believes it fails to read JSON of nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 204:
                del MutableHeaders(scope=message)["Content-Type"]
            await send(message)

        await self._app(scope, receive, send_on)


def make_app(desk: Desk) -> FastAPI:
    """The application; make one for each desk."""
    parts = Running.of(desk)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with parts.board:
            try:
                yield
            finally:
                await parts.listeners.close()

    app = FastAPI(
        title="voiceagent desk",
        description=_DESCRIPTION,
        version=desk.settings.version,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.desk_running = parts
    routers = (
        session_routes.router,
        board_routes.router,
        calls_routes.router,
        prompts_routes.router,
        health_routes.router,
        *desk.routers,
    )
    for router in routers:
        app.include_router(router)
    add_pages(app)
    app.add_middleware(_TypeOfNothing)
    desk.security.install(app)
    return app
