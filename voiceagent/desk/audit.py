"""Who did what, written down before it is forgotten: a thin writer over the store's audit.

Details are JSON values; they may name people and addresses (the audit is in the store, not in
logs), but never a password, a token or what somebody said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from voiceagent.store.desk_records import AuditEvent
from voiceagent.store.desk_store import DeskStore

TERMINAL = "terminal"
"""``who`` of what is done with the command line: whoever has the machine."""


class Deed(StrEnum):
    """What is written down; the subject is named behind each."""

    SIGNED_IN = "signed_in"  # -
    SIGN_IN_FAILED = "sign_in_failed"  # -
    SIGNED_OUT = "signed_out"  # -
    USER_ADDED = "user_added"  # user
    USER_DISABLED = "user_disabled"  # user
    USER_ENABLED = "user_enabled"  # user
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - user
    TOKEN_ADDED = "token_added"  # noqa: S105 - token
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - token
    CALL_READ = "call_read"  # call
    CALL_EXPORTED = "call_exported"  # call
    RECORDING_HEARD = "recording_heard"  # call
    CALL_LISTENED = "call_listened"  # call
    HINT_GIVEN = "hint_given"  # call
    CALL_TAKEN_OVER = "call_taken_over"  # call
    CALL_ENDED = "call_ended"  # call
    VERDICT_MARKED = "verdict_marked"  # call
    PROMPTS_READ = "prompts_read"  # -


class Audit:
    """Writes what somebody did.

    Attributes:
        clock: says when.
    """

    def __init__(self, store: DeskStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self.clock = clock

    def write(self, who: str, what: Deed, subject: str = "", /, **detail: Any) -> None:
        """Write one deed. Blocks on the store.

        Args:
            who: ``user_id``; empty if nobody was signed in.
            what: the deed.
            subject: what it was done to.
            detail: JSON values.

        Raises:
            StoreError: it was not written; what it tells of should then not be done.
        """
        self._store.append_audit(AuditEvent(self.clock(), who, what.value, subject, detail))

    async def record(self, who: str, what: Deed, subject: str = "", /, **detail: Any) -> None:
        """``write``, from the event loop."""
        await asyncio.to_thread(self.write, who, what, subject, **detail)
