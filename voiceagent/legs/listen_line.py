"""A supervisor listening in on a call: hears both sides, is heard by nobody.

What enters: every 20 ms of both directions of a leg, by a tap. What leaves: their mono mix to a
browser. The browser sends no sound, and there is nothing here that could put any into the call.
"""

from __future__ import annotations

import asyncio
import contextlib

import numpy as np

from voiceagent.legs.leg import Leg, frame_bytes
from voiceagent.legs.resampling import LiveResampler
from voiceagent.legs.webrtc_media import MediaPeer
from voiceagent.legs.webrtc_sound import ArrivalBuffer


class ListenLine:
    """One listener on one leg.

    Args:
        leg: whose two directions are heard.
        media: an unused connection made with ``microphone=False``.
    """

    def __init__(self, leg: Leg, media: MediaPeer) -> None:
        self._leg = leg
        self._media = media
        size = frame_bytes(media.sample_rate_hz)
        self._silence = bytes(size)
        # The leg's clock and the connection's are not one.
        self._mix = ArrivalBuffer(size)
        self._to_media = LiveResampler(leg.sample_rate_hz, media.sample_rate_hz)
        self._leg_over = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def is_open(self) -> bool:
        """Whether the listener hears the call, or will as soon as the connection is up."""
        return self._running is not None and not self._running.done()

    @property
    def media(self) -> MediaPeer:
        """The listener's connection."""
        return self._media

    async def open(self, sdp: str) -> str:
        """Answer the listener's offer; they hear the call as soon as the connection is up.

        Raises:
            OfferError: the offer cannot be used, or this line was opened or closed before.
        """
        answer = await self._media.answer(sdp)
        if not self._closed:
            self._leg.add_tap(self._tap)
            self._media.source = self._next_frame
            self._running = asyncio.create_task(self._run(), name="listen-line")
        return answer

    async def wait_over(self) -> None:
        """Wait until the leg ended, the listener left, or :meth:`close`."""
        if self._running is not None:
            await asyncio.wait({self._running})

    async def close(self) -> None:
        """Stop listening; harmless when repeated."""
        self._closed = True
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        self._leave()
        await self._media.close()

    async def _run(self) -> None:
        """Until the leg or the connection ends."""
        ends = [
            asyncio.create_task(self._leg_over.wait(), name="listen-line-leg"),
            asyncio.create_task(self._media.wait_over(), name="listen-line-media"),
        ]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await asyncio.wait(ends)
            self._leave()
        await self._media.close()

    def _leave(self) -> None:
        self._leg.remove_tap(self._tap)
        self._media.source = None

    def _tap(self, inbound: bytes, outbound: bytes) -> None:
        both = np.frombuffer(inbound, np.int16).astype(np.int32)
        both += np.frombuffer(outbound, np.int16)
        self._mix.push(self._to_media(np.clip(both, -32768, 32767).astype(np.int16).tobytes()))

    def _next_frame(self) -> bytes:
        if not self._leg.is_up:
            self._leg_over.set()
        return self._mix.next_frame() or self._silence
