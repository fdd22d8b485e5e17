"""The account record's few rules."""

from __future__ import annotations

from datetime import date

import pytest

from voiceagent.domain.account import (
    AccountRecord,
    Customer,
    Invoice,
    InvoiceStatus,
    Money,
    Payment,
    Plan,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(6450, "USD"), "$64.50"),
        (Money(5, "EUR"), "€0.05"),
        (Money(-1999, "GBP"), "-£19.99"),
        (Money(-5, "CHF"), "-CHF 0.05"),
        (Money(0, "USD"), "$0.00"),
    ],
)
def test_money_is_written_exactly(money: Money, text: str) -> None:
    assert str(money) == text


def test_invoices_and_their_payments_are_found() -> None:
    price = Money(2999, "USD")
    invoice = Invoice("INV-1", "2026-10", price, date(2026, 11, 1), InvoiceStatus.OPEN)
    late = Payment("P-2", "INV-1", price, date(2026, 11, 9), "card")
    early = Payment("P-1", "INV-1", price, date(2026, 11, 2), "card")
    other = Payment("P-3", "INV-2", price, date(2026, 11, 1), "card")
    record = AccountRecord(
        Customer("A-1", "Jo Park", "+15550100", "en", "America/New_York", "", "", ""),
        Plan("Basic", price),
        invoices=(invoice,),
        payments=(late, other, early),
    )
    assert record.invoice("INV-1") is invoice
    assert record.invoice("INV-9") is None
    assert record.payments_for("INV-1") == (early, late)
    assert record.payments_for("INV-9") == ()
