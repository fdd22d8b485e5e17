"""Sound between RTP packets and 20 ms frames: what a browser sends, and what is sent to it.

What enters: decoded audio of any length at 48 kHz as it arrives, and one frame of ours per 20 ms.
What leaves: exactly one frame per tick for whoever listens, and Opus packets (RFC 6716, RFC 7587)
for the browser. Everything here is synchronous except waiting for a packet to send, has no socket
and no clock of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from aiortc import MediaStreamTrack, RTCRtpReceiver
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from av import AudioFrame, CodecContext
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.packet import Packet

from voiceagent.legs.leg import FRAME_MS
from voiceagent.legs.resampling import LiveResampler

logger = logging.getLogger(__name__)

OPUS_RATE_HZ = 48_000
"""The RTP clock of Opus, whatever the sound's own rate (RFC 7587, 4.1)."""

OPUS_INPUT_RATES_HZ = (8000, 12_000, 16_000, 24_000, 48_000)
"""What the encoder takes without resampling."""

_SAMPLES_PER_PACKET = OPUS_RATE_HZ * FRAME_MS // 1000

# Transparent for speech and good enough for hold music.
_BIT_RATE = 40_000
# The encoder repeats a little of each packet in the next one, so that the browser can make up for
# a lost one; it assumes this many per cent lost.
_EXPECTED_LOSS_PERCENT = 10

# Half the 16-bit sequence numbers are ahead, half behind (RFC 3550, A.1).
_SEQUENCE_HALF = 1 << 15
_SEQUENCES = 1 << 16
# So far behind is not a late packet but a stream that began anew.
_RESTART = 100

_FIRST_TRIM_TICKS = 25
_TRIM_TICKS = 100


class InOrder:
    """Lets RTP packets through as they come; takes the place of aiortc's jitter buffer.

    aiortc's holds back 80 ms always, and 300 ms from the first lost packet on, since it waits for
    that packet and afterwards gives one out per packet that comes in. Here a packet that was
    overtaken counts as lost, and whoever plays the sound has frames in hand for late ones.
    """

    def __init__(self) -> None:
        self._next: int | None = None

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """The packet's frame, or none if a later one was let through; never asks for pictures."""
        ahead = 0
        if self._next is not None:
            ahead = (packet.sequence_number - self._next) % _SEQUENCES
        if ahead >= _SEQUENCE_HALF and _SEQUENCES - ahead < _RESTART:
            return False, None
        self._next = (packet.sequence_number + 1) % _SEQUENCES
        data: bytes = packet._data  # type: ignore[attr-defined]  # set by aiortc's receiver
        return False, JitterFrame(data=data, timestamp=packet.timestamp)


def hold_nothing_back(receiver: RTCRtpReceiver) -> None:
    """Give a receiver that has not started yet :class:`InOrder` for its jitter buffer."""
    # There is no public way; pipecat's transport does the same for its own sizes.
    name = "_RTCRtpReceiver__jitter_buffer"
    if not hasattr(receiver, name):
        # It works all the same, only up to 300 ms later.
        logger.warning("this version of aiortc keeps its own jitter buffer")
        return
    setattr(receiver, name, InOrder())


class ArrivalBuffer:
    """Frames that arrived and were not yet taken: smooths jitter at a bounded delay.

    Args:
        bytes_per_frame: of 20 ms.
        in_hand_frames: so many must have come before the first is given out.
        limit_frames: beyond it the oldest frames go.
    """

    def __init__(
        self, bytes_per_frame: int, in_hand_frames: int = 2, limit_frames: int = 6
    ) -> None:
        self._size = bytes_per_frame
        self._in_hand = in_hand_frames
        self._frames: deque[bytes] = deque()
        self._limit = limit_frames
        self._rest = b""
        self._filling = True
        self._watch_anew(_FIRST_TRIM_TICKS)
        self.dropped_frames = 0
        """Frames that were thrown away to keep the delay bounded."""
        self.missing_frames = 0
        """Frames that were asked for and had not come, since the first one came."""

    @property
    def queued_frames(self) -> int:
        """Frames not yet taken."""
        return len(self._frames)

    @property
    def wanted_frames(self) -> int:
        """How many frames are missing to what should be in hand."""
        return max(0, self._in_hand - len(self._frames))

    def push(self, pcm: bytes) -> None:
        """Append sound of any length."""
        data = self._rest + pcm
        whole = len(data) // self._size * self._size
        self._rest = data[whole:]
        self._frames.extend(data[i : i + self._size] for i in range(0, whole, self._size))
        while len(self._frames) > self._limit:
            self._frames.popleft()
            self.dropped_frames += 1

    def next_frame(self) -> bytes | None:
        """The next 20 ms, or None where none has come; called once per tick."""
        if self._filling:
            if len(self._frames) < self._in_hand:
                return None
            self._filling = False
        if not self._frames:
            self.missing_frames += 1
            self._least_left = 0
            return None
        frame = self._frames.popleft()
        self._trim()
        return frame

    def clear(self) -> None:
        """Forget what came so far; it is filled again before anything is given out."""
        self._frames.clear()
        self._rest = b""
        self._filling = True
        self._watch_anew(_FIRST_TRIM_TICKS)

    def _trim(self) -> None:
        """Give delay back that nothing needed for some time.

        A stream often begins with a burst: that is given back whole after half a second. What a
        later burst or a fast clock leaves behind goes a frame per two seconds, hardly heard.
        """
        self._ticks += 1
        self._least_left = min(self._least_left, len(self._frames))
        if self._ticks < self._trim_ticks:
            return
        surplus = max(0, self._least_left + 1 - self._in_hand)
        for _ in range(surplus if self._trim_ticks == _FIRST_TRIM_TICKS else min(1, surplus)):
            self._frames.popleft()
            self.dropped_frames += 1
        self._watch_anew(_TRIM_TICKS)

    def _watch_anew(self, ticks: int) -> None:
        self._trim_ticks = ticks
        self._ticks = 0
        self._least_left = self._limit


class Arrivals:
    """Decoded frames of a browser to 20 ms mono frames at the leg's rate.

    Args:
        sample_rate_hz: of what leaves.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.buffer = ArrivalBuffer(sample_rate_hz * FRAME_MS // 1000 * 2)
        self._to_leg = LiveResampler(OPUS_RATE_HZ, sample_rate_hz)
        self._due: int | None = None

    def push(self, frame: AudioFrame) -> None:
        """Take one decoded frame: 16-bit, 48 kHz, mono or stereo, ``pts`` counting samples."""
        samples = mono(frame)
        gap = 0
        if self._due is not None and frame.pts is not None and frame.pts > self._due:
            # What was lost keeps its place in time, unless that time has passed already.
            gap = min(frame.pts - self._due, self.buffer.wanted_frames * _SAMPLES_PER_PACKET)
            self.buffer.missing_frames += gap // _SAMPLES_PER_PACKET
        if frame.pts is not None:
            self._due = frame.pts + frame.samples
        whole = np.concatenate([np.zeros(gap, np.int16), samples]) if gap else samples
        self.buffer.push(self._to_leg(whole.tobytes()))


class OpusTrack(MediaStreamTrack):
    """What is sent to the browser: mono frames, encoded here, packet by packet.

    Encoding takes a quarter of a millisecond. aiortc would do it in the default thread pool, behind
    whatever else waits there, and measure the loudness of every sample in Python before.

    Args:
        sample_rate_hz: one of :data:`OPUS_INPUT_RATES_HZ`.
        limit_packets: if nobody takes packets, the oldest beyond so many go.
    """

    kind = "audio"

    def __init__(self, sample_rate_hz: int, limit_packets: int = 6) -> None:
        super().__init__()
        self._rate = sample_rate_hz
        self._encoder = _opus_encoder(sample_rate_hz)
        self._packets: deque[Packet[AudioStream]] = deque(maxlen=limit_packets)
        self._some = asyncio.Event()

    def send(self, pcm: bytes, tick: int) -> None:
        """Queue the 20 ms of this tick; ticks that are left out leave a gap, not a shift."""
        samples = np.frombuffer(pcm, np.int16)
        frame = AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = self._rate
        for packet in self._encoder.encode(frame):
            packet.pts = tick * _SAMPLES_PER_PACKET
            packet.time_base = Fraction(1, OPUS_RATE_HZ)
            self._packets.append(packet)
        self._some.set()

    async def recv(self) -> Packet[AudioStream]:
        """The next packet, as soon as there is one."""
        while not self._packets:
            if self.readyState != "live":
                raise MediaStreamError
            self._some.clear()
            await self._some.wait()
        return self._packets.popleft()

    def stop(self) -> None:
        """No more packets; whoever waits for one is told."""
        super().stop()
        self._some.set()


def mono(frame: AudioFrame) -> npt.NDArray[np.int16]:
    """The mean of a 16-bit frame's channels; shape (samples,)."""
    data = frame.to_ndarray().reshape(-1)
    channels = frame.layout.nb_channels
    if channels == 1:
        return np.asarray(data, np.int16)
    return np.asarray(data.reshape(-1, channels).mean(axis=1), np.int16)


def _opus_encoder(sample_rate_hz: int) -> AudioCodecContext:
    encoder = CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate = sample_rate_hz
    encoder.time_base = Fraction(1, sample_rate_hz)
    encoder.format = "s16"
    encoder.layout = "mono"
    encoder.bit_rate = _BIT_RATE
    encoder.options = {
        "application": "voip",
        "frame_duration": str(FRAME_MS),
        "fec": "1",
        "packet_loss": str(_EXPECTED_LOSS_PERCENT),
    }
    return encoder
