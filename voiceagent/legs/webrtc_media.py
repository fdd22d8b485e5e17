"""One WebRTC connection with one browser: its microphone in, our sound out.

What enters: the browser's offer, and one frame per 20 ms from a source. What leaves: our answer,
one frame per 20 ms of what the microphone heard, and what became of the connection. Whether the far
end is still there is judged by its packets: a browser sends sound all the time, also when muted,
whereas ICE's own consent check (RFC 7675) takes up to 30 s to notice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from enum import StrEnum

from aiortc import RTCDataChannel, RTCPeerConnection
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from voiceagent.domain.errors import LegError, LegLostError, LegUnreachableError
from voiceagent.legs.leg import FRAME_MS, frame_bytes
from voiceagent.legs.webrtc_connection import (
    IceServer,
    OfferError,
    close_wholly,
    negotiate,
    new_connection,
    stopped,
)
from voiceagent.legs.webrtc_sound import OPUS_INPUT_RATES_HZ, Arrivals, OpusTrack

logger = logging.getLogger(__name__)

# From the answer to the first sound; a browser takes well under a second, through TURN a few.
_CONNECT_DEADLINE_S = 20.0
_CLOSE_DEADLINE_S = 5.0
# Who sends no sound sends at least receiver reports, every five seconds on average (RFC 3550, 6.2).
_REPORTS_LOST_AFTER_S = 15.0
_REPORTS_EVERY_TICKS = 50
# A clock so late does not catch up: 100 ms in one burst is what the far end can still play.
_CATCH_UP_FRAMES = 5

Source = Callable[[], bytes]
"""Gives the next 20 ms to send; called once per 20 ms while the connection is up."""


class MediaState(StrEnum):
    """What a connection is."""

    NEW = "new"
    CONNECTING = "connecting"
    """Answered; no sound has come yet."""
    UP = "up"
    LOST = "lost"
    """Nothing comes any more, and nobody said goodbye."""
    CLOSED = "closed"
    """One of the two sides closed it."""


class MediaPeer:
    """One connection, for one offer; a browser that reconnects gets a new one.

    Args:
        ice_servers: where to learn our public address, and relays; none on a local network.
        sample_rate_hz: of the frames in both directions; 8000, 12000, 16000, 24000 or 48000.
        lost_after_s: so long without a packet, and the far end is lost.
        microphone: whether the browser must send sound; without, it only listens.
    """

    def __init__(
        self,
        ice_servers: Sequence[IceServer] = (),
        sample_rate_hz: int = 24_000,
        lost_after_s: float = 3.0,
        *,
        microphone: bool = True,
    ) -> None:
        if sample_rate_hz not in OPUS_INPUT_RATES_HZ:
            raise ValueError(f"Opus takes no sound at {sample_rate_hz} Hz")
        self.sample_rate_hz = sample_rate_hz
        self.source: Source | None = None
        """What is sent; silence if None."""
        self.on_change: Callable[[], None] | None = None
        """Called after every change of :attr:`state`; must not block."""
        self.skipped_frames = 0
        """Ticks left out because the event loop was late by more than 100 ms."""
        self._silence = bytes(frame_bytes(sample_rate_hz))
        self._microphone = microphone
        self._ice_servers = ice_servers
        self._lost_after_ticks = max(1, round(lost_after_s * 1000 / FRAME_MS))
        self._arrivals = Arrivals(sample_rate_hz)
        self._state = MediaState.NEW
        self._changed = asyncio.Event()
        self._connection: RTCPeerConnection | None = None
        self._track: OpusTrack | None = None
        self._clock: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._silent_ticks = 0
        self._packets_seen = 0
        self._source_failed = False
        self._was_up = False

    @property
    def state(self) -> MediaState:
        """What the connection is now."""
        return self._state

    @property
    def is_up(self) -> bool:
        """Whether sound goes both ways now (for a listener: one way)."""
        return self._state is MediaState.UP

    @property
    def missing_frames(self) -> int:
        """Frames of the microphone that were due and had not come."""
        return self._arrivals.buffer.missing_frames

    @property
    def dropped_frames(self) -> int:
        """Frames of the microphone that were thrown away to keep the delay bounded."""
        return self._arrivals.buffer.dropped_frames

    async def answer(self, sdp: str) -> str:
        """Answer the browser's offer (RFC 8829); the connection comes up afterwards.

        Raises:
            OfferError: it is no offer, or one without sound, or it could not be answered in time.
        """
        if self._state is not MediaState.NEW or self._connection is not None:
            raise OfferError("This connection has answered an offer already.", "Open a new one.")
        self._connection = connection = self._open()
        self._track = OpusTrack(self.sample_rate_hz)
        try:
            heard = await negotiate(connection, sdp, self._track, microphone=self._microphone)
        except BaseException:
            await self.close()
            raise
        if self._state is not MediaState.NEW:
            raise OfferError("The connection was closed before it was answered.")
        if heard is not None:
            self._hearing = asyncio.create_task(self._hear(heard), name="webrtc-hearing")
        self._clock = asyncio.create_task(self._run(), name="webrtc-clock")
        self._set(MediaState.CONNECTING)
        return str(connection.localDescription.sdp)

    async def wait_up(self, deadline_s: float) -> None:
        """Wait until sound goes both ways.

        Raises:
            TimeoutError: not within ``deadline_s``.
            LegUnreachableError: it never came up and no longer will.
            LegLostError: it was up and is over.
        """
        async with asyncio.timeout(deadline_s):
            while not self.is_up:
                if self._state in {MediaState.LOST, MediaState.CLOSED}:
                    problem = "The browser's connection is over."
                    error: LegError = (
                        LegLostError(problem) if self._was_up else LegUnreachableError(problem)
                    )
                    raise error
                await self._change()

    async def wait_over(self) -> MediaState:
        """Wait until it is lost or closed, and tell which."""
        while self._state not in {MediaState.LOST, MediaState.CLOSED}:
            await self._change()
        return self._state

    def next_frame(self) -> bytes | None:
        """The next 20 ms of the microphone, or None where none came.

        To be called by :attr:`source`, once each time; what is not taken then is thrown away.
        """
        return self._arrivals.buffer.next_frame()

    def forget_heard(self) -> None:
        """Throw away what the microphone heard until now and nobody took."""
        self._arrivals.buffer.clear()

    async def close(self) -> None:
        """End the connection and tell the browser; harmless when repeated."""
        self._set(MediaState.CLOSED)
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="webrtc-close")
        if self._closing is not asyncio.current_task():
            await asyncio.shield(self._closing)

    def _open(self) -> RTCPeerConnection:
        connection = new_connection(self._ice_servers)

        @connection.on("connectionstatechange")
        def _changed() -> None:
            if connection.connectionState == "failed":
                self._over(MediaState.LOST)
            elif connection.connectionState == "closed":
                # The far end said goodbye (DTLS close_notify).
                self._over(MediaState.CLOSED)

        @connection.on("datachannel")
        def _channel(channel: RTCDataChannel) -> None:
            # A page that opens one has it for saying goodbye; what it sends there is not read.
            channel.on("close", lambda: self._over(MediaState.CLOSED))

        return connection

    async def _hear(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                # RTCP BYE, or the transport is gone; which of them, the connection tells.
                return
            if not isinstance(frame, AudioFrame):
                continue
            self._arrivals.push(frame)
            self._silent_ticks = 0
            if self._state is MediaState.CONNECTING:
                self._set(MediaState.UP)

    async def _run(self) -> None:
        """The clock: one frame each way per 20 ms, for ever by the monotonic clock."""
        loop = asyncio.get_running_loop()
        start, tick = loop.time(), 0
        while self._state in {MediaState.CONNECTING, MediaState.UP}:
            tick += 1
            late = loop.time() - (start + tick * FRAME_MS / 1000)
            skipped = int(late * 1000 / FRAME_MS) - _CATCH_UP_FRAMES
            if skipped > 0:
                tick += skipped
                self.skipped_frames += skipped
            # Even when behind, let others run between two frames.
            await asyncio.sleep(max(0.0, -late))
            self._tick(tick)
            await self._look_for_life()

    def _tick(self, tick: int) -> None:
        source = self.source if self._state is MediaState.UP else None
        pcm = self._silence
        if source is None:
            self.next_frame()
        else:
            try:
                pcm = source()
                if len(pcm) != len(self._silence):
                    raise ValueError("not one frame")  # noqa: TRY301
            except Exception as error:  # A tap that breaks must not silence the line.
                if not self._source_failed:
                    logger.warning("a browser's line plays silence: %s", type(error).__name__)
                self._source_failed = True
                pcm = self._silence
        assert self._track is not None
        assert self._connection is not None
        if self._connection.connectionState == "connected":
            self._track.send(pcm, tick)

    async def _look_for_life(self) -> None:
        """Count ticks, not seconds: after a stalled event loop the packets are still there."""
        self._silent_ticks += 1
        allowed = self._lost_after_ticks
        if not self._microphone:
            allowed = max(allowed, round(_REPORTS_LOST_AFTER_S * 1000 / FRAME_MS))
            if self._silent_ticks % _REPORTS_EVERY_TICKS == 0 or not self.is_up:
                await self._look_for_reports()
        if not self.is_up:
            allowed = max(allowed, round(_CONNECT_DEADLINE_S * 1000 / FRAME_MS))
        if self._silent_ticks > allowed:
            logger.info("a browser is lost: no packet came")
            self._over(MediaState.LOST)

    async def _look_for_reports(self) -> None:
        assert self._connection is not None
        if self._state is MediaState.CONNECTING:
            if self._connection.connectionState == "connected":
                self._silent_ticks = 0
                self._set(MediaState.UP)
            return
        report = await self._connection.getStats()
        seen = sum(s.packetsReceived for s in report.values() if s.type == "transport")
        if seen != self._packets_seen:
            self._packets_seen = seen
            self._silent_ticks = 0

    def _over(self, state: MediaState) -> None:
        """The far end is gone; what is left on our side is cleaned up at once."""
        if self._state in {MediaState.LOST, MediaState.CLOSED}:
            return
        self._set(state)
        self._closing = asyncio.create_task(self._close(), name="webrtc-close")

    async def _close(self) -> None:
        for task in (self._clock, self._hearing):
            if task is not None:
                await stopped(task)
        if self._track is not None:
            self._track.stop()
        if self._connection is not None:
            closing = asyncio.create_task(close_wholly(self._connection), name="webrtc-closing")
            done, _ = await asyncio.wait({closing}, timeout=_CLOSE_DEADLINE_S)
            if not done:
                closing.cancel()
                logger.warning("a browser's connection did not close in time")
            elif (error := closing.exception()) is not None:
                logger.warning("a browser's connection broke closing: %s", type(error).__name__)

    def _set(self, state: MediaState) -> None:
        if self._state in {MediaState.LOST, MediaState.CLOSED} or self._state is state:
            return
        self._state = state
        self._was_up = self._was_up or self.is_up
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        if self.on_change is not None:
            try:
                self.on_change()
            except Exception as error:  # Whoever looks on must not keep a line from closing.
                logger.warning("an observer of a line broke: %s", type(error).__name__)

    async def _change(self) -> None:
        await self._changed.wait()
