"""Text as it is written, turned into text as it is said aloud.

Enters: a sentence of the agent's, as the language model or a playbook writes it. Leaves: the same
sentence with amounts, dates, reference numbers and phone numbers in the words one would use on the
phone. Voices read "INV-3107" as a word and "2026-03-05" as a subtraction. Pure; English and German,
other languages pass unchanged. What is written stays in the transcript; only the voice gets this.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_CURRENCIES = {"$": "$", "usd": "$", "€": "€", "eur": "€", "£": "£", "gbp": "£"}
_ENGLISH_UNITS = {
    "$": (("dollar", "dollars"), ("cent", "cents")),
    "€": (("euro", "euros"), ("cent", "cents")),
    "£": (("pound", "pounds"), ("penny", "pence")),
}
_GERMAN_UNITS = {"$": ("Dollar", "Cent"), "€": ("Euro", "Cent"), "£": ("Pfund", "Pence")}
_ENGLISH_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_GERMAN_MONTHS = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
_GERMAN_ORDINALS = [
    "erste",
    "zweite",
    "dritte",
    "vierte",
    "fünfte",
    "sechste",
    "siebte",
    "achte",
    "neunte",
    "zehnte",
    "elfte",
    "zwölfte",
    "dreizehnte",
    "vierzehnte",
    "fünfzehnte",
    "sechzehnte",
    "siebzehnte",
    "achtzehnte",
    "neunzehnte",
    "zwanzigste",
    "einundzwanzigste",
    "zweiundzwanzigste",
    "dreiundzwanzigste",
    "vierundzwanzigste",
    "fünfundzwanzigste",
    "sechsundzwanzigste",
    "siebenundzwanzigste",
    "achtundzwanzigste",
    "neunundzwanzigste",
    "dreißigste",
    "einunddreißigste",
]

_MARKUP = re.compile(r"[*`_~]+|^#+\s*", re.MULTILINE)
_ISO_DATE = re.compile(
    r"(?P<before>\b\w+\s+)?(?<![\d-])(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?![\d-])"
)
_REFERENCE = re.compile(r"\b(?:[A-Z]{1,5}-\d{2,}|[A-Z]{1,5}\d{3,})(?:-[A-Z0-9]+)*\b")
_SYMBOL = r"(?P<{}>[$€£]|\b(?:USD|EUR|GBP)\b)"
_ENGLISH_NUMBER = r"(?P<{0}w>\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.(?P<{0}f>\d{{2}}))?(?![\d]|[.,]\d)"
_GERMAN_NUMBER = r"(?P<{0}w>\d{{1,3}}(?:\.\d{{3}})+|\d+)(?:[,.](?P<{0}f>\d{{2}}))?(?![\d]|[.,]\d)"
_PHONE = re.compile(
    r"(?<![\w.,-])(?:"
    r"\+\d{1,3}(?:[ ./-]?\(?\d+\)?){2,}"  # international: +49 30 1234567
    r"|\(\d{3,5}\)[ -]?\d{3,}(?:[ -]\d+)*"  # area code in brackets: (415) 555-0132
    r"|\d{3}[ .-]\d{3}[ .-]\d{4}"  # North American: 415-555-0132
    r"|\d{3}-\d{4}"  # local: 555-0132
    r"|0\d{2,4}[ /-]\d{3,}(?:[ -]\d+)*"  # German: 030 1234567, 0170/1234567
    r"|\d{7,}"  # any number too long to be read as one
    r")(?![\w-]|[.,]\d)"
)
_GERMAN_TIME = re.compile(r"\b(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?:\s*Uhr\b)?")


def spoken_text(text: str, language: str) -> str:
    """The text as it should be said.

    Args:
        text: as written; markup characters are dropped.
        language: BCP 47 tag; ``en`` and ``de`` (with any region) are known.
    """
    primary = language.split("-", maxsplit=1)[0].lower()
    text = _MARKUP.sub("", text)
    if primary == "en":
        text = _ISO_DATE.sub(_english_date, text)
        text = _money(text, _ENGLISH_NUMBER, _english_amount)
    elif primary == "de":
        text = _ISO_DATE.sub(_german_date, text)
        text = _money(text, _GERMAN_NUMBER, _german_amount)
        text = _GERMAN_TIME.sub(_german_time, text)
    else:
        return text
    text = _REFERENCE.sub(lambda match: _spelled(match[0]), text)
    return _PHONE.sub(lambda match: _digit_groups(match[0], primary), text)


def _money(text: str, number: str, say: Callable[[str, int, int], str]) -> str:
    before = rf"{_SYMBOL.format('s')}\s?{number.format('a')}"
    after = rf"{number.format('b')}\s?{_SYMBOL.format('t')}"
    pattern = re.compile(rf"(?P<minus>(?<!\w)[-−])?(?:{before}|(?<![\d.,]){after})")

    def replace(match: re.Match[str]) -> str:
        symbol = match["s"] or match["t"]
        whole = re.sub(r"[.,]", "", match["aw"] or match["bw"])
        fraction = match["af"] or match["bf"] or "0"
        said = say(_CURRENCIES[symbol.lower()], int(whole), int(fraction))
        return f"minus {said}" if match["minus"] else said

    return pattern.sub(replace, text)


def _english_amount(currency: str, whole: int, fraction: int) -> str:
    major, minor = _ENGLISH_UNITS[currency]
    parts = []
    if whole or not fraction:
        parts.append(f"{whole} {major[whole != 1]}")
    if fraction:
        parts.append(f"{fraction} {minor[fraction != 1]}")
    return " and ".join(parts)


def _german_amount(currency: str, whole: int, fraction: int) -> str:
    major, minor = _GERMAN_UNITS[currency]
    if not whole and fraction:
        return f"{'ein' if fraction == 1 else fraction} {minor}"
    said = f"{'ein' if whole == 1 else whole} {major}"
    return f"{said} {fraction}" if fraction else said


def _english_date(match: re.Match[str]) -> str:
    month, day = int(match["m"]), int(match["d"])
    if not _is_date(month, day):
        return match[0]
    suffix = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    before = match["before"] or ""
    return f"{before}{_ENGLISH_MONTHS[month - 1]} {day}{suffix}, {match['y']}"


def _german_date(match: re.Match[str]) -> str:
    month, day = int(match["m"]), int(match["d"])
    if not _is_date(month, day):
        return match[0]
    before = match["before"] or ""
    # "der fünfte März", "am fünften März", otherwise "fünfter März".
    word = before.strip().lower()
    ending = {"der": "", "die": "", "das": ""}.get(word)
    if ending is None:
        dative = {"am", "vom", "zum", "dem", "den", "ab", "bis", "seit", "des"}
        ending = "n" if word in dative else "r"
    ordinal = _GERMAN_ORDINALS[day - 1] + ending
    return f"{before}{ordinal} {_GERMAN_MONTHS[month - 1]} {match['y']}"


def _is_date(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def _german_time(match: re.Match[str]) -> str:
    hour, minute = int(match["h"]), int(match["m"])
    return f"{hour} Uhr {minute}" if minute else f"{hour} Uhr"


def _spelled(reference: str) -> str:
    """Letter by letter and digit by digit, with a pause where the writing has a dash."""
    groups = reference.split("-")
    spelled = [" ".join(group) for group in groups]
    # The letters and the first number belong together: "I N V 3 1 0 7".
    head = " ".join(spelled[:2])
    return ", ".join([head, *spelled[2:]])


def _digit_groups(number: str, language: str) -> str:
    """Digit by digit; the groups of the writing become short pauses."""
    groups = re.findall(r"\d+", number)
    if len(groups) == 1 and len(groups[0]) > 4:
        digits = groups[0]
        groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        if len(groups[-1]) == 1:
            groups[-2:] = [groups[-2] + groups[-1]]
    said = ", ".join(" ".join(group) for group in groups)
    return f"plus {said}" if number.startswith("+") and language in {"en", "de"} else said
