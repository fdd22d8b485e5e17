"""Which entries of the record a packet shows: those the call is about.

In: a call's reading and its contradictions. Out: claims copied from the record. An invoice is
meant where a contradiction rests on it or the caller named its number or its month; if none is,
the latest one is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from voiceagent.domain.account import Invoice
from voiceagent.domain.packet import Claim
from voiceagent.domain.spoken_dates import months
from voiceagent.domain.spoken_numbers import numbers
from voiceagent.domain.verdict import Contradiction
from voiceagent.handoff.call_reading import CallReading


def record_facts(
    reading: CallReading, contradictions: Iterable[Contradiction]
) -> tuple[Claim, ...]:
    """Invoices with their payments, the plan and earlier contacts, each as the record has it."""
    record = reading.record
    if record is None:
        return ()
    sources = {source for c in contradictions for source in c.sources}
    spoken = " ".join(t.text for t in reading.caller_turns)
    said_numbers = {str(n.value) for n in numbers(spoken, reading.language)}
    said_months = {m.value for m in months(spoken, reading.language, record.newest_day)}

    def meant(invoice: Invoice) -> bool:
        number = re.sub(r"\D", "", invoice.id)
        return invoice.id in sources or number in said_numbers or invoice.period in said_months

    invoices = [i for i in record.invoices if meant(i)]
    if not invoices:
        invoices = sorted(record.invoices, key=lambda i: (i.period, i.due))[-1:]
    payments = [p for i in invoices for p in record.payments_for(i.id)]
    payments += [p for p in record.payments if p.id in sources and p not in payments]
    wording = reading.wording
    texts = [wording.invoice(i) for i in invoices]
    texts += [wording.payment(p) for p in payments]
    texts.append(wording.plan(record.plan))
    texts += [wording.case(c) for c in record.cases]
    return tuple(Claim(text, "record", verified=True) for text in texts)
