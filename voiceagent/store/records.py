"""What the store takes and gives back beside events: calls, callbacks, blocked numbers."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from voiceagent.domain.call import CallOutcome, CallState
from voiceagent.domain.callback import CallbackRequest, CallbackState
from voiceagent.domain.events import LoggedEvent
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.store.codec import EncodedEvent
from voiceagent.store.worker import Worker


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call about to be placed.

    Attributes:
        id: unique among all calls.
        account_id: whom the company's records know the callee as.
        phone: E.164, or empty for a leg without a number.
        playbook: the playbook's name.
        language: BCP 47 primary tag.
        leg: how the callee is reached, e.g. ``recorded``.
        started_at: aware.
    """

    id: str
    account_id: str
    phone: str
    playbook: str
    language: str
    leg: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call as the store knows it; moments are UTC.

    ``released_at`` is when its process let go of it in good order. A call that has no outcome and
    whose worker is gone (or has released it) was cut off. ``customer_name`` is as the company's
    records had it when the call last read them; empty before.
    """

    id: str
    account_id: str
    phone: str
    playbook: str
    language: str
    leg: str
    started_at: datetime
    ended_at: datetime | None
    state: CallState
    outcome: CallOutcome | None
    handoff_outcome: HandoffOutcome | None
    worker: Worker
    released_at: datetime | None
    customer_name: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event in its envelope together with its encoded form, ready to be written."""

    logged: LoggedEvent
    encoded: EncodedEvent


@dataclass(frozen=True, slots=True)
class StoredCallback:
    """A callback in the book and where it stands."""

    request: CallbackRequest
    state: CallbackState
    booked_at: datetime


@dataclass(frozen=True, slots=True)
class BlockedNumber:
    """A number never to be dialled, and the words it was blocked for (if it was on a call)."""

    phone: str
    since: datetime
    source_call: str | None = None
    source_turn: int | None = None


def canonical_phone(phone: str) -> str:
    """``phone`` without the spaces and punctuation that people write between digits."""
    return "".join(sign for sign in phone if sign in "+0123456789")


def folded(text: str) -> str:
    """``text`` as searches compare it: neither case nor width nor composition of signs counts.

    The databases fold case differently, SQLite for ASCII only; so it is done here, for both
    (Unicode 3.13, D145: compatibility caseless matching, without its rarest cases).
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
