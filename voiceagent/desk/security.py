"""Who asks, and whether they may: dependencies for the desk's routes.

A browser proves who it is by a session's cookie, a machine by a bearer token (RFC 6750). Whatever
changes something under a cookie must come from a page of the desk and carry the session's CSRF
token; since that is checked where the cookie is, no route can forget it.

    @router.get("/api/board", dependencies=[Depends(require(Permission.WATCH_BOARD))])
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request, Response, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from voiceagent.desk.audit import Audit
from voiceagent.desk.error_answers import answer_errors
from voiceagent.desk.errors import (
    ForeignRequestError,
    NotAllowedError,
    NotSignedInError,
    WrongTokenError,
)
from voiceagent.desk.media_tokens import MediaTokens, media_key
from voiceagent.desk.passwords import Passwords
from voiceagent.desk.permissions import Permission, permissions_of
from voiceagent.desk.rate_limit import RateLimitOptions, SignInLimit
from voiceagent.desk.security_headers import SecurityHeaders
from voiceagent.desk.sessions import OpenSession, SessionOptions, Sessions, csrf_fits, token_hash
from voiceagent.desk.sign_in import SignIn
from voiceagent.store.desk_records import Role
from voiceagent.store.desk_store import DeskStore

CSRF_HEADER = "X-CSRF-Token"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110, section 9.2.1; no TRACE here
_COOKIE = "voiceagent"
_SECURE_COOKIE = "__Host-voiceagent"


@dataclass(frozen=True, slots=True)
class SecurityOptions:
    """How the desk is guarded.

    Attributes:
        secure_cookies: cookies are for HTTPS only, also where a proxy hides that from us.
        sessions: how long they last.
        sign_in: how often it may fail.
    """

    secure_cookies: bool = False
    sessions: SessionOptions = field(default_factory=SessionOptions)
    sign_in: RateLimitOptions = field(default_factory=RateLimitOptions)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks: a person, or a machine with a token.

    Attributes:
        id: as the audit and notes of calls name them.
        name: as people read it.
        permissions: all they may do.
        session: the browser's session; None for a machine.
        token_hash: what is stored of a machine's token; empty for a person.
    """

    id: str
    name: str
    roles: tuple[Role, ...]
    languages: tuple[str, ...]
    skills: tuple[str, ...]
    permissions: frozenset[Permission]
    session: OpenSession | None = None
    token_hash: str = field(default="", repr=False)

    def may(self, permission: Permission) -> bool:
        """Whether they may do this."""
        return permission in self.permissions


class DeskSecurity:
    """Everything that guards the desk, on one store. Making it blocks: use a thread.

    Attributes:
        store: the desk's tables.
        sign_in: opens sessions.
        sessions: finds and ends them.
        audit: who did what.
        media_tokens: links to sound.
    """

    def __init__(
        self,
        store: DeskStore,
        clock: Callable[[], datetime],
        options: SecurityOptions | None = None,
        passwords: Passwords | None = None,
    ) -> None:
        options = options or SecurityOptions()
        self.store = store
        self.sessions = Sessions(store, clock, options.sessions)
        self.audit = Audit(store, clock)
        self.media_tokens = MediaTokens(media_key(store), clock)
        self.sign_in = SignIn(
            store, self.sessions, passwords or Passwords(), SignInLimit(options.sign_in), self.audit
        )
        self._clock = clock
        self._secure_cookies = options.secure_cookies

    def install(self, app: FastAPI) -> None:
        """Guard this application: headers on every answer, errors in one form, these routes' key.

        Call it after adding other middleware, so that its headers are around theirs.
        """
        app.state.desk_security = self
        answer_errors(app)
        app.add_middleware(SecurityHeaders)

    async def principal(self, request: Request) -> Principal | None:
        """Whoever asks; None if they do not say.

        Raises:
            WrongTokenError: a bearer token that counts for nothing.
            ForeignRequestError: something is to be changed, and not by a page of the desk.
        """
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if scheme.casefold() == "bearer":
            return await asyncio.to_thread(self._machine, token_hash(bearer.strip()))
        token = self.session_token(request)
        session = await asyncio.to_thread(self.sessions.find, token) if token else None
        if session is None:
            return None
        if request.method not in _SAFE_METHODS:
            require_own_page(request)
            if not csrf_fits(session, request.headers.get(CSRF_HEADER, "")):
                raise ForeignRequestError
        return person_of(session)

    async def still_may(self, principal: Principal, permission: Permission) -> bool:
        """Whether somebody whose answer is still under way (an event stream) may go on.

        Counts as use of their session, so ask regularly, e.g. with every ping.
        """
        if principal.session is None:
            try:
                machine = await asyncio.to_thread(self._machine, principal.token_hash)
            except WrongTokenError:
                return False
            return machine.may(permission)
        session = await asyncio.to_thread(self.sessions.find, principal.session.token)
        return session is not None and permission in permissions_of(session.user.roles)

    def session_token(self, request: Request) -> str:
        """The token in the session's cookie; empty if there is none."""
        return request.cookies.get(self._cookie_name(request), "")

    def set_cookie(self, request: Request, response: Response, session: OpenSession) -> None:
        """Have the browser keep a session until it is closed, out of the reach of scripts."""
        response.set_cookie(
            self._cookie_name(request),
            session.token,
            path="/",
            secure=self._is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def delete_cookie(self, request: Request, response: Response) -> None:
        """Have the browser forget its session."""
        response.delete_cookie(
            self._cookie_name(request),
            path="/",
            secure=self._is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def _is_secure(self, request: Request) -> bool:
        return self._secure_cookies or request.url.scheme == "https"

    def _cookie_name(self, request: Request) -> str:
        # The prefix has browsers refuse the cookie from a subdomain or over plain HTTP
        # (RFC 6265bis, section 4.1.3.2).
        return _SECURE_COOKIE if self._is_secure(request) else _COOKIE

    def _machine(self, hashed: str) -> Principal:
        token = self.store.token(hashed)
        if token is None or token.revoked_at is not None or self._clock() >= token.expires_at:
            raise WrongTokenError
        may = permissions_of(token.roles)
        return Principal(f"token:{token.id}", token.name, token.roles, (), (), may, None, hashed)


def require_own_page(request: Request) -> None:
    """Refuse a request that a page of another site had the browser send.

    By ``Sec-Fetch-Site`` (https://www.w3.org/TR/fetch-metadata/), which no page can set; browsers
    leave it out over plain HTTP, where ``Origin`` (RFC 6454) is held against ``Host``. A request
    with neither is not a browser's.

    Raises:
        ForeignRequestError: it came from elsewhere.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise ForeignRequestError
        return
    origin = request.headers.get("Origin")
    if origin is None:
        return
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        host = ""
    if not host or host.casefold() != request.headers.get("Host", "").casefold():
        raise ForeignRequestError


def security_of(request: Request) -> DeskSecurity:
    """What guards the application that answers this request."""
    security: DeskSecurity = request.app.state.desk_security
    return security


# For the API's description only; principal() reads the request itself.
_cookie_scheme = APIKeyCookie(
    name=_COOKIE,
    auto_error=False,
    scheme_name="session",
    description=f"Of a browser; '{_SECURE_COOKIE}' over HTTPS. Unsafe methods need {CSRF_HEADER}.",
)
_bearer_scheme = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="Of a machine: `voiceagent desk-user token add`.",
)


async def optional_user(request: Request) -> Principal | None:
    """Dependency: whoever asks, or None if nobody is signed in."""
    return await security_of(request).principal(request)


async def current_user(
    principal: Annotated[Principal | None, Depends(optional_user)],
    _session: Annotated[str | None, Security(_cookie_scheme)] = None,
    _token: Annotated[object, Security(_bearer_scheme)] = None,
) -> Principal:
    """Dependency: whoever asks.

    Raises:
        NotSignedInError: nobody is signed in.
    """
    if principal is None:
        raise NotSignedInError
    return principal


CurrentUser = Annotated[Principal, Depends(current_user)]
"""A route's parameter: whoever asks, signed in."""


def require(permission: Permission) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: whoever asks, if they may do this.

    Raises:
        NotSignedInError: nobody is signed in.
        NotAllowedError: they may not.
    """

    async def allowed(principal: CurrentUser) -> Principal:
        if not principal.may(permission):
            raise NotAllowedError
        return principal

    return allowed


def person_of(session: OpenSession) -> Principal:
    """Whoever has this session."""
    user = session.user
    return Principal(
        id=user.id,
        name=user.display_name,
        roles=user.roles,
        languages=user.languages,
        skills=user.skills,
        permissions=permissions_of(user.roles),
        session=session,
    )
