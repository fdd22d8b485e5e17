"""The humans who may take a call over, and who is next.

What enters: humans with their languages and how they are rung. What leaves: the next one to ring
for a caller. A human who is being rung or talks is not offered twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from voiceagent.legs.leg import Leg


@dataclass(frozen=True, slots=True)
class Human:
    """One human agent.

    Attributes:
        id: stable, for logs and events.
        name: as the caller is told it.
        languages: BCP 47 primary tags this person speaks.
        dial: makes a fresh leg on which this person is rung.
    """

    id: str
    name: str
    languages: tuple[str, ...]
    dial: Callable[[], Leg]


class Roster:
    """Who is there, who is engaged, who has been idle longest."""

    def __init__(self, humans: Sequence[Human] = ()) -> None:
        self._idle: list[Human] = list(humans)
        self._engaged: list[Human] = []

    def next_free(self, language: str, tried: Collection[str] = ()) -> Human | None:
        """The free human idle the longest, speakers of the caller's language first.

        Args:
            language: of the caller, BCP 47 primary tag.
            tried: ids not to offer again.
        """
        free = [human for human in self._idle if human.id not in tried]
        speakers = [human for human in free if language in human.languages]
        return next(iter(speakers or free), None)

    def engage(self, human: Human) -> None:
        """This human is being rung or talks."""
        self._idle.remove(human)
        self._engaged.append(human)

    def release(self, human: Human) -> None:
        """This human is free again, as the last in line; harmless when repeated."""
        if human in self._engaged:
            self._engaged.remove(human)
            self._idle.append(human)
