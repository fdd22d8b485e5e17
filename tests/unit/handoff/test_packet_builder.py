"""The packet, read from the events of a call."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.handoff.packets import VERIFIED, call, packet_of, tool
from tests.unit.handoff.written import PARCEL, dialogue
from tests.unit.supervisor.calls import ABOVE_PLAN, ALL_WELL, GERMAN, PAID_TWICE, agent, caller
from voiceagent.domain.events import LoggedEvent, TurnTaken, VerdictGiven
from voiceagent.domain.handoff_events import HoldWish, HoldWished, SentBack
from voiceagent.domain.packet import MoodAt
from voiceagent.domain.transcript import Citation, Speaker
from voiceagent.domain.verdict import Action, Contradiction, Trigger, TriggerKind, Verdict
from voiceagent.handoff.packet_builder import build_packet

pytestmark = pytest.mark.unit

PAID_TWICE_CALL = call(
    PAID_TWICE,
    agent(1, "Hello, this is an AI from Larkfield Broadband. What is your ZIP code?"),
    caller(2, "Hi, yes, my zip code is 6 0 6 1 4."),
    VERIFIED,
    agent(3, "Thank you. How can I help?"),
    caller(4, "I paid sixty four fifty for October. When will it come back?"),
    tool("look_up_payments", {"status": "found", "payments": [{"id": "PAY-5201"}]}),
    agent(5, "One moment, I will check that."),
    caller(6, "I was charged twice for the October invoice."),
)


def test_who_and_why() -> None:
    packet = packet_of(PAID_TWICE_CALL)
    assert (packet.customer_name, packet.account_id, packet.phone) == (
        "James Whitfield",
        "C-1002",
        "+13125550102",
    )
    assert packet.identity_verified
    assert packet.why_called == "asked about a charge on the October invoice"
    assert (packet.call_id, packet.version, packet.language) == ("call-1", 1, "en")
    assert packet.written_by == "events"


def test_the_matter_is_what_the_caller_said_with_what_the_records_show() -> None:
    packet = packet_of(PAID_TWICE_CALL)
    assert packet.matter == (
        'James Whitfield says "I was charged twice for the October invoice";'
        " the records bear this out: INV-3107 (2026-10): $64.50, paid /"
        " PAY-5201: $64.50, 2026-10-05, card; PAY-5202: $64.50, 2026-10-06, card."
    )
    (contradiction,) = packet.contradictions
    assert contradiction.supports_caller
    assert contradiction.said == "I was charged twice for the October invoice."
    assert {t.kind for t in packet.triggers} == {TriggerKind.CONTRADICTION}


def test_facts_copy_the_record_and_quote_the_caller() -> None:
    facts = packet_of(PAID_TWICE_CALL).facts
    record = [f.text for f in facts if f.source == "record"]
    assert record == [
        "INV-3107 (2026-10): $64.50, paid, due 2026-10-15",
        "PAY-5201 (INV-3107): $64.50, 2026-10-05, card",
        "PAY-5202 (INV-3107): $64.50, 2026-10-06, card",
        "Plan Fiber 300: $64.50 per month",
    ]
    said = [(f.text, f.verified, f.citation and f.citation.turn) for f in facts if f.citation]
    assert said == [
        ('"I paid sixty four fifty for October."', False, 4),
        ('"I was charged twice for the October invoice."', True, 6),
    ]


def test_the_postal_code_is_known_and_never_the_matter() -> None:
    packet = packet_of(PAID_TWICE_CALL)
    name, code, matter = packet.do_not_ask_again
    assert (name.text, name.verified) == ("Name: James Whitfield", True)
    assert (code.text, code.citation and code.citation.turn) == ("Postal code checked: 60614", 2)
    assert (matter.text, matter.citation and matter.citation.turn) == (
        '"I was charged twice for the October invoice."',
        6,
    )
    early = call(PAID_TWICE, caller(1, "My postal code here in Chicago is six zero six one four."))
    assert packet_of(early).matter == ""
    assert packet_of(early).do_not_ask_again[0].verified is False


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("I have a question about the bill.", "calm"),
        ("This is ridiculous.", "annoyed"),
        ("You are an idiot.", "angry"),
        ("My lawyer will call you.", "firm"),
    ],
)
def test_mood(text: str, mood: str) -> None:
    assert packet_of(call(ALL_WELL, caller(1, text))).mood == mood


def test_in_german() -> None:
    events = call(
        GERMAN,
        caller(1, "Meine Postleitzahl ist 50667.", language="de"),
        VERIFIED,
        caller(2, "Auf der Rechnung stehen neunzig Euro.", language="de"),
        caller(3, "Ich möchte mit einem Menschen sprechen.", language="de"),
    )
    packet = packet_of(events)
    assert packet.language == "de"
    assert packet.matter.startswith('Sabine Krüger sagt "Auf der Rechnung stehen neunzig Euro"')
    assert "INV-4410 (2026-11): €39.90, offen, fällig 2026-12-12" in [f.text for f in packet.facts]
    assert packet.summary.startswith("Sabine Krüger, Identität geprüft, ruhig.")
    assert packet.summary.endswith("Übergabe: wünscht einen Menschen.")


def test_in_german_the_records_are_worded_in_german_too() -> None:
    claim = "Auf der Rechnung stehen neunzig Euro."
    events = call(GERMAN, caller(1, claim, language="de"), VERIFIED)
    packet = packet_of(events)
    (contradiction,) = packet.contradictions
    assert (contradiction.about, contradiction.record) == (
        "Betrag von INV-4410",
        "INV-4410 (2026-11): €39.90, offen",
    )
    assert packet.matter == (
        'Sabine Krüger sagt "Auf der Rechnung stehen neunzig Euro";'
        " die Unterlagen weichen ab: INV-4410 (2026-11): €39.90, offen."
    )
    assert [c.text for c in packet.do_not_ask_again] == [
        "Name: Sabine Krüger",
        "Postleitzahl geprüft: 50667",
        f'"{claim}"',
    ]


def test_logged_events_read_the_same() -> None:
    logged = [
        LoggedEvent("call-1", seq, datetime(2026, 11, 22, tzinfo=UTC), event)
        for seq, event in enumerate(PAID_TWICE_CALL, start=1)
    ]
    assert build_packet("call-1", logged, 1) == packet_of(PAID_TWICE_CALL)


def test_no_events_give_an_empty_packet() -> None:
    packet = build_packet("call-1", [], 3)
    assert (packet.version, packet.matter, packet.facts, packet.triggers) == (3, "", (), ())
    assert packet.summary == ""


LINES = st.lists(
    st.one_of(
        st.text(max_size=50),
        st.sampled_from(
            [
                "I was charged twice for October.",
                "My plan costs 59 but the invoice says 89.",
                "I want to speak to a real person.",
                "You are an idiot!",
                "When is it due?",
                "I paid $64.50 on October 5th. It was too much.",
                "My zip code is 30309.",
            ]
        ),
    ),
    max_size=7,
)


@settings(deadline=None, max_examples=60)
@given(LINES, st.booleans())
def test_quotes_are_exact_and_the_summary_is_short(lines: list[str], by_caller: bool) -> None:
    turns = [
        caller(n, text) if by_caller or n % 2 else agent(n, text)
        for n, text in enumerate(lines, start=1)
    ]
    packet = packet_of(call(ABOVE_PLAN, *turns))
    spoken = {t.number: t.text for t in turns}
    claims = (*packet.facts, *packet.promises, *packet.open_questions, *packet.do_not_ask_again)
    for claim in claims:
        if claim.citation is not None:
            assert claim.citation.quote in spoken[claim.citation.turn]
            assert "30309" not in claim.text or claim.source != "caller"
    # A quotation may hold any marks; the frame around it makes at most three sentences.
    frame = re.sub(r'"[^"]*"', '""', packet.summary) if '"' not in "".join(lines) else ""
    assert len(re.findall(r"[.!?](?=\s|$)", frame)) <= 3


def test_the_summary_of_the_paid_twice_call() -> None:
    summary = packet_of(PAID_TWICE_CALL).summary
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z])", summary)
    assert len(sentences) == 3
    assert sentences[0] == "James Whitfield, identity verified, calm."
    assert sentences[2] == "Handed over: accounts that differ."


def test_the_mood_over_time_is_read_from_the_verdicts() -> None:
    events = call(ALL_WELL, caller(1, "Hello."), caller(3, "Why?"))
    marked = [
        VerdictGiven(at_ms=e.at_ms, verdict=replace(e.verdict, frustration=e.verdict.turn / 10))
        if isinstance(e, VerdictGiven)
        else e
        for e in events
    ]
    assert packet_of(marked).mood_over_time == (MoodAt(1, 5_000, 0.1), MoodAt(3, 15_000, 0.3))


def test_what_the_caller_adds_on_hold_is_a_fact() -> None:
    wished = {"handoff_id": "h", "at_ms": 20_000}
    events = call(
        ALL_WELL,
        caller(1, "I have a question about the credit for the outage."),
        caller(3, "The router is upstairs."),
        HoldWished(**wished, wish=HoldWish.ADDED, turn=3),
        caller(5, "How long does it take?"),
        HoldWished(**wished, wish=HoldWish.HOW_LONG, turn=5),
        SentBack(**wished, human="kim", instruction="Please take the new address."),
    )
    facts = [f.text for f in packet_of(events).facts]
    assert '"The router is upstairs."' in facts
    assert '"How long does it take?"' not in facts
    assert "Sent back with: Please take the new address." in facts


def test_what_the_agent_had_said_stands_against_the_caller() -> None:
    said = "The agent said it was free."
    contradiction = Contradiction("fee", said=said, agent_said="It costs nothing.")
    cited = Citation(1, Speaker.CALLER, said, 5_000)
    trigger = Trigger(TriggerKind.CONTRADICTION, 0.9, (cited,), contradiction)
    verdict = Verdict(1, Action.HAND_OVER, (trigger,))
    turn = TurnTaken(at_ms=7_000, turn=caller(1, said))
    packet = packet_of([turn, VerdictGiven(at_ms=7_000, verdict=verdict)])
    assert packet.matter == (
        'Customer says "The agent said it was free"; the agent had said "It costs nothing".'
    )
    assert packet.contradictions == (contradiction,)


def test_a_dialogue_without_a_record_reads_well() -> None:
    packet = packet_of(dialogue(*PARCEL))
    assert packet.matter == (
        "Customer complains that their parcel GB4471902385 was marked as delivered yesterday but"
        " nothing arrived."
    )
    assert packet.summary == (
        f"{packet.matter} Agent has opened an investigation with the depot."
        " Agent will send the customer a refund of $64.50 by Friday."
    )
    assert [p.due for p in packet.promises] == ["by Friday"]
    assert [q.text for q in packet.open_questions] == []


def test_a_german_dialogue_is_quoted() -> None:
    packet = packet_of(
        dialogue(
            "C: Mein Internet ist seit neun Tagen weg.",
            "A: Ich schreibe Ihnen 20 Euro gut.",
            language="de",
        )
    )
    assert packet.matter == 'Der Kunde sagt "Mein Internet ist seit neun Tagen weg".'
    assert packet.summary.endswith('Der Agent sagt "Ich schreibe Ihnen 20 Euro gut".')


def test_what_is_said_about_the_waiting_is_not_the_matter() -> None:
    packet = packet_of(
        call(
            PAID_TWICE,
            caller(1, "Actually never mind, I would rather stay with you."),
            HoldWished(at_ms=9, handoff_id="h", wish=HoldWish.CANCEL, turn=1),
            caller(2, "How much is my November invoice?"),
        )
    )
    assert "November invoice" in packet.matter
    assert "never mind" not in packet.matter
