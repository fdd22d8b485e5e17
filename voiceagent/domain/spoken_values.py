"""Amounts, dates and numbers in speech, as people say them and as recognisers write them.

In: text, its language (BCP 47 primary tag, English unless ``de``) and what fills the gaps
(currency, today's date). Out: values, each with its place in the text. Both sides of a call need
this: the supervisor to weigh what a caller claims, the guard to check what the agent says.

Nothing is rounded, converted or looked up; a phrase that is not understood is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Generic, TypeVar

from voiceagent.domain.account import Money

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Found(Generic[T_co]):
    """A value and where it stands: ``text[start:end]``.

    ``explicit`` is False where the words leave room for another reading: an amount without its
    currency ("sixty four fifty", "64.50"), a date without its year.
    """

    value: T_co
    start: int
    end: int
    explicit: bool = True

    def overlaps(self, start: int, end: int) -> bool:
        """Whether the found words share a character with ``text[start:end]``."""
        return self.start < end and start < self.end


_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\S")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int

    @property
    def numeral(self) -> bool:
        return self.text[0].isdecimal()


@dataclass(frozen=True, slots=True)
class _Number:
    """A number phrase: ``tokens[first:after]``."""

    value: Decimal
    first: int
    after: int
    words: bool

    @property
    def two_digits(self) -> bool:
        return self.value == int(self.value) and 10 <= self.value <= 99


def _spelled(words: str, start: int = 0, step: int = 1) -> dict[str, int]:
    return {word: start + step * n for n, word in enumerate(words.split())}


_EN_UNITS = _spelled("zero one two three four five six seven eight nine") | {"oh": 0}
_EN_TEENS = _spelled(
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10
)
_EN_TENS = _spelled("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
_EN_ORDINALS = _spelled(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
    1,
) | {"thirtieth": 30}
_DE_SMALL = _spelled(
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
    " fünfzehn sechzehn siebzehn achtzehn neunzehn"
) | {"zwo": 2}
_DE_TENS = _spelled("zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig", 20, 10)
_DE_ORDINALS = {"erst": 1, "dritt": 3, "siebt": 7, "acht": 8}
_MONTHS = {
    "en": _spelled(
        "january february march april may june july august september october november december", 1
    )
    | _spelled("jan feb mar apr may jun jul aug sep oct nov dec", 1)
    | {"sept": 9},
    "de": _spelled(
        "januar februar märz april mai juni juli august september oktober november dezember", 1
    )
    | {"jänner": 1, "juno": 6, "julei": 7},
}
_AND = {"and", "und"}
_POINT = {"en": "point", "de": "komma"}
# What a bare "one" or a pair of numbers counts, so that neither is taken for an amount.
_COUNTED = set(
    _spelled(
        "am pm uhr o h percent prozent % times mal minutes minuten minute stunden hours hour gb mb"
        " gigabyte gigabytes megabyte days day tage tagen weeks week woche wochen months month"
        " monate monaten years year jahre jahren people payments invoices rechnungen zahlungen"
    )
)
_TIME_LEAD = set(_spelled("at um gegen ab since until around before after by"))
_ONE_LEAD = set(
    _spelled("this that the which each another no any every only real right next wrong other")
)
_DOLLARS = {"USD", "CAD", "AUD", "NZD"}
_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP"}
_MAJOR = {
    **dict.fromkeys(("dollar", "dollars", "bucks", "buck", "usd"), "USD"),
    **dict.fromkeys(("euro", "euros", "eur"), "EUR"),
    **dict.fromkeys(("pound", "pounds", "quid", "gbp"), "GBP"),
    **dict.fromkeys(("franken", "francs", "chf"), "CHF"),
}
_MINOR = {"cent", "cents", "pence", "rappen"}


def _tokens(text: str) -> list[_Token]:
    return [_Token(m.group().lower(), m.start(), m.end()) for m in _TOKEN.finditer(text)]


def _numeral(text: str, language: str) -> Decimal | None:
    """Digits with separators; the last kind of separator is the decimal one where both occur."""
    marks = [c for c in text if c in ".,"]
    if not marks:
        return Decimal(text)
    last = marks[-1]
    tail = text.rsplit(last, 1)[1]
    grouping = "." if language == "de" else ","
    if len(set(marks)) == 2 and marks.count(last) == 1:
        grouping = "." if last == "," else ","
    elif len(marks) > 1 or (last == grouping and len(tail) == 3):
        grouping = last
        if any(len(part) != 3 for part in text.split(last)[1:]):
            return None  # 5.10.2026 and the like
    else:
        grouping = "." if last == "," else ","
    return Decimal(text.replace(grouping, "").replace(",", "."))


def _german(word: str) -> int | None:
    """The value of a German number word, compounds included ("zweihundertneununddreißig")."""
    word = word.replace("ß", "ss")
    if word in _DE_SMALL or word in _DE_TENS:
        return _DE_SMALL.get(word, _DE_TENS.get(word))
    for name, factor in (("tausend", 1000), ("hundert", 100)):
        if name in word:
            left, right = word.split(name, 1)
            many = 1 if left in ("", "ein") else _german(left)
            rest = 0 if not right else 1 if right == "eins" else _german(right.removeprefix("und"))
            if many is None or rest is None or not 0 < many < 1000 or rest >= factor:
                return None
            return many * factor + rest
    unit, joint, tens = word.partition("und")
    if joint and tens in _DE_TENS:
        small = 1 if unit == "ein" else _DE_SMALL.get(unit, 0)
        return _DE_TENS[tens] + small if 0 < small < 10 else None
    return None


def _german_at(tokens: list[_Token], i: int) -> tuple[int, int] | None:
    """Longest run of words that makes one number: recognisers split compounds."""
    for after in range(min(len(tokens), i + 6), i, -1):
        if all(t.text[0].isalpha() for t in tokens[i:after]):
            value = _german("".join(t.text for t in tokens[i:after]))
            if value is not None and tokens[i].text not in _AND:
                return value, after
    return None


def _small_english(tokens: list[_Token], i: int) -> tuple[int, int] | None:
    word = tokens[i].text if i < len(tokens) else ""
    if word in _EN_UNITS or word in _EN_TEENS:
        return _EN_UNITS.get(word, _EN_TEENS.get(word, 0)), i + 1
    if word not in _EN_TENS:
        return None
    after = i + 1
    unit = after + 1 if after < len(tokens) and tokens[after].text == "-" else after
    if unit < len(tokens) and _EN_UNITS.get(tokens[unit].text, 0) > 0:
        return _EN_TENS[word] + _EN_UNITS[tokens[unit].text], unit + 1
    return _EN_TENS[word], after


def _english_at(tokens: list[_Token], i: int) -> tuple[int, int] | None:
    def word(at: int) -> str:
        return tokens[at].text if at < len(tokens) else ""

    scales = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
    start = (1, i + 1) if word(i) == "a" and word(i + 1) in scales else _small_english(tokens, i)
    if start is None:
        return None
    total, (current, after) = 0, start
    ceiling = 10**9
    while scale := scales.get(word(after)):
        if scale >= ceiling and scale != 100:
            break
        after += 1
        current *= scale
        if scale > 100:
            total, current, ceiling = total + current, 0, scale
        more = after + 1 if word(after) == "and" else after
        following = _small_english(tokens, more)
        if following is None:
            break
        current, after = current + following[0], following[1]
    return total + current, after


def _number_at(tokens: list[_Token], i: int, language: str) -> _Number | None:
    """The number phrase that begins at this token."""
    if i >= len(tokens):
        return None
    words_at = _german_at if language == "de" else _english_at
    if tokens[i].numeral:
        value = _numeral(tokens[i].text, language)
        if value is None:
            return None
        after = i + 1
        word = tokens[after].text if after < len(tokens) else ""
        scale = {"thousand": 1000, "tausend": 1000, "million": 10**6}.get(word, 1)
        return _Number(value * scale, i, after + (scale > 1), words=False)
    found = words_at(tokens, i)
    if found is None:
        return None
    value, after = Decimal(found[0]), found[1]
    if after < len(tokens) and tokens[after].text == _POINT.get(language, "point"):
        digits, at = "", after + 1
        while at < len(tokens) and (part := words_at(tokens, at)) and (part[0] < 10 or not digits):
            digits, at = digits + str(part[0]), part[1]
        if digits:
            return _Number(Decimal(f"{value}.{digits}"), i, at, words=True)
    return _Number(value, i, after, words=True)


def numbers(text: str, language: str) -> tuple[Found[Decimal], ...]:
    """Every number, those inside amounts and dates included.

    Three or more digits said one by one ("three one zero seven") are one number. A "one" that
    stands for a thing ("this one") is none, nor is the German article.
    """
    tokens = _tokens(text)
    found: list[Found[Decimal]] = []
    i = 0
    while i < len(tokens):
        number = _number_at(tokens, i, language)
        if number is None:
            i += 1
            continue
        run = [number]
        while (more := _number_at(tokens, run[-1].after, language)) and _digit(run[-1], more):
            run.append(more)
        if len(run) >= 3:
            joined = Decimal("".join(str(n.value) for n in run))
            found.append(Found(joined, tokens[i].start, tokens[run[-1].after - 1].end))
            i = run[-1].after
            continue
        pronoun = tokens[i].text == "one" and i > 0 and tokens[i - 1].text in _ONE_LEAD
        if not (pronoun or tokens[i].text == "oh"):
            end = tokens[number.after - 1].end
            found.append(Found(number.value, tokens[i].start, end))
        i = number.after
    return tuple(found)


def _digit(*run: _Number) -> bool:
    return all(n.value < 10 and n.after == n.first + 1 and n.value == int(n.value) for n in run)


def amounts(text: str, language: str, default_currency: str) -> tuple[Found[Money], ...]:
    """Every amount of money; ``default_currency`` (ISO 4217) where none was said.

    Understood are "$64.50", "64 dollars and 50 cents", "39,90 Euro", "neununddreißig Euro
    neunzig", "50 cents", and without a currency (``explicit`` False) "64.50", "sixty four fifty".
    """
    tokens = _tokens(text)
    taken = [(d.start, d.end) for d in _numeric_dates(text, language, date(2000, 1, 1))]
    found: list[Found[Money]] = []
    i = 0
    while i < len(tokens):
        hit = _amount_at(tokens, i, language, default_currency)
        if hit is None or any(s < tokens[hit[1] - 1].end and tokens[i].start < e for s, e in taken):
            i = _after_number(tokens, i, language)
            continue
        money, after, explicit = hit
        found.append(Found(money, tokens[i].start, tokens[after - 1].end, explicit))
        i = after
    return tuple(found)


def _after_number(tokens: list[_Token], i: int, language: str) -> int:
    number = _number_at(tokens, i, language)
    return number.after if number else i + 1


def _amount_at(
    tokens: list[_Token], i: int, language: str, default_currency: str
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
        number = _number_at(tokens, at + 1, language)
        if number is None or word(at) not in {*_SYMBOLS, code.lower()}:
            return None
        minor, after = _with_minor(tokens, number, number.after, language)
        return Money(sign * minor, code), after, True
    number = _number_at(tokens, at, language)
    if number is None and word(at) in ("ein", "einen", "einem") and currency(at + 1):
        number = _Number(Decimal(1), at, at + 1, words=True)
    if number is None:
        return None
    if code := currency(number.after):
        minor, after = _with_minor(tokens, number, number.after + 1, language)
        return Money(sign * minor, code), after, True
    if word(number.after) in _MINOR:
        return Money(sign * int(number.value), default_currency), number.after + 1, True
    return _bare_amount(tokens, number, language, default_currency, word(at - 1))


def _with_minor(
    tokens: list[_Token], number: _Number, after: int, language: str
) -> tuple[int, int]:
    """The amount in minor units with a tail such as "and 50 cents" or "fifty" taken in."""
    minor = int((number.value * 100).to_integral_value())
    if number.value != int(number.value):
        return minor, after
    joint = after < len(tokens) and tokens[after].text in _AND
    tail = _number_at(tokens, after + joint, language)
    if tail is None or tail.value >= 100 or tail.value != int(tail.value):
        return minor, after
    follows = tokens[tail.after].text if tail.after < len(tokens) else ""
    if follows in _MINOR:
        return minor + int(tail.value), tail.after + 1
    closed = follows not in _COUNTED and follows not in _MAJOR and follows not in _SYMBOLS
    if not joint and tail.two_digits and closed and not _is_month(follows):
        return minor + int(tail.value), tail.after
    return minor, after


def _is_month(word: str) -> bool:
    return any(word in months for months in _MONTHS.values())


def _bare_amount(
    tokens: list[_Token], number: _Number, language: str, currency: str, before: str
) -> tuple[Money, int, bool] | None:
    """ "64.50" and "sixty four fifty": an amount by its form only."""
    follows = tokens[number.after].text if number.after < len(tokens) else ""
    if not number.words and number.after == number.first + 1:
        digits = tokens[number.first].text
        if re.fullmatch(r"[\d.,]*[.,]\d\d", digits) and follows not in _COUNTED:
            return Money(int(number.value * 100), currency), number.after, False
    cents = _number_at(tokens, number.after, language)
    if cents is None or before in _TIME_LEAD or number.value != int(number.value):
        return None
    beyond = tokens[cents.after].text if cents.after < len(tokens) else ""
    previous = number.first > 0 and (before in _EN_UNITS or tokens[number.first - 1].numeral)
    numerals = not number.words or not cents.words
    if (
        not (cents.two_digits and 0 < number.value < 1000)
        # More numbers before or after: a telephone number, a postal code, a card.
        or previous
        or _number_at(tokens, cents.after, language)
        or (numerals and not (10 <= number.value < 1000))
        or beyond in _COUNTED | _MAJOR.keys() | _MINOR
        or _is_month(before)
        or _is_month(beyond)
        or (number.value == 20 and cents.value < 40)  # the year
    ):
        return None
    return Money(int(number.value) * 100 + int(cents.value), currency), cents.after, False


def dates(text: str, language: str, today: date) -> tuple[Found[date], ...]:
    """Every calendar day: named ("October 5th", "5. Oktober"), numeric or relative to today.

    A day without a year is the one nearest to ``today`` (``explicit`` False). "October 5th and
    7th" are two days. Weekdays are left out: which week they mean cannot be told from the words.
    """
    found = [*_numeric_dates(text, language, today)]
    found += _named_dates(_tokens(text), "de" if language == "de" else "en", today)
    words = {"yesterday": -1, "today": 0, "tomorrow": 1}
    if language == "de":
        words = {"vorgestern": -2, "gestern": -1, "heute": 0, "morgen": 1, "übermorgen": 2}
    for match in re.finditer(rf"\b(?:{'|'.join(words)})\b", text.lower()):
        if not re.search(r"(?:guten|am|jeden|heute|gestern) $", text[: match.start()].lower()):
            day = today + timedelta(days=words[match.group()])
            found.append(Found(day, match.start(), match.end()))
    return tuple(sorted(found, key=lambda f: (f.start, f.end)))


def months(text: str, language: str, today: date) -> tuple[Found[str], ...]:
    """Every month named, as ``YYYY-MM``: without a year the latest one not after ``today``."""
    tokens, names = _tokens(text), _MONTHS["de" if language == "de" else "en"]
    found = []
    for i, token in enumerate(tokens):
        month = names.get(token.text)
        # "may" and "march" are verbs, "mar" and "sep" names, unless written as a month is.
        if month is None or not (language == "de" or text[token.start].isupper()):
            continue
        if token.text == "may" and i + 1 < len(tokens) and tokens[i + 1].text in ("i", "we"):
            continue
        day = _day_of_month(tokens, i + 1, language)
        said, after = _year(tokens, day[1] if day else i + 1)
        year = said or (today.year if month <= today.month else today.year - 1)
        end = tokens[after - 1].end if said else token.end
        found.append(Found(f"{year:04d}-{month:02d}", token.start, end, explicit=bool(said)))
    return tuple(found)


_ISO = re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})\b")
_DOTTED = re.compile(r"(?<![\d.,])(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.(?:\s?(?P<y>\d{4}|\d\d)\b)?")
_DOTTED_AFTER = re.compile(r"(?<=\b(?:am|om|um) )(?P<d>\d{1,2})\.(?P<m>\d{1,2})\b(?!\.)")
_SLASHED = re.compile(r"(?<![\d/])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?:/(?P<y>\d{4}|\d\d))?(?![\d/])")


def _numeric_dates(text: str, language: str, today: date) -> Iterator[Found[date]]:
    for pattern in (_ISO, _DOTTED, _DOTTED_AFTER, _SLASHED):
        for match in pattern.finditer(text):
            parts = {k: int(v) for k, v in match.groupdict().items() if v}
            if "a" in parts:
                first_is_day = language == "de" or parts["a"] > 12
                day, month = (parts["a"], parts["b"]) if first_is_day else (parts["b"], parts["a"])
            else:
                day, month = parts["d"], parts["m"]
            if value := _day(parts.get("y"), month, day, today):
                yield Found(value, match.start(), match.end(), explicit="y" in parts)


def _day(year: int | None, month: int, day: int, today: date) -> date | None:
    years = (
        (year + 2000 if year < 100 else year,) if year else range(today.year - 1, today.year + 2)
    )
    valid = []
    for candidate in years:
        try:
            valid.append(date(candidate, month, day))
        except ValueError:
            continue
    return min(valid, key=lambda d: abs(d - today), default=None)


def _day_of_month(tokens: list[_Token], i: int, language: str) -> tuple[int, int, bool] | None:
    """A day: its value, the token after it, and whether it was an ordinal."""
    if not 0 <= i < len(tokens):
        return None
    word = tokens[i].text
    follows = tokens[i + 1].text if i + 1 < len(tokens) else ""
    if tokens[i].numeral:
        if not word.isdecimal() or not 1 <= int(word) <= 31:
            return None
        ordinal = follows in (("st", "nd", "rd", "th") if language == "en" else (".",))
        return int(word), i + 1 + ordinal, ordinal
    if language == "de":
        stem = re.sub(r"(?:s?te[nrs]?)$", "", word)
        plain = re.sub(r"e[nrs]?$", "", word)
        value = _DE_ORDINALS.get(plain) or (_german(stem) if stem != word else None)
        return (value, i + 1, True) if value and 1 <= value <= 31 else None
    if word in _EN_ORDINALS:
        return _EN_ORDINALS[word], i + 1, True
    unit = i + 2 if follows == "-" else i + 1
    if word in ("twenty", "thirty") and unit < len(tokens):
        small = _EN_ORDINALS.get(tokens[unit].text, 99)
        if small < 10:
            return _EN_TENS[word] + small, unit + 1, True
    number = _number_at(tokens, i, "en")
    if number and number.value == int(number.value) and 1 <= number.value <= 31:
        return int(number.value), number.after, False
    return None


def _year(tokens: list[_Token], i: int) -> tuple[int, int]:
    at = i + 1 if i < len(tokens) and tokens[i].text == "," else i
    if at < len(tokens) and re.fullmatch(r"(?:19|20)\d\d", tokens[at].text):
        return int(tokens[at].text), at + 1
    return 0, i


def _named_dates(tokens: list[_Token], language: str, today: date) -> Iterator[Found[date]]:
    names, i = _MONTHS[language], 0
    while i < len(tokens):
        month = names.get(tokens[i].text)
        if month is not None and language == "en" and (hit := _day_of_month(tokens, i + 1, "en")):
            day, after, _ = hit
            year, end = _year(tokens, after)
            yield from _found_day(tokens, (i, end), (year, month, day), today)
            if end + 1 < len(tokens) and tokens[end].text == "and":
                the = end + 1 + (tokens[end + 1].text == "the")
                more = _day_of_month(tokens, the, "en")
                if more and more[2]:
                    yield from _found_day(tokens, (the, more[1]), (year, month, more[0]), today)
                    end = more[1]
            i = end
            continue
        hit = _day_of_month(tokens, i, language)
        if hit is None:
            i += 1
            continue
        day, after, ordinal = hit
        at = after + 1 if after < len(tokens) and tokens[after].text == "of" else after
        other = None
        if language == "de" and at < len(tokens) and tokens[at].text in _AND:
            other = _day_of_month(tokens, at + 1, language)
            at = other[1] if other else at
        month = names.get(tokens[at].text) if at < len(tokens) else None
        if month is None or not (ordinal or tokens[at].text not in ("may", "march", "mar")):
            i = after
            continue
        year, end = _year(tokens, at + 1)
        first_end = after if other else end
        yield from _found_day(tokens, (i, first_end), (year, month, day), today)
        if other:
            second = at - 1 if tokens[at - 1].text != "." else at - 2
            yield from _found_day(tokens, (second, end), (year, month, other[0]), today)
        i = end


def _found_day(
    tokens: list[_Token], span: tuple[int, int], ymd: tuple[int, int, int], today: date
) -> Iterator[Found[date]]:
    year, month, day = ymd
    if value := _day(year or None, month, day, today):
        yield Found(value, tokens[span[0]].start, tokens[span[1] - 1].end, explicit=bool(year))
