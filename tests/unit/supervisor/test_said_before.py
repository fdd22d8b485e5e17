"""What was said, against what was said before and against the record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.supervisor.calls import (
    ABOVE_PLAN,
    ALL_WELL,
    GERMAN,
    ONE_OPEN_INVOICE,
    PAID_TWICE,
    caller,
    conversation,
    opening,
    taken,
    watch,
)
from voiceagent.domain.account import AccountRecord, InvoiceStatus
from voiceagent.domain.events import AccountLoaded
from voiceagent.domain.verdict import Action, Contradiction, Trigger, Verdict
from voiceagent.supervisor.policy import ClaimKind

pytestmark = pytest.mark.unit

KINDS = {
    ClaimKind.DENIED,
    ClaimKind.SAID_OTHERWISE,
    ClaimKind.AGENT_WRONG,
    ClaimKind.OWN_WORDS,
}


def said_before(verdict: Verdict) -> list[Trigger]:
    return [t for t in verdict.triggers if t.contradiction and t.detail in KINDS]


def only(*lines: str, record: AccountRecord = ALL_WELL) -> tuple[Trigger, Contradiction]:
    verdict = watch(conversation(*lines, record=record))[-1]
    (trigger,) = said_before(verdict)
    assert trigger.contradiction is not None
    assert not trigger.contradiction.supports_caller
    assert verdict.action is Action.CONTINUE
    return trigger, trigger.contradiction


def turns_of(trigger: Trigger) -> list[int]:
    return [c.turn for c in trigger.citations]


TWO_OPEN = replace(
    ALL_WELL, invoices=tuple(replace(i, status=InvoiceStatus.OPEN) for i in ALL_WELL.invoices)
)
STATED = "A: Your November invoice is $49.90. It is due on December 15th."
IN_GERMAN = "A: Ihre Rechnung für November beträgt 39,90 Euro. Sie ist am 12. Dezember fällig."


@pytest.mark.parametrize(
    ("stated", "said", "agent_said", "record"),
    [
        (
            STATED,
            "You told me it was 59.90.",
            "Your November invoice is $49.90.",
            ALL_WELL,
        ),
        (
            STATED,
            "But you said it is due on Friday.",
            "It is due on December 15th.",
            ALL_WELL,
        ),
        (
            "A: The technician comes on Tuesday.",
            "Your colleague said Friday.",
            "The technician comes on Tuesday.",
            ALL_WELL,
        ),
        (
            "A: You have two open invoices.",
            "You told me there is one invoice.",
            "You have two open invoices.",
            TWO_OPEN,
        ),
        (
            IN_GERMAN,
            "Sie haben mir 29,90 Euro gesagt.",
            "Ihre Rechnung für November beträgt 39,90 Euro.",
            GERMAN,
        ),
        (
            "A: Der Techniker kommt am Dienstag.",
            "Aber Ihr Kollege hat Freitag gesagt.",
            "Der Techniker kommt am Dienstag.",
            GERMAN,
        ),
    ],
)
def test_the_agent_quoted_with_something_else(
    stated: str, said: str, agent_said: str, record: AccountRecord
) -> None:
    trigger, contradiction = only("Hello.", stated, said, record=record)
    assert (contradiction.agent_said, contradiction.said) == (agent_said, said)
    assert trigger.detail == ClaimKind.SAID_OTHERWISE
    assert turns_of(trigger) == [2, 3]


@pytest.mark.parametrize(
    ("lines", "record"),
    [
        # What the agent said.
        (["Hello.", STATED, "You told me it was 49.90."], ALL_WELL),
        (["Hello.", STATED, "You said 49 dollars."], ALL_WELL),
        (["Hello.", STATED, "You said it's due on Tuesday."], ALL_WELL),
        (["Hello.", IN_GERMAN, "Sie haben 39,90 Euro gesagt."], GERMAN),
        # The agent has said nothing of the kind.
        (["Hello.", "A: How can I help?", "You told me it was 49.90."], ALL_WELL),
        (["Hello.", "A: It is $49.90.", "Your colleague said Friday."], ALL_WELL),
        (["Hello.", "A: I see two payments.", "You said I have three invoices."], ALL_WELL),
        (["Hello.", "A: Press 1 for more.", "You told me that in 12 hours it works."], ALL_WELL),
        # The agent only asked.
        (["Hello.", "A: Did you mean $20?", "You told me it was 49.90."], ALL_WELL),
        # Nobody is quoted.
        (["Hello.", STATED, "I have 20 dollars here."], ALL_WELL),
        (["Hello.", STATED, "You never told me it was 59.90."], ALL_WELL),
    ],
)
def test_the_agent_quoted_rightly_or_not_at_all(lines: list[str], record: AccountRecord) -> None:
    assert said_before(watch(conversation(*lines, record=record))[-1]) == []


@pytest.mark.parametrize(
    ("stated", "said", "about", "record"),
    [
        ("A: Your November invoice is $49.90.", "That's wrong.", "amount of INV-2041", ALL_WELL),
        ("A: It is due on December 15th.", "That's not true!", "due date of INV-2041", ALL_WELL),
        ("A: Your plan costs $59.00.", "No, that can't be right.", "monthly price", ABOVE_PLAN),
        ("A: You have two open invoices.", "That is not correct.", "number named", ALL_WELL),
        (
            "A: Ihre Rechnung für November beträgt 39,90 Euro.",
            "Das stimmt nicht.",
            "Betrag von INV-4410",
            GERMAN,
        ),
        (
            "A: Sie ist am 12. Dezember fällig.",
            "Nein, das ist falsch.",
            "Fälligkeit von INV-4410",
            GERMAN,
        ),
    ],
)
def test_a_flat_denial_of_what_the_agent_said(
    stated: str, said: str, about: str, record: AccountRecord
) -> None:
    record = replace(record, payments=())
    verdict = watch(conversation("Hello.", stated, said, record=record))[-1]
    (trigger,) = [t for t in said_before(verdict) if t.detail == ClaimKind.DENIED]
    assert trigger.contradiction is not None
    assert trigger.contradiction.about == about
    assert trigger.contradiction.agent_said == stated.removeprefix("A: ")
    assert turns_of(trigger) == [2, 3]


@pytest.mark.parametrize(
    ("lines", "record"),
    [
        (["Hello.", "A: I am looking that up.", "That's wrong."], ALL_WELL),
        (["Hello.", STATED, "Okay.", "That's wrong."], ALL_WELL),
        (["Hello.", STATED, "What's wrong with it?"], ALL_WELL),
        (["Hello.", STATED, "That's not a problem."], ALL_WELL),
        (["Hello.", STATED, "That's right."], ALL_WELL),
        (["Hallo.", IN_GERMAN, "Das stimmt."], GERMAN),
        (["Hallo.", IN_GERMAN, "Stimmt da etwas nicht mit meinem Vertrag?"], GERMAN),
    ],
)
def test_no_denial(lines: list[str], record: AccountRecord) -> None:
    assert said_before(watch(conversation(*lines, record=record))[-1]) == []


@pytest.mark.parametrize(
    ("stated", "about", "record"),
    [
        ("Your November invoice is $59.90.", "amount of INV-2041", ALL_WELL),
        ("Invoice INV-2041 is 94 dollars and 90 cents.", "amount of INV-2041", ALL_WELL),
        ("Your November invoice is due on December 20th.", "due date of INV-2041", ALL_WELL),
        ("Your plan costs $69.90 a month.", "monthly price", ALL_WELL),
        ("Invoice INV-2041 has been paid.", "status of INV-2041", ALL_WELL),
        ("You have three unpaid invoices.", "number of open invoices", ALL_WELL),
        ("Ihre Rechnung vom November beträgt 49,90 Euro.", "Betrag von INV-4410", GERMAN),
        ("Die Rechnung vom November ist bezahlt.", "Stand von INV-4410", GERMAN),
        ("Sie ist am 5. Dezember fällig.", "Fälligkeit von INV-4410", GERMAN),
        ("I see two payments for invoice INV-1988.", "payments for INV-1988", ALL_WELL),
        ("Für INV-4410 sehe ich zwei Zahlungen.", "Zahlungen zu INV-4410", GERMAN),
        ("Ihr Tarif kostet 19,90 Euro im Monat.", "Monatspreis", GERMAN),
    ],
)
def test_the_agent_against_the_record(stated: str, about: str, record: AccountRecord) -> None:
    trigger, contradiction = only("Hello.", f"A: {stated}", "I see.", record=record)
    assert trigger.detail == ClaimKind.AGENT_WRONG
    assert (contradiction.about, contradiction.said) == (about, "")
    assert contradiction.agent_said == stated
    assert contradiction.record
    assert turns_of(trigger) == [2]


@pytest.mark.parametrize(
    ("stated", "record"),
    [
        (STATED.removeprefix("A: "), ALL_WELL),
        ("Your October invoice was $49.90 and was paid on November 10th.", ALL_WELL),
        ("Your invoice for October was paid twice, that is $129.00 in all.", PAID_TWICE),
        ("You paid $64.50 too much on invoice INV-3107.", PAID_TWICE),
        ("Your November invoice is $30.00 more than the plan.", ABOVE_PLAN),
        ("Your plan costs $59.00 a month, and the November invoice is $89.00.", ABOVE_PLAN),
        ("You have one unpaid invoice.", ONE_OPEN_INVOICE),
        ("I see two payments for invoice INV-3107.", PAID_TWICE),
        ("I see one payment for your October invoice.", ALL_WELL),
        # The caller's words, questions and suppositions.
        ("You said your November invoice was $90.", ALL_WELL),
        ("Was your November invoice $90?", ALL_WELL),
        ("If your November invoice were $90, that would be wrong.", ALL_WELL),
        ("Your November invoice is not $90.", ALL_WELL),
        # Nothing it can be tied to.
        ("A technician costs $90.", ALL_WELL),
        (IN_GERMAN.removeprefix("A: "), GERMAN),
        ("Sie sagten, die Rechnung vom November beträgt 90 Euro.", GERMAN),
    ],
)
def test_the_agent_agrees_with_the_record(stated: str, record: AccountRecord) -> None:
    verdict = watch(conversation("Hello.", f"A: {stated}", "I see.", record=record))[-1]
    assert said_before(verdict) == []


def test_the_latest_record_counts() -> None:
    invoice = replace(ONE_OPEN_INVOICE.invoices[0], due=ONE_OPEN_INVOICE.invoices[0].due)
    moved = replace(
        ONE_OPEN_INVOICE,
        invoices=(replace(invoice, due=invoice.due.replace(day=28)),),
    )
    line = f"A: Invoice {invoice.id} is due on {invoice.due:%B} 28th."
    events = conversation("Hello.", line, "I see.", record=ONE_OPEN_INVOICE)
    assert said_before(watch(events)[-1])
    loaded = AccountLoaded(at_ms=1, record=moved)
    assert not said_before(watch([*events[:2], loaded, *events[2:]])[-1])


@pytest.mark.parametrize(
    ("before", "now", "record"),
    [
        (
            "I paid 60 dollars for the November invoice.",
            "I paid 80 dollars for the November invoice.",
            ALL_WELL,
        ),
        ("My plan costs 52 dollars.", "Well, my plan costs 65 dollars a month.", ABOVE_PLAN),
        ("I paid that on August 5th.", "I paid it on August 20th.", ALL_WELL),
        ("Mein Tarif kostet 25 Euro.", "Mein Tarif kostet 29 Euro im Monat.", GERMAN),
    ],
)
def test_the_caller_against_the_callers_own_words(
    before: str, now: str, record: AccountRecord
) -> None:
    verdict = watch(conversation(before, "A: I see.", now, record=record))[-1]
    (trigger,) = [t for t in said_before(verdict) if t.detail == ClaimKind.OWN_WORDS]
    assert turns_of(trigger) == [1, 3]
    assert trigger.confidence < 0.6


@pytest.mark.parametrize(
    ("before", "now", "record"),
    [
        # A correction.
        ("My plan costs 52 dollars.", "Sorry, I mean my plan costs 65 dollars.", ABOVE_PLAN),
        ("Mein Tarif kostet 25 Euro.", "Ich meine, mein Tarif kostet 29 Euro.", GERMAN),
        # Another thing.
        (
            "I paid 60 dollars for the October invoice.",
            "I paid 80 dollars for the November invoice.",
            ALL_WELL,
        ),
        ("I paid 60 dollars.", "Then I also paid 80 dollars.", ALL_WELL),
        # Both are on record.
        ("The bill says 89 dollars.", "I was billed 59 dollars.", ABOVE_PLAN),
        # The same.
        ("My plan costs 52 dollars.", "My plan costs 52.50 a month.", ABOVE_PLAN),
    ],
)
def test_the_caller_says_nothing_else(before: str, now: str, record: AccountRecord) -> None:
    verdict = watch(conversation(before, "A: I see.", now, record=record))[-1]
    assert [t for t in said_before(verdict) if t.detail == ClaimKind.OWN_WORDS] == []


def test_badly_heard_values_are_not_held_against_the_caller() -> None:
    events = [
        *opening(ABOVE_PLAN),
        taken(caller(1, "My plan costs 52 dollars.", confidence=0.4)),
        taken(caller(2, "My plan costs 65 dollars.")),
    ]
    assert [t for t in said_before(watch(events)[-1]) if t.detail == ClaimKind.OWN_WORDS] == []


def test_one_dispute_offers_nobody_two_do() -> None:
    dispute = ["A: Your November invoice is $49.90.", "That's wrong."]
    verdicts = watch(conversation("Hello.", *dispute, *dispute))
    assert [v.action for v in verdicts] == [
        Action.CONTINUE,
        Action.CONTINUE,
        Action.OFFER_PERSON,
    ]
