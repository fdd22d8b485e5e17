"""What callers claim about prices, bills and promises.

In: a turn's claims, the record and its wording. Out: a finding where the record speaks against the
caller, or bears the caller out; None for what agrees with the record or is not claimed.
"""

from __future__ import annotations

from voiceagent.domain.account import AccountRecord, InvoiceStatus, Money
from voiceagent.supervisor.claimed_values import claimed_amounts
from voiceagent.supervisor.claims import Finding, TurnClaims, latest
from voiceagent.supervisor.phrases import Match
from voiceagent.supervisor.policy import ClaimKind, ClaimWords
from voiceagent.supervisor.record_wording import RecordWording, Subject
from voiceagent.supervisor.spoken import numbers


def monthly_price(
    said: TurnClaims, record: AccountRecord, wording: RecordWording
) -> Finding | None:
    """A plan said to cost something else, or an invoice that is not the price of the plan."""
    expected = [c for c in said.amounts if c.role is ClaimWords.EXPECTED]
    if not expected:
        return None
    plan, price = record.plan, record.plan.monthly_price
    described = wording.plan(plan)
    billed = [c for c in said.amounts if c.role is ClaimWords.BILLED]
    span = Match(
        min(c.sentence.start for c in (*expected, *billed)),
        max(c.sentence.end for c in (*expected, *billed)),
    )
    if any(c.agrees(price) for c in expected):
        invoices = said.named(record.invoices) or record.invoices
        matching = [i for i in invoices if any(c.agrees(i.amount) for c in billed)]
        invoice = latest(matching if billed else [i for i in invoices if i.amount != price])
        complains = bool(billed) or said.with_words(ClaimWords.BILLED) is not None
        if invoice is None or invoice.amount == price or not complains:
            return None
        return said.finding(
            ClaimKind.PRICE,
            span,
            wording.about(Subject.MONTHLY_PRICE),
            (described, wording.invoice(invoice)),
            (plan.name, invoice.id),
            supports=True,
        )
    known = [price, *(i.amount for i in record.invoices), *(p.amount for p in record.payments)]
    if any(c.agrees(amount) for c in expected for amount in known) or said.with_words(
        ClaimWords.PROMISED
    ):
        return None
    return said.finding(
        ClaimKind.PRICE,
        span,
        wording.about(Subject.MONTHLY_PRICE),
        (described, ""),
        (plan.name,),
        supports=False,
    )


def billed_amount(
    said: TurnClaims, record: AccountRecord, wording: RecordWording
) -> Finding | None:
    """An amount said to have been billed or paid that the books do not hold."""
    billed = [c for c in said.amounts if c.role is ClaimWords.BILLED]
    if not billed or not record.invoices:
        return None
    named = said.named(record.invoices)
    known = [record.plan.monthly_price] if not named else []
    for invoice in named or record.invoices:
        payments = record.payments_for(invoice.id)
        total = sum(p.amount.minor for p in payments)
        known += [invoice.amount, *(p.amount for p in payments)]
        known.append(Money(total, invoice.amount.currency))
    for claim in billed:
        if any(claim.agrees(amount) for amount in known):
            continue
        meant = latest(named or record.invoices)
        if meant is None:
            return None
        payments = record.payments_for(meant.id)
        return said.finding(
            ClaimKind.AMOUNT,
            claim.sentence,
            wording.about(Subject.AMOUNT_OF, meant.id),
            ("; ".join(filter(None, (wording.invoice(meant), wording.payments(payments)))), ""),
            (meant.id, *(p.id for p in payments)),
            supports=False,
        )
    return None


def open_promise(said: TurnClaims, record: AccountRecord, wording: RecordWording) -> Finding | None:
    """Something the company had promised in an earlier contact and has not settled."""
    sentence = said.with_words(ClaimWords.PROMISED)
    if sentence is None:
        return None
    kept_open = [c for c in record.cases if c.promise and not c.settled]
    claimed = [c for c in said.amounts if c.sentence.start == sentence.start]
    about_amount = [
        case
        for case in kept_open
        for promised in claimed_amounts(
            case.promise, "en", record.plan.monthly_price.currency, (), 0.0
        )
        if any(c.agrees(promised.money) for c in claimed)
    ]
    if claimed and not about_amount:
        return None
    case = max(about_amount or kept_open, key=lambda c: c.opened, default=None)
    if case is None:
        return None
    invoice = latest(record.invoices)
    return said.finding(
        ClaimKind.PROMISE,
        sentence,
        wording.about(Subject.PROMISE_IN, case.id),
        (
            wording.open_promise(case),
            wording.invoice(invoice) if invoice else "",
        ),
        (case.id, *((invoice.id,) if invoice else ())),
        supports=True,
    )


def open_invoices(
    said: TurnClaims, record: AccountRecord, wording: RecordWording
) -> Finding | None:
    """A number of open invoices that is not the record's."""
    sentence = said.with_words(ClaimWords.OPEN_INVOICES)
    if sentence is None:
        return None
    count = sum(i.status in (InvoiceStatus.OPEN, InvoiceStatus.OVERDUE) for i in record.invoices)
    inside = said.turn.text[sentence.start : sentence.end]
    claimed = {int(n.value) for n in numbers(inside, said.language) if n.value < 20}
    if len(claimed) != 1 or count in claimed:
        return None
    return said.finding(
        ClaimKind.OPEN_INVOICES,
        sentence,
        wording.about(Subject.NUMBER_OF_OPEN_INVOICES),
        ("; ".join(wording.invoice(i) for i in record.invoices), ""),
        (i.id for i in record.invoices),
        supports=False,
    )
