"""A turn cut into pieces short enough that one sentence of many still counts.

In: the text of a turn, with punctuation or, from a recogniser, without. Out: the whole and its
pieces. It exists because an embedding of a long story says what the story is about and loses the
half sentence that asks for a person.
"""

from __future__ import annotations

import re

LONGEST_WORDS = 18
"""A sentence of more words is cut into overlapping windows."""

WINDOW_WORDS = 14
STEP_WORDS = 8
MOST_PIECES = 10
"""Beyond this the earliest pieces are left out: people come to the point at the end."""

MAX_CHARACTERS = 2000

_SENTENCE_END = re.compile(r"(?<=[.!?;…])\s+|\n+")
_WORD = re.compile(r"\w")


def pieces(text: str) -> tuple[str, ...]:
    """The whole text first, then its pieces where it has more than one; empty for no words."""
    whole = text.strip()[-MAX_CHARACTERS:]
    if not _WORD.search(whole):
        return ()
    cut = [
        window
        for sentence in _SENTENCE_END.split(whole)
        if _WORD.search(sentence)
        for window in _windows(sentence.strip())
    ]
    return (whole,) if len(cut) == 1 else (whole, *cut[-MOST_PIECES:])


def _windows(sentence: str) -> list[str]:
    words = sentence.split()
    if len(words) <= LONGEST_WORDS:
        return [sentence]
    last = len(words) - WINDOW_WORDS
    starts = [*range(0, last, STEP_WORDS), last]
    return [" ".join(words[start : start + WINDOW_WORDS]) for start in starts]
