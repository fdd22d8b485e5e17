"""What the bridge between two browsers costs: delay, glitches, and the time after accepting.

Two browsers (:mod:`voiceagent.bench.browser_peer`) on this machine, each with a real connection:
the caller over a ``WebRtcLeg``, the human over a ``DeskLeg`` on their standing line. Both say a
chirp of 20 ms twice a second, over a quiet tone; the caller's chirps rise, the human's fall.

    halves    caller -> leg -> caller      human -> leg -> human
    bridged   caller -> leg -> bridge -> leg -> human, and back

A chirp is found in what was heard by correlation. Its delay runs from the moment the frame that
holds it was said to the moment the frame in which it is heard came, so neither browser's own
buffer counts. A leg echoes by queueing what it heard in its playout, from where it goes out one
frame later; that frame of 20 ms is taken off. The mean of the two echoes is then one way up and one
way down, which is what a bridged direction has beside the bridge. The rest is the bridge's.

The clocks of the four ends tick at some distance from each other, up to 20 ms, which stays the same
while they are connected. Every round has new connections.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from statistics import mean, median

import numpy as np

from voiceagent.bench.browser_peer import BrowserPeer, Samples
from voiceagent.bench.chirps import Delays, NoSoundError, chirp, chirping, delays
from voiceagent.handoff.bridge import Bridge
from voiceagent.legs.desk_line import DeskLeg, DeskLine
from voiceagent.legs.leg import FRAME_MS, Gone, Leg
from voiceagent.legs.webrtc import WebRtcLeg
from voiceagent.legs.webrtc_media import MediaPeer

_AUDIBLE_RMS = 300.0
_DEADLINE_S = 20.0
_QUIET_FRAMES = 10


@dataclass(frozen=True, slots=True)
class Round:
    """One pair of connections.

    Attributes:
        caller_echo, human_echo: from a browser to its leg and back, without the echo's own frame.
        to_human, to_caller: through the bridge.
        accept_to_two_way_ms: from the human's accepting until each had heard the other.
        bridged_s: how long the bridge was open.
        missing_frames, dropped_frames: of both connections and the bridge while it was open.
        skipped_frames: left out by a clock that was late, while the bridge was open.
    """

    caller_echo: Delays
    human_echo: Delays
    to_human: Delays
    to_caller: Delays
    accept_to_two_way_ms: float
    bridged_s: float
    missing_frames: int
    dropped_frames: int
    skipped_frames: int

    @property
    def halves_ms(self) -> float:
        """One way up and one way down without a bridge."""
        return mean((self.caller_echo.median_ms, self.human_echo.median_ms))

    @property
    def bridged_ms(self) -> float:
        """One way through the bridge, the mean of both directions."""
        return mean((self.to_human.median_ms, self.to_caller.median_ms))

    @property
    def added_ms(self) -> float:
        """What the bridge adds to one way."""
        return self.bridged_ms - self.halves_ms


@dataclass(frozen=True, slots=True)
class BridgeFigures:
    """All rounds of one measurement."""

    rounds: tuple[Round, ...]

    @property
    def added_ms(self) -> float:
        """One-way delay the bridge adds: the median of the rounds."""
        return median(r.added_ms for r in self.rounds)

    @property
    def one_way_ms(self) -> float:
        """From one browser's microphone to the other's decoder: the median of the rounds."""
        return median(r.bridged_ms for r in self.rounds)

    @property
    def accept_to_two_way_ms(self) -> float:
        """From accepting until each had heard the other: the median of the rounds."""
        return median(r.accept_to_two_way_ms for r in self.rounds)

    @property
    def glitches_per_minute(self) -> float:
        """Frames missing, dropped or skipped per minute of an open bridge, both ways together."""
        glitches = sum(r.missing_frames + r.dropped_frames + r.skipped_frames for r in self.rounds)
        return 60 * glitches / sum(r.bridged_s for r in self.rounds)

    @property
    def chirps_unheard(self) -> int:
        """Chirps that were said over the bridge and not found in what was heard."""
        both = [d for r in self.rounds for d in (r.to_human, r.to_caller)]
        return sum(d.said - len(d.heard_ms) for d in both)


async def measure_bridge(
    rounds: int = 5, echo_s: float = 5.0, bridged_s: float = 20.0
) -> BridgeFigures:
    """Measure the bridge with real connections on this machine.

    Args:
        rounds: pairs of new connections.
        echo_s: for how long each leg echoes.
        bridged_s: for how long each bridge is open.

    Raises:
        NoSoundError: a chirp was never heard, or one of the two never heard the other.
        TimeoutError: a connection did not come up.
    """
    return BridgeFigures(tuple([await _round(echo_s, bridged_s) for _ in range(rounds)]))


class _Ends:
    """The two browsers and the two ends on our side."""

    def __init__(self) -> None:
        self.rising, self.falling = chirp(400, 3400), chirp(3400, 400)
        self.caller = BrowserPeer(chirping(self.rising, 700))
        self.human = BrowserPeer(chirping(self.falling, 1100))
        self.caller_media = MediaPeer()
        self.line = DeskLine(MediaPeer, lambda: None)
        self.leg = WebRtcLeg(self.caller_media)

    @property
    def human_media(self) -> MediaPeer:
        assert self.line.media is not None
        return self.line.media

    async def connect(self) -> None:
        await self.caller.connect(self.caller_media.answer)
        await self.human.connect(self.line.open)
        await self.leg.connect(_DEADLINE_S)
        await self.human_media.wait_up(_DEADLINE_S)

    async def ring(self) -> tuple[DeskLeg, asyncio.Task[None]]:
        leg = self.line.ring("bench")
        connecting = asyncio.create_task(leg.connect(_DEADLINE_S), name="bench-ring")
        await asyncio.sleep(0)
        return leg, connecting

    async def close(self) -> None:
        await self.leg.hang_up()
        await self.line.close()
        for browser in (self.caller, self.human):
            await browser.close()


async def _round(echo_s: float, bridged_s: float) -> Round:
    ends = _Ends()
    try:
        await ends.connect()
        caller_echo, human_echo = await _echoes(ends, echo_s)
        return await _bridged(ends, bridged_s, caller_echo, human_echo)
    finally:
        await ends.close()


async def _echoes(ends: _Ends, echo_s: float) -> tuple[Delays, Delays]:
    leg, connecting = await ends.ring()
    leg.accept()
    await connecting
    async with _echoing(ends.leg), _echoing(leg):
        begin = asyncio.get_running_loop().time()
        await asyncio.sleep(echo_s)
        caller = await asyncio.to_thread(delays, ends.caller, ends.caller, ends.rising, begin)
        human = await asyncio.to_thread(delays, ends.human, ends.human, ends.falling, begin)
    await leg.hang_up()
    return _less_a_frame(caller), _less_a_frame(human)


async def _bridged(ends: _Ends, bridged_s: float, caller_echo: Delays, human_echo: Delays) -> Round:
    loop = asyncio.get_running_loop()
    await _quiet(ends.caller)
    await _quiet(ends.human)
    leg, connecting = await ends.ring()
    bridge = Bridge(ends.leg, leg, lambda _pcm: None)
    before = _glitches(ends, bridge)
    accepted = loop.time()
    leg.accept()
    await connecting
    listening = asyncio.create_task(bridge.listen(), name="bench-bridge")
    try:
        async with _drained(ends.leg):
            bridge.open()
            opened = loop.time()
            await asyncio.sleep(bridged_s)
            after = _glitches(ends, bridge)
            open_s = loop.time() - opened
            bridge.close()
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
        await leg.hang_up()
    two_way = max(_first_heard(ends.caller, accepted), _first_heard(ends.human, accepted))
    begin, end = opened, opened + open_s
    to_human = await asyncio.to_thread(delays, ends.caller, ends.human, ends.rising, begin, end)
    to_caller = await asyncio.to_thread(delays, ends.human, ends.caller, ends.falling, begin, end)
    missing, dropped, skipped = (a - b for a, b in zip(after, before, strict=True))
    return Round(
        caller_echo,
        human_echo,
        to_human,
        to_caller,
        (two_way - accepted) * 1000,
        open_s,
        missing,
        dropped,
        skipped,
    )


def _glitches(ends: _Ends, bridge: Bridge) -> tuple[int, int, int]:
    media = (ends.caller_media, ends.human_media)
    buffers = (bridge.to_human, bridge.to_caller)
    return (
        sum(m.missing_frames for m in media) + sum(b.missing_frames for b in buffers),
        sum(m.dropped_frames for m in media) + sum(b.dropped_frames for b in buffers),
        sum(m.skipped_frames for m in media),
    )


@contextlib.asynccontextmanager
async def _drained(leg: Leg) -> AsyncIterator[None]:
    """Read a leg, as a call does, so that its inbox does not fill."""

    async def read() -> None:
        while not isinstance(await leg.receive(), Gone):
            pass

    reading = asyncio.create_task(read(), name="bench-reads")
    try:
        yield
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading


@contextlib.asynccontextmanager
async def _echoing(leg: Leg) -> AsyncIterator[None]:
    def echo(inbound: bytes, _outbound: bytes) -> None:
        leg.playout.push(inbound)

    async with _drained(leg):
        leg.add_tap(echo)
        try:
            yield
        finally:
            leg.remove_tap(echo)


async def _quiet(browser: BrowserPeer) -> None:
    """Wait until a browser hears nothing."""
    async with asyncio.timeout(_DEADLINE_S):
        while True:
            last = browser.heard[-_QUIET_FRAMES:]
            if len(last) == _QUIET_FRAMES and all(_rms(s) < _AUDIBLE_RMS / 3 for _, s in last):
                return
            await asyncio.sleep(FRAME_MS / 1000)


def _first_heard(browser: BrowserPeer, since: float) -> float:
    for came, samples in browser.heard:
        if came >= since and _rms(samples) > _AUDIBLE_RMS:
            return came
    raise NoSoundError("One of the two never heard the other.")


def _less_a_frame(echo: Delays) -> Delays:
    return Delays(echo.said, tuple(ms - FRAME_MS for ms in echo.heard_ms))


def _rms(samples: Samples) -> float:
    wide = samples.astype(np.float64)
    return float(np.sqrt(np.mean(wide * wide)))
