"""Whether a caller says something else than they said before.

In: the caller's turns and the record. Out: pairs of places that differ about one amount or day:
what the plan costs, what one invoice was, when it was paid. Callers mostly correct themselves or
speak of two different things, so a correction ("I mean", "sorry"), another entry, and two values
that are both on record are no contradiction. What is left is a reason to ask, not to act.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from datetime import date

from voiceagent.domain.account import AccountRecord, Money
from voiceagent.domain.transcript import Citation
from voiceagent.supervisor.claims import TurnClaims
from voiceagent.supervisor.policy import ClaimWords, Heard, Policy
from voiceagent.supervisor.signals import cite, heard_in
from voiceagent.supervisor.statements import ValueKind

HEARD_FROM_CONFIDENCE = 0.6
"""A value recognised less surely is not held against the caller."""

_ANOTHER = re.compile(
    r"\b(?:also|another|other|again|second|first|then|too|plus|additionally|before that|later"
    r"|auch|noch|weiter\w*|ander\w*|nochmal|erst\w*|zweit\w*|dann|zusätzlich|später|vorher)\b",
    re.IGNORECASE,
)
_Said = tuple[Money | date, Citation]


class OwnWords:
    """What one caller has said of amounts and days."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._said: dict[Hashable, _Said] = {}

    def caller_said(
        self, read: TurnClaims, languages: Sequence[str], record: AccountRecord
    ) -> Iterator[tuple[Citation, Citation, ValueKind]]:
        """Where the caller said something else before, and where they say it now."""
        turn = read.turn
        if turn.confidence < HEARD_FROM_CONFIDENCE:
            return
        corrects = heard_in(turn.text, languages, self._policy.phrases, (Heard.CORRECTS_SELF,))
        another = _ANOTHER.search(turn.text)
        for about, (value, place) in _values(read, record).items():
            before = self._said.get(about)
            self._said[about] = (value, place)
            if before is None or corrects or another or _same(before[0], value):
                continue
            if _on_record(before[0], record) and _on_record(value, record):
                continue
            kind = ValueKind.AMOUNT if isinstance(value, Money) else ValueKind.DAY
            yield before[1], place, kind


def _values(read: TurnClaims, record: AccountRecord) -> dict[Hashable, _Said]:
    """The one value said of each thing; where a turn says two of one thing, neither."""
    found: dict[Hashable, list[_Said]] = {}
    for claim in read.amounts:
        if claim.role is not None:
            named = read.named_in(record.invoices, claim.sentence)
            place = cite(read.turn, claim.start, claim.end)
            about: Hashable = (claim.role, tuple(i.id for i in named))
            found.setdefault(about, []).append((claim.money, place))
    for day in read.found_days:
        sentence = next((s for s in read.sentences if s.start <= day.start < s.end), None)
        if sentence is None:
            continue
        for role in (ClaimWords.DUE, ClaimWords.PAID_ALREADY, ClaimWords.BILLED):
            if sentence.has(role):
                named = read.named_in(record.invoices, sentence)
                place = cite(read.turn, day.start, day.end)
                about = ("day", role is ClaimWords.DUE, tuple(i.id for i in named))
                found.setdefault(about, []).append((day.value, place))
                break
    return {about: said[0] for about, said in found.items() if len(said) == 1}


def _same(one: Money | date, other: Money | date) -> bool:
    if isinstance(one, Money) and isinstance(other, Money):
        whole = one.minor % 100 == 0 or other.minor % 100 == 0
        return one.minor == other.minor or (whole and one.minor // 100 == other.minor // 100)
    return one == other


def _on_record(value: Money | date, record: AccountRecord) -> bool:
    if isinstance(value, Money):
        known = [record.plan.monthly_price, *(i.amount for i in record.invoices)]
        known += [p.amount for p in record.payments]
        return any(_same(value, money) for money in known)
    days = [i.due for i in record.invoices] + [p.received for p in record.payments]
    return value in days
