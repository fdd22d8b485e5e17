"""The packet, read from the events of a call."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.supervisor.calls import (
    ABOVE_PLAN,
    ALL_WELL,
    BROKEN_PROMISE,
    GERMAN,
    PAID_TWICE,
    POLICY,
    agent,
    caller,
    opening,
    taken,
)
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.events import (
    AnyEvent,
    CallbackBooked,
    IdentityChecked,
    KeyPressed,
    LoggedEvent,
    ToolCalled,
    ToolReturned,
    VerdictGiven,
)
from voiceagent.domain.packet import Packet
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import TriggerKind
from voiceagent.handoff.packet_builder import build_packet
from voiceagent.supervisor.watcher import Supervisor

pytestmark = pytest.mark.unit


def tool(name: str, result: dict[str, object], *, ok: bool = True) -> list[AnyEvent]:
    return [
        ToolCalled(at_ms=1, tool=name, arguments={}),
        ToolReturned(at_ms=2, tool=name, ok=ok, result={"ok": ok, **result}),
    ]


VERIFIED: list[AnyEvent] = [
    ToolCalled(at_ms=1, tool="confirm_identity", arguments={"postal_code": "60614"}),
    IdentityChecked(at_ms=2, verified=True, method="postal_code"),
    ToolReturned(at_ms=2, tool="confirm_identity", ok=True, result={"status": "verified"}),
]


def call(record: AccountRecord, *happened: Turn | AnyEvent | list[AnyEvent]) -> list[AnyEvent]:
    """The events of a call with the real supervisor's verdicts in between."""
    events: list[AnyEvent] = []
    supervisor = Supervisor(POLICY)
    flat: list[AnyEvent] = [*opening(record)]
    for item in happened:
        if isinstance(item, list):
            flat += item
        else:
            flat.append(taken(item) if isinstance(item, Turn) else item)
    for event in flat:
        events.append(event)
        if verdict := supervisor.observe(event):
            events.append(VerdictGiven(at_ms=event.at_ms, verdict=verdict))
    return events


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


def packet_of(events: list[AnyEvent]) -> Packet:
    return build_packet("call-1", events, 1)


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
    assert matter.text == packet.matter
    early = call(PAID_TWICE, caller(1, "My postal code here in Chicago is six zero six one four."))
    assert packet_of(early).matter == ""
    assert packet_of(early).do_not_ask_again[0].verified is False


@pytest.mark.parametrize(
    ("turns", "quoted"),
    [
        (
            ["I have a question about the credit for the outage.", "Get me a human please."],
            "I have a question about the credit for the outage",
        ),
        (
            ["Hello. My modem is blinking red. I want to talk to a person."],
            "My modem is blinking red",
        ),
        (["I want to talk to a real person."], ""),
        (["Yes.", "Okay, thank you very much."], ""),
    ],
)
def test_the_matter_without_a_contradiction(turns: list[str], quoted: str) -> None:
    spoken = [caller(n, text) for n, text in enumerate(turns, start=3)]
    events = call(ALL_WELL, caller(2, "Nine seven two one four."), VERIFIED, *spoken)
    expected = f'Maria Alvarez says "{quoted}".' if quoted else ""
    assert packet_of(events).matter == expected


def test_what_was_said_before_identification_counts_where_nothing_came_after() -> None:
    events = call(
        ALL_WELL,
        caller(1, "I am calling about the price of my new router."),
        caller(2, "It is 97214."),
        VERIFIED,
        KeyPressed(at_ms=9, key="0"),
    )
    packet = packet_of(events)
    assert packet.matter == 'Maria Alvarez says "I am calling about the price of my new router".'
    assert [t.kind for t in packet.triggers] == [TriggerKind.KEY_ZERO]


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


def test_open_questions() -> None:
    events = call(
        ALL_WELL,
        caller(1, "When is the next invoice due?"),
        agent(2, "It is due on December 15th."),
        caller(3, "Why did the price go up?"),
        caller(4, "And can you send it by mail"),
        agent(5, "Yes, I can do that for you."),
        caller(6, "Am I talking to a real person?"),
        agent(7, "No, I am an AI."),
        caller(8, "I'll sue you. How do I cancel the contract?"),
        agent(9, "I am getting a colleague for you now."),
    )
    assert [(q.text, q.citation and q.citation.turn) for q in packet_of(events).open_questions] == [
        ('"Why did the price go up?"', 3),
        ('"How do I cancel the contract?"', 8),
    ]


def test_a_question_asked_again_and_answered_is_not_open() -> None:
    question = "When is the next invoice due?"
    events = call(ALL_WELL, caller(1, question), caller(2, question), agent(3, "On December 15th."))
    assert packet_of(events).open_questions == ()


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


def test_logged_events_read_the_same() -> None:
    logged = [
        LoggedEvent("call-1", seq, datetime(2026, 11, 22, tzinfo=UTC), event)
        for seq, event in enumerate(PAID_TWICE_CALL, start=1)
    ]
    assert build_packet("call-1", logged, 1) == packet_of(PAID_TWICE_CALL)


def test_no_events_give_an_empty_packet() -> None:
    packet = build_packet("call-1", [], 3)
    assert (packet.version, packet.matter, packet.facts, packet.triggers) == (3, "", (), ())
    assert packet.summary == "The caller, identity not verified, calm."


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
