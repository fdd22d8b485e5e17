"""The values of a statement, and whether a source holds them.

In: text in English or German. Out: its amounts, dates, times, numbers, weekdays, months,
identifiers and names, each with its place; and for a statement and a source, which of the
statement's values the source does not hold, and the statement with every value written as the
source writes it. "64.50", "$64.50" and "sixty four fifty" are one amount; the source's form is the
one that counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from voiceagent.dialogue.stated_values import ValueKind, stated_values
from voiceagent.domain.spoken_numbers import numbers
from voiceagent.handoff.packet_words import REPORTING, alike, is_empty, stem


class Held(StrEnum):
    """What kind of value it is."""

    IDENTIFIER = "identifier"
    AMOUNT = "amount"
    DATE = "date"
    TIME = "time"
    MONTH = "month"
    DAY = "day"
    """A weekday, or a day counted from today ("tomorrow")."""
    NUMBER = "number"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Value:
    """A value at ``text[start:end]``; ``key`` is equal for equal values of one kind.

    Keys: an identifier's letters and digits; ``(amount, currency or "")``; ``(year or 0, month,
    day)``; ``(hour on a twelve-hour clock, minute)``; the month's or weekday's number or the word;
    ``(number, unit or "")``; a name in lower case.
    """

    kind: Held
    key: object
    start: int
    end: int
    text: str


_IDENTIFIER = re.compile(
    r"#[\w-]+#|[\w.+-]+@[\w-]+\.[\w.-]*\w|https?://\S+|\b\d+(?:\.\d+){2,}\b"
    r"|(?<![\w-])(?=[\w-]*[A-Za-z])(?=[\w-]*\d)(?!\d+(?:st|nd|rd|th|am|pm|h|gb|mb|km|kg|cm|min)\b)"
    r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?![\w-])|(?<![\w-])\d{2,}-\d{2,}(?:-\d+)*(?![\w-])",
    re.IGNORECASE,
)
_ISO_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
_RELATIVE = re.compile(
    r"\b(?:today|tomorrow|yesterday|tonight|heute|morgen|gestern|übermorgen|vorgestern)\b",
    re.IGNORECASE,
)
_KINDS = {
    ValueKind.AMOUNT: Held.AMOUNT,
    ValueKind.DATE: Held.DATE,
    ValueKind.TIME: Held.TIME,
    ValueKind.MONTH: Held.MONTH,
    ValueKind.WEEKDAY: Held.DAY,
}
_UNIT = re.compile(
    r"[\s-]?(?:(?:business|working|bank)[\s-]?)?(?P<unit>%|percent|prozent|minut|hour|day|week|month"
    r"|year|stunde|werktag|arbeitstag|bankarbeitstag|tag|woche|monat|jahr|night|nächt|nacht)",
    re.IGNORECASE,
)
_SAME_UNIT = {
    "%": "percent",
    "prozent": "percent",
    "stunde": "hour",
    "werktag": "day",
    "arbeitstag": "day",
    "bankarbeitstag": "day",
    "tag": "day",
    "woche": "week",
    "monat": "month",
    "jahr": "year",
    "nacht": "night",
    "nächt": "night",
}
_CAPITALISED = re.compile(r"(?<![\w#@'’-])[A-ZÄÖÜ][\w'’]*(?:-[\w'’]+)*")
_NO_NAME = frozenset(["i", "i'm", "i've", "i'd", "i'll", "ok", "dm", "pm", "am", "tv", "app", "id"])


def values_in(text: str, language: str, today: date) -> tuple[Value, ...]:
    """Every value but names, in order, none overlapping another.

    Args:
        text: the words.
        language: ``de``, or English for anything else.
        today: what days without a year are near to.
    """
    found: list[Value] = []
    for candidate in _candidates(text, "de" if language == "de" else "en", today):
        if not any(v.start < candidate.end and candidate.start < v.end for v in found):
            found.append(candidate)
    return tuple(sorted(found, key=lambda v: v.start))


def _candidates(text: str, language: str, today: date) -> Iterator[Value]:
    def value(kind: Held, key: object, start: int, end: int) -> Value:
        return Value(kind, key, start, end, text[start:end].strip())

    for match in _IDENTIFIER.finditer(text):
        if not _ISO_DAY.match(match.group()):
            letters = re.sub(r"[\W_]", "", match.group().lower())
            yield value(Held.IDENTIFIER, letters, *match.span())
    for match in _RELATIVE.finditer(text):
        yield value(Held.DAY, match.group().lower(), *match.span())
    for stated in stated_values(text, language, today, ""):
        kind = _KINDS.get(stated.kind)
        if kind is None or stated.relative:
            continue
        key: object = stated.key
        if kind is Held.AMOUNT and isinstance(key, tuple):
            key = (Decimal(key[0]) / 100, key[1] if stated.explicit else "")
        yield value(kind, key, stated.start, stated.end)
    for number in numbers(text, language):
        word = text[number.start : number.end]
        # "one" and "ein" are seldom numbers; a wrong one is caught by the words around it.
        if number.value == 1 and not word[0].isdecimal():
            continue
        unit = _UNIT.match(text, number.end)
        name = unit["unit"].lower() if unit else ""
        key = (number.value, _SAME_UNIT.get(name, name))
        yield value(Held.NUMBER, key, number.start, number.end)


def names_in(text: str, language: str) -> tuple[Value, ...]:
    """Capitalised words that are no beginnings of sentences; in German nouns are among them.

    A sentence's first word counts too unless it is a common word that may begin one.
    """
    found = []
    for match in _CAPITALISED.finditer(text):
        word = match.group().rstrip("'’")
        plain = re.sub(r"['’]s$", "", word).lower()
        begins = not re.search(r"[^\s\"„“(]", re.split(r"[.!?:]\s", text[: match.start()])[-1])
        if plain in _NO_NAME or plain in REPORTING or is_empty(plain):
            continue
        if begins and language == "de":
            continue
        found.append(Value(Held.NAME, plain, match.start(), match.start() + len(word), word))
    return tuple(found)


class Holdings:
    """The values and names a source holds, to weigh statements against.

    Args:
        texts: what was said and recorded, most fitting first: the first to hold a value gives it
            its form.
        language, today: as for :func:`values_in`.
    """

    def __init__(self, texts: Iterable[str], language: str, today: date) -> None:
        self._language, self._today = language, today
        self._texts = tuple(texts)
        self._values = [v for text in self._texts for v in values_in(text, language, today)]
        self._words = {w.lower() for t in self._texts for w in re.findall(r"[^\W_]+", t)}
        self._stems = {stem(w) for w in self._words}

    def missing(self, statement: str) -> list[Value]:
        """The statement's values and names that the source does not hold."""
        values = values_in(statement, self._language, self._today)
        missing = [v for v in values if self._form(v) is None]
        taken = [(v.start, v.end) for v in values]
        for name in names_in(statement, self._language):
            inside = any(s < name.end and name.start < e for s, e in taken)
            if not inside and not self._knows(name):
                missing.append(name)
        return missing

    def copied(self, statement: str) -> str:
        """The statement with its values written as the source writes them."""
        text = statement
        for value in reversed(values_in(statement, self._language, self._today)):
            form = self._form(value)
            if form is not None and form.lower() != value.text.lower():
                text = f"{text[: value.start]}{form}{text[value.end :]}"
        return text

    def _form(self, value: Value) -> str | None:
        """How the source writes a value; None if it does not hold it."""
        literal = re.compile(rf"(?<![\w.,-]){re.escape(value.text)}(?![\w-]|[.,]\d)", re.IGNORECASE)
        same = [held for held in self._values if _equal(value, held)]
        for held in same:
            if held.text.lower() == value.text.lower():
                return held.text
        if same:
            return same[0].text
        if value.kind in (Held.IDENTIFIER, Held.TIME, Held.DAY):
            match = next(filter(None, map(literal.search, self._texts)), None)
            return match.group() if match else None
        return None

    def _knows(self, name: Value) -> bool:
        parts = re.findall(r"[^\W_]+", str(name.key))
        if self._language != "de":
            return all(p in self._words or stem(p) in self._stems for p in parts)
        return all(
            any(
                alike(stem(p), s) or (len(p) > 4 and (p in s or (s in p and len(s) > 4)))
                for s in self._stems
            )
            for p in parts
        )


def _equal(one: Value, other: Value) -> bool:
    """Whether a statement's value is the source's; what the source leaves open, fits."""
    a, b = one.key, other.key
    if one.kind is other.kind:
        if isinstance(a, tuple) and isinstance(b, tuple) and one.kind is not Held.TIME:
            if one.kind is Held.DATE:
                return a[1:] == b[1:] and (a[0] == b[0] or 0 in (a[0], b[0]))
            return a[0] == b[0] and (a[1] == b[1] or not a[1] or not b[1])
        return a == b
    match (one.kind, other.kind):
        case (Held.AMOUNT, Held.NUMBER) | (Held.NUMBER, Held.AMOUNT):
            assert isinstance(a, tuple)
            assert isinstance(b, tuple)
            number = b if one.kind is Held.AMOUNT else a
            return bool(a[0] == b[0] and not number[1])
        case (Held.MONTH, Held.DATE):
            return isinstance(b, tuple) and b[1] == a
        case (Held.TIME, Held.NUMBER):
            return isinstance(a, tuple) and isinstance(b, tuple) and a == (b[0] % 12, 0)
        case (Held.NUMBER, Held.TIME):
            return isinstance(a, tuple) and isinstance(b, tuple) and (a[0] % 12, 0) == b
        case (Held.NUMBER, Held.IDENTIFIER):
            return isinstance(a, tuple) and str(a[0]) == str(b)
        case _:
            return False
