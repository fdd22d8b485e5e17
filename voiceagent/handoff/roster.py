"""The humans who may take a call over, and who is next.

What enters: humans with their languages and skills, how they are rung, who is there, and who is
engaged. What leaves: the ones to ring for a caller, longest idle first, and an honest estimate of
the wait. A human who is being rung or talks is not offered twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from voiceagent.handoff.estimate import HandlingTimes, wait_s
from voiceagent.legs.leg import Leg


class Availability(StrEnum):
    """Whether a human takes calls now. Being engaged comes on top and is kept by the roster."""

    AVAILABLE = "available"
    PAUSED = "paused"
    """Signed in, on a break."""
    WRAP_UP = "wrap_up"
    """Finishing the work of the last call; free soon."""
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Summons:
    """What a human is rung about."""

    call_id: str = ""
    handoff_id: str = ""


@dataclass(frozen=True, slots=True)
class Human:
    """One human agent.

    Attributes:
        id: stable, for logs and events.
        name: as the caller is told it.
        languages: BCP 47 primary tags this person speaks.
        dial: makes a fresh leg on which this person is rung about something.
        skills: what this person can deal with, e.g. ``billing``.
        reads_packet: the packet is on a screen before they accept; nobody briefs them by voice.
        availability: when they join the roster; :meth:`Roster.set_availability` changes it.
    """

    id: str
    name: str
    languages: tuple[str, ...]
    dial: Callable[[Summons], Leg]
    skills: tuple[str, ...] = ()
    availability: Availability = Availability.AVAILABLE
    reads_packet: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """What a caller needs of a human.

    Attributes:
        preferred_languages: best first; a human with none of them is still better than nobody.
        required_language: whoever does not speak it is not rung; empty for no requirement.
        skills: whoever takes the call should have all of them.
        skills_fallback: with nobody free who has all the skills, whoever has most is rung.
        only: the id of the one human who is to be rung, available or not; empty for anybody.
    """

    preferred_languages: tuple[str, ...] = ()
    required_language: str = ""
    skills: tuple[str, ...] = ()
    skills_fallback: bool = True
    only: str = ""


@dataclass(slots=True)
class _Seat:
    """One human's place in the roster; times by the roster's clock."""

    human: Human
    availability: Availability
    idle_since: float
    engaged: bool = False
    talking_since: float | None = None


class Roster:
    """Who is there, who is engaged, who has been idle longest; used from one event loop.

    Args:
        humans: in the order in which equals are rung.
        clock: seconds, never going back.
    """

    def __init__(
        self, humans: Sequence[Human] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        now = clock()
        self._seats = {h.id: _Seat(h, h.availability, now) for h in humans}
        self._handling = HandlingTimes()
        self._line: list[object] = []
        self._changed: set[asyncio.Event] = set()
        self.version = 0
        """Counts every change of who is free."""

    # Who is there.

    def join(self, human: Human) -> None:
        """Add a human, or learn anew what one who is there speaks and can."""
        seat = self._seats.get(human.id)
        if seat is not None:
            seat.human = human
        else:
            self._seats[human.id] = _Seat(human, human.availability, self._clock())
        self._note_change()

    def availability(self, human_id: str) -> Availability:
        """Whether this human takes calls now.

        Raises:
            KeyError: nobody of this id is on the roster.
        """
        return self._seats[human_id].availability

    def name_of(self, human_id: str) -> str:
        """A human's name as callers are told it; the id of one who is not on the roster."""
        seat = self._seats.get(human_id)
        return seat.human.name if seat is not None else human_id

    def set_availability(self, human_id: str, availability: Availability) -> None:
        """Change it; a human who is engaged stays so until released.

        Raises:
            KeyError: nobody of this id is on the roster.
        """
        seat = self._seats[human_id]
        if seat.availability is not availability:
            seat.availability = availability
            seat.idle_since = self._clock()
            self._note_change()

    async def changed(self, since: int) -> None:
        """Wait until :attr:`version` is no longer ``since``."""
        change = asyncio.Event()
        self._changed.add(change)
        try:
            while self.version == since:
                change.clear()
                await change.wait()
        finally:
            self._changed.discard(change)

    # Who is next.

    def next_free(
        self, need: Need, tried: Collection[str] = (), at_most: int = 1
    ) -> tuple[Human, ...]:
        """The free humans to ring now, the best first.

        Whoever lacks the required language is left out, then whoever lacks the skills (unless
        nobody free has them and the need allows it); then speakers of the preferred languages
        come first, and among equals the one idle longest.

        Args:
            tried: ids not to offer again.
            at_most: how many.
        """
        if need.only:
            return tuple(s.human for s in self._suited(need, tried) if not s.engaged)
        free = [s for s in self._suited(need, tried) if self._is_free(s)]
        skilled = [s for s in free if self._has_skills(s, need)]
        if not skilled and need.skills_fallback:
            most = max((self._matching(s, need) for s in free), default=0)
            skilled = [s for s in free if self._matching(s, need) == most]
        ranked = sorted(skilled, key=lambda s: (_language_rank(s.human, need), s.idle_since))
        return tuple(seat.human for seat in ranked[:at_most])

    def may_become_free(self, need: Need, tried: Collection[str] = ()) -> bool:
        """Whether waiting makes sense: a human who fits is engaged, or about to be available."""
        return any(self._is_due(seat) for seat in self._acceptable(need, tried))

    def wait_estimate(
        self, need: Need, tried: Collection[str] = (), ahead: int = 0
    ) -> float | None:
        """Seconds until a human who fits is free, from measured handling times.

        Args:
            tried: ids that are not offered again.
            ahead: callers who wait for the same humans and came first.

        Returns:
            None where nothing is known: nobody is signed in, too few conversations were measured,
            or those under way have outlasted all of them.
        """
        now = self._clock()
        remaining: list[float] = []
        for seat in self._acceptable(need, tried):
            if self._is_free(seat):
                remaining.append(0.0)
            elif seat.talking_since is not None and seat.availability is Availability.AVAILABLE:
                left = self._handling.remaining_s(now - seat.talking_since)
                remaining += [left] if left is not None else []
        return wait_s(remaining, ahead, self._handling.typical_s)

    @contextmanager
    def in_line(self) -> Iterator[Callable[[], int]]:
        """Stand in the line; the value tells how many are ahead."""
        place = object()
        self._line.append(place)
        try:
            yield lambda: self._line.index(place) if place in self._line else 0
        finally:
            self._line.remove(place)

    # What they do.

    def engage(self, human: Human) -> None:
        """This human is being rung."""
        self._seats[human.id].engaged = True
        self._note_change()

    def talking(self, human: Human) -> None:
        """This human has been bridged to a caller: handling time runs from now."""
        self._seats[human.id].talking_since = self._clock()

    def release(self, human: Human) -> None:
        """This human is free again, as the last in line; harmless when repeated."""
        seat = self._seats[human.id]
        if not seat.engaged:
            return
        now = self._clock()
        if seat.talking_since is not None:
            self._handling.add(now - seat.talking_since)
        seat.engaged, seat.talking_since, seat.idle_since = False, None, now
        self._note_change()

    @property
    def engaged(self) -> tuple[str, ...]:
        """Ids of the humans who are being rung or talk."""
        return tuple(seat.human.id for seat in self._seats.values() if seat.engaged)

    def _suited(self, need: Need, tried: Collection[str]) -> list[_Seat]:
        required = need.required_language
        return [
            seat
            for seat in self._seats.values()
            if seat.human.id not in tried
            and (seat.human.id == need.only if need.only else True)
            and (not required or required in seat.human.languages)
        ]

    def _acceptable(self, need: Need, tried: Collection[str]) -> list[_Seat]:
        return [
            seat
            for seat in self._suited(need, tried)
            if need.skills_fallback or self._has_skills(seat, need)
        ]

    def _note_change(self) -> None:
        self.version += 1
        for change in self._changed:
            change.set()

    @staticmethod
    def _is_free(seat: _Seat) -> bool:
        return seat.availability is Availability.AVAILABLE and not seat.engaged

    @staticmethod
    def _is_due(seat: _Seat) -> bool:
        return seat.availability in {Availability.AVAILABLE, Availability.WRAP_UP}

    @staticmethod
    def _matching(seat: _Seat, need: Need) -> int:
        return len(set(need.skills) & set(seat.human.skills))

    @classmethod
    def _has_skills(cls, seat: _Seat, need: Need) -> bool:
        return cls._matching(seat, need) == len(set(need.skills))


def _language_rank(human: Human, need: Need) -> int:
    """The place of the best language this human shares with the caller; the last for none."""
    for rank, language in enumerate(need.preferred_languages):
        if language in human.languages:
            return rank
    return len(need.preferred_languages)
