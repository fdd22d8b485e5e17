"""What a call came to, by what happened in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from voiceagent.calls.outcome import OutcomeSoFar
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.events import (
    AnyEvent,
    CallbackBooked,
    DoNotCallEntered,
    LoggedEvent,
    ToolReturned,
)
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.handoff_events import HandoffEnded

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ANSWER = ToolReturned(at_ms=0, tool="look_up_invoices", ok=True, result={})
FAILURE = ToolReturned(at_ms=0, tool="look_up_invoices", ok=False, result={})
IDENTITY = ToolReturned(at_ms=0, tool="confirm_identity", ok=True, result={})
BOOKED = CallbackBooked(at_ms=0, callback_id="c", due_at=NOW, reason="", priority=0)
FORBIDDEN = DoNotCallEntered(at_ms=0, phone="+1", turn=1)
BRIDGED = HandoffEnded(at_ms=0, handoff_id="h", outcome=HandoffOutcome.BRIDGED)
DECLINED = HandoffEnded(at_ms=0, handoff_id="h", outcome=HandoffOutcome.DECLINED)


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([], CallOutcome.CALLER_HUNG_UP),
        ([IDENTITY, FAILURE], CallOutcome.CALLER_HUNG_UP),
        ([ANSWER], CallOutcome.RESOLVED),
        ([ANSWER, BOOKED], CallOutcome.CALLBACK_BOOKED),
        ([BOOKED, DECLINED], CallOutcome.CALLBACK_BOOKED),
        ([DECLINED], CallOutcome.CALLER_HUNG_UP),
        ([ANSWER, BRIDGED], CallOutcome.HANDED_OVER),
        ([FORBIDDEN, BOOKED, BRIDGED, ANSWER], CallOutcome.DO_NOT_CALL),
    ],
)
def test_what_happened_decides(events: list[AnyEvent], outcome: CallOutcome) -> None:
    so_far = OutcomeSoFar()
    for number, event in enumerate(events):
        so_far.watch(LoggedEvent("c", number + 1, NOW, event))
    assert so_far.so_far is outcome


def test_a_dialogue_that_came_to_its_end_is_resolved() -> None:
    so_far = OutcomeSoFar()
    so_far.dialogue_done()
    assert so_far.so_far is CallOutcome.RESOLVED
