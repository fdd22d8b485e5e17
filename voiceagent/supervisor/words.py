"""Recognised speech as words and sentences.

In: the text of a turn. Out: its words, normalised, each with its sentence and clause, and the
sentence around a place. Capitals, "ß" and the kind of apostrophe do not matter, fillers ("um",
"äh") are passed over, and a point inside a number or behind a German day ends no sentence. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

OPENING_LETTERS = 2
"""Letters an imperfectly heard word must share with the phrase's; keeps the search short."""

_WORD = re.compile(r"[^\W_]+(?:['’`´][^\W_]+)*|[.!?;]+|[,:–—]")
# "64.50", "29,90", "10:30", and a German day ("am 5. Dezember"): no sentence or clause ends there.
_INSIDE_NUMBER = re.compile(
    r"\d[.,:]\d|\d\.\s+(?:jan|jän|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez|(?:und|bis)\s+\d)",
    re.IGNORECASE,
)
_SPELLINGS = str.maketrans({"’": "'", "`": "'", "´": "'", "ß": "ss"})
_SENTENCE_END = re.compile(r"[.!?;]+(?=\s|$)")
_FILLERS = frozenset({"uh", "um", "uhm", "erm", "er", "hmm", "hm", "mm", "äh", "ähm", "öh", "eh"})


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word: normalised, its place in the text, its sentence and clause.

    ``opening`` is its first letters with ``*``, as phrases that may begin with it are filed.
    """

    text: str
    opening: str
    start: int
    end: int
    sentence: int
    clause: int


def normalise(word: str) -> str:
    """The form words are compared in."""
    return word.lower().translate(_SPELLINGS)


# Several readings split the same turn; no more turns than these are ever read at once.
@lru_cache(maxsize=16)
def split_words(text: str) -> tuple[Word, ...]:
    """The words of a turn, without fillers and marks."""
    words, sentence, clause = [], 0, 0
    for found in _WORD.finditer(text):
        token = found.group()
        if _INSIDE_NUMBER.match(text, max(0, found.start() - 1)):
            continue
        if token[0] in ".!?;":
            sentence, clause = sentence + 1, clause + 1
        elif token[0] in ",:–—":
            clause += 1
        elif (norm := normalise(token)) not in _FILLERS:
            opening = norm[:OPENING_LETTERS] + "*"
            words.append(Word(norm, opening, found.start(), found.end(), sentence, clause))
    return tuple(words)


def sentence_around(text: str, start: int, end: int, longest: int = 160) -> tuple[int, int]:
    """The sentence that holds ``text[start:end]``, or just that where it would be too long."""
    left, right = 0, len(text)
    for mark in _SENTENCE_END.finditer(text):
        if _INSIDE_NUMBER.match(text, max(0, mark.start() - 1)):
            continue
        if mark.end() >= max(end, 1):
            right = mark.end()
            break
        if mark.end() <= start:
            left = mark.end()
    while left < right and text[left].isspace():
        left += 1
    while right > left and text[right - 1].isspace():
        right -= 1
    return (left, right) if right - left <= longest else (start, end)
