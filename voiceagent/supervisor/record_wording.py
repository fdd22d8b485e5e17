"""Entries of the company's record in one line each, in the language of the call.

In: entries as plain data. Out: the short lines a human reads in a verdict or a packet. Numbers,
amounts, days, names and what an earlier contact noted are copied as the record has them; only the
words between them are of the language. English stands in for a language without words here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from voiceagent.domain.account import CaseNote, Invoice, InvoiceStatus, Payment, Plan


class Subject(StrEnum):
    """What two accounts may differ about."""

    PAYMENTS_FOR = "payments_for"
    INVOICES_FOR = "invoices_for"
    MONTHLY_PRICE = "monthly_price"
    AMOUNT_OF = "amount_of"
    PROMISE_IN = "promise_in"
    PAYMENT_OF = "payment_of"
    DAY_OF_PAYMENT = "day_of_payment"
    NUMBER_OF_OPEN_INVOICES = "number_of_open_invoices"
    DUE_DAY_OF = "due_day_of"
    STATUS_OF = "status_of"
    AMOUNT_NAMED = "amount_named"
    DAY_NAMED = "day_named"
    NUMBER_NAMED = "number_named"


_SUBJECTS = {
    "en": {
        Subject.PAYMENTS_FOR: "payments for {of}",
        Subject.INVOICES_FOR: "invoices for {of}",
        Subject.MONTHLY_PRICE: "monthly price",
        Subject.AMOUNT_OF: "amount of {of}",
        Subject.PROMISE_IN: "promise in {of}",
        Subject.PAYMENT_OF: "payment of {of}",
        Subject.DAY_OF_PAYMENT: "day of payment",
        Subject.NUMBER_OF_OPEN_INVOICES: "number of open invoices",
        Subject.DUE_DAY_OF: "due date of {of}",
        Subject.STATUS_OF: "status of {of}",
        Subject.AMOUNT_NAMED: "amount named",
        Subject.DAY_NAMED: "day named",
        Subject.NUMBER_NAMED: "number named",
    },
    "de": {
        Subject.PAYMENTS_FOR: "Zahlungen zu {of}",
        Subject.INVOICES_FOR: "Rechnungen für {of}",
        Subject.MONTHLY_PRICE: "Monatspreis",
        Subject.AMOUNT_OF: "Betrag von {of}",
        Subject.PROMISE_IN: "Zusage in {of}",
        Subject.PAYMENT_OF: "Zahlung von {of}",
        Subject.DAY_OF_PAYMENT: "Tag der Zahlung",
        Subject.NUMBER_OF_OPEN_INVOICES: "Zahl der offenen Rechnungen",
        Subject.DUE_DAY_OF: "Fälligkeit von {of}",
        Subject.STATUS_OF: "Stand von {of}",
        Subject.AMOUNT_NAMED: "genannter Betrag",
        Subject.DAY_NAMED: "genannter Tag",
        Subject.NUMBER_NAMED: "genannte Zahl",
    },
}
_STATUSES = {
    "en": {status: status.value for status in InvoiceStatus},
    "de": {
        InvoiceStatus.OPEN: "offen",
        InvoiceStatus.PAID: "bezahlt",
        InvoiceStatus.OVERDUE: "überfällig",
        InvoiceStatus.DISPUTED: "strittig",
    },
}
_DUE = {"en": "due", "de": "fällig"}
_NOT_SETTLED = {"en": "not settled", "de": "nicht erledigt"}


@dataclass(frozen=True, slots=True)
class RecordWording:
    """The record's entries in words of ``language`` (BCP 47 primary tag)."""

    language: str

    @property
    def _tongue(self) -> str:
        return self.language if self.language in _SUBJECTS else "en"

    def about(self, subject: Subject, of: str = "") -> str:
        """What differs; ``of``: the number or month of the entry, where the subject has one."""
        return _SUBJECTS[self._tongue][subject].format(of=of)

    def status(self, invoice: Invoice) -> str:
        """Where an invoice stands: "open", "offen"."""
        return _STATUSES[self._tongue][invoice.status]

    def invoice(self, invoice: Invoice) -> str:
        """ "INV-3107 (2026-10): $64.50, paid"."""
        return f"{invoice.id} ({invoice.period}): {invoice.amount}, {self.status(invoice)}"

    def due(self, invoice: Invoice) -> str:
        """ "INV-3107 (2026-10): $64.50, due 2026-10-15"."""
        due = f"{_DUE[self._tongue]} {invoice.due.isoformat()}"
        return f"{invoice.id} ({invoice.period}): {invoice.amount}, {due}"

    def payments(self, payments: Iterable[Payment]) -> str:
        """ "PAY-5201: $64.50, 2026-10-05, card; PAY-5202: ..."; empty for none."""
        return "; ".join(
            f"{p.id}: {p.amount}, {p.received.isoformat()}, {p.method}" for p in payments
        )

    def plan(self, plan: Plan) -> str:
        """ "Fiber 300: $64.50"."""
        return f"{plan.name}: {plan.monthly_price}"

    def open_promise(self, case: CaseNote) -> str:
        """ "CASE-812 (2026-10-20): A credit of $20.00, not settled"."""
        opened = case.opened.isoformat()
        return f"{case.id} ({opened}): {case.promise}, {_NOT_SETTLED[self._tongue]}"
