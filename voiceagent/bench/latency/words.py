"""Word error rate of a transcript, with spelling differences that nobody would call errors removed.

In: what was said and what was recognised, as text. Out: errors and words. Both sides are made
comparable first: case, punctuation, hyphens, contractions, and numbers, which recognisers write as
digits and people in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# fmt: off
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]
# fmt: on
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = {
    "1st": "first",
    "2nd": "second",
    "3rd": "third",
    "4th": "fourth",
    "5th": "fifth",
    "6th": "sixth",
    "7th": "seventh",
    "8th": "eighth",
    "9th": "ninth",
    "10th": "tenth",
}
_SAME = {
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "ok": "okay",
    "%": "percent",
    "zipcode": "zip code",
    "voicemail": "voice mail",
    "goodbye": "good bye",
    "reenter": "re enter",
    "reentered": "re entered",
    "i'm": "i am",
    "you're": "you are",
    "you've": "you have",
    "it's": "it is",
    "that's": "that is",
    "there's": "there is",
    "can't": "cannot",
    "don't": "do not",
    "doesn't": "does not",
    "didn't": "did not",
    "isn't": "is not",
    "won't": "will not",
    "i'll": "i will",
    "i'd": "i would",
    "we're": "we are",
    "we'll": "we will",
}
_TOKEN = re.compile(r"\d+(?:[.:]\d+)*(?:st|nd|rd|th)?|[a-z]+(?:'[a-z]+)*|%")
_MONEY = re.compile(r"\$\s?(\d+)(?:\.(\d\d))?")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Substitutions, insertions and deletions, and the words that were really said."""

    errors: int
    words: int

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(self.errors + other.errors, self.words + other.words)

    @property
    def rate(self) -> float:
        """Errors per word said; 0 where nothing was said."""
        return self.errors / self.words if self.words else 0.0


def normalised(text: str) -> list[str]:
    """A text as words to compare: lower case, no punctuation, numbers in words."""
    text = text.lower().replace("’", "'").replace("-", " ")
    # 1,250 is one number; "7, 8" are two.
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = _MONEY.sub(_spoken_money, text)
    words: list[str] = []
    for found in _TOKEN.findall(text):
        if found in _ORDINALS:
            words.append(_ORDINALS[found])
        elif found[0].isdigit():
            words += _number(found)
        else:
            words += _SAME.get(found, found).split()
    return words


def word_errors(said: str, recognised: str) -> WordErrors:
    """The fewest substitutions, insertions and deletions that lead from one to the other."""
    left, right = normalised(said), normalised(recognised)
    return WordErrors(_distance(left, right), len(left))


def total(parts: Iterable[WordErrors]) -> WordErrors:
    """All of them together."""
    return sum(parts, WordErrors(0, 0))


def _spoken_money(amount: re.Match[str]) -> str:
    dollars, cents = amount.groups()
    return f"{dollars} dollars and {int(cents)} cents" if cents else f"{dollars} dollars"


def _number(token: str) -> list[str]:
    words: list[str] = []
    for index, part in enumerate(re.split(r"[.:]", token)):
        digits = re.sub(r"\D", "", part)
        if index and "." in token:
            words.append("point")
            words += [_ONES[int(digit)] for digit in digits]
        elif len(digits) > 4 or (len(digits) > 1 and digits[0] == "0"):
            # An account number or a postal code: people say digits.
            words += [_ONES[int(digit)] for digit in digits]
        elif digits:
            words += _cardinal(int(digits))
    return words


def _cardinal(value: int) -> list[str]:
    if value < 20:
        return [_ONES[value]]
    if value < 100:
        rest = [_ONES[value % 10]] if value % 10 else []
        return [_TENS[value // 10 - 2], *rest]
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if value >= size:
            rest = _cardinal(value % size) if value % size else []
            return [*_cardinal(value // size), name, *rest]
    raise AssertionError(value)


def _distance(left: Sequence[str], right: Sequence[str]) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
