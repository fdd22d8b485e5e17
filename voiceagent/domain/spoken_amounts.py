"""Amounts of money in speech: "$64.50", "sixty four fifty", "neununddreißig Euro neunzig".

In: text, its language (BCP 47 primary tag, English unless ``de``) and the currency meant where
none is said. Out: amounts with their places. What counts something else (times, days, per cent)
or belongs to a date, a telephone number or a postal code is no amount.

Nothing is rounded, converted or looked up; a phrase that is not understood is left out.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from voiceagent.domain.account import Money
from voiceagent.domain.spoken_dates import is_month, numeric_dates
from voiceagent.domain.spoken_numbers import ENGLISH_UNITS, Number, number_at
from voiceagent.domain.spoken_words import AND, Found, Token, split_tokens, word_set

# What a bare "one" or a pair of numbers counts, so that neither is taken for an amount.
_COUNTED = word_set(
    "am pm uhr o h percent prozent % times mal minutes minuten minute stunden hours hour gb mb"
    " gigabyte gigabytes megabyte days day tage tagen weeks week woche wochen months month"
    " monate monaten years year jahre jahren people payments invoices rechnungen zahlungen"
)
_TIME_LEAD = word_set("at um gegen ab since until around before after by")
_DOLLARS = {"USD", "CAD", "AUD", "NZD"}
_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP"}
_MAJOR = {
    **dict.fromkeys(("dollar", "dollars", "bucks", "buck", "usd"), "USD"),
    **dict.fromkeys(("euro", "euros", "eur"), "EUR"),
    **dict.fromkeys(("pound", "pounds", "quid", "gbp"), "GBP"),
    **dict.fromkeys(("franken", "francs", "chf"), "CHF"),
}
_MINOR = {"cent", "cents", "pence", "rappen"}


def amounts(text: str, language: str, default_currency: str) -> tuple[Found[Money], ...]:
    """Every amount of money; ``default_currency`` (ISO 4217) where none was said.

    Understood are "$64.50", "64 dollars and 50 cents", "39,90 Euro", "neununddreißig Euro
    neunzig", "50 cents", and without a currency (``explicit`` False) "64.50", "sixty four fifty".
    """
    tokens = split_tokens(text)
    taken = [(d.start, d.end) for d in numeric_dates(text, language, date(2000, 1, 1))]
    found: list[Found[Money]] = []
    i = 0
    while i < len(tokens):
        hit = _amount_at(tokens, i, language, default_currency)
        # A currency decides: "$5.10." is money at the end of a sentence, not the fifth of October.
        if hit is None or (
            not hit[2] and any(s < tokens[hit[1] - 1].end and tokens[i].start < e for s, e in taken)
        ):
            i = _after_number(tokens, i, language)
            continue
        money, after, explicit = hit
        found.append(Found(money, tokens[i].start, tokens[after - 1].end, explicit))
        i = after
    return tuple(found)


def _after_number(tokens: list[Token], i: int, language: str) -> int:
    number = number_at(tokens, i, language)
    return number.after if number else i + 1


def _amount_at(
    tokens: list[Token], i: int, language: str, default_currency: str
) -> tuple[Money, int, bool] | None:
    def word(at: int) -> str:
        return tokens[at].text if 0 <= at < len(tokens) else ""

    def currency(at: int) -> str:
        code = _SYMBOLS.get(word(at)) or _MAJOR.get(word(at), "")
        same = code == "USD" and default_currency in _DOLLARS
        return default_currency if same else code

    # A minus sign counts only where no word or number stands before it ("INV-3107", "5-10").
    sign = (
        -1 if word(i) in ("-", "minus") and (i == 0 or tokens[i - 1].end < tokens[i].start) else 1
    )
    at = i + 1 if sign < 0 else i
    if code := currency(at):
        number = number_at(tokens, at + 1, language)
        if number is None or word(at) not in {*_SYMBOLS, code.lower()}:
            return None
        minor, after = _with_minor(tokens, number, number.after, language)
        return Money(sign * minor, code), after, True
    number = number_at(tokens, at, language)
    if number is None and word(at) in ("ein", "einen", "einem") and currency(at + 1):
        number = Number(Decimal(1), at, at + 1, words=True)
    if number is None:
        return None
    if code := currency(number.after):
        minor, after = _with_minor(tokens, number, number.after + 1, language)
        return Money(sign * minor, code), after, True
    if word(number.after) in _MINOR:
        return Money(sign * int(number.value), default_currency), number.after + 1, True
    return _bare_amount(tokens, number, language, default_currency, word(at - 1))


def _with_minor(tokens: list[Token], number: Number, after: int, language: str) -> tuple[int, int]:
    """The amount in minor units with a tail such as "and 50 cents" or "fifty" taken in."""
    minor = int((number.value * 100).to_integral_value())
    if number.value != int(number.value):
        return minor, after
    joint = after < len(tokens) and tokens[after].text in AND
    tail = number_at(tokens, after + joint, language)
    if tail is None or tail.value >= 100 or tail.value != int(tail.value):
        return minor, after
    follows = tokens[tail.after].text if tail.after < len(tokens) else ""
    if follows in _MINOR:
        return minor + int(tail.value), tail.after + 1
    closed = follows not in _COUNTED and follows not in _MAJOR and follows not in _SYMBOLS
    if not joint and tail.two_digits and closed and not is_month(follows):
        return minor + int(tail.value), tail.after
    return minor, after


def _bare_amount(
    tokens: list[Token], number: Number, language: str, currency: str, before: str
) -> tuple[Money, int, bool] | None:
    """ "64.50" and "sixty four fifty": an amount by its form only."""
    follows = tokens[number.after].text if number.after < len(tokens) else ""
    if not number.words and number.after == number.first + 1:
        digits = tokens[number.first].text
        if re.fullmatch(r"[\d.,]*[.,]\d\d", digits) and follows not in _COUNTED:
            return Money(int(number.value * 100), currency), number.after, False
    cents = number_at(tokens, number.after, language)
    if cents is None or before in _TIME_LEAD or number.value != int(number.value):
        return None
    beyond = tokens[cents.after].text if cents.after < len(tokens) else ""
    previous = number.first > 0 and (before in ENGLISH_UNITS or tokens[number.first - 1].numeral)
    numerals = not number.words or not cents.words
    if (
        not (cents.two_digits and 0 < number.value < 1000)
        # More numbers before or after: a telephone number, a postal code, a card.
        or previous
        or number_at(tokens, cents.after, language)
        or (numerals and not (10 <= number.value < 1000))
        or beyond in _COUNTED | _MAJOR.keys() | _MINOR
        or is_month(before)
        or is_month(beyond)
        or (number.value == 20 and cents.value < 40)  # the year
    ):
        return None
    return Money(int(number.value) * 100 + int(cents.value), currency), cents.after, False
