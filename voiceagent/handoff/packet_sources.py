"""What stands written about a call: the company's record and what tools returned.

In: a call's reading. Out: lines of text with every value of the record and of the tools' results,
as the packet writes them. A statement may take its values from here as well as from what was said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from voiceagent.handoff.call_reading import CallReading


def record_texts(reading: CallReading) -> tuple[str, ...]:
    """Lines of the record, of the tools' results and of what was booked; empty where nothing is."""
    texts: list[str] = []
    record, wording = reading.record, reading.wording
    if record is not None:
        texts += [wording.invoice(i) for i in record.invoices]
        texts += [wording.payment(p) for p in record.payments]
        texts.append(wording.plan(record.plan))
        texts += [wording.case(c) for c in record.cases]
        who = record.customer
        texts += [who.name, who.id, f"{who.street}, {who.city}", record.callback_reason]
    texts += [text for event in reading.returned for text in _leaves(event.result)]
    texts += [f"{b.due_at.isoformat()} {b.reason}" for b in reading.booked]
    return tuple(filter(None, texts))


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case bool() | None:
            return
        case str() | int() | float():
            yield str(value)
        case dict():
            for inner in value.values():
                yield from _leaves(inner)
        case list() | tuple():
            for inner in value:
                yield from _leaves(inner)
