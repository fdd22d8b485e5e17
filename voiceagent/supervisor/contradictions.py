"""What a caller says about the account, held against the company's record.

In: one turn, the record and the policy's claim phrases. Out: findings, each a contradiction with
both accounts side by side and the place of the caller's words. Two kinds matter differently: the
caller's word against the record, which may be a slip of the tongue or of the recogniser, and one
record against another, where the company's own books bear the caller out.

Pure. Nothing here knows today's date: days without a year are placed near the newest record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from voiceagent.domain.account import AccountRecord, Invoice, InvoiceStatus, Money, Payment
from voiceagent.domain.spoken_dates import dates, months
from voiceagent.domain.spoken_numbers import numbers
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Contradiction
from voiceagent.supervisor.claimed_values import Claimed, Sentence, claimed_amounts, sentences
from voiceagent.supervisor.phrases import Match, PhraseSet
from voiceagent.supervisor.policy import ClaimKind, ClaimWords, Limits

ClaimPhrases = Mapping[ClaimWords, Mapping[str, PhraseSet]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction and where in the turn the caller's side of it was said."""

    kind: ClaimKind
    contradiction: Contradiction
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Said:
    """One turn, read once: its sentences and everything in it that points at a record."""

    turn: Turn
    language: str
    sentences: tuple[Sentence, ...]
    amounts: tuple[Claimed, ...]
    days: tuple[date, ...]
    months: tuple[str, ...]
    plain_numbers: frozenset[int]

    def with_words(self, claim: ClaimWords) -> Sentence | None:
        return next((s for s in self.sentences if s.has(claim)), None)


def find_contradictions(
    turn: Turn,
    languages: Iterable[str],
    record: AccountRecord,
    phrases: ClaimPhrases,
    limits: Limits,
) -> tuple[Finding, ...]:
    """Everything in this turn that the record speaks against, or that it bears out.

    At most one finding per kind of claim; none for what agrees with the record, is asked, or is
    said of another company.
    """
    said = _read(turn, languages, record, phrases, limits)
    found = (
        _more_than_once(said, record),
        _price(said, record),
        _amount(said, record),
        _promise(said, record),
        _already_paid(said, record),
        _date(said, record, limits),
        _open_invoices(said, record),
    )
    kept = [f for f in found if f is not None]
    # A complaint about two payments or a price is not also a wrong amount.
    if any(f.contradiction.supports_caller for f in kept):
        kept = [f for f in kept if f.contradiction.supports_caller]
    return tuple(kept)


def newest_day(record: AccountRecord) -> date:
    """The latest day the record mentions: what "October 5th" is near to."""
    days = [p.received for p in record.payments] + [i.due for i in record.invoices]
    days += [c.opened for c in record.cases]
    return max(days, default=date(2000, 1, 1))


def _read(
    turn: Turn,
    languages: Iterable[str],
    record: AccountRecord,
    phrases: ClaimPhrases,
    limits: Limits,
) -> _Said:
    tongues = tuple(dict.fromkeys(languages))
    language = turn.language if turn.language in tongues else next(iter(tongues), "en")
    today = newest_day(record)
    days = dates(turn.text, language, today)
    parts = sentences(turn.text, tongues, phrases)
    ids = {_digits(i.id) for i in record.invoices} | {_digits(record.customer.postal_code)}
    amounts = claimed_amounts(
        turn.text, language, record.plan.monthly_price.currency, parts, limits.approximate_share
    )
    return _Said(
        turn=turn,
        language=language,
        sentences=parts,
        amounts=tuple(
            c
            for c in amounts
            if not any(d.overlaps(c.start, c.end) for d in days)
            and not (c.bare and c.money.minor // 100 in ids)
        ),
        days=tuple(d.value for d in days),
        months=tuple(m.value for m in months(turn.text, language, today)),
        plain_numbers=frozenset(int(n.value) for n in numbers(turn.text, language)),
    )


def _digits(text: str) -> int:
    return int("".join(c for c in text if c.isdecimal()) or -1)


def _named(said: _Said, invoices: Sequence[Invoice]) -> tuple[Invoice, ...]:
    """The invoices the caller's words point at: by number or by month; else none."""
    by_number = tuple(i for i in invoices if _digits(i.id) in said.plain_numbers)
    return by_number or tuple(i for i in invoices if i.period in said.months)


def _latest(invoices: Iterable[Invoice]) -> Invoice | None:
    return max(invoices, key=lambda i: (i.period, i.due), default=None)


def _finding(
    kind: ClaimKind,
    said: _Said,
    sentence: Match,
    about: str,
    records: tuple[str, str],
    sources: Iterable[str],
    *,
    supports: bool,
) -> Finding:
    contradiction = Contradiction(
        about=about,
        said=said.turn.text[sentence.start : sentence.end],
        record=records[0],
        other_record=records[1],
        supports_caller=supports,
        sources=tuple(sources),
    )
    return Finding(kind, contradiction, sentence.start, sentence.end)


def describe_invoice(invoice: Invoice) -> str:
    """An invoice in one line, the same in every language."""
    return f"{invoice.id} ({invoice.period}): {invoice.amount}, {invoice.status}"


def describe_payments(payments: Iterable[Payment]) -> str:
    """Payments in one line, the same in every language."""
    return "; ".join(f"{p.id}: {p.amount}, {p.received.isoformat()}, {p.method}" for p in payments)


def _overpaid(invoice: Invoice, record: AccountRecord) -> bool:
    payments = record.payments_for(invoice.id)
    received = sum(p.amount.minor for p in payments)
    return len(payments) > 1 and received > invoice.amount.minor


def _more_than_once(said: _Said, record: AccountRecord) -> Finding | None:
    sentence = said.with_words(ClaimWords.MORE_THAN_ONCE)
    if sentence is None or not record.invoices:
        return None
    named = _named(said, record.invoices)
    twice = [i for i in named or record.invoices if _overpaid(i, record)]
    # The record shows it elsewhere: the month may have been misheard.
    twice = twice or [i for i in record.invoices if _overpaid(i, record)]
    if invoice := _latest(twice):
        payments = record.payments_for(invoice.id)
        return _finding(
            ClaimKind.TIMES,
            said,
            sentence,
            f"payments for {invoice.id}",
            (describe_invoice(invoice), describe_payments(payments)),
            (invoice.id, *(p.id for p in payments)),
            supports=True,
        )
    same = [
        [i for i in record.invoices if i.period == month]
        for month in {i.period for i in named or record.invoices}
    ]
    for group in sorted((g for g in same if len(g) > 1), key=lambda g: g[0].period, reverse=True):
        return _finding(
            ClaimKind.TIMES,
            said,
            sentence,
            f"invoices for {group[0].period}",
            (describe_invoice(group[0]), describe_invoice(group[1])),
            (i.id for i in group),
            supports=True,
        )
    paid = [i for i in named or record.invoices if record.payments_for(i.id)]
    invoice = _latest(paid) or _latest(named or record.invoices)
    if invoice is None:
        return None
    payments = record.payments_for(invoice.id)
    return _finding(
        ClaimKind.TIMES,
        said,
        sentence,
        f"payments for {invoice.id}",
        (describe_payments(payments) or describe_invoice(invoice), ""),
        (invoice.id, *(p.id for p in payments)),
        supports=False,
    )


def _price(said: _Said, record: AccountRecord) -> Finding | None:
    expected = [c for c in said.amounts if c.role is ClaimWords.EXPECTED]
    if not expected:
        return None
    plan, price = record.plan, record.plan.monthly_price
    described = f"{plan.name}: {price}"
    billed = [c for c in said.amounts if c.role is ClaimWords.BILLED]
    span = Match(
        min(c.sentence.start for c in (*expected, *billed)),
        max(c.sentence.end for c in (*expected, *billed)),
    )
    if any(c.agrees(price) for c in expected):
        invoices = _named(said, record.invoices) or record.invoices
        matching = [i for i in invoices if any(c.agrees(i.amount) for c in billed)]
        invoice = _latest(matching if billed else [i for i in invoices if i.amount != price])
        if invoice is None or invoice.amount == price or not (billed or _complains(said)):
            return None
        return _finding(
            ClaimKind.PRICE,
            said,
            span,
            "monthly price",
            (described, describe_invoice(invoice)),
            (plan.name, invoice.id),
            supports=True,
        )
    known = [price, *(i.amount for i in record.invoices), *(p.amount for p in record.payments)]
    if any(c.agrees(amount) for c in expected for amount in known) or said.with_words(
        ClaimWords.PROMISED
    ):
        return None
    return _finding(
        ClaimKind.PRICE,
        said,
        span,
        "monthly price",
        (described, ""),
        (plan.name,),
        supports=False,
    )


def _complains(said: _Said) -> bool:
    return said.with_words(ClaimWords.BILLED) is not None


def _amount(said: _Said, record: AccountRecord) -> Finding | None:
    billed = [c for c in said.amounts if c.role is ClaimWords.BILLED]
    if not billed or not record.invoices:
        return None
    named = _named(said, record.invoices)
    known = [record.plan.monthly_price] if not named else []
    for invoice in named or record.invoices:
        payments = record.payments_for(invoice.id)
        total = sum(p.amount.minor for p in payments)
        known += [invoice.amount, *(p.amount for p in payments)]
        known.append(Money(total, invoice.amount.currency))
    for claim in billed:
        if any(claim.agrees(amount) for amount in known):
            continue
        meant = _latest(named or record.invoices)
        if meant is None:
            return None
        payments = record.payments_for(meant.id)
        return _finding(
            ClaimKind.AMOUNT,
            said,
            claim.sentence,
            f"amount of {meant.id}",
            ("; ".join(filter(None, (describe_invoice(meant), describe_payments(payments)))), ""),
            (meant.id, *(p.id for p in payments)),
            supports=False,
        )
    return None


def _promise(said: _Said, record: AccountRecord) -> Finding | None:
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
    invoice = _latest(record.invoices)
    return _finding(
        ClaimKind.PROMISE,
        said,
        sentence,
        f"promise in {case.id}",
        (
            f"{case.id} ({case.opened.isoformat()}): {case.promise}, not settled",
            describe_invoice(invoice) if invoice else "",
        ),
        (case.id, *((invoice.id,) if invoice else ())),
        supports=True,
    )


def _already_paid(said: _Said, record: AccountRecord) -> Finding | None:
    sentence = said.with_words(ClaimWords.PAID_ALREADY)
    unpaid = (InvoiceStatus.OPEN, InvoiceStatus.OVERDUE)
    if sentence is None or said.with_words(ClaimWords.MORE_THAN_ONCE):
        return None
    named = _named(said, record.invoices)
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
    return _finding(
        ClaimKind.ALREADY_PAID,
        said,
        sentence,
        f"payment of {invoice.id}",
        (describe_invoice(invoice), describe_payments(payments)),
        (invoice.id, *(p.id for p in payments)),
        supports=covered,
    )


def _date(said: _Said, record: AccountRecord, limits: Limits) -> Finding | None:
    sentence = said.with_words(ClaimWords.BILLED) or said.with_words(ClaimWords.PAID_ALREADY)
    if sentence is None or not said.days or not record.payments:
        return None
    near = timedelta(days=limits.date_tolerance_days)
    known = [p.received for p in record.payments] + [i.due for i in record.invoices]
    astray = [d for d in said.days if all(abs(d - day) > near for day in known)]
    if len(astray) < len(said.days):
        return None
    payment = max(record.payments, key=lambda p: (p.received, p.id))
    return _finding(
        ClaimKind.DATE,
        said,
        sentence,
        "day of payment",
        (describe_payments((payment,)), ""),
        (payment.id,),
        supports=False,
    )


def _open_invoices(said: _Said, record: AccountRecord) -> Finding | None:
    sentence = said.with_words(ClaimWords.OPEN_INVOICES)
    if sentence is None:
        return None
    count = sum(i.status in (InvoiceStatus.OPEN, InvoiceStatus.OVERDUE) for i in record.invoices)
    inside = said.turn.text[sentence.start : sentence.end]
    claimed = {int(n.value) for n in numbers(inside, said.language) if n.value < 20}
    if len(claimed) != 1 or count in claimed:
        return None
    return _finding(
        ClaimKind.OPEN_INVOICES,
        said,
        sentence,
        "number of open invoices",
        ("; ".join(describe_invoice(i) for i in record.invoices), ""),
        (i.id for i in record.invoices),
        supports=False,
    )
