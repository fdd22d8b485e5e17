"""Calendar days and months in speech: "October 5th", "am 5. und 7. Oktober", "10/5", "yesterday".

In: text, its language (BCP 47 primary tag, English unless ``de``) and today's date, which fills in
years. Out: days and months with their places. A day that does not exist ("31 February") and
a phrase that is not understood are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from voiceagent.domain.spoken_numbers import ENGLISH_TENS, german_number, number_at
from voiceagent.domain.spoken_words import AND, Found, Token, spelled, split_tokens

_ENGLISH_ORDINALS = spelled(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
    1,
) | {"thirtieth": 30}
_GERMAN_ORDINALS = {"erst": 1, "dritt": 3, "siebt": 7, "acht": 8}
_MONTHS = {
    "en": spelled(
        "january february march april may june july august september october november december", 1
    )
    | spelled("jan feb mar apr may jun jul aug sep oct nov dec", 1)
    | {"sept": 9},
    "de": spelled(
        "januar februar märz april mai juni juli august september oktober november dezember", 1
    )
    | {"jänner": 1, "juno": 6, "julei": 7},
}
_ISO = re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})\b")
_DOTTED = re.compile(r"(?<![\d.,])(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.(?:\s?(?P<y>\d{4}|\d\d)\b)?")
_DOTTED_AFTER = re.compile(r"(?<=\b(?:am|om|um) )(?P<d>\d{1,2})\.(?P<m>\d{1,2})\b(?!\.)")
_SLASHED = re.compile(r"(?<![\d/])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?:/(?P<y>\d{4}|\d\d))?(?![\d/])")


def dates(text: str, language: str, today: date) -> tuple[Found[date], ...]:
    """Every calendar day: named ("October 5th", "5. Oktober"), numeric or relative to today.

    A day without a year is the one nearest to ``today`` (``explicit`` False). "October 5th and
    7th" are two days. Weekdays are left out: which week they mean cannot be told from the words.
    """
    found = [*numeric_dates(text, language, today)]
    found += _named_dates(split_tokens(text), "de" if language == "de" else "en", today)
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
    tokens, names = split_tokens(text), _MONTHS["de" if language == "de" else "en"]
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


def is_month(word: str) -> bool:
    """Whether this token names a month in any language known here."""
    return any(word in months for months in _MONTHS.values())


def numeric_dates(text: str, language: str, today: date) -> Iterator[Found[date]]:
    """The days written in digits only, as in :func:`dates`: "05.10.", "10/5", "2026-10-05"."""
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


def _day_of_month(tokens: list[Token], i: int, language: str) -> tuple[int, int, bool] | None:
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
        value = _GERMAN_ORDINALS.get(plain) or (german_number(stem) if stem != word else None)
        return (value, i + 1, True) if value and 1 <= value <= 31 else None
    if word in _ENGLISH_ORDINALS:
        return _ENGLISH_ORDINALS[word], i + 1, True
    unit = i + 2 if follows == "-" else i + 1
    if word in ("twenty", "thirty") and unit < len(tokens):
        small = _ENGLISH_ORDINALS.get(tokens[unit].text, 99)
        if small < 10:
            return ENGLISH_TENS[word] + small, unit + 1, True
    number = number_at(tokens, i, "en")
    if number and number.value == int(number.value) and 1 <= number.value <= 31:
        return int(number.value), number.after, False
    return None


def _year(tokens: list[Token], i: int) -> tuple[int, int]:
    at = i + 1 if i < len(tokens) and tokens[i].text == "," else i
    if at < len(tokens) and re.fullmatch(r"(?:19|20)\d\d", tokens[at].text):
        return int(tokens[at].text), at + 1
    return 0, i


def _named_dates(tokens: list[Token], language: str, today: date) -> Iterator[Found[date]]:
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
        if language == "de" and at < len(tokens) and tokens[at].text in AND:
            other = _day_of_month(tokens, at + 1, language)
            at = other[1] if other else at
        month = names.get(tokens[at].text) if at < len(tokens) else None
        if month is None or not (ordinal or tokens[at].text != "may"):
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
    tokens: list[Token], span: tuple[int, int], ymd: tuple[int, int, int], today: date
) -> Iterator[Found[date]]:
    year, month, day = ymd
    if value := _day(year or None, month, day, today):
        yield Found(value, tokens[span[0]].start, tokens[span[1] - 1].end, explicit=bool(year))
