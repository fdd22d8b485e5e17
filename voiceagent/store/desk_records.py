"""What the store takes and gives back of the desk: people, sessions, tokens, notes of calls.

Plain frozen values; moments are aware UTC. ``user_id`` names a person of ``desk_user`` or a
machine (``token:`` and the token's identifier), ``by_name`` the same as people read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What somebody is at the desk; what a role may do is said in ``desk.permissions``."""

    AGENT = "agent"
    """Takes handed-over calls."""
    SUPERVISOR = "supervisor"
    """Watches calls, helps, and judges afterwards."""
    ADMIN = "admin"
    """May do everything."""


class Disposition(StrEnum):
    """What a call came to, as the human who held it says."""

    RESOLVED = "resolved"
    FOLLOW_UP = "follow_up"
    ESCALATED = "escalated"
    WRONG_NUMBER = "wrong_number"
    DO_NOT_CALL = "do_not_call"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DeskUser:
    """A person who may sign in.

    Attributes:
        id: stable, unique, says nothing.
        name: what is typed at sign-in; lower case.
        display_name: what colleagues read and callers hear.
        roles: what they are.
        languages: BCP 47 primary tags they speak.
        skills: matters they are rung for.
        disabled: may not sign in, whatever else is right.
        created_at: since when.
    """

    id: str
    name: str
    display_name: str
    roles: tuple[Role, ...]
    languages: tuple[str, ...]
    skills: tuple[str, ...]
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    """A person with the hash of their password; the hash is in no text of this record."""

    user: DeskUser
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeskSession:
    """One signed-in browser. ``token_hash`` is hexadecimal SHA-256; ``expires_at`` is absolute."""

    token_hash: str = field(repr=False)
    user_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A machine's token, by its hash (hexadecimal SHA-256). ``id`` may be shown to anybody."""

    id: str
    token_hash: str = field(repr=False)
    name: str
    roles: tuple[Role, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing somebody did.

    Attributes:
        at: when.
        who: ``user_id``; empty if nobody was signed in.
        what: the deed, e.g. ``recording_heard``.
        subject: what it was done to, e.g. a call's identifier; may be empty.
        detail: JSON values.
        id: counts up; 0 before it is written.
    """

    at: datetime
    who: str
    what: str
    subject: str
    detail: Mapping[str, Any]
    id: int = 0


@dataclass(frozen=True, slots=True)
class VerdictMark:
    """What one person thinks of one verdict: ``seq`` is its number in the call's log."""

    call_id: str
    seq: int
    right: bool
    note: str
    by: str
    at: datetime
    by_name: str = ""


@dataclass(frozen=True, slots=True)
class WrapUp:
    """What a call came to, by one of the humans who held it."""

    call_id: str
    disposition: Disposition
    note: str
    by: str
    at: datetime
    callback_due_at: datetime | None = None
    by_name: str = ""


@dataclass(frozen=True, slots=True)
class CallNote:
    """What somebody typed during a call."""

    call_id: str
    by: str
    text: str
    updated_at: datetime
    by_name: str = ""
