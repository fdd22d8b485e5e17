"""What the tools of a call are given: the log, the book of callbacks, the clock, the call's facts.

Nothing enters and nothing leaves here: these are the shapes in which ``tools`` is handed its
surroundings, so that the store and the call can implement them without knowing the tools.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Protocol

from voiceagent.domain.callback import CallbackRequest
from voiceagent.domain.events import AnyEvent

Clock = Callable[[], datetime]
"""The present moment, aware."""


class Reporter(Protocol):
    """Appends an event to the call's log; the log knows the audio time."""

    async def __call__(self, make: Callable[[int], AnyEvent]) -> None:
        """Record ``make(at_ms)``."""


class CallbackBook(Protocol):
    """Our own book of promised callbacks and of numbers never to be called again."""

    async def book(self, request: CallbackRequest) -> None:
        """Promise a callback. An id already in the book, still waiting, is moved to ``due_at``."""

    async def forbid(self, phone: str, source: str) -> None:
        """Never call this E.164 number again.

        ``source`` says where the wish was uttered: ``call <id>`` or ``call <id> turn <n>``.
        """


@dataclass(frozen=True, slots=True)
class AccountToolsOptions:
    """What the tools know of the call they serve.

    Attributes:
        call_id: the call; a callback promised in it is booked under its name.
        phone: the callee's number, E.164: known even while the records are out of reach.
        time_zone: the callee's, an IANA name.
        language: of the results, ``en`` or ``de``.
        reason: why the callee is called; carried over to a callback promised now.
        turn: the number of the caller's latest turn.
        heard: the caller's recent words, which arguments must come from; None to believe the model.
        deadline_s: for one tool, records and log included.
        identity_tries: wrong postal codes until only a person can help.
        earliest, latest: between these a callback may be booked, in the callee's time.
        horizon_days: how far ahead a callback may be booked.
    """

    call_id: str
    phone: str
    time_zone: str
    language: str = "en"
    reason: str = ""
    turn: Callable[[], int] = lambda: 0
    heard: Callable[[], str] | None = None
    deadline_s: float = 8.0
    identity_tries: int = 3
    earliest: time = time(8)
    latest: time = time(21)
    horizon_days: int = 60
