"""Links to sound that prove themselves: for one call, one user, one purpose, some minutes.

An ``<audio>`` element and a customer without a session can send no header, so what they may hear
is in the address: a statement and its HMAC-SHA256 (RFC 2104). The key is in the store, made at
its first use, not per process: a report stays playable when the desk is restarted, and any desk
on the same database can check what another has signed. Whoever can read the key there can read
what was said there, too.

A link is not enough to prove who asks where a session could: check it against the signed-in
user, so that someone who was disabled hears nothing more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from voiceagent.desk.errors import MediaTokenExpiredError, MediaTokenWrongError
from voiceagent.store.desk_store import DeskStore

VALID_S = 600
"""Seconds a link is good for: a page that is open longer asks for another."""

_LONGEST_TOKEN = 1024


class MediaPurpose(StrEnum):
    """What a link is for."""

    RECORDING = "recording"
    """The sound of a call, live or past."""
    CUSTOMER = "customer"
    """The customer's own page during their call."""


def media_key(store: DeskStore) -> bytes:
    """The key all desks on this database sign with. Blocks: use a thread."""
    return store.secret("media_tokens", secrets.token_bytes(32))


class MediaTokens:
    """Signs and checks links. Computes only, so it may be used on the event loop."""

    def __init__(self, key: bytes, clock: Callable[[], datetime]) -> None:
        self._key = key
        self._clock = clock

    def sign(
        self, purpose: MediaPurpose, call_id: str, user_id: str, valid_s: float = VALID_S
    ) -> str:
        """A token for one call and user; ``user_id`` is empty for a customer."""
        expires = int(self._clock().timestamp() + valid_s)
        said = json.dumps([purpose.value, call_id, user_id, expires], separators=(",", ":"))
        payload = said.encode()
        return f"{_text(payload)}.{_text(self._mac(payload))}"

    def check(self, token: str, purpose: MediaPurpose, call_id: str, user_id: str) -> None:
        """Return if the token is right.

        Raises:
            MediaTokenExpiredError: it was right once.
            MediaTokenWrongError: it was altered, or is for another purpose, call or user.
        """
        first, _, second = token[:_LONGEST_TOKEN].partition(".")
        try:
            payload, mac = _bytes(first), _bytes(second)
        except (ValueError, binascii.Error):
            raise MediaTokenWrongError from None
        if not hmac.compare_digest(mac, self._mac(payload)):
            raise MediaTokenWrongError
        # Signed by us, so it has the form that sign gave it.
        *about, expires = json.loads(payload)
        if about != [purpose.value, call_id, user_id]:
            raise MediaTokenWrongError
        if self._clock().timestamp() >= expires:
            raise MediaTokenExpiredError

    def _mac(self, payload: bytes) -> bytes:
        return hmac.new(self._key, payload, hashlib.sha256).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
