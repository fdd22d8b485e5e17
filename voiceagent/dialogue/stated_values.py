"""What a sentence states that could be wrong: amounts, dates, times, counts, numbers, promises.

In: a sentence in English or German, today's date, the currency meant where none is said. Out: the
values in it, each with its place and a key under which equal values are equal however they are
worded. ``grounding`` weighs them against what is known.

Numbers that state nothing ("one moment", "give me two minutes", "press zero") are left out.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from voiceagent.dialogue.promises import promises
from voiceagent.domain.spoken_amounts import amounts
from voiceagent.domain.spoken_dates import dates, months
from voiceagent.domain.spoken_numbers import numbers


class ValueKind(StrEnum):
    """What is stated."""

    AMOUNT = "amount"
    DATE = "date"
    MONTH = "month"
    WEEKDAY = "weekday"
    TIME = "time"
    COUNT = "count"
    IDENTIFIER = "identifier"
    """The number of an invoice, payment or case."""
    PERCENT = "percent"
    DURATION = "duration"
    NUMBER = "number"
    """A number without a unit, in a sentence on money."""
    PROMISE = "promise"
    """That something will be, or has been, done."""


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A value at ``sentence[start:end]``.

    ``key`` is, by kind: ``(minor units, currency)``; ``(year or 0, month, day)``; month 1-12;
    weekday 0-6; ``(hour on a twelve-hour clock, minute)``; the count; the digits as an int; the
    percentage; ``(number, unit)``; the number; for a promise, the tool that alone can back it, or
    "" when none can. ``explicit`` is False where currency or year were not said. ``relative`` marks
    days such as "tomorrow".
    """

    kind: ValueKind
    key: Hashable
    start: int
    end: int
    text: str
    explicit: bool = True
    relative: bool = False


_WEEKDAYS = {
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "de": ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"),
}
_IDENTIFIER = re.compile(r"\b(?:INV|PAY|CASE)[-\s]?(?P<n>\d+)\b", re.IGNORECASE)
_IDENTIFIER_LEAD = re.compile(
    r"\b(?:invoice|bill|case|payment|rechnung|fall|zahlung)s?"
    r"(?: (?:number|no\.?|nummer|nr\.?|mit der nummer))? $",
    re.IGNORECASE,
)
_COUNTED = {
    "en": r"(?:\w+ )?(?:payments?|invoices?|bills?|charges?|cases?|times|credits?)\b",
    "de": r"-?\s*(?:\w+ )?(?:zahlungen|rechnungen|abbuchungen|buchungen|fälle|mal|gutschriften)\b",
}
_TWICE = re.compile(r"\b(?P<twice>twice|(?P<de>zwei|drei|vier|fünf)mal|doppelt)\b", re.IGNORECASE)
_PAID = re.compile(
    r"\b(?:paid|charged|billed|debited|bezahlt|gezahlt|abgebucht|berechnet|belastet)\b",
    re.IGNORECASE,
)
_GERMAN_TIMES = {"zwei": 2, "drei": 3, "vier": 4, "fünf": 5}
_DURATION_LEAD = re.compile(
    r"\b(?:within|in|for|after|innerhalb von|innerhalb|binnen|nach|seit)(?: the next)? $",
    re.IGNORECASE,
)
_DURATION_UNIT = re.compile(
    r"[\s-](?:business |working |full )?(?P<unit>hour|day|week|month|year|stunde|werktag|arbeitstag"
    r"|tag|woche|monat|jahr)(?:s|e|en|n)?\b",
    re.IGNORECASE,
)
_UNITS = {
    "stunde": "hour",
    "tag": "day",
    "werktag": "day",
    "arbeitstag": "day",
    "woche": "week",
    "monat": "month",
    "jahr": "year",
}
_PERCENT = re.compile(r"\s?(?:%|percent\b|prozent\b)", re.IGNORECASE)
_ON_MONEY = re.compile(
    r"invoice|\bbill|amount|charge|\bpay|\bpaid|price|\bplan\b|\bcosts?\b|\bowe|total|balance|refund"
    r"|credit|rechnung|betrag|bezahl|gezahlt|zahlung|preis|tarif|kostet|kosten|gutschrift|erstatt",
    re.IGNORECASE,
)
_SMALLEST_NUMBER = 10
_TIME_LEAD = r"(?:at|around|about|until|before|after|by|um|gegen|ab|bis)"
_AFTER_TIME = r"(?=\s*(?:[.,!?;]|$|on\b|in\b|tomorrow\b|today\b|o'?clock\b|am\b|uhr\b|morgen\b))"
_TIMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\d.:$€£])(?P<h>\d{1,2}):(?P<m>\d\d)(?!\d)(?:\s*(?:[ap]\.?m\b|uhr\b))?",
        r"(?<![\d.,:$€£])(?P<h>\d{1,2})(?: (?P<m>[0-5]\d))?\s*[ap]\.?m\b",
        r"(?<![\d.,:$€£])(?P<h>\d{1,2}) (?:uhr|o'?clock)\b(?: (?P<m>[0-5]?\d)\b)?",
        rf"\b{_TIME_LEAD} (?P<h>\d{{1,2}})(?: (?P<m>[0-5]\d))?(?![\d.,:]\d){_AFTER_TIME}",
    )
)


def stated_values(
    sentence: str, language: str, today: date, currency: str
) -> tuple[StatedValue, ...]:
    """Every value the sentence states, in its order; none overlaps another but promises.

    Args:
        sentence: the words.
        language: ``de``, or English for anything else.
        today: what "tomorrow" and days without a year are counted from.
        currency: ISO 4217, for amounts said without one.
    """
    language = "de" if language == "de" else "en"
    found: list[StatedValue] = []
    for candidate in _candidates(sentence, language, today, currency):
        if not any(v.start < candidate.end and candidate.start < v.end for v in found):
            found.append(candidate)
    found += (
        _value(sentence, ValueKind.PROMISE, tool, (start, end))
        for tool, start, end in promises(sentence)
    )
    return tuple(sorted(found, key=lambda v: (v.start, v.end)))


def _candidates(sentence: str, language: str, today: date, currency: str) -> Iterator[StatedValue]:
    """Values of all kinds; where two overlap, the one that comes first is right."""
    for match in _IDENTIFIER.finditer(sentence):
        yield _value(sentence, ValueKind.IDENTIFIER, int(match["n"]), match.span())
    money = [
        _value(
            sentence,
            ValueKind.AMOUNT,
            (abs(amount.value.minor), amount.value.currency),
            (amount.start, amount.end),
            explicit=amount.explicit,
        )
        for amount in amounts(sentence, language, currency)
    ]
    # "$5.10." is no day of the year; without the currency it may be one.
    yield from (value for value in money if value.explicit)
    yield from _days(sentence, language, today)
    yield from _times(sentence, language)
    yield from _numbers_with_a_unit(sentence, language)
    yield from money
    for month in months(sentence, language, today):
        number_of_month = int(month.value.split("-")[1])
        yield _value(sentence, ValueKind.MONTH, number_of_month, (month.start, month.end))
    for weekday, name in enumerate(_WEEKDAYS[language]):
        for match in re.finditer(rf"\b{name}", sentence, re.IGNORECASE):
            yield _value(sentence, ValueKind.WEEKDAY, weekday, match.span())
    if _PAID.search(sentence):
        for match in _TWICE.finditer(sentence):
            times = _GERMAN_TIMES.get((match["de"] or "").lower(), 2)
            yield _value(sentence, ValueKind.COUNT, times, match.span())
    if _ON_MONEY.search(sentence):
        for number in numbers(sentence, language):
            if number.value >= _SMALLEST_NUMBER:
                span = (number.start, number.end)
                yield _value(sentence, ValueKind.NUMBER, number.value, span)


def _value(
    sentence: str,
    kind: ValueKind,
    key: Hashable,
    span: tuple[int, int],
    *,
    explicit: bool = True,
    relative: bool = False,
) -> StatedValue:
    text = sentence[slice(*span)].strip()
    return StatedValue(kind, key, *span, text, explicit, relative)


def _days(sentence: str, language: str, today: date) -> Iterator[StatedValue]:
    for day in dates(sentence, language, today):
        key = (day.value.year if day.explicit else 0, day.value.month, day.value.day)
        relative = sentence[day.start : day.end].isalpha()
        span = (day.start, day.end)
        yield _value(sentence, ValueKind.DATE, key, span, explicit=day.explicit, relative=relative)


def _numbers_with_a_unit(sentence: str, language: str) -> Iterator[StatedValue]:
    """Percentages, durations, counts of things, and the numbers of invoices."""
    for number in numbers(sentence, language):
        before, after = sentence[: number.start], sentence[number.end :]
        if percent := _PERCENT.match(after):
            span = (number.start, number.end + percent.end())
            yield _value(sentence, ValueKind.PERCENT, number.value, span)
        if number.value != int(number.value):
            continue
        whole = int(number.value)
        if whole > 99 and _IDENTIFIER_LEAD.search(before) and not _is_amount(after):
            yield _value(sentence, ValueKind.IDENTIFIER, whole, (number.start, number.end))
        unit = _DURATION_UNIT.match(after)
        if unit and _DURATION_LEAD.search(before):
            name = unit["unit"].lower()
            span = (number.start, number.end + unit.end())
            key = (whole, _UNITS.get(name, name))
            yield _value(sentence, ValueKind.DURATION, key, span)
        noun = re.match(rf"\s*{_COUNTED[language]}", after, re.IGNORECASE)
        if noun and whole > 1:
            span = (number.start, number.end + noun.end())
            yield _value(sentence, ValueKind.COUNT, whole, span)


def _is_amount(after: str) -> bool:
    return bool(re.match(r"\s?(?:\$|€|£|dollar|euro|cent|pound|[.,]\d)", after, re.IGNORECASE))


def _times(sentence: str, language: str) -> Iterator[StatedValue]:
    """Times of day, from digits and from number words ("at half past nine" counts as nine)."""
    for pattern in _TIMES:
        for match in pattern.finditer(sentence):
            yield _time(sentence, match.start(), match.end(), match["h"], match["m"])
    for number in numbers(sentence, language):
        if not sentence[number.start].isalpha() or number.value > 24:
            continue
        before, after = sentence[: number.start], sentence[number.end :]
        lead = re.search(rf"\b{_TIME_LEAD} $", before, re.IGNORECASE)
        unit = re.match(r" (?:uhr|o'?clock|[ap]\.?m)\b", after, re.IGNORECASE)
        if unit or (lead and re.match(_AFTER_TIME, after, re.IGNORECASE)):
            end = number.end + (unit.end() if unit else 0)
            yield _time(sentence, number.start, end, str(int(number.value)), None)


def _time(sentence: str, start: int, end: int, hour: str, minute: str | None) -> StatedValue:
    key = (int(hour) % 12, int(minute or 0))
    return StatedValue(ValueKind.TIME, key, start, end, sentence[start:end].strip())
