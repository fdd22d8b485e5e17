"""How long it will take until a human is free, from how long they really took lately.

What enters: the handling times that were measured, and how long each engaged human has been at
it. What leaves: seconds, or None where nothing honest can be said.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from statistics import median

# Fewer conversations than this are an anecdote.
_AT_LEAST = 3


class HandlingTimes:
    """The last conversations of humans with callers, in seconds.

    Medians throughout: one conversation of an hour must not move what everybody is told.
    """

    def __init__(self, keep: int = 20) -> None:
        self._seconds: deque[float] = deque(maxlen=keep)

    def add(self, seconds: float) -> None:
        """A conversation took so long."""
        if seconds >= 0 and math.isfinite(seconds):
            self._seconds.append(seconds)

    @property
    def typical_s(self) -> float | None:
        """The median; None while too few are known."""
        return median(self._seconds) if len(self._seconds) >= _AT_LEAST else None

    def remaining_s(self, elapsed_s: float) -> float | None:
        """How much longer a conversation lasts that has lasted so long already.

        The median of what was left of those conversations that lasted longer. None while too few
        are known, or where this one has outlasted all of them: then nothing is known about it.
        """
        if len(self._seconds) < _AT_LEAST:
            return None
        left = [seconds - elapsed_s for seconds in self._seconds if seconds > elapsed_s]
        return median(left) if left else None


def wait_s(remaining_s: Sequence[float], ahead: int, typical_s: float | None) -> float | None:
    """The wait of a caller with so many others ahead in the line.

    Args:
        remaining_s: of each human, until they are free; 0 for those who are.
        ahead: callers who are served first.
        typical_s: what each of those will take; None if unknown.

    Returns:
        Seconds; None where it is not known.
    """
    if not remaining_s:
        return None
    rounds, place = divmod(ahead, len(remaining_s))
    if rounds and typical_s is None:
        return None
    return sorted(remaining_s)[place] + rounds * (typical_s or 0.0)
