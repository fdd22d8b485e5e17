"""Runs one handoff from the decision to its one typed outcome.

What enters: why a human is needed, the caller's side of the call, the roster. What leaves: events
for every step, the two legs bridged or the caller back with the agent and a callback booked. The
caller is told what happens before the first tone, never waits in silence, and a hang-up at any
moment drops the human's leg.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from voiceagent.domain.errors import (
    LegBusyError,
    LegDeclinedError,
    LegError,
    LegNoAnswerError,
)
from voiceagent.domain.events import HandoffEnded, HandoffMoved, PacketWritten, Reporter
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, HandoffState, new_handoff
from voiceagent.domain.packet import Packet
from voiceagent.handoff.bridge import Bridge
from voiceagent.handoff.hold import hold_music
from voiceagent.handoff.roster import Human, Roster
from voiceagent.legs.leg import Gone, Leg

logger = logging.getLogger(__name__)

_E = HandoffEvent
_GONE = object()

_FAILURES: dict[type[LegError], HandoffEvent] = {
    LegDeclinedError: _E.DECLINED,
    LegBusyError: _E.BUSY,
    LegNoAnswerError: _E.NO_ANSWER,
}


class CallerSide(Protocol):
    """What a handoff needs of the call it happens in."""

    @property
    def leg(self) -> Leg:
        """The caller's leg."""

    @property
    def gone(self) -> asyncio.Event:
        """Set once the caller has hung up or is lost."""

    async def say(self, text: str, *, interruptible: bool = True) -> bool:
        """Speak to the caller; returns once it was played, True if to its end."""

    async def hold(self) -> None:
        """The agent stops answering; it still listens and writes down."""

    async def bridge_opened(self, human_rate_hz: int) -> None:
        """The caller talks with a human from now on, whose leg has this sample rate."""

    async def bridge_closed(self) -> None:
        """The human's part is over; the call wraps up."""

    async def fall_back(self, outcome: HandoffOutcome) -> None:
        """No human could be had: tell the truth, book a callback, let the agent go on."""

    def human_frame(self, pcm: bytes) -> None:
        """20 ms of the bridged human, to be written down; must not block."""

    def write_packet(self, version: int) -> Packet:
        """The packet as the log supports it now."""


@dataclass(frozen=True, slots=True)
class HandoffPhrases:
    """What the caller is told; ``{name}`` stands for the human's name.

    Attributes:
        announcement: before the hold begins.
        comfort: said in turn while waiting.
        connecting: right before the bridge opens.
    """

    announcement: str
    comfort: tuple[str, ...]
    connecting: str


@dataclass(frozen=True, slots=True)
class HandoffOptions:
    """Times of a handoff, in seconds.

    Attributes:
        ring_timeout_s: one human's phone rings so long. Five rings; more, and callers give up.
        comfort_every_s: between two comfort phrases.
        brief: shows the packet to the human who accepted, before the bridge opens.
    """

    ring_timeout_s: float = 20.0
    comfort_every_s: float = 12.0
    brief: Callable[[Human, Packet], Awaitable[None]] | None = None


class Handoff:
    """One handoff. Make one per decision and :meth:`run` it once."""

    def __init__(
        self,
        handoff_id: str,
        caller: CallerSide,
        roster: Roster,
        report: Reporter,
        phrases: HandoffPhrases,
        options: HandoffOptions | None = None,
    ) -> None:
        self._id = handoff_id
        self._caller = caller
        self._roster = roster
        self._report = report
        self._phrases = phrases
        self._options = options or HandoffOptions()
        self._machine = new_handoff()
        self._versions = 0
        self._comforting: asyncio.Task[None] | None = None

    @property
    def state(self) -> HandoffState:
        """Where this handoff stands."""
        return self._machine.state

    async def run(self, language: str) -> HandoffOutcome:
        """Hand the caller over, or bring them back.

        Args:
            language: of the caller, BCP 47 primary tag.

        Returns:
            The one outcome, which was also reported as :class:`HandoffEnded`.
        """
        try:
            await self._caller.hold()
            if await self._unless_gone(self._announce()) is _GONE:
                return await self._caller_left()
            self._start_waiting()
            return await self._seek(language)
        finally:
            await self._stop_waiting()

    def _start_waiting(self) -> None:
        leg = self._caller.leg
        leg.playout.background = hold_music(leg.sample_rate_hz)
        self._comforting = asyncio.create_task(self._comfort(), name="handoff-comfort")

    async def _stop_waiting(self, *, keep_music: bool = False) -> None:
        if not keep_music:
            self._caller.leg.playout.background = None
        if self._comforting is not None:
            await _cancelled(self._comforting)
            self._comforting = None

    async def _announce(self) -> None:
        await self._caller.say(self._phrases.announcement, interruptible=False)
        await self._move(_E.ANNOUNCE)

    async def _seek(self, language: str) -> HandoffOutcome:
        """Ring one human after the other until one takes the call or nobody is left."""
        await self._move(_E.SEEK)
        tried: set[str] = set()
        failure: HandoffEvent | None = None
        while not self._caller.gone.is_set():
            human = self._roster.next_free(language, tried)
            if human is None:
                return await self._nobody(failure)
            tried.add(human.id)
            self._roster.engage(human)
            try:
                ended = await self._try(human)
            finally:
                self._roster.release(human)
            if isinstance(ended, HandoffOutcome):
                return ended
            failure = ended
        return await self._caller_left()

    async def _try(self, human: Human) -> HandoffOutcome | HandoffEvent:
        """Ring one human: the handoff's outcome, or how this human could not be had."""
        await self._write_packet()
        await self._move(_E.RING, human)
        leg = human.dial()
        try:
            connecting = leg.connect(self._options.ring_timeout_s)
            # The leg keeps its own ring timeout; this one is for a leg that forgets.
            deadline = self._options.ring_timeout_s + 5
            if await self._unless_gone(asyncio.wait_for(connecting, deadline)) is _GONE:
                await leg.hang_up()
                return await self._caller_left()
        except (LegError, TimeoutError) as error:
            failure = _FAILURES.get(type(error), _E.TRUNK_FAULT)  # type: ignore[arg-type]
            if isinstance(error, TimeoutError):
                failure = _E.NO_ANSWER
            await leg.hang_up()
            await self._move(failure, human)
            return failure
        except BaseException:
            await leg.hang_up()
            raise
        try:
            return await self._join(human, leg)
        finally:
            await leg.hang_up()

    async def _join(self, human: Human, leg: Leg) -> HandoffOutcome | HandoffEvent:
        """Brief the human who accepted and open the bridge."""
        await self._move(_E.ACCEPT, human)
        await self._stop_waiting(keep_music=True)
        if await self._unless_gone(self._brief(human)) is _GONE:
            return await self._caller_left()
        await self._move(_E.BRIEFED, human)
        await self._stop_waiting()
        bridge = Bridge(self._caller.leg, leg, self._caller.human_frame)
        await self._move(_E.BRIDGE, human)
        await self._caller.bridge_opened(leg.sample_rate_hz)
        ended = await self._unless_gone(bridge.run())
        if ended is _GONE:
            await self._move(_E.CALLER_HUNG_UP, human)
            return await self._end(HandoffOutcome.BRIDGED)
        if isinstance(ended, Gone) and ended.lost:
            await self._move(_E.AGENT_LOST, human)
            await self._caller.hold()
            self._start_waiting()
            return _E.AGENT_LOST
        await self._move(_E.FINISH, human)
        await self._caller.bridge_closed()
        return await self._end(HandoffOutcome.BRIDGED)

    async def _brief(self, human: Human) -> None:
        packet = await self._write_packet()
        telling = self._phrases.connecting.replace("{name}", human.name)
        briefing = self._options.brief
        async with asyncio.TaskGroup() as both:
            both.create_task(_ignore_result(self._caller.say(telling)))
            if briefing is not None:
                both.create_task(_ignore_result(briefing(human, packet)))

    async def _nobody(self, failure: HandoffEvent | None) -> HandoffOutcome:
        await self._move(_E.FALL_BACK if failure else _E.NOBODY_FREE)
        outcome = HandoffOutcome(failure.value) if failure else HandoffOutcome.NOBODY_FREE
        await self._stop_waiting()
        if await self._unless_gone(self._caller.fall_back(outcome)) is _GONE:
            return await self._caller_left()
        await self._move(_E.CALLBACK_BOOKED)
        return await self._end(outcome)

    async def _caller_left(self) -> HandoffOutcome:
        await self._move(_E.CALLER_HUNG_UP)
        return await self._end(HandoffOutcome.CALLER_HUNG_UP)

    async def _end(self, outcome: HandoffOutcome) -> HandoffOutcome:
        await self._report(lambda ms: HandoffEnded(at_ms=ms, handoff_id=self._id, outcome=outcome))
        return outcome

    async def _write_packet(self) -> Packet:
        self._versions += 1
        packet = self._caller.write_packet(self._versions)
        await self._report(lambda ms: PacketWritten(at_ms=ms, packet=packet))
        return packet

    async def _move(self, event: HandoffEvent, human: Human | None = None) -> None:
        source = self._machine.state
        target = self._machine.take(event)
        await self._report(
            lambda ms: HandoffMoved(
                at_ms=ms,
                handoff_id=self._id,
                source=source,
                event=event,
                target=target,
                human=human.id if human else "",
            )
        )

    async def _comfort(self) -> None:
        """Say a comfort phrase now and then, for as long as the caller waits."""
        turn = 0
        while self._phrases.comfort:
            await asyncio.sleep(self._options.comfort_every_s)
            await self._caller.say(self._phrases.comfort[turn % len(self._phrases.comfort)])
            turn += 1

    async def _unless_gone(self, step: Coroutine[Any, Any, Any]) -> Any:
        """Do a step, but drop it the moment the caller is gone: its result, or ``_GONE``."""
        doing = asyncio.ensure_future(step)
        leaving = asyncio.create_task(self._caller.gone.wait(), name="handoff-caller-gone")
        try:
            await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            # The leg knows first: a caller who hung up while the step ended must not be bridged.
            if self._caller.gone.is_set() or not self._caller.leg.is_up:
                return _GONE
            return doing.result()
        finally:
            await _cancelled(leaving)
            await _cancelled(doing)


async def _ignore_result(step: Awaitable[object]) -> None:
    await step


async def _cancelled(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait until it has ended; what it ended with no longer matters."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, LegError, TimeoutError):
        await task
