"""A browser's side of a WebRTC connection, played by aiortc: for measurements and tests.

What enters: what its microphone picks up, frame by frame. What leaves: what it heard and when, and
when each of its own frames was said. Opus, DTLS and SRTP are real; only the browser is not one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from voiceagent.legs.webrtc_connection import close_wholly
from voiceagent.legs.webrtc_sound import hold_nothing_back, mono

RATE_HZ = 48_000
FRAME_SAMPLES = 960
"""20 ms."""

# An hour: a recording that grows for ever is a leak.
_LONGEST_FRAMES = 50 * 3600
_CONNECT_DEADLINE_S = 15.0

Samples = npt.NDArray[np.int16]
Microphone = Callable[[int], Samples]
"""Gives the samples of a frame, by its number; shape (960,)."""
Answer = Callable[[str], Awaitable[str]]
"""Takes the offer to the server and brings the answer back."""


class _MicrophoneTrack(MediaStreamTrack):
    kind = "audio"

    def __init__(self, microphone: Microphone, said_at: list[float]) -> None:
        super().__init__()
        self._microphone = microphone
        self._said_at = said_at
        self._start: float | None = None
        self._number = 0

    async def recv(self) -> AudioFrame:
        loop = asyncio.get_running_loop()
        if self._start is None:
            self._start = loop.time()
        await asyncio.sleep(max(0.0, self._start + self._number * 0.02 - loop.time()))
        if self.readyState != "live":
            raise MediaStreamError
        samples = self._microphone(self._number)
        frame = AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts = self._number * FRAME_SAMPLES
        frame.time_base = Fraction(1, RATE_HZ)
        self._number += 1
        if len(self._said_at) < _LONGEST_FRAMES:
            self._said_at.append(loop.time())
        return frame


class BrowserPeer:
    """One browser.

    Args:
        microphone: what it sends; None for one that only listens.
    """

    def __init__(self, microphone: Microphone | None) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.said_at: list[float] = []
        """When each frame was said, in seconds of the loop's clock."""
        self.heard: list[tuple[float, Samples]] = []
        """Each frame heard and when it came, in seconds of the loop's clock."""
        self._changed = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        if microphone is not None:
            self.connection.addTrack(_MicrophoneTrack(microphone, self.said_at))
        else:
            self.connection.addTransceiver("audio", direction="recvonly")

        # What is measured is what comes, not a buffer that a real browser has otherwise.
        for receiver in self.connection.getReceivers():
            hold_nothing_back(receiver)

        @self.connection.on("connectionstatechange")
        def _state() -> None:
            self._changed.set()

        @self.connection.on("track")
        def _track(track: MediaStreamTrack) -> None:
            self._listening = asyncio.create_task(self._listen(track), name="browser-listens")

    @property
    def heard_samples(self) -> Samples:
        """Everything heard so far, in one piece, 48 kHz mono."""
        if not self.heard:
            return np.zeros(0, np.int16)
        return np.concatenate([samples for _, samples in self.heard])

    async def offer(self) -> str:
        """The offer with all candidates in it, as a browser makes it after gathering."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def connect(self, answer: Answer) -> None:
        """Offer, and take the answer; the connection is up when this returns.

        Raises:
            TimeoutError: it did not come up.
        """
        sdp = await answer(await self.offer())
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        async with asyncio.timeout(_CONNECT_DEADLINE_S):
            while self.connection.connectionState != "connected":
                self._changed.clear()
                await self._changed.wait()

    def vanish(self) -> None:
        """Send nothing any more, and say no goodbye, as when the network is gone."""

        async def swallow(data: bytes) -> None:
            del data

        for transceiver in self.connection.getTransceivers():
            transceiver.sender.transport.transport._send = swallow

    async def close(self) -> None:
        """Close the tab; harmless when repeated."""
        await close_wholly(self.connection)
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening

    async def _listen(self, track: MediaStreamTrack) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, AudioFrame) and len(self.heard) < _LONGEST_FRAMES:
                self.heard.append((loop.time(), mono(frame)))


def tone(frequency_hz: float, amplitude: float = 8000.0) -> Microphone:
    """A microphone that picks up a steady tone."""

    def microphone(number: int) -> Samples:
        t = (np.arange(FRAME_SAMPLES) + number * FRAME_SAMPLES) / RATE_HZ
        return np.asarray(amplitude * np.sin(2 * np.pi * frequency_hz * t), np.int16)

    return microphone


def silence(number: int) -> Samples:
    """A microphone in a quiet room."""
    del number
    return np.zeros(FRAME_SAMPLES, np.int16)
