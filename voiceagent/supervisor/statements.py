"""Values one side of a call states, each with the sentence it stands in.

In: a turn. Out: amounts, calendar days, weekdays and other numbers, ready to be held against what
the other side says later. Days that are relative ("tomorrow") are left out: nothing here knows
today's date. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from voiceagent.domain.account import Money
from voiceagent.domain.transcript import Turn
from voiceagent.supervisor.phrases import Match
from voiceagent.supervisor.spoken import amounts, dates, numbers
from voiceagent.supervisor.words import sentence_around

_RELATIVE = frozenset(
    {"today", "tomorrow", "yesterday", "heute", "morgen", "gestern", "vorgestern", "übermorgen"}
)
_WEEKDAYS = {
    "en": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    "de": ["montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"],
}
_ALSO_NAMED = {"sonnabend": 5}
_WEEKDAY = re.compile(
    rf"\b({'|'.join((*_WEEKDAYS['en'], *_WEEKDAYS['de'], *_ALSO_NAMED))})s?\b", re.IGNORECASE
)
_WHOLE_UNITS = 100

FOLLOWING_WORDS = 2
"""How far what is counted stands from its number: "two open invoices"."""


class ValueKind(StrEnum):
    """What a value is; only values of one kind can differ."""

    AMOUNT = "amount"
    DAY = "day"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Statement:
    """A value and the sentence it was stated in.

    ``value`` is ``Money`` for an amount, a ``date`` or a weekday (0 is Monday) for a day, and a
    ``Decimal`` for another number. ``end`` is where it ends in the turn's text. ``asked``: the
    sentence is a question.
    """

    turn: Turn
    kind: ValueKind
    value: Money | date | int | Decimal
    sentence: Match
    asked: bool
    end: int

    @property
    def followed_by(self) -> str:
        """The next few words: what a number counts."""
        return " ".join(self.turn.text[self.end : self.sentence.end].split()[:FOLLOWING_WORDS])

    @property
    def words(self) -> str:
        """The sentence."""
        return self.turn.text[self.sentence.start : self.sentence.end]

    def agrees(self, other: Statement) -> bool:
        """Whether both can mean the same; an amount said without cents stands for any cents."""
        mine, theirs = self.value, other.value
        if isinstance(mine, Money) and isinstance(theirs, Money):
            return mine.currency == theirs.currency and _same_units(mine.minor, theirs.minor)
        if isinstance(mine, date) or isinstance(theirs, date):
            if isinstance(mine, date) and isinstance(theirs, date):
                return mine == theirs
            return _weekday(mine) == _weekday(theirs)
        return mine == theirs


def statements(turn: Turn, language: str, currency: str, today: date) -> tuple[Statement, ...]:
    """Every value in the turn, in order.

    ``currency`` (ISO 4217) is meant where none is said; ``today`` fills in years.
    """
    text = turn.text
    found: list[tuple[int, int, ValueKind, Money | date | int | Decimal]] = []
    found += [
        (d.start, d.end, ValueKind.DAY, d.value)
        for d in dates(text, language, today)
        if text[d.start : d.end].lower() not in _RELATIVE
    ]
    for match in _WEEKDAY.finditer(text):
        if not _inside(match.start(), found):
            found.append((match.start(), match.end(), ValueKind.DAY, _index(match.group(1))))
    for amount in amounts(text, language, currency):
        if not _inside(amount.start, found):
            found.append((amount.start, amount.end, ValueKind.AMOUNT, amount.value))
    for number in numbers(text, language):
        if not _inside(number.start, found):
            found.append((number.start, number.end, ValueKind.NUMBER, number.value))
    return tuple(_statement(turn, *value) for value in sorted(found, key=lambda v: v[:2]))


def _statement(
    turn: Turn, start: int, end: int, kind: ValueKind, value: Money | date | int | Decimal
) -> Statement:
    left, right = sentence_around(turn.text, start, end)
    asked = turn.text[right - 1 : right + 1].rstrip().endswith("?")
    return Statement(turn, kind, value, Match(left, right), asked, end)


def _inside(start: int, found: Iterable[tuple[int, int, ValueKind, object]]) -> bool:
    return any(first <= start < end for first, end, _, _ in found)


def _index(name: str) -> int:
    lower = name.lower()
    if lower in _ALSO_NAMED:
        return _ALSO_NAMED[lower]
    return next(names.index(lower) for names in _WEEKDAYS.values() if lower in names)


def _weekday(value: Money | date | int | Decimal) -> object:
    return value.weekday() if isinstance(value, date) else value


def _same_units(one: int, other: int) -> bool:
    whole = one % _WHOLE_UNITS == 0 or other % _WHOLE_UNITS == 0
    return one == other or (whole and one // _WHOLE_UNITS == other // _WHOLE_UNITS)
