"""The line between our call and the bench's caller: a :class:`~voiceagent.legs.leg.Leg`.

In: what the call plays. Out: what the caller says. Twenty milliseconds pass per frame by the
monotonic clock; a frame exists only once its last sample was captured, and a packet of the agent
counts from the moment at which it really leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from voiceagent.bench.latency.caller import BenchCaller
from voiceagent.legs.leg import FRAME_MS, Gone, Heard, Sound, Tap, frame_bytes
from voiceagent.legs.playout import Playout

_FRAME_S = FRAME_MS / 1000
# Five seconds of frames: more behind than that, and the call is not live any more.
_INBOX_FRAMES = 250


class BenchLeg:
    """A line to the caller of the bench."""

    kind = "recorded"

    def __init__(self, caller: BenchCaller, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.playout = Playout(frame_bytes(sample_rate_hz))
        self._caller = caller
        self._inbox: asyncio.Queue[Heard] = asyncio.Queue(_INBOX_FRAMES)
        self._taps: list[Tap] = []
        self._frames = 0
        self._clock: asyncio.Task[None] | None = None
        self._gone: Gone | None = None
        self.late_s = 0.0
        """The most a frame came too late."""

    @property
    def audio_ms(self) -> int:
        """Audio time now."""
        return self._frames * FRAME_MS

    @property
    def is_up(self) -> bool:
        """Answered, and neither side has hung up."""
        return self._clock is not None and self._gone is None

    async def connect(self, ring_timeout_s: float) -> None:
        """Answer at once."""
        del ring_timeout_s
        self._clock = asyncio.create_task(self._run(), name="bench-leg-clock")

    async def receive(self) -> Heard:
        """The next thing from the caller."""
        if self._gone is not None and self._inbox.empty():
            return self._gone
        return await self._inbox.get()

    async def hang_up(self) -> None:
        """Put the phone down."""
        self.leave()
        if self._clock is not None and self._clock is not asyncio.current_task():
            self._clock.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._clock

    def leave(self) -> None:
        """The caller puts the phone down."""
        if self._gone is None:
            self._gone = Gone(self.audio_ms)
            self._deliver(self._gone)
            self.playout.close()
            self._caller.end()

    def add_tap(self, tap: Tap) -> None:
        """See :meth:`voiceagent.legs.leg.Leg.add_tap`."""
        self._taps.append(tap)

    def remove_tap(self, tap: Tap) -> None:
        """See :meth:`voiceagent.legs.leg.Leg.remove_tap`."""
        with contextlib.suppress(ValueError):
            self._taps.remove(tap)

    def cue(self, name: str) -> None:
        """Nothing the bench's caller would need to know."""

    async def _run(self) -> None:
        begun = time.monotonic()
        while self._gone is None:
            due = begun + (self._frames + 1) * _FRAME_S
            delay = due - time.monotonic()
            self.late_s = max(self.late_s, -delay)
            await asyncio.sleep(max(0.0, delay))
            played = self.playout.next_frame()
            self._caller.heard(time.monotonic(), played)
            said = self._caller.frame(due - _FRAME_S)
            at_ms = self.audio_ms
            self._frames += 1
            for tap in tuple(self._taps):
                tap(said, played)
            self._deliver(Sound(said, at_ms))

    def _deliver(self, item: Heard) -> None:
        if self._inbox.full():
            self._inbox.get_nowait()
        self._inbox.put_nowait(item)
