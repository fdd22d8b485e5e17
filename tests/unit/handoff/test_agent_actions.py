"""What the agent did and promised, as a packet tells it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.unit.handoff.packets import call, packet_of, tool
from tests.unit.handoff.written import dialogue
from tests.unit.supervisor.calls import BROKEN_PROMISE, GERMAN, agent, caller
from voiceagent.domain.events import CallbackBooked, LoggedEvent, ToolCalled
from voiceagent.handoff.agent_actions import promises, says_done
from voiceagent.handoff.packet_builder import build_packet

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


def test_a_humans_promise_counts_with_until_when() -> None:
    events = dialogue(
        "C: I was billed twice.",
        "A: I am connecting you.",
        "H: I will send you a credit of $59.90 by Friday.",
        "H: You'll get a letter next week.",
    )
    tuesday = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    logged = [LoggedEvent("c", n, tuesday, e) for n, e in enumerate(events, start=1)]
    made = build_packet("c", logged, 1).promises
    assert [(p.text, p.source, p.due) for p in made] == [
        ('"I will send you a credit of $59.90 by Friday."', "human", "by Friday"),
        ('"You\'ll get a letter next week."', "human", "next week"),
    ]
    assert [p.due_at for p in made] == [
        datetime(2026, 11, 27, 23, 59, tzinfo=UTC),
        datetime(2026, 12, 6, 23, 59, tzinfo=UTC),
    ]
    # Without the log's envelope nobody knows which Friday.
    assert [p.due_at for p in build_packet("c", events, 1).promises] == [None, None]


def test_a_booked_callback_is_due_when_it_is_booked_for() -> None:
    due = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
    booked = CallbackBooked(at_ms=4, callback_id="c", due_at=due, reason="a credit", priority=0)
    (promise,) = packet_of(call(BROKEN_PROMISE, booked)).promises
    assert (promise.due_at, promise.verified) == (due, True)


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("I will send you a credit of $59.90 by Friday.", "en"),
        ("You'll get a letter next week.", "en"),
        ("A technician will come on Wednesday.", "en"),
        ("The money will be refunded in 5 days.", "en"),
        ("Ich überweise Ihnen das bis Freitag.", "de"),
        ("Das Geld kommt innerhalb von vier Wochen.", "de"),
        ("Eine Kollegin ruft Sie morgen an.", "de"),
    ],
)
def test_promises(sentence: str, language: str) -> None:
    assert promises(sentence, language)


@pytest.mark.parametrize(
    "sentence",
    [
        "I will check that.",
        "I'll put you through.",
        "Will you be at home?",
        "I can't say when it will come.",
        "I have sent it.",
        "It is due on Friday.",
    ],
)
def test_no_promises(sentence: str) -> None:
    assert not promises(sentence, "en")


def test_what_is_said_to_be_done() -> None:
    assert says_done("I've cancelled the order.")
    assert says_done("Ich habe die Adresse geändert.")
    assert not says_done("Have you cancelled it?")
    assert not says_done("I will cancel it.")
    assert not says_done("I have no access.")


def test_a_promise_cut_off_by_the_caller_was_not_made() -> None:
    said = "A colleague will call you by Friday. I will send you"
    events = call(BROKEN_PROMISE, replace(agent(1, said), interrupted=True, intended=f"{said} it."))
    assert [p.text for p in packet_of(events).promises] == [
        '"A colleague will call you by Friday."'
    ]


def test_a_callback_moved_to_another_time_is_one_promise() -> None:
    first, second = (
        CallbackBooked(
            at_ms=day,
            callback_id="c-1:promised",
            due_at=datetime(2026, 11, day, 15, 0, tzinfo=UTC),
            reason="the credit",
            priority=10,
        )
        for day in (23, 25)
    )
    [promise] = packet_of(call(BROKEN_PROMISE, first, second)).promises
    assert promise.due_at == datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
