"""Whether a sentence of the agent is backed by what is known in this call.

In: a sentence, and the evidence collected so far: the company's records, the results of tools,
what the caller said, the playbook's own lines. Out: the values in the sentence that nothing backs.

A value from the records or a tool may be stated. A value that only the caller has named may be
repeated as the caller's ("you said sixty-five dollars", "sixty-five dollars?") and not stated as
the company's. A promise needs the tool that keeps it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from voiceagent.dialogue.stated_values import StatedValue, ValueKind, stated_values
from voiceagent.domain.account import AccountRecord, InvoiceStatus, Money
from voiceagent.domain.events import (
    AccountLoaded,
    AnyEvent,
    CallbackBooked,
    ToolReturned,
    TurnTaken,
)
from voiceagent.domain.spoken_numbers import numbers
from voiceagent.domain.transcript import Speaker

_ISO_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT")
_AS_SAID = re.compile(
    r"\byou(?:'ve| have|'re| are)? (?:just )?(?:said|say|saying|mentioned|mention|told|tell|asked"
    r"|ask|mean|meant|named|gave|think|believe|expected|saw)\b"
    r"|\b(?:i understand|i hear|i heard|i see) (?:that )?you\b|\baccording to you\b|\bas you\b"
    r"|\bsounds like\b|\byour words\b"
    r"|\bsie (?:\S+ ){0,2}?(?:sagten|sagen|sagt|meinten|meinen|erwähnten|erwähnen|nannten|nennen"
    r"|fragten|fragen|glauben|denken|haben (?:\S+ ){0,8}?(?:gesagt|genannt|erwähnt|gemeint))\b"
    r"|\bwie sie\b|\blaut ihnen\b|\bich verstehe,? dass sie\b|\bihrer aussage\b",
    re.IGNORECASE,
)
_PROPOSES_A_TIME = re.compile(
    r"\bcall|\bsuit|\bwork for you|\bwhen\b|\btime\b|anruf|rückruf|passt|passen|\bwann\b|\buhr\b",
    re.IGNORECASE,
)
_FREE_FOR_CALLERS_WORDS = frozenset(
    {ValueKind.TIME, ValueKind.WEEKDAY, ValueKind.MONTH, ValueKind.DURATION}
)


class Evidence:
    """What may be stated in one call, and what may only be repeated as the caller's words.

    Args:
        language: of the call.
        today: the callee's calendar day.
        currency: ISO 4217, for amounts said without one; a record's currency replaces it.
    """

    def __init__(self, language: str, today: date, currency: str = "USD") -> None:
        self.language = language
        self.today = today
        self.currency = currency
        self._known: defaultdict[ValueKind, set[Hashable]] = defaultdict(set)
        self._said: defaultdict[ValueKind, set[Hashable]] = defaultdict(set)
        self._add_date(today)

    def take(self, event: AnyEvent) -> None:
        """Learn from an event of the call; those that back nothing are passed over."""
        match event:
            case AccountLoaded(record=record):
                self.add_record(record)
            case ToolReturned(tool=tool, ok=ok, result=result):
                self.add_result(tool, ok, result)
            case CallbackBooked():
                self._known[ValueKind.PROMISE].add("schedule_callback")
            case TurnTaken(turn=turn) if turn.speaker is not Speaker.AGENT:
                self.add_caller(turn.text)
            case _:
                pass

    def add_record(self, record: AccountRecord) -> None:
        """The company's record: its values, and sums and differences a caller may ask for."""
        self.currency = record.plan.monthly_price.currency
        for money in _amounts_of(record):
            self._known[ValueKind.AMOUNT].add((abs(money.minor), money.currency))
            self._known[ValueKind.NUMBER].add(Decimal(abs(money.minor)) / 100)
        for day in (
            *(i.due for i in record.invoices),
            *(p.received for p in record.payments),
            *(c.opened for c in record.cases),
        ):
            self._add_date(day)
        for invoice in record.invoices:
            self._known[ValueKind.MONTH].add(int(invoice.period.split("-")[1]))
        for identifier in (
            *(i.id for i in record.invoices),
            *(p.id for p in record.payments),
            *(c.id for c in record.cases),
        ):
            self._add_identifier(identifier)
        self._known[ValueKind.COUNT].update(_counts_of(record))
        who = record.customer
        for text in (
            record.plan.name,
            record.callback_reason,
            f"{who.street}, {who.city} {who.postal_code}",
            *(c.subject for c in record.cases),
            *(c.promise for c in record.cases),
        ):
            self.add_text(text)

    def add_result(self, tool: str, ok: bool, result: dict[str, Any]) -> None:
        """A tool's result; one that went well also backs the promise it keeps."""
        if ok:
            self._known[ValueKind.PROMISE].add(tool)
        for value in _leaves(result):
            if isinstance(value, str):
                if not _ISO_MOMENT.match(value):
                    self.add_text(value)
            elif isinstance(value, int) and not isinstance(value, bool):
                self._known[ValueKind.COUNT].add(value)
                self._known[ValueKind.NUMBER].add(value)

    def add_caller(self, text: str) -> None:
        """The caller's own words."""
        self._learn(text, self._said)

    def add_text(self, text: str) -> None:
        """Words that may be stated as they are: the playbook's lines, a text of a record."""
        self._learn(text, self._known)

    def supports(self, value: StatedValue, *, as_said: bool, question: str = "") -> bool:
        """Whether a value may be stated.

        Args:
            value: the value.
            as_said: the sentence repeats what the caller said, or asks about it.
            question: the sentence, if it is a question.
        """
        if self._holds(value, self._known):
            return True
        if value.kind is ValueKind.PROMISE:
            return False
        if (as_said or value.kind in _FREE_FOR_CALLERS_WORDS) and self._holds(value, self._said):
            return True
        if value.kind in {ValueKind.TIME, ValueKind.WEEKDAY}:
            return bool(question)
        if value.kind is ValueKind.DATE:
            return bool(question) and (value.relative or bool(_PROPOSES_A_TIME.search(question)))
        return False

    def _holds(self, value: StatedValue, values: defaultdict[ValueKind, set[Hashable]]) -> bool:
        known = values[value.kind]
        if value.key in known:
            return True
        if not value.explicit and isinstance(value.key, tuple):
            # Without its currency or year, the rest has to agree.
            index = slice(0, 1) if value.kind is ValueKind.AMOUNT else slice(1, None)
            return any(isinstance(k, tuple) and k[index] == value.key[index] for k in known)
        return False

    def _learn(self, text: str, into: defaultdict[ValueKind, set[Hashable]]) -> None:
        for value in stated_values(text, self.language, self.today, self.currency):
            if value.kind is ValueKind.PROMISE:
                continue
            if value.kind is ValueKind.DATE and isinstance(value.key, tuple):
                _, month, day = value.key
                into[ValueKind.DATE].update({value.key, (0, month, day)})
                into[ValueKind.MONTH].add(month)
                into[ValueKind.NUMBER].add(day)
                continue
            if value.kind is ValueKind.AMOUNT and isinstance(value.key, tuple):
                into[ValueKind.NUMBER].add(Decimal(value.key[0]) / 100)
            into[value.kind].add(value.key)
        for number in numbers(text, self.language):
            into[ValueKind.NUMBER].add(number.value)

    def _add_date(self, day: date) -> None:
        self._known[ValueKind.DATE].update(
            {(day.year, day.month, day.day), (0, day.month, day.day)}
        )
        self._known[ValueKind.MONTH].add(day.month)
        self._known[ValueKind.WEEKDAY].add(day.weekday())
        self._known[ValueKind.NUMBER].update({day.day, day.year})

    def _add_identifier(self, identifier: str) -> None:
        digits = re.search(r"\d+$", identifier)
        if digits:
            self._known[ValueKind.IDENTIFIER].add(int(digits[0]))
            self._known[ValueKind.NUMBER].add(int(digits[0]))


def check(sentence: str, evidence: Evidence) -> tuple[StatedValue, ...]:
    """The values of a sentence that nothing known backs; empty if it may be said."""
    stated = stated_values(sentence, evidence.language, evidence.today, evidence.currency)
    if not stated:
        return ()
    question = sentence if sentence.rstrip().rstrip('"”’»)').endswith("?") else ""
    as_said = bool(question) or bool(_AS_SAID.search(sentence))
    return tuple(
        value
        for value in stated
        if not evidence.supports(value, as_said=as_said, question=question)
    )


def _amounts_of(record: AccountRecord) -> Iterable[Money]:
    price = record.plan.monthly_price

    def money(minor: int) -> Money:
        return Money(minor, price.currency)

    yield price
    for invoice in record.invoices:
        paid = sum(p.amount.minor for p in record.payments_for(invoice.id))
        yield invoice.amount
        yield money(invoice.amount.minor - price.minor)
        yield money(paid)
        yield money(invoice.amount.minor - paid)
    for payment in record.payments:
        yield payment.amount
    yield money(sum(p.amount.minor for p in record.payments))
    unpaid = (i for i in record.invoices if i.status is not InvoiceStatus.PAID)
    yield money(sum(i.amount.minor for i in unpaid))


def _counts_of(record: AccountRecord) -> set[int]:
    invoices, cases = record.invoices, record.cases
    return {
        len(invoices),
        *(sum(i.status is status for i in invoices) for status in InvoiceStatus),
        len(record.payments),
        *(len(record.payments_for(i.id)) for i in invoices),
        len(cases),
        sum(not c.settled for c in cases),
    }


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, (list, tuple)):
        yield from (leaf for inner in value for leaf in _leaves(inner))
    else:
        yield value
