"""Rings one human or several at once; the first to accept wins, all others are let go.

What enters: humans to ring. What leaves: the human who accepted with their open leg, or how the
last of them could not be had; for every ring exactly one report of how it ended. Whatever happens,
every leg dialled is hung up and every human released when the ringing is left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from voiceagent.domain.errors import (
    LegBusyError,
    LegDeclinedError,
    LegError,
    LegLostError,
    LegNoAnswerError,
)
from voiceagent.domain.handoff import HandoffEvent
from voiceagent.handoff.deadlines import attempt, stopped, within
from voiceagent.handoff.options import HandoffOptions
from voiceagent.handoff.roster import Human, Roster, Summons
from voiceagent.legs.leg import Leg

logger = logging.getLogger(__name__)

WITHDRAWN = "withdrawn"
"""How a ring ends where another human was first or the caller no longer waits."""

_E = HandoffEvent

_FAILURES: dict[type[Exception], HandoffEvent] = {
    LegDeclinedError: _E.DECLINED,
    LegBusyError: _E.BUSY,
    LegNoAnswerError: _E.NO_ANSWER,
    LegLostError: _E.AGENT_LOST,
    TimeoutError: _E.NO_ANSWER,
}

# A leg keeps its own ring timeout; so much later one that forgot it is given up.
_FORGOTTEN_S = 5.0

_TEARDOWN_S = 2.0

ReportRung = Callable[[Human, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A human who took the call. The leg belongs to the ringing, which hangs it up when left."""

    human: Human
    leg: Leg


@dataclass(frozen=True, slots=True)
class NotHad:
    """Nobody took the call; how the last human could not be had."""

    human: Human
    failure: HandoffEvent


class _Ring:
    """One human being rung."""

    def __init__(self, human: Human) -> None:
        self.human = human
        self.leg: Leg | None = None
        self.connecting: asyncio.Task[HandoffEvent] | None = None
        self.reported = False
        self.ending: asyncio.Task[None] | None = None


class Ringing:
    """Humans rung together, as an async context: leaving it leaves nobody on a line.

    Args:
        humans: whom to ring.
        report: reports how the ring of one human ended: a ``HandoffEvent`` value or
            :data:`WITHDRAWN`.
        summons: what they are rung about.
    """

    def __init__(
        self,
        humans: Sequence[Human],
        roster: Roster,
        report: ReportRung,
        options: HandoffOptions,
        summons: Summons,
    ) -> None:
        self._rings = [_Ring(human) for human in humans]
        self._roster = roster
        self._report = report
        self._options = options
        self._summons = summons

    async def __aenter__(self) -> Ringing:
        """Reserve the humans; nothing rings yet."""
        for ring in self._rings:
            self._roster.engage(ring.human)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang everybody up."""
        torn_down = kind is not None and issubclass(kind, asyncio.CancelledError)
        await self.close(self._teardown_s if torn_down else None)

    async def first_accept(self) -> Accepted | NotHad:
        """Ring until somebody accepts or nobody is left."""
        for ring in self._rings:
            ring.connecting = asyncio.create_task(self._reach(ring), name="handoff-ring")
        last = NotHad(self._rings[0].human, _E.TRUNK_FAULT)
        while pending := [r for r in self._rings if not r.reported and r.connecting]:
            await asyncio.wait(
                [r.connecting for r in pending if r.connecting],
                return_when=asyncio.FIRST_COMPLETED,
            )
            for ring in pending:
                if ring.connecting is None or not ring.connecting.done():
                    continue
                result = ring.connecting.result()
                if result is _E.ACCEPT and ring.leg is not None:
                    return await self._won(ring, ring.leg)
                last = NotHad(ring.human, result)
                self._end(ring, result)
        return last

    async def close(self, patience_s: float | None = None) -> None:
        """Withdraw whoever still rings and hang everybody up; harmless when repeated.

        Args:
            patience_s: for hanging up and reporting it; None to wait until both are over, which
                their own deadlines see to.

        Raises:
            StoreError: the end of a ring could not be reported; everybody is hung up.
        """
        for ring in self._rings:
            self._end(ring, WITHDRAWN)
        endings = [ring.ending for ring in self._rings if ring.ending is not None]
        if not endings:
            return
        try:
            await asyncio.wait(endings, timeout=patience_s)
        except asyncio.CancelledError:
            # Torn down in the middle of it: all the same nobody may be left on a line.
            await asyncio.wait(endings, timeout=self._teardown_s)
            raise
        finally:
            for ending in endings:
                await stopped(ending)
        for ending in endings:
            if not ending.cancelled() and (failure := ending.exception()) is not None:
                raise failure

    @property
    def _teardown_s(self) -> float:
        """Whoever tears a call down does not wait for a store that hangs."""
        return self._options.hang_up_deadline_s + _TEARDOWN_S

    async def _won(self, winner: _Ring, leg: Leg) -> Accepted:
        for ring in self._rings:
            if ring is not winner:
                self._end(ring, WITHDRAWN)
        winner.reported = True
        await self._report(winner.human, _E.ACCEPT)
        return Accepted(winner.human, leg)

    async def _reach(self, ring: _Ring) -> HandoffEvent:
        """Ring one human: ``ACCEPT``, or how they could not be had."""
        options = self._options
        try:
            leg = ring.leg = ring.human.dial(self._summons)
            await within(leg.connect(options.ring_timeout_s), options.ring_timeout_s + _FORGOTTEN_S)
        except (LegError, TimeoutError) as error:
            return _FAILURES.get(type(error), _E.TRUNK_FAULT)
        except Exception as error:  # A leg that breaks must not take the caller with it.
            logger.warning("a human's leg broke while ringing: %s", type(error).__name__)
            return _E.TRUNK_FAULT
        if leg.is_up and await self._is_voicemail(leg):
            return _E.AGENT_VOICEMAIL
        return _E.ACCEPT if leg.is_up else _E.AGENT_LOST

    async def _is_voicemail(self, leg: Leg) -> bool:
        if self._options.is_voicemail is None:
            return False
        try:
            judging = self._options.is_voicemail(leg)
            return await within(judging, self._options.voicemail_deadline_s)
        except Exception as error:  # Undecided: a person must not be hung up on.
            logger.warning("whether a machine answered is unknown: %s", type(error).__name__)
            return False

    def _end(self, ring: _Ring, result: str) -> None:
        """Begin to let a human go; only the first time counts."""
        if ring.ending is None:
            unreported = not ring.reported
            ring.reported = True
            ring.ending = asyncio.create_task(
                self._let_go(ring, result if unreported else ""), name="handoff-let-go"
            )

    async def _let_go(self, ring: _Ring, result: str) -> None:
        try:
            await stopped(ring.connecting)
            if ring.leg is not None:
                await attempt("hang up", ring.leg.hang_up, self._options.hang_up_deadline_s)
        finally:
            self._roster.release(ring.human)
        if result:
            await self._report(ring.human, result)
