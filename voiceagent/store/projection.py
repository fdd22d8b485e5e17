"""What an event changes beside the log, in the same transaction as the event itself.

One event goes in, the changes of its ``call`` row (and of the do-not-call list) come out. Because
they commit together, no list or search can show a call otherwise than its log tells it, and a
number is blocked at the very moment the event that says so is durable.
"""

from __future__ import annotations

from typing import Any

from voiceagent.domain.call import CallState
from voiceagent.domain.events import (
    AccountLoaded,
    CallEnded,
    CallMoved,
    DoNotCallEntered,
    LoggedEvent,
)
from voiceagent.domain.handoff_events import HandoffEnded
from voiceagent.store.records import BlockedNumber, canonical_phone, folded


def call_changes(logged: LoggedEvent) -> dict[str, Any]:
    """Columns of ``call`` that this event sets, with their new values."""
    match logged.event:
        case AccountLoaded(record=record):
            name = record.customer.name
            return {"customer_name": name, "customer_name_folded": folded(name)}
        case CallMoved(target=target):
            return {"state": target.value}
        case HandoffEnded(outcome=outcome):
            return {"handoff_outcome": outcome.value}
        case CallEnded(outcome=ended):
            return {
                "state": CallState.ENDED.value,
                "outcome": ended.value,
                "ended_at": logged.recorded_at,
            }
        case _:
            return {}


def blocked_number(logged: LoggedEvent) -> BlockedNumber | None:
    """The number this event blocks; None if it blocks none, or names no number."""
    match logged.event:
        case DoNotCallEntered(phone=phone, turn=turn) if canonical_phone(phone):
            return BlockedNumber(canonical_phone(phone), logged.recorded_at, logged.call_id, turn)
        case _:
            return None
