"""What callers claim, against the sample company's records."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.unit.supervisor.calls import (
    ABOVE_PLAN,
    ALL_WELL,
    BROKEN_PROMISE,
    GERMAN,
    ONE_OPEN_INVOICE,
    PAID_TWICE,
    POLICY,
    caller,
)
from voiceagent.domain.account import AccountRecord, InvoiceStatus, Money, Payment
from voiceagent.supervisor.claims import Finding
from voiceagent.supervisor.contradictions import find_contradictions
from voiceagent.supervisor.policy import ClaimKind
from voiceagent.supervisor.record_wording import RecordWording

pytestmark = pytest.mark.unit


def found(text: str, record: AccountRecord) -> tuple[Finding, ...]:
    language = record.customer.language
    turn = caller(1, text, language=language)
    return find_contradictions(
        turn, (language,), record, POLICY.claims, POLICY.limits, RecordWording(language)
    )


GERMAN_PAID_TWICE = replace(
    GERMAN,
    payments=tuple(
        Payment(f"PAY-{n}", "INV-4410", Money(3990, "EUR"), date(2026, 11, n), "Lastschrift")
        for n in (5, 6)
    ),
)


@pytest.mark.parametrize(
    "text",
    [
        "I was charged twice for October.",
        "You charged me double!",
        "there are two payments for the same invoice",
        "I paid twice",
        "my card was debited two times in October",
        "you took the money twice, sixty four fifty each",
        "There is a double charge on invoice I and V 3107.",
        "I was charged three times",
        "Was I charged twice in October?",
        # The month was misheard; the record still shows what the caller means.
        "I was charged twice in September.",
    ],
)
def test_two_payments_for_one_invoice_bear_the_caller_out(text: str) -> None:
    (finding,) = found(text, PAID_TWICE)
    said = finding.contradiction
    assert finding.kind is ClaimKind.TIMES
    assert said.supports_caller
    assert said.sources == ("INV-3107", "PAY-5201", "PAY-5202")
    assert "$64.50" in said.record
    assert "2026-10-05" in said.other_record
    assert "2026-10-06" in said.other_record
    assert said.said in text


@pytest.mark.parametrize(
    "text",
    [
        "Mir wurde zweimal abgebucht.",
        "Sie haben doppelt abgebucht.",
        "ich habe zweimal bezahlt",
        "da sind zwei Abbuchungen",
    ],
)
def test_two_payments_in_german(text: str) -> None:
    (finding,) = found(text, GERMAN_PAID_TWICE)
    assert finding.contradiction.supports_caller
    assert "€39.90" in finding.contradiction.other_record


def test_what_the_record_says_is_worded_in_the_calls_language() -> None:
    (finding,) = found("Mir wurde zweimal abgebucht.", GERMAN_PAID_TWICE)
    said = finding.contradiction
    assert (said.about, said.record) == (
        "Zahlungen zu INV-4410",
        "INV-4410 (2026-11): €39.90, offen",
    )
    turn = caller(1, "Mir wurde zweimal abgebucht.", language="de")
    (finding,) = find_contradictions(
        turn,
        ("de", "en"),
        GERMAN_PAID_TWICE,
        POLICY.claims,
        POLICY.limits,
        RecordWording("en"),
    )
    said = finding.contradiction
    assert (said.about, said.record) == (
        "payments for INV-4410",
        "INV-4410 (2026-11): €39.90, open",
    )


def test_one_payment_speaks_against_the_caller() -> None:
    (finding,) = found("I was charged twice for October.", ALL_WELL)
    assert not finding.contradiction.supports_caller
    assert finding.contradiction.record.startswith("PAY-5101: $49.90")


def test_two_part_payments_are_not_two_payments() -> None:
    halves = tuple(
        replace(p, amount=Money(minor, "USD"))
        for p, minor in zip(PAID_TWICE.payments, (3000, 3450), strict=True)
    )
    (finding,) = found("I was charged twice", replace(PAID_TWICE, payments=halves))
    assert not finding.contradiction.supports_caller


def test_a_refunded_second_payment_is_settled() -> None:
    refund = replace(PAID_TWICE.payments[1], id="PAY-9", amount=Money(-6450, "USD"))
    record = replace(PAID_TWICE, payments=(*PAID_TWICE.payments, refund))
    (finding,) = found("I was charged twice", record)
    assert not finding.contradiction.supports_caller


def test_two_invoices_for_one_month() -> None:
    first = ONE_OPEN_INVOICE.invoices[0]
    record = replace(ONE_OPEN_INVOICE, invoices=(first, replace(first, id="INV-9999")))
    (finding,) = found("I was billed twice for November", record)
    assert finding.contradiction.supports_caller
    assert finding.contradiction.about == "invoices for 2026-11"


@pytest.mark.parametrize(
    "text",
    [
        "My plan costs 59 but the invoice says 89.",
        "I should be paying fifty nine dollars and you billed me eighty nine.",
        "You charged me $89 instead of $59.",
        "My bill says $89.00. My contract is for $59.",
        "Why is the bill so high? It is supposed to be 59 a month.",
    ],
)
def test_an_invoice_above_the_plan_bears_the_caller_out(text: str) -> None:
    (finding,) = found(text, ABOVE_PLAN)
    said = finding.contradiction
    assert finding.kind is ClaimKind.PRICE
    assert said.supports_caller
    assert (said.record, said.other_record) == (
        "Fiber 250: $59.00",
        "INV-3302 (2026-11): $89.00, open",
    )
    assert said.said in text


def test_the_german_price() -> None:
    invoice = replace(GERMAN.invoices[0], amount=Money(5990, "EUR"))
    record = replace(GERMAN, invoices=(invoice,))
    text = "Mein Tarif kostet neununddreißig Euro neunzig, aber auf der Rechnung stehen 59,90 Euro."
    (finding,) = found(text, record)
    assert finding.contradiction.supports_caller


def test_a_price_the_plan_does_not_have() -> None:
    (finding,) = found("My plan costs 29.90 a month.", ONE_OPEN_INVOICE)
    assert (finding.kind, finding.contradiction.supports_caller) == (ClaimKind.PRICE, False)


@pytest.mark.parametrize(
    "text",
    [
        "You promised me a twenty dollar credit.",
        "I was promised a credit of twenty dollars.",
        "Where is my credit?",
    ],
)
def test_a_promise_not_kept_bears_the_caller_out(text: str) -> None:
    (finding,) = found(text, BROKEN_PROMISE)
    assert finding.kind is ClaimKind.PROMISE
    assert finding.contradiction.supports_caller


def test_a_promise_of_another_amount_is_not_on_record() -> None:
    assert not found("You promised me a ninety dollar credit.", BROKEN_PROMISE)


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("I already paid that invoice.", ONE_OPEN_INVOICE),
        ("Die Rechnung habe ich schon bezahlt.", GERMAN),
    ],
)
def test_already_paid_against_an_open_invoice(text: str, record: AccountRecord) -> None:
    (finding,) = found(text, record)
    assert (finding.kind, finding.contradiction.supports_caller) == (ClaimKind.ALREADY_PAID, False)


def test_already_paid_and_the_books_hold_the_payment() -> None:
    overdue = replace(PAID_TWICE.invoices[0], status=InvoiceStatus.OVERDUE)
    record = replace(PAID_TWICE, invoices=(overdue,), payments=PAID_TWICE.payments[:1])
    (finding,) = found("But I already paid that.", record)
    assert finding.contradiction.supports_caller


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The invoice was 46 dollars and 50 cents.", ClaimKind.AMOUNT),
        ("You billed me $90.", ClaimKind.AMOUNT),
        ("You charged me on August 2nd.", ClaimKind.DATE),
    ],
)
def test_the_callers_word_against_the_record(text: str, kind: ClaimKind) -> None:
    (finding,) = found(text, PAID_TWICE)
    assert (finding.kind, finding.contradiction.supports_caller) == (kind, False)


def test_number_of_open_invoices() -> None:
    (finding,) = found("I have three open invoices.", ONE_OPEN_INVOICE)
    assert finding.kind is ClaimKind.OPEN_INVOICES
    assert not found("I have one unpaid invoice.", ONE_OPEN_INVOICE)


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("I was charged 64.50 on October 5th.", PAID_TWICE),
        ("I paid sixty four fifty", PAID_TWICE),
        ("I paid about 60 dollars.", PAID_TWICE),
        # Whole dollars stand for the amount with its cents.
        ("I was charged 64 dollars.", PAID_TWICE),
        ("You took 129 dollars in all, I was charged $129.00", PAID_TWICE),
        ("My invoice number is I and V 3107.", PAID_TWICE),
        ("My zip code is 60614.", PAID_TWICE),
        ("I wasn't charged twice.", PAID_TWICE),
        ("Don't charge me twice, please.", PAID_TWICE),
        ("Can I pay 20 dollars now?", PAID_TWICE),
        ("If I pay 30 dollars today, is that fine?", PAID_TWICE),
        ("Another company charges 30 dollars.", PAID_TWICE),
        ("I've been a customer for 12 years.", PAID_TWICE),
        ("The charge was on October 4th.", PAID_TWICE),
        ("My bill is 89 dollars.", ABOVE_PLAN),
        ("I paid the October invoice.", ALL_WELL),
        ("I haven't paid it yet.", ONE_OPEN_INVOICE),
        ("I call twice a week.", PAID_TWICE),
        ("Die Rechnung ist über 39,90 Euro.", GERMAN),
        ("Kann ich 20 Euro überweisen?", GERMAN),
        ("Meine Postleitzahl ist 50667.", GERMAN),
        ("Hello, how are you?", PAID_TWICE),
    ],
)
def test_no_contradiction(text: str, record: AccountRecord) -> None:
    assert found(text, record) == ()


def test_an_account_without_invoices_contradicts_nothing_it_does_not_know() -> None:
    record = replace(ALL_WELL, invoices=(), payments=())
    assert found("I was charged twice and the bill says 20 dollars.", record) == ()
