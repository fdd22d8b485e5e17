"""Passwords to hashes and back to yes or no: Argon2id (RFC 9106) with argon2-cffi's parameters.

Hashing takes 64 MiB and some tens of milliseconds on purpose, so every method blocks: use a
thread. Checking costs the same whether or not the user exists, so that nobody can find out who
does by the time an answer takes.
"""

from __future__ import annotations

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from voiceagent.desk.errors import PasswordError

SHORTEST_PASSWORD = 12
"""Signs; NIST SP 800-63B asks for 8 at the least, longer ones spare rules about their content."""

LONGEST_PASSWORD = 256
"""Signs; longer ones would only cost time."""


class Passwords:
    """Makes and checks password hashes; any thread may use it.

    Making one hashes once (see the module).
    """

    def __init__(
        self, hasher: PasswordHasher | None = None, shortest: int = SHORTEST_PASSWORD
    ) -> None:
        self._hasher = hasher or PasswordHasher()
        self._shortest = shortest
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        """The hash to keep.

        Raises:
            PasswordError: the password is too short or too long.
        """
        text = _normalised(password)
        if not self._shortest <= len(text) <= LONGEST_PASSWORD:
            raise PasswordError(
                f"A password needs {self._shortest} to {LONGEST_PASSWORD} characters.",
                "Choose another, e.g. four words that do not belong together.",
            )
        return self._hasher.hash(text)

    def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether this is the password; None stands for a user who does not exist."""
        try:
            self._hasher.verify(password_hash or self._nobodys, _normalised(password))
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def rehash(self, password: str) -> str:
        """Another hash of a password that is in use, however long it is."""
        return self._hasher.hash(_normalised(password))

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than would be used today."""
        return self._hasher.check_needs_rehash(password_hash)


def _normalised(password: str) -> str:
    # The same keys give the same password on every keyboard (NIST SP 800-63B, 5.1.1.2).
    return unicodedata.normalize("NFKC", password)
