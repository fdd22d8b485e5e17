"""Sessions of browsers: kept on the server, known by a random token, ended by time or by hand.

The browser holds 256 random bits; the store holds their SHA-256, so that who reads the database
cannot sign in. A session ends when it was not used for a while, at a fixed time after it began,
when its user signs out or is disabled, and when their password is changed. Each request asks the
store, so all of that counts at once, in every process.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from voiceagent.store.desk_records import DeskSession, DeskUser
from voiceagent.store.desk_store import DeskStore

_TOKEN_BYTES = 32
_CSRF_CONTEXT = b"voiceagent desk csrf"


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How long sessions last.

    Attributes:
        idle_s: one that is not used so long has ended; an open page of the desk counts as use.
        longest_s: none lasts longer: a shift with its breaks.
        touch_s: use is noted this often at the most, each note being a write.
    """

    idle_s: float = 3600.0
    longest_s: float = 12 * 3600.0
    touch_s: float = 60.0


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its own browser knows it. ``token`` and ``csrf`` are in no text of it."""

    user: DeskUser
    expires_at: datetime
    token: str = field(repr=False)
    csrf: str = field(repr=False)


def token_hash(token: str) -> str:
    """What is stored of a random token: SHA-256, hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_token() -> str:
    """256 random bits as text that suits cookies and headers."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def csrf_token(session_token: str) -> str:
    """The CSRF token bound to a session: it can be computed from its token, not the other way."""
    key = session_token.encode("utf-8", "surrogatepass")
    return hmac.new(key, _CSRF_CONTEXT, hashlib.sha256).hexdigest()


def csrf_fits(session: OpenSession, given: str) -> bool:
    """Whether ``given`` is the session's CSRF token; takes the same time however wrong it is."""
    return hmac.compare_digest(session.csrf.encode(), given.encode("utf-8", "surrogatepass"))


class Sessions:
    """Opens, finds and ends sessions. Blocks on the store: use a thread."""

    def __init__(
        self,
        store: DeskStore,
        clock: Callable[[], datetime],
        options: SessionOptions | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._options = options or SessionOptions()

    def open(self, user: DeskUser) -> OpenSession:
        """A new session for somebody who has proved who they are; old ones are cleared away.

        Raises:
            StoreError: it could not be written.
        """
        now = self._clock()
        self._store.drop_old_sessions(now, now - timedelta(seconds=self._options.idle_s))
        token = new_token()
        expires_at = now + timedelta(seconds=self._options.longest_s)
        self._store.add_session(DeskSession(token_hash(token), user.id, now, now, expires_at))
        return OpenSession(user, expires_at, token, csrf_token(token))

    def find(self, token: str) -> OpenSession | None:
        """The session with this token, its user as they are now; None if it has ended.

        Finding a session counts as using it.

        Raises:
            StoreError: the store cannot be read or written.
        """
        now = self._clock()
        hashed = token_hash(token)
        found = self._store.session(hashed)
        if found is None:
            return None
        session, user = found
        unused = (now - session.last_seen_at).total_seconds()
        if user.disabled or now >= session.expires_at or unused >= self._options.idle_s:
            self._store.drop_session(hashed)
            return None
        if unused >= self._options.touch_s:
            self._store.touch_session(hashed, now)
        return OpenSession(user, session.expires_at, token, csrf_token(token))

    def end(self, token: str) -> None:
        """End a session; harmless if it has ended.

        Raises:
            StoreError: it could not be ended.
        """
        self._store.drop_session(token_hash(token))
