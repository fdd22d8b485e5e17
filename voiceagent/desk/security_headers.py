"""What every answer of the desk carries, and what is answered when a request fails unforeseen.

Plain ASGI around the application: each message is passed on as it comes, so that event streams
are never held back.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; media-src 'self' blob:; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
"""Nothing from elsewhere, nothing inline (https://www.w3.org/TR/CSP3/)."""

_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self)",
}
_HSTS_S = 365 * 24 * 3600


class SecurityHeaders:
    """ASGI middleware that adds the headers, and turns what nobody caught into an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(scope, message)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if started:
                raise
            # The error's own words may quote what somebody said; where it happened does not.
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("a request failed: %s\n%s", type(error).__name__, where)  # noqa: TRY400
            await _UNFORESEEN(scope, receive, send_with_headers)


_UNFORESEEN = JSONResponse(
    {
        "code": "internal",
        "problem": "Something went wrong in the desk itself.",
        "remedy": "Try again; if it stays so, look into the log of the server.",
    },
    status_code=500,
)


def _add_headers(scope: Scope, message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _ALWAYS.items():
        headers[name] = value
    if scope["path"].startswith("/api/"):
        headers["Cache-Control"] = "no-store"
    if scope["scheme"] == "https":
        # RFC 6797, section 7.2: never over plain HTTP.
        headers["Strict-Transport-Security"] = f"max-age={_HSTS_S}"
