"""Words and where they stand: what reading numbers, dates and amounts in speech begins with.

In: text as people say it and as recognisers write it. Out: its tokens in lower case with their
places, and the frame in which a value read from them is handed on. Both sides of a call read
values: the supervisor to weigh what a caller claims, the guard to check what the agent says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

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


AND = {"and", "und"}

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\S")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number written in digits, or a mark; ``text`` is in lower case."""

    text: str
    start: int
    end: int

    @property
    def numeral(self) -> bool:
        """Whether it is written in digits."""
        return self.text[0].isdecimal()


def split_tokens(text: str) -> list[Token]:
    """The tokens of a text in order; "64.50" is one, "64-50" three."""
    return [Token(m.group().lower(), m.start(), m.end()) for m in _TOKEN.finditer(text)]


def spelled(words: str, start: int = 0, step: int = 1) -> dict[str, int]:
    """A table of words that count up: the first is ``start``, each further one ``step`` more."""
    return {word: start + step * n for n, word in enumerate(words.split())}


def word_set(words: str) -> frozenset[str]:
    """Words set apart by blanks, as a set."""
    return frozenset(words.split())
