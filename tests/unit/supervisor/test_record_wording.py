"""Entries of the record in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.supervisor.calls import BROKEN_PROMISE, GERMAN, PAID_TWICE
from voiceagent.domain.account import InvoiceStatus
from voiceagent.supervisor.record_wording import RecordWording, Subject

pytestmark = pytest.mark.unit

ENGLISH, IN_GERMAN = RecordWording("en"), RecordWording("de")


def test_an_invoice_with_its_status() -> None:
    assert ENGLISH.invoice(PAID_TWICE.invoices[0]) == "INV-3107 (2026-10): $64.50, paid"
    assert IN_GERMAN.invoice(GERMAN.invoices[0]) == "INV-4410 (2026-11): €39.90, offen"


def test_payments_are_copied_in_any_language() -> None:
    payments = PAID_TWICE.payments
    line = "PAY-5201: $64.50, 2026-10-05, card; PAY-5202: $64.50, 2026-10-06, card"
    assert ENGLISH.payments(payments) == IN_GERMAN.payments(payments) == line
    assert ENGLISH.payments(()) == ""


def test_a_promise_is_copied_and_its_state_worded() -> None:
    case = next(c for c in BROKEN_PROMISE.cases if c.promise)
    start = f"{case.id} ({case.opened.isoformat()}): {case.promise}, "
    assert ENGLISH.open_promise(case) == f"{start}not settled"
    assert IN_GERMAN.open_promise(case) == f"{start}nicht erledigt"


@pytest.mark.parametrize("wording", [ENGLISH, IN_GERMAN], ids=["en", "de"])
def test_every_subject_and_status_is_worded_and_names_what_it_is_of(wording: RecordWording) -> None:
    of = {s: wording.about(s, "INV-1") for s in Subject}
    assert len(set(of.values())) == len(Subject)
    assert not any("{" in text for text in of.values())
    whole = {Subject.MONTHLY_PRICE, Subject.DAY_OF_PAYMENT, Subject.NUMBER_OF_OPEN_INVOICES}
    whole |= {Subject.AMOUNT_NAMED, Subject.DAY_NAMED, Subject.NUMBER_NAMED}
    assert {s for s, text in of.items() if "INV-1" not in text} == whole
    statuses = [wording.status(replace(PAID_TWICE.invoices[0], status=s)) for s in InvoiceStatus]
    assert len(set(statuses)) == len(InvoiceStatus)


def test_the_two_languages_share_no_wording() -> None:
    assert not {ENGLISH.about(s) for s in Subject} & {IN_GERMAN.about(s) for s in Subject}


def test_english_stands_in_for_other_languages() -> None:
    invoice = PAID_TWICE.invoices[0]
    assert RecordWording("fr").invoice(invoice) == ENGLISH.invoice(invoice)
