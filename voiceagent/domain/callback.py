"""The life of a callback: a promise to call somebody, kept or given up, never forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from voiceagent.domain.transitions import Machine


class CallbackState(StrEnum):
    """Where a promised callback stands."""

    WAITING = "waiting"
    """Not due yet, or due and waiting for a free slot."""
    RESERVED = "reserved"
    """One attempt is committed; nothing has rung yet."""
    DIALLING = "dialling"
    """The callee's phone is ringing."""
    LIVE = "live"
    """Somebody picked up."""
    DONE = "done"
    """Settled, with a disposition."""
    GIVEN_UP = "given_up"
    """No attempts left."""
    CANCELLED = "cancelled"
    """Withdrawn by the company, the callee or a do-not-call entry."""
    UNKNOWN = "unknown"
    """An attempt was found started and not finished; it is never dialled again as it is."""


class CallbackEvent(StrEnum):
    """What moves a callback."""

    RESERVE = "reserve"
    DIAL = "dial"
    ANSWER = "answer"
    FINISH = "finish"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAIL = "fail"
    EXHAUST = "exhaust"
    CANCEL = "cancel"
    LOSE = "lose"
    SETTLE_UNKNOWN = "settle_unknown"
    RETRY_UNKNOWN = "retry_unknown"
    FORBID = "forbid"


class Disposition(StrEnum):
    """How a finished callback ended."""

    RESOLVED = "resolved"
    HANDED_OVER = "handed_over"
    VOICEMAIL = "voicemail"
    REFUSED = "refused"
    DO_NOT_CALL = "do_not_call"


_S, _E = CallbackState, CallbackEvent

CALLBACK_TRANSITIONS: dict[tuple[CallbackState, CallbackEvent], CallbackState] = {
    (_S.WAITING, _E.RESERVE): _S.RESERVED,
    (_S.WAITING, _E.EXHAUST): _S.GIVEN_UP,
    (_S.RESERVED, _E.DIAL): _S.DIALLING,
    # The do-not-call list or the calling window may close between reserving and dialling.
    (_S.RESERVED, _E.FORBID): _S.WAITING,
    (_S.RESERVED, _E.FAIL): _S.WAITING,
    (_S.DIALLING, _E.ANSWER): _S.LIVE,
    (_S.DIALLING, _E.BUSY): _S.WAITING,
    (_S.DIALLING, _E.NO_ANSWER): _S.WAITING,
    (_S.DIALLING, _E.FAIL): _S.WAITING,
    (_S.LIVE, _E.FINISH): _S.DONE,
    (_S.LIVE, _E.FAIL): _S.WAITING,
    **{(state, _E.LOSE): _S.UNKNOWN for state in (_S.RESERVED, _S.DIALLING, _S.LIVE)},
    (_S.UNKNOWN, _E.SETTLE_UNKNOWN): _S.DONE,
    (_S.UNKNOWN, _E.RETRY_UNKNOWN): _S.WAITING,
    (_S.UNKNOWN, _E.EXHAUST): _S.GIVEN_UP,
    **{
        (state, _E.CANCEL): _S.CANCELLED
        for state in (_S.WAITING, _S.RESERVED, _S.DIALLING, _S.LIVE, _S.UNKNOWN)
    },
}


def new_callback() -> Machine[CallbackState, CallbackEvent]:
    """A callback that was just promised."""
    return Machine("callback", CallbackState.WAITING, CALLBACK_TRANSITIONS)


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A promise to call back.

    Attributes:
        id: unique; the key that makes booking it twice harmless.
        account_id: whom the company's records know the callee as.
        phone: E.164.
        due_at: aware, UTC.
        reason: one sentence for whoever makes the call.
        priority: higher is sooner among those due.
        from_call: the call it was promised in, whose packet it carries.
    """

    id: str
    account_id: str
    phone: str
    due_at: datetime
    reason: str
    priority: int = 0
    from_call: str = ""

    def __post_init__(self) -> None:
        if self.due_at.tzinfo is None:
            raise ValueError("due_at must be time-zone aware")
