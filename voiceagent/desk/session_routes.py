"""``/api/session``: signing in, who is signed in, signing out."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from voiceagent.desk.audit import Deed
from voiceagent.desk.error_answers import problems
from voiceagent.desk.passwords import LONGEST_PASSWORD
from voiceagent.desk.security import (
    CurrentUser,
    Principal,
    person_of,
    require_own_page,
    security_of,
)
from voiceagent.store.desk_records import Role

_LARGEST_BODY = 16_384

router = APIRouter(
    prefix="/api/session", tags=["session"], max_body_size=_LARGEST_BODY, responses=problems(403)
)


class SignInBody(BaseModel):
    """Who somebody says they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user": "dana", "password": "…"}]})

    user: str = Field(max_length=256, description="Sign-in name; case does not count.")
    password: SecretStr = Field(max_length=4 * LONGEST_PASSWORD, description="As typed.")


class SignedInUser(BaseModel):
    """Whoever is signed in."""

    id: str = Field(description="Stable identifier.")
    name: str = Field(description="As colleagues read it.")
    roles: list[Role] = Field(description="What they are; each role adds to what they may do.")
    languages: list[str] = Field(description="BCP 47 primary tags they speak.")
    skills: list[str] = Field(description="Matters they are rung for.")


class SessionBody(BaseModel):
    """Who is signed in, and what their browser needs to change anything."""

    user: SignedInUser
    csrf: str = Field(
        description="Send it as X-CSRF-Token with every POST, PUT and DELETE under a session's "
        "cookie. Empty for a bearer token, which needs none."
    )


@router.get("", summary="Who is signed in", responses=problems(401))
async def read_session(principal: CurrentUser) -> SessionBody:
    """The signed-in person (or machine) and the CSRF token of their session."""
    return _body(principal)


@router.post(
    "",
    summary="Sign in",
    responses=problems(401, 422, 429),
    dependencies=[Depends(require_own_page)],
)
async def sign_in(body: SignInBody, request: Request, response: Response) -> SessionBody:
    """Open a session and set its cookie. A session this browser had before ends.

    Wrong name and wrong password are answered alike (`wrong_credentials`). After too many
    failures for a name or from an address, `Retry-After` says how long to wait.
    """
    security = security_of(request)
    address = request.client.host if request.client else ""
    session = await security.sign_in.open(body.user, body.password.get_secret_value(), address)
    earlier = security.session_token(request)
    if earlier:
        await asyncio.to_thread(security.sessions.end, earlier)
    security.set_cookie(request, response, session)
    return _body(person_of(session))


@router.delete("", summary="Sign out", status_code=204, responses=problems(401))
async def sign_out(principal: CurrentUser, request: Request, response: Response) -> None:
    """End the session at once, and with it everything that is open under it."""
    if principal.session is None:
        return  # A token has no session; it is revoked on the command line.
    security = security_of(request)
    await asyncio.to_thread(security.sessions.end, principal.session.token)
    await security.audit.record(principal.id, Deed.SIGNED_OUT)
    security.delete_cookie(request, response)


def _body(principal: Principal) -> SessionBody:
    return SessionBody(
        user=SignedInUser(
            id=principal.id,
            name=principal.name,
            roles=list(principal.roles),
            languages=list(principal.languages),
            skills=list(principal.skills),
        ),
        csrf=principal.session.csrf if principal.session else "",
    )
