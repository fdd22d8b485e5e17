"""What the agent states about the account, held against the record.

In: a turn of the agent and the record as it stood. Out: findings, where the record says otherwise:
another amount for an invoice that was named, another price of the plan, another due date, a status.
The guard keeps such sentences from being spoken; this is the second look, which also sees what the
guard let pass. It says nothing where the agent asks, supposes or gives back the caller's words, nor
of an amount it cannot tie to an entry. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from voiceagent.domain.account import AccountRecord, Invoice, InvoiceStatus, Money
from voiceagent.domain.transcript import Turn
from voiceagent.supervisor.billing_claims import open_invoices
from voiceagent.supervisor.claimed_values import Sentence
from voiceagent.supervisor.claims import Finding, TurnClaims, read_claims
from voiceagent.supervisor.payment_claims import due_on_another_day
from voiceagent.supervisor.policy import ClaimKind, ClaimWords, Heard, Policy
from voiceagent.supervisor.record_wording import RecordWording, Subject
from voiceagent.supervisor.signals import heard_in
from voiceagent.supervisor.spoken import amounts

_PAYMENTS = re.compile(
    r"\s+(?:\w+\s+)?(?:payments?|charges?|debits?|zahlung(?:en)?|abbuchung(?:en)?)\b", re.IGNORECASE
)


def agent_against_record(
    turn: Turn,
    languages: Sequence[str],
    record: AccountRecord,
    policy: Policy,
    wording: RecordWording,
) -> tuple[Finding, ...]:
    """Everything in this turn of the agent that the record speaks against.

    A finding's ``contradiction`` has ``agent_said`` and no ``said``: the caller has no part in it.
    """
    read = read_claims(turn, languages, record, policy.claims, policy.limits)
    stated = tuple(s for s in read.sentences if _states(turn, s, languages, policy))
    if not stated:
        return ()
    said = replace(read, sentences=stated)
    found = [_amount_of_invoice(said, s, record, wording) for s in stated]
    found += [_price_of_plan(said, s, record, wording) for s in stated]
    found += [_status(said, s, record, wording) for s in stated]
    found += [_number_of_payments(said, s, record, wording) for s in stated]
    found += [due_on_another_day(said, record, wording), open_invoices(said, record, wording)]
    return tuple(_as_the_agents(f) for f in found if f is not None)


def _states(turn: Turn, sentence: Sentence, languages: Iterable[str], policy: Policy) -> bool:
    words = turn.text[sentence.start : sentence.end + 1].rstrip()
    if words.endswith("?") or sentence.found.get(ClaimWords.HYPOTHETICAL):
        return False
    repeats = (Heard.AGENT_REPEATS_CALLER,)
    return not heard_in(words, languages, policy.phrases, repeats)


def _as_the_agents(finding: Finding) -> Finding:
    contradiction = replace(
        finding.contradiction, said="", agent_said=finding.contradiction.said, supports_caller=False
    )
    return replace(finding, kind=ClaimKind.AGENT_WRONG, contradiction=contradiction)


def _amounts_in(said: TurnClaims, sentence: Sentence) -> tuple[Money, ...]:
    return tuple(
        c.money for c in said.amounts if sentence.start <= c.start < sentence.end and not c.bare
    )


def _amount_of_invoice(
    said: TurnClaims, sentence: Sentence, record: AccountRecord, wording: RecordWording
) -> Finding | None:
    """An amount beside an invoice's number or month that is not found with this invoice."""
    named = said.named_in(record.invoices, sentence)
    stated = _amounts_in(said, sentence)
    if not named or not stated or not sentence.has(ClaimWords.BILLED):
        return None
    known = {m for invoice in named for m in _known(invoice, record)}
    known |= _promised(record)
    if all(money.minor in known for money in stated):
        return None
    invoice = named[0]
    payments = record.payments_for(invoice.id)
    return said.finding(
        ClaimKind.AGENT_WRONG,
        sentence,
        wording.about(Subject.AMOUNT_OF, invoice.id),
        (wording.invoice(invoice), wording.payments(payments)),
        (invoice.id, *(p.id for p in payments)),
        supports=False,
    )


def _known(invoice: Invoice, record: AccountRecord) -> set[int]:
    """The amounts that belong to an invoice, with the sums and differences one may speak of."""
    price = record.plan.monthly_price.minor
    paid = [p.amount.minor for p in record.payments_for(invoice.id)]
    total, billed = sum(paid), invoice.amount.minor
    return {price, billed, *paid, total, abs(billed - price), abs(total - billed)}


def _promised(record: AccountRecord) -> set[int]:
    """Amounts that an earlier contact promised or was about."""
    currency = record.plan.monthly_price.currency
    return {
        found.value.minor
        for case in record.cases
        for text in (case.promise, case.subject)
        for found in amounts(text, "en", currency)
    }


def _price_of_plan(
    said: TurnClaims, sentence: Sentence, record: AccountRecord, wording: RecordWording
) -> Finding | None:
    """A price of the plan that is no amount of the record at all."""
    stated = [
        c
        for c in said.amounts
        if sentence.start <= c.start < sentence.end and c.role is ClaimWords.EXPECTED and not c.bare
    ]
    known = [record.plan.monthly_price, *(i.amount for i in record.invoices)]
    minor = {m for i in record.invoices for m in _known(i, record)}
    minor |= _promised(record)
    if not stated or any(c.agrees(m) for c in stated for m in known):
        return None
    if any(c.money.minor in minor for c in stated):
        return None
    return said.finding(
        ClaimKind.AGENT_WRONG,
        sentence,
        wording.about(Subject.MONTHLY_PRICE),
        (wording.plan(record.plan), ""),
        (record.plan.name,),
        supports=False,
    )


def _number_of_payments(
    said: TurnClaims, sentence: Sentence, record: AccountRecord, wording: RecordWording
) -> Finding | None:
    """A number of payments for a named invoice that the books do not hold."""
    named = said.named_in(record.invoices, sentence)
    counts = {
        int(number.value)
        for number in said.found_numbers
        if number.overlaps(sentence.start, sentence.end)
        and _PAYMENTS.match(said.turn.text, number.end)
    }
    if len(named) != 1 or len(counts) != 1:
        return None
    (invoice,), (count,) = named, counts
    payments = record.payments_for(invoice.id)
    if count == len(payments):
        return None
    return said.finding(
        ClaimKind.AGENT_WRONG,
        sentence,
        wording.about(Subject.PAYMENTS_FOR, invoice.id),
        (wording.invoice(invoice), wording.payments(payments)),
        (invoice.id, *(p.id for p in payments)),
        supports=False,
    )


def _status(
    said: TurnClaims, sentence: Sentence, record: AccountRecord, wording: RecordWording
) -> Finding | None:
    """A named invoice said to be paid that the books hold unpaid."""
    named = said.named_in(record.invoices, sentence)
    if len(named) != 1 or not sentence.has(ClaimWords.PAID_ALREADY):
        return None
    (invoice,) = named
    covered = sum(p.amount.minor for p in record.payments_for(invoice.id)) >= invoice.amount.minor
    if invoice.status not in (InvoiceStatus.OPEN, InvoiceStatus.OVERDUE) or covered:
        return None
    return said.finding(
        ClaimKind.AGENT_WRONG,
        sentence,
        wording.about(Subject.STATUS_OF, invoice.id),
        (wording.invoice(invoice), ""),
        (invoice.id,),
        supports=False,
    )
