"""The recorded leg: a line to a person who was recorded beforehand, in real time.

What enters and leaves is that of any leg (:mod:`voiceagent.legs.leg`); the far end is a
:class:`~voiceagent.legs.far_end.RecordedPerson`. Twenty milliseconds pass per frame by the
monotonic clock, as on a phone, so turn-taking is what it would be on one. It lets a whole call
be developed and tested offline.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from enum import StrEnum

from voiceagent.domain.errors import LegBusyError, LegDeclinedError, LegNoAnswerError
from voiceagent.legs.far_end import RecordedPerson
from voiceagent.legs.impairments import Impairments, Line
from voiceagent.legs.leg import FRAME_MS, Gone, Heard, Key, SendBack, Sound, Tap, frame_bytes
from voiceagent.legs.playout import Playout

logger = logging.getLogger(__name__)

# Five seconds of frames: more behind than that, and the call is not live any more.
_INBOX_FRAMES = 250


class Behaviour(StrEnum):
    """What happens when this person's phone rings."""

    ACCEPT = "accept"
    DECLINE = "decline"
    NO_ANSWER = "no_answer"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class RecordedLegOptions:
    """How the far end answers, and over what line.

    Attributes:
        sample_rate_hz: 8000 or 16000.
        behaviour: what happens when it rings.
        ring_ms: how long it rings before that.
        impairments: of the line.
    """

    sample_rate_hz: int = 8000
    behaviour: Behaviour = Behaviour.ACCEPT
    ring_ms: int = 1500
    impairments: Impairments = field(default_factory=Impairments)


class RecordedLeg:
    """A :class:`~voiceagent.legs.leg.Leg` to a recorded person."""

    kind = "recorded"

    def __init__(self, person: RecordedPerson, options: RecordedLegOptions | None = None) -> None:
        self._options = options or RecordedLegOptions()
        self.sample_rate_hz = self._options.sample_rate_hz
        self._size = frame_bytes(self.sample_rate_hz)
        self.playout = Playout(self._size)
        self._person = person
        self._line = Line(self._options.impairments, self._size // 2)
        self._inbox: asyncio.Queue[Heard] = asyncio.Queue(_INBOX_FRAMES)
        self._late: list[Heard] = []
        self._taps: list[Tap] = []
        self._frames = 0
        self._clock: asyncio.Task[None] | None = None
        self._gone: Gone | None = None

    @property
    def audio_ms(self) -> int:
        """Audio time now."""
        return self._frames * FRAME_MS

    @property
    def is_up(self) -> bool:
        """Answered, and neither side has hung up."""
        return self._clock is not None and self._gone is None

    async def connect(self, ring_timeout_s: float) -> None:
        """Ring; see :meth:`voiceagent.legs.leg.Leg.connect`."""
        ring_s = self._options.ring_ms / 1000
        if self._options.behaviour is Behaviour.BUSY:
            raise LegBusyError("The line is busy.")
        if self._options.behaviour is Behaviour.NO_ANSWER or ring_s > ring_timeout_s:
            await asyncio.sleep(ring_timeout_s)
            raise LegNoAnswerError("Nobody answered within the ring timeout.")
        await asyncio.sleep(ring_s)
        if self._options.behaviour is Behaviour.DECLINE:
            raise LegDeclinedError("The call was declined.")
        self._clock = asyncio.create_task(self._run(), name="recorded-leg-clock")

    async def receive(self) -> Heard:
        """The next thing from the far end."""
        if self._gone is not None and self._inbox.empty():
            return self._gone
        return await self._inbox.get()

    async def hang_up(self) -> None:
        """Put the phone down."""
        self._end()
        if self._clock is not None and self._clock is not asyncio.current_task():
            self._clock.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._clock

    def add_tap(self, tap: Tap) -> None:
        """See :meth:`voiceagent.legs.leg.Leg.add_tap`."""
        self._taps.append(tap)

    def remove_tap(self, tap: Tap) -> None:
        """See :meth:`voiceagent.legs.leg.Leg.remove_tap`."""
        with contextlib.suppress(ValueError):
            self._taps.remove(tap)

    def cue(self, name: str) -> None:
        """Tell the recorded person what it cannot hear."""
        self._person.cue(name)

    async def _run(self) -> None:
        """The leg's clock: one frame each way per 20 ms; late wake-ups are caught up with."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        while self._gone is None:
            delay = start + (self._frames + 1) * FRAME_MS / 1000 - loop.time()
            # Even when behind, let others run between two frames.
            await asyncio.sleep(max(0.0, delay))
            self._tick()

    def _tick(self) -> None:
        played = self.playout.next_frame()
        said = self._person.tick(played)
        arrived = self._line.pass_through(said.pcm, played)
        at_ms = self.audio_ms
        self._frames += 1
        for tap in tuple(self._taps):
            tap(arrived, played)
        self._late.append(Sound(arrived, at_ms))
        self._late.extend(Key(key, at_ms) for key in said.keys)
        if said.sent_back is not None:
            self._late.append(SendBack(said.sent_back, at_ms))
        if not self._line.held_back() or said.hung_up:
            for item in self._late:
                self._deliver(item)
            self._late.clear()
        if said.hung_up:
            self._end()

    def _deliver(self, item: Heard) -> None:
        if self._inbox.full():
            self._inbox.get_nowait()
            logger.warning("recorded leg: receiver is five seconds behind, oldest frame dropped")
        self._inbox.put_nowait(item)

    def _end(self) -> None:
        if self._gone is None:
            self._gone = Gone(self.audio_ms)
            self._deliver(self._gone)
            self.playout.close()
