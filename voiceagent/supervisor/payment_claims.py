"""What callers claim about payments: made twice, made already, made on another day.

In: a turn's claims, the record and its wording. Out: a finding where the record speaks against the
caller, or bears the caller out; None for what agrees with the record or is not claimed.
"""

from __future__ import annotations

from datetime import timedelta

from voiceagent.domain.account import AccountRecord, Invoice, InvoiceStatus
from voiceagent.supervisor.claims import Finding, TurnClaims, latest
from voiceagent.supervisor.policy import ClaimKind, ClaimWords
from voiceagent.supervisor.policy_sections import Limits
from voiceagent.supervisor.record_wording import RecordWording, Subject


def paid_more_than_once(
    said: TurnClaims, record: AccountRecord, wording: RecordWording
) -> Finding | None:
    """Charged or paid twice: two payments for one invoice, or two invoices for one month."""
    sentence = said.with_words(ClaimWords.MORE_THAN_ONCE)
    if sentence is None or not record.invoices:
        return None
    named = said.named(record.invoices)
    twice = [i for i in named or record.invoices if _overpaid(i, record)]
    # The record shows it elsewhere: the month may have been misheard.
    twice = twice or [i for i in record.invoices if _overpaid(i, record)]
    if invoice := latest(twice):
        payments = record.payments_for(invoice.id)
        return said.finding(
            ClaimKind.TIMES,
            sentence,
            wording.about(Subject.PAYMENTS_FOR, invoice.id),
            (wording.invoice(invoice), wording.payments(payments)),
            (invoice.id, *(p.id for p in payments)),
            supports=True,
        )
    same = [
        [i for i in record.invoices if i.period == month]
        for month in {i.period for i in named or record.invoices}
    ]
    for group in sorted((g for g in same if len(g) > 1), key=lambda g: g[0].period, reverse=True):
        return said.finding(
            ClaimKind.TIMES,
            sentence,
            wording.about(Subject.INVOICES_FOR, group[0].period),
            (wording.invoice(group[0]), wording.invoice(group[1])),
            (i.id for i in group),
            supports=True,
        )
    paid = [i for i in named or record.invoices if record.payments_for(i.id)]
    invoice = latest(paid) or latest(named or record.invoices)
    if invoice is None:
        return None
    payments = record.payments_for(invoice.id)
    return said.finding(
        ClaimKind.TIMES,
        sentence,
        wording.about(Subject.PAYMENTS_FOR, invoice.id),
        (wording.payments(payments) or wording.invoice(invoice), ""),
        (invoice.id, *(p.id for p in payments)),
        supports=False,
    )


def _overpaid(invoice: Invoice, record: AccountRecord) -> bool:
    payments = record.payments_for(invoice.id)
    received = sum(p.amount.minor for p in payments)
    return len(payments) > 1 and received > invoice.amount.minor


def already_paid(said: TurnClaims, record: AccountRecord, wording: RecordWording) -> Finding | None:
    """An invoice said to be paid that stands open; the books may hold its payment after all."""
    sentence = said.with_words(ClaimWords.PAID_ALREADY)
    unpaid = (InvoiceStatus.OPEN, InvoiceStatus.OVERDUE)
    if sentence is None or said.with_words(ClaimWords.MORE_THAN_ONCE):
        return None
    named = said.named(record.invoices)
    if not named:
        named = tuple(i for i in record.invoices if i.status in unpaid)
    due = [i for i in named if i.status in unpaid]
    # Naming a paid invoice, by its amount or day as well, is no claim against the record.
    by_day = any(
        abs(p.received - day) <= timedelta(days=3) for p in record.payments for day in said.days
    )
    if not due or by_day:
        return None
    invoice = min(due, key=lambda i: i.due)
    payments = record.payments_for(invoice.id)
    covered = sum(p.amount.minor for p in payments) >= invoice.amount.minor and bool(payments)
    return said.finding(
        ClaimKind.ALREADY_PAID,
        sentence,
        wording.about(Subject.PAYMENT_OF, invoice.id),
        (wording.invoice(invoice), wording.payments(payments)),
        (invoice.id, *(p.id for p in payments)),
        supports=covered,
    )


def paid_on_another_day(
    said: TurnClaims, record: AccountRecord, wording: RecordWording, limits: Limits
) -> Finding | None:
    """A day of payment that is near no payment and no due date."""
    sentence = said.with_words(ClaimWords.BILLED) or said.with_words(ClaimWords.PAID_ALREADY)
    if sentence is None or not said.days or not record.payments:
        return None
    near = timedelta(days=limits.date_tolerance_days)
    known = [p.received for p in record.payments] + [i.due for i in record.invoices]
    astray = [d for d in said.days if all(abs(d - day) > near for day in known)]
    if len(astray) < len(said.days):
        return None
    payment = max(record.payments, key=lambda p: (p.received, p.id))
    return said.finding(
        ClaimKind.DATE,
        sentence,
        wording.about(Subject.DAY_OF_PAYMENT),
        (wording.payments((payment,)), ""),
        (payment.id,),
        supports=False,
    )


def due_on_another_day(
    said: TurnClaims, record: AccountRecord, wording: RecordWording
) -> Finding | None:
    """A due date that is not the invoice's: of the one named, else of the only one unpaid."""
    for sentence in said.sentences:
        days = [d for d in said.found_days if d.overlaps(sentence.start, sentence.end)]
        if not sentence.has(ClaimWords.DUE) or len(days) != 1:
            continue
        unpaid = [i for i in record.invoices if i.status is not InvoiceStatus.PAID]
        meant = said.named_in(record.invoices, sentence) or tuple(unpaid)
        if len(meant) != 1 or any(i.due == days[0].value for i in record.invoices):
            continue
        return said.finding(
            ClaimKind.DUE,
            sentence,
            wording.about(Subject.DUE_DAY_OF, meant[0].id),
            (wording.due(meant[0]), ""),
            (meant[0].id,),
            supports=False,
        )
    return None
