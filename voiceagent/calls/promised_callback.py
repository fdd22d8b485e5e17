"""A callback promised by the call itself, because no human could be had or the caller chose so.

What enters: the call's order and how the handoff ended. What leaves: the callback in the book and
in the log, and when it is due, as the caller is told it. It is in the book before the caller hears
of it, so it survives whatever happens next; a time the caller names later moves it.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from voiceagent.calls.journal import Journal
from voiceagent.calls.order import CallOrder, CallParts
from voiceagent.calls.promises import callee_day, next_callback_moment
from voiceagent.dialogue.wording import speak_moment
from voiceagent.domain.callback import CallbackRequest
from voiceagent.domain.events import CallbackBooked
from voiceagent.domain.handoff import HandoffOutcome

# Somebody who has already asked for a person and waited goes before those who have not.
_PRIORITY = 10


async def promise_callback(
    order: CallOrder, parts: CallParts, journal: Journal, outcome: HandoffOutcome
) -> str:
    """Book the callback that a handoff without a human owes the caller.

    Returns:
        When it is due, in the callee's own day and language, ready to be spoken.

    Raises:
        StoreError: it could not be booked, so it must not be promised.
    """
    customer = order.record.customer
    due = next_callback_moment(parts.clock(), customer.time_zone)
    request = CallbackRequest(
        # The id under which the dialogue's own tool books: a time named later moves it.
        id=f"{order.call_id}:promised",
        account_id=customer.id,
        phone=customer.phone,
        due_at=due,
        reason=order.record.callback_reason,
        priority=_PRIORITY,
        from_call=order.call_id,
    )
    await parts.book.book(request)
    await journal.report(
        lambda ms: CallbackBooked(
            at_ms=ms,
            callback_id=request.id,
            due_at=due,
            reason=f"handoff {outcome}",
            priority=request.priority,
        )
    )
    today = callee_day(parts.clock(), customer.time_zone)
    return speak_moment(
        due.astimezone(ZoneInfo(customer.time_zone)), order.playbook.language, today
    )
