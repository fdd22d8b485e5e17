"""What the agent did and promised, as a packet tells it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.handoff.packets import call, packet_of, tool
from tests.unit.supervisor.calls import BROKEN_PROMISE, GERMAN, agent, caller
from voiceagent.domain.events import CallbackBooked, ToolCalled

pytestmark = pytest.mark.unit


def test_tried_promised_and_booked() -> None:
    due = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
    events = call(
        BROKEN_PROMISE,
        caller(1, "Where is my credit?"),
        tool("open_case", {"status": "opened", "case": "CASE-123456"}),
        tool("look_up_plan", {"status": "unavailable", "tell": "Offer a person."}, ok=False),
        ToolCalled(at_ms=3, tool="look_up_invoices", arguments={}),
        agent(2, "I will check that. A colleague will call you by Friday. Would you like that?"),
        CallbackBooked(at_ms=4, callback_id="c", due_at=due, reason="the credit", priority=0),
    )
    packet = packet_of(events)
    assert [(t.text, t.verified) for t in packet.tried] == [
        ("open_case: done (status: opened, case: CASE-123456)", True),
        ("look_up_plan: failed (status: unavailable)", True),
        ("look_up_invoices: …", False),
    ]
    assert [(p.text, p.source) for p in packet.promises] == [
        ('"A colleague will call you by Friday."', "agent"),
        ("Callback booked for 2026-11-24T17:00:00+00:00: the credit", "schedule_callback"),
        ("Case CASE-123456 opened", "open_case"),
    ]
    assert any("A credit of $20.00 on the October invoice" in f.text for f in packet.facts)


def test_in_german() -> None:
    due = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
    packet = packet_of(
        call(
            GERMAN,
            tool("open_case", {"case": "CASE-1"}),
            tool("look_up_plan", {}, ok=False),
            agent(1, "Ich sehe nach. Eine Kollegin wird Sie morgen anrufen.", "de"),
            CallbackBooked(at_ms=4, callback_id="c", due_at=due, reason="Gutschrift", priority=0),
        )
    )
    assert [t.text for t in packet.tried] == [
        "open_case: erledigt (case: CASE-1)",
        "look_up_plan: fehlgeschlagen",
    ]
    assert [p.text for p in packet.promises] == [
        '"Eine Kollegin wird Sie morgen anrufen."',
        "Rückruf gebucht für 2026-11-24T17:00:00+00:00: Gutschrift",
        "Fall CASE-1 eröffnet",
    ]
