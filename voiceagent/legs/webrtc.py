"""A person at a browser: a leg over one WebRTC connection.

What enters and leaves is that of any leg (:mod:`voiceagent.legs.leg`). The connection's clock is
the leg's: every 20 ms one frame of the microphone is heard, silence where none came, and one frame
of the playout is sent. Keys and orders, which a browser sends to the server and not over the line,
are put in by whoever serves the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from voiceagent.domain.errors import LegError, LegNoAnswerError, LegUnreachableError
from voiceagent.legs.leg import (
    FRAME_MS,
    Gone,
    Heard,
    HoldCaller,
    Key,
    SendBack,
    Sound,
    Tap,
    frame_bytes,
)
from voiceagent.legs.playout import Playout
from voiceagent.legs.webrtc_media import MediaPeer, MediaState

logger = logging.getLogger(__name__)

# Five seconds of frames: more behind than that, and the call is not live any more.
_INBOX_FRAMES = 250


class BrowserLeg:
    """What a customer's and an agent's browser have in common: a leg once media flows.

    Args:
        sample_rate_hz: the leg's own rate, that of its connection.
    """

    kind = "webrtc"

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._silence = bytes(frame_bytes(sample_rate_hz))
        self.playout = Playout(len(self._silence))
        self._inbox: asyncio.Queue[Heard] = asyncio.Queue(_INBOX_FRAMES)
        self._taps: list[Tap] = []
        self._frames = 0
        self._media: MediaPeer | None = None
        self._watching: asyncio.Task[None] | None = None
        self._gone: Gone | None = None

    @property
    def audio_ms(self) -> int:
        """Audio time now."""
        return self._frames * FRAME_MS

    @property
    def is_up(self) -> bool:
        """Answered, and neither side has hung up."""
        return self._media is not None and self._gone is None

    async def receive(self) -> Heard:
        """The next thing from the far end."""
        if self._gone is not None and self._inbox.empty():
            return self._gone
        return await self._inbox.get()

    def add_tap(self, tap: Tap) -> None:
        """See :meth:`voiceagent.legs.leg.Leg.add_tap`."""
        self._taps.append(tap)

    def remove_tap(self, tap: Tap) -> None:
        """See :meth:`voiceagent.legs.leg.Leg.remove_tap`."""
        with contextlib.suppress(ValueError):
            self._taps.remove(tap)

    def cue(self, name: str) -> None:
        """A person hears it; nothing to do."""

    def press(self, key: str) -> None:
        """The person pressed a key of the page's keypad, one of ``0-9*#``; ignored when not up."""
        if self.is_up:
            self._deliver(Key(key, self.audio_ms))

    def send_back(self, instruction: str) -> None:
        """A human agent sends the caller back to the agent; ignored when not up."""
        if self.is_up:
            self._deliver(SendBack(instruction, self.audio_ms))

    def hold_caller(self, on: bool) -> None:
        """A human agent puts the caller on hold, or comes back; ignored when not up."""
        if self.is_up:
            self._deliver(HoldCaller(on, self.audio_ms))

    def far_end_hung_up(self) -> None:
        """The person put the phone down on the page; harmless when repeated."""
        self._end(lost=False)

    def _begin(self, media: MediaPeer) -> None:
        """Answered: from the next tick on, sound goes both ways."""
        self._media = media
        # What was said before is for nobody.
        media.forget_heard()
        media.source = self._tick
        self._watching = asyncio.create_task(self._watch(media), name="webrtc-leg-watch")

    async def _watch(self, media: MediaPeer) -> None:
        over = await media.wait_over()
        self._end(lost=self._is_loss(over))

    def _is_loss(self, over: MediaState) -> bool:
        """Whether a connection that ended so was no goodbye."""
        return over is MediaState.LOST

    def _tick(self) -> bytes:
        assert self._media is not None
        arrived = self._media.next_frame() or self._silence
        played = self.playout.next_frame()
        at_ms = self.audio_ms
        self._frames += 1
        for tap in tuple(self._taps):
            tap(arrived, played)
        self._deliver(Sound(arrived, at_ms))
        return played

    def _deliver(self, item: Heard) -> None:
        if self._inbox.full():
            self._inbox.get_nowait()
            logger.warning("webrtc leg: receiver is five seconds behind, oldest frame dropped")
        self._inbox.put_nowait(item)

    def _end(self, *, lost: bool) -> None:
        if self._gone is not None:
            return
        self._gone = Gone(self.audio_ms, lost)
        self._deliver(self._gone)
        self.playout.close()
        if self._media is not None:
            self._media.source = None
        if self._watching is not None and self._watching is not asyncio.current_task():
            self._watching.cancel()

    async def _stop_watching(self) -> None:
        if self._watching is not None and self._watching is not asyncio.current_task():
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching


class WebRtcLeg(BrowserLeg):
    """A :class:`~voiceagent.legs.leg.Leg` to the person at the other end of one connection.

    Args:
        media: whose offer is answered, or about to be.
        owns_media: hanging up closes the connection too.
    """

    def __init__(self, media: MediaPeer, *, owns_media: bool = True) -> None:
        super().__init__(media.sample_rate_hz)
        self._line = media
        self._owns_media = owns_media
        self._connecting: asyncio.Task[None] | None = None

    async def connect(self, ring_timeout_s: float) -> None:
        """Wait until sound goes both ways; see :meth:`voiceagent.legs.leg.Leg.connect`."""
        if self._gone is not None:
            raise LegUnreachableError("The line was hung up before it was answered.")
        if self._connecting is not None or self._media is not None:
            raise LegError("This leg has been connected already.", "Make a leg for each call.")
        waiting = asyncio.create_task(self._line.wait_up(ring_timeout_s), name="webrtc-leg-up")
        self._connecting = waiting
        try:
            await asyncio.wait({waiting})
        finally:
            self._connecting = None
            if not waiting.done():
                waiting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await waiting
        if waiting.cancelled() or self._gone is not None:
            if not waiting.cancelled():
                waiting.exception()
            raise LegUnreachableError("The line was hung up before it was answered.")
        error = waiting.exception()
        if isinstance(error, TimeoutError):
            raise LegNoAnswerError("No sound came from the browser in time.") from error
        if error is not None:
            raise error
        self._begin(self._line)

    async def hang_up(self) -> None:
        """End the call on this leg."""
        self._end(lost=False)
        await self._stop_watching()
        if self._owns_media:
            await self._line.close()

    def _end(self, *, lost: bool) -> None:
        super()._end(lost=lost)
        if self._connecting is not None:
            self._connecting.cancel()
