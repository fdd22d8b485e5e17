"""Signing in: a name and a password go in, a session or a refusal comes out.

One password is checked at a time: each takes 64 MiB and a core for some tens of milliseconds,
which must not come all at once beside live calls. It also makes the count of failures exact.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

from voiceagent.desk.audit import Audit, Deed
from voiceagent.desk.errors import TooManyAttemptsError, WrongCredentialsError
from voiceagent.desk.passwords import Passwords
from voiceagent.desk.rate_limit import SignInLimit
from voiceagent.desk.sessions import OpenSession, Sessions
from voiceagent.domain.errors import InputError
from voiceagent.store.desk_store import DeskStore

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_LONGEST_QUEUE = 64
_LONGEST_WAIT_S = 10.0


def user_name(text: str) -> str:
    """A sign-in name as it is kept: lower case, without spaces around.

    Raises:
        InputError: it holds something else than letters, digits and ``. _ @ -``.
    """
    name = text.strip().casefold()
    if not _NAME.fullmatch(name):
        raise InputError(
            "A user name begins with a letter or digit and holds up to 64 of a-z, 0-9 and . _ @ -",
            "Choose another, e.g. dana or dana.reyes@example.com.",
        )
    return name


class SignIn:
    """Checks who somebody is. For one event loop."""

    def __init__(
        self,
        store: DeskStore,
        sessions: Sessions,
        passwords: Passwords,
        limit: SignInLimit,
        audit: Audit,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._limit = limit
        self._audit = audit
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    async def open(self, name: str, password: str, address: str) -> OpenSession:
        """A new session for this person.

        Args:
            name: as typed.
            password: as typed.
            address: the client's, for counting failures.

        Raises:
            WrongCredentialsError: they do not fit, or the person is disabled.
            TooManyAttemptsError: too many failed lately, or too many are being checked.
            StoreError: the store failed; nobody was signed in.
        """
        try:
            name = user_name(name)
        except InputError:
            name = ""  # Nobody is called so; checked and counted all the same.
        self._require_patience(name, address)
        async with self._turn():
            self._require_patience(name, address)
            session = await asyncio.to_thread(self._check, name, password, address)
        if session is None:
            raise WrongCredentialsError
        return session

    def _require_patience(self, name: str, address: str) -> None:
        wait_s = self._limit.wait_s(name, address)
        if wait_s:
            raise TooManyAttemptsError(wait_s)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= _LONGEST_QUEUE:
            raise TooManyAttemptsError(round(_LONGEST_WAIT_S))
        self._waiting += 1
        try:
            async with asyncio.timeout(_LONGEST_WAIT_S):
                await self._one_at_a_time.acquire()
        except TimeoutError:
            raise TooManyAttemptsError(round(_LONGEST_WAIT_S)) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._one_at_a_time.release()

    def _check(self, name: str, password: str, address: str) -> OpenSession | None:
        found = self._store.credentials(name)
        fits = self._passwords.fits(password, found.password_hash if found else None)
        if found is None or not fits or found.user.disabled:
            self._limit.failed(name, address)
            # A name nobody has is not kept: people type passwords there.
            subject = found.user.id if found else ""
            self._audit.write("", Deed.SIGN_IN_FAILED, subject, address=address)
            return None
        user = found.user
        if self._passwords.is_outdated(found.password_hash):
            renewed = self._passwords.rehash(password)
            self._store.renew_hash(user.id, found.password_hash, renewed)
        session = self._sessions.open(user)
        self._audit.write(user.id, Deed.SIGNED_IN, "", address=address)
        return session
