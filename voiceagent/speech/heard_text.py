"""What of the agent's words was really heard before it was cut off.

Enters: the pieces that were synthesised, in order, with their length in samples, and how many
samples were played out. Leaves: the text up to the last word that was complete by then. The
transcript, the language model's memory and the guard must all go by this: what was cut off was
never said. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class SpokenPiece:
    """A clause that was synthesised: its text as written, and its length in samples."""

    text: str
    samples: int


def heard_text(
    pieces: Sequence[SpokenPiece],
    played: int,
    *,
    weigh: Callable[[str], float] = len,
) -> str:
    """The text heard after ``played`` samples, cut after the last complete word.

    Within a piece time is shared out among the words in proportion to their weight, since the
    voices do not tell when which word is said. The error is a word or so.

    Args:
        pieces: in the order they were played.
        played: samples played out since the first piece began.
        weigh: how long a word takes to say, in any unit. Its length is a fair guess; amounts and
            numbers are better weighed by their spoken form.
    """
    heard: list[str] = []
    remaining = played
    for piece in pieces:
        if remaining <= 0:
            break
        if not piece.samples:
            # Its synthesis was cut off before any of it was sent.
            break
        if remaining >= piece.samples:
            heard.append(piece.text.strip())
        else:
            heard.append(_beginning(piece.text, remaining / piece.samples, weigh))
        remaining -= piece.samples
    return " ".join(text for text in heard if text)


def _beginning(text: str, share: float, weigh: Callable[[str], float]) -> str:
    words = list(_WORD.finditer(text))
    # One unit between words, as the space between them has in writing.
    weights = [max(0.0, weigh(word[0])) + 1.0 for word in words]
    total = sum(weights) - 1.0
    spoken = 0.0
    end = 0
    for word, weight in zip(words, weights, strict=True):
        spoken += weight
        if spoken - 1.0 > share * total:
            break
        end = word.end()
    return text[:end].strip()
