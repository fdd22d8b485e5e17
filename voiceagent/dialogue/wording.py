"""Values of the records put into words that can be spoken, and spoken digits put back together.

In: amounts, dates and moments as plain data, or a postal code as a caller says it. Out: the short
form a person would say in that language ("$64.50", "December 15", "39,90 Euro", "15. Dezember"),
or the code's digits. What the language model is handed is worded here, so that it has nothing left
to convert and nothing to get wrong.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from voiceagent.domain.account import Money
from voiceagent.domain.spoken_numbers import numbers

_MONTHS = {
    "en": ("January February March April May June July August September October November December"),
    "de": ("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
}
_WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
}
_SINGLE = {"oh": "0", "o": "0", "zero": "0", "null": "0", "zwo": "2", "ein": "1", "for": "4"}
_REPEAT = {"double": 2, "triple": 3, "doppel": 2}
_CURRENCY_WORDS = {"EUR": "Euro", "USD": "Dollar", "GBP": "Pfund"}


def supported_language(language: str) -> str:
    """``de`` or ``en``: the languages this package words things in."""
    return "de" if language == "de" else "en"


def speak_money(amount: Money, language: str) -> str:
    """ "$64.50" in English, "64,50 Euro" in German."""
    if language != "de":
        return str(amount)
    sign = "minus " if amount.minor < 0 else ""
    units, cents = divmod(abs(amount.minor), 100)
    unit = _CURRENCY_WORDS.get(amount.currency, amount.currency)
    return f"{sign}{units},{cents:02d} {unit}"


def speak_date(day: date, language: str, today: date) -> str:
    """ "December 15", "15. Dezember"; with the year where it is not plainly this one."""
    month = _MONTHS[supported_language(language)].split()[day.month - 1]
    plain = day.year == today.year and abs((day - today).days) < 180
    if language == "de":
        return f"{day.day}. {month}" if plain else f"{day.day}. {month} {day.year}"
    return f"{month} {day.day}" if plain else f"{month} {day.day}, {day.year}"


def speak_weekday(day: date, language: str) -> str:
    """ "Monday", "Montag"."""
    return _WEEKDAYS[supported_language(language)].split()[day.weekday()]


def speak_period(period: str, language: str, today: date) -> str:
    """A billing period ``YYYY-MM`` as "October", or "October 2025" where it is not this year's."""
    year, month = period.split("-")
    name = _MONTHS[supported_language(language)].split()[int(month) - 1]
    return name if int(year) == today.year else f"{name} {year}"


def speak_moment(moment: datetime, language: str, today: date) -> str:
    """ "Monday, December 7 at 2:30 PM", "Montag, 7. Dezember um 14:30 Uhr"."""
    day = f"{speak_weekday(moment.date(), language)}, {speak_date(moment.date(), language, today)}"
    if language == "de":
        minute = f":{moment.minute:02d}" if moment.minute else ""
        return f"{day} um {moment.hour}{minute} Uhr"
    minute = f":{moment.minute:02d}" if moment.minute else ""
    half = "AM" if moment.hour < 12 else "PM"
    return f"{day} at {(moment.hour - 1) % 12 + 1}{minute} {half}"


def postal_code_in(words: str, language: str) -> str:
    """The postal code said, as characters: "nine seven two one four" is ``97214``.

    Digits in groups ("97 214"), numbers ("ninety-seven two fourteen", "fünfzig sechs
    siebenundsechzig"), "oh", "double two" and the extension of a nine-digit ZIP code are
    understood. Other words are passed over. Empty if no digit was said.
    """
    whole = _one_number(words, language)
    if whole:
        return whole
    digits = ""
    repeat = 1
    for token in _tokens(words, language):
        if token in _REPEAT:
            repeat = _REPEAT[token]
            continue
        said = _digits_of(token, language)
        if said:
            digits += said * repeat
            repeat = 1
    return digits[:5] if len(digits) == 9 else digits


def _tokens(words: str, language: str) -> list[str]:
    """Words in lower case, tens and units of English joined: "ninety-seven", "ninety seven"."""
    raw = re.findall(r"[^\W_]+", words.lower())
    joined: list[str] = []
    for token in raw:
        tens_before = joined and language != "de" and _value(joined[-1], "en") in range(20, 100, 10)
        unit = _value(token, "en") in range(1, 10) and not token.isdecimal()
        if tens_before and unit and not joined[-1].isdecimal():
            joined[-1] += f" {token}"
        else:
            joined.append(token)
    return joined


def _value(token: str, language: str) -> int | None:
    found = numbers(token, language)
    if len(found) == 1 and (found[0].start, found[0].end) == (0, len(token)):
        return int(found[0].value)
    return None


def _digits_of(token: str, language: str) -> str:
    if any(c.isdecimal() for c in token):
        return token.upper()
    if token in _SINGLE:
        return _SINGLE[token]
    value = _value(token, language)
    return "" if value is None else str(value)


def _one_number(words: str, language: str) -> str:
    """ "sixty thousand six hundred fourteen", "fünfzigtausendsechshundertsiebenundsechzig"."""
    if not re.search(r"thousand|tausend", words.lower()):
        return ""
    found = [int(n.value) for n in numbers(words, language)]
    return str(found[0]) if len(found) == 1 and found[0] >= 1000 else ""
