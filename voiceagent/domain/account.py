"""What the company's records say about one customer, as plain data.

Amounts are integers in minor units (cents) so that comparisons are exact; dates are ISO 8601
calendar dates as ``datetime.date``. A record is a snapshot: it never changes once read, and what
was known at which moment of a call can be read from the event that carried it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of a currency (ISO 4217), e.g. ``Money(6450, "USD")``."""

    minor: int
    currency: str

    def __str__(self) -> str:
        symbol = {"USD": "$", "EUR": "€", "GBP": "£"}.get(self.currency, f"{self.currency} ")
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{symbol}{abs(self.minor) // 100}.{abs(self.minor) % 100:02d}"


class InvoiceStatus(StrEnum):
    """Where an invoice stands in the company's books."""

    OPEN = "open"
    PAID = "paid"
    OVERDUE = "overdue"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Invoice:
    """One bill. ``period`` is the month it covers, as ``YYYY-MM``."""

    id: str
    period: str
    amount: Money
    due: date
    status: InvoiceStatus


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received, for the invoice it was booked on."""

    id: str
    invoice_id: str
    amount: Money
    received: date
    method: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What the customer has subscribed to and its price per month."""

    name: str
    monthly_price: Money


@dataclass(frozen=True, slots=True)
class CaseNote:
    """An earlier contact: when, about what, what the company promised, whether it is settled."""

    id: str
    opened: date
    subject: str
    promise: str = ""
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    """Who the account belongs to and how they are reached.

    ``time_zone`` is an IANA name, ``phone`` E.164, ``language`` a BCP 47 primary tag.
    """

    id: str
    name: str
    phone: str
    language: str
    time_zone: str
    street: str
    city: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """Everything the records hold that a billing call may need."""

    customer: Customer
    plan: Plan
    invoices: tuple[Invoice, ...] = ()
    payments: tuple[Payment, ...] = ()
    cases: tuple[CaseNote, ...] = ()
    callback_reason: str = ""

    @property
    def newest_day(self) -> date:
        """The latest day the record mentions: what "October 5th" is near to."""
        days = [p.received for p in self.payments] + [i.due for i in self.invoices]
        days += [c.opened for c in self.cases]
        return max(days, default=date(2000, 1, 1))

    def invoice(self, invoice_id: str) -> Invoice | None:
        """The invoice with this number, or None."""
        return next((i for i in self.invoices if i.id == invoice_id), None)

    def payments_for(self, invoice_id: str) -> tuple[Payment, ...]:
        """Payments booked on one invoice, oldest first."""
        found = (p for p in self.payments if p.invoice_id == invoice_id)
        return tuple(sorted(found, key=lambda p: (p.received, p.id)))
