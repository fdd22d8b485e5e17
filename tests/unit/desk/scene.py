"""A desk with people, on a real database, under a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import httpx
from argon2 import PasswordHasher
from fastapi import Depends, FastAPI

from voiceagent.desk.passwords import Passwords
from voiceagent.desk.permissions import Permission
from voiceagent.desk.security import (
    CurrentUser,
    DeskSecurity,
    Principal,
    SecurityOptions,
    optional_user,
    require,
)
from voiceagent.desk.session_routes import router
from voiceagent.desk.sessions import token_hash
from voiceagent.domain.errors import DiskFullError, VoiceAgentError
from voiceagent.store import CallNotFoundError, DeskStore
from voiceagent.store.desk_records import ApiToken, DeskUser, Role

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PASSWORD = "four words and more"
HERE = "http://desk.test"
UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def quick_passwords() -> Passwords:
    """Argon2 as it is, only with little work."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Desk:
    """Store, guard and application; people and machines are added as a test needs them."""

    def __init__(
        self, store: DeskStore, clock: Clock, options: SecurityOptions | None = None
    ) -> None:
        self.store = store
        self.clock = clock
        self.passwords = quick_passwords()
        self.security = DeskSecurity(store, clock, options, self.passwords)
        self.app = FastAPI()
        self.app.include_router(router)
        add_test_routes(self.app)
        self.security.install(self.app)

    def add_user(self, name: str = "dana", roles: Iterable[Role] = (Role.AGENT,)) -> DeskUser:
        user = DeskUser(
            f"u-{name}", name, name.title(), tuple(roles), ("en",), ("billing",), False, START
        )
        self.store.add_user(user, self.passwords.hash(PASSWORD))
        return user

    def add_token(self, text: str, roles: Iterable[Role] = (Role.SUPERVISOR,)) -> ApiToken:
        expires_at = START + timedelta(days=1)
        made = ApiToken("t-1", token_hash(text), "crm", tuple(roles), START, expires_at)
        self.store.add_token(made)
        return made

    def browser(self, base_url: str = HERE, address: str = "192.0.2.1") -> Browser:
        transport = httpx.ASGITransport(
            app=self.app, client=(address, 50000), raise_app_exceptions=False
        )
        return Browser(transport=transport, base_url=base_url)


class Browser(httpx.AsyncClient):
    """A client that keeps its cookies and, once signed in, sends the CSRF token."""

    async def sign_in(self, name: str = "dana", password: str = PASSWORD) -> httpx.Response:
        answer = await self.post("/api/session", json={"user": name, "password": password})
        if answer.status_code == 200:
            self.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return answer


def add_test_routes(app: FastAPI) -> None:
    """Routes that only ask who is there, and some that fail."""

    @app.get("/api/test/me")
    async def me(user: CurrentUser) -> str:
        return user.id

    @app.api_route("/api/test/change", methods=UNSAFE, include_in_schema=False)
    async def change(user: CurrentUser) -> str:
        return user.id

    @app.get("/api/test/board")
    async def board(
        user: Annotated[Principal, Depends(require(Permission.WATCH_BOARD))],
    ) -> str:
        return user.id

    @app.get("/")
    async def start(user: Annotated[Principal | None, Depends(optional_user)]) -> str:
        return user.name if user else "nobody"

    @app.get("/api/test/fail/{how}")
    async def fail(how: str) -> None:
        errors: dict[str, Exception] = {
            "call": CallNotFoundError("No such call.", "Look."),
            "disk": DiskFullError("No space is left.", "Free some."),
            "own": VoiceAgentError("It broke."),
            "unforeseen": RuntimeError("my card is 4111 1111"),
        }
        raise errors[how]
