"""Chirps by which a delay is measured: how they are said, and found in what was heard.

What enters: what one browser said and another heard, with the moments of both. What leaves: how
late each chirp was heard. A chirp is found by correlation, by the envelope and not the phase, which
codecs do not keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

from voiceagent.bench.browser_peer import FRAME_SAMPLES, RATE_HZ, BrowserPeer, Microphone, Samples
from voiceagent.domain.errors import VoiceAgentError

Chirp = npt.NDArray[np.complex128]
"""The analytic signal of a chirp at 48 kHz; shape (960,)."""

_EVERY_FRAMES = 25
_LONGEST_DELAY_S = 0.45
_CHIRP_AMPLITUDE = 12_000.0
_TONE_AMPLITUDE = 1500.0
# Of a chirp that arrived whole; below half of it, it was torn or is something else.
_FOUND = 0.5


class NoSoundError(VoiceAgentError):
    """Too little came through for a measurement."""

    code = "bench.no_sound"


@dataclass(frozen=True, slots=True)
class Delays:
    """How late chirps were heard, in milliseconds.

    Attributes:
        said: chirps that should have been heard.
        heard_ms: of those that were, in order.
    """

    said: int
    heard_ms: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        """The middle one.

        Raises:
            NoSoundError: none was heard.
        """
        if not self.heard_ms:
            raise NoSoundError("No chirp was heard.")
        return median(self.heard_ms)


def delays(
    speaker: BrowserPeer,
    listener: BrowserPeer,
    wanted: Chirp,
    begin: float,
    end: float = float("inf"),
) -> Delays:
    """How late each chirp said between two moments, in seconds of the loop's clock, was heard."""
    heard = list(listener.heard)
    said = list(speaker.said_at)
    if not heard:
        return Delays(0, ())
    end = min(end, heard[-1][0])
    due = [
        said[n]
        for n in range(0, len(said), _EVERY_FRAMES)
        if begin <= said[n] <= end - _LONGEST_DELAY_S
    ]
    found = [delay_s(moment, heard, wanted) for moment in due]
    return Delays(len(due), tuple(1000 * d for d in found if d is not None))


def delay_s(said_at: float, heard: Sequence[tuple[float, Samples]], wanted: Chirp) -> float | None:
    """How late a chirp said at one moment was heard, or None if it was not.

    Args:
        heard: frames and when each came.
        wanted: the chirp; others are not taken for it.
    """
    window = [(t, s) for t, s in heard if said_at <= t <= said_at + _LONGEST_DELAY_S]
    if len(window) < 3:
        return None
    sound = np.concatenate([s for _, s in window]).astype(np.float64)
    # The magnitude of both quadratures: codecs keep the envelope of a sound, not its phase.
    match = np.abs(np.correlate(sound, wanted, mode="valid"))
    at = int(match.argmax())
    # aiortc's encoder splits a mono microphone over two channels: 3 dB less in their mean.
    if match[at] < _FOUND * np.sqrt(0.5) * float(np.vdot(wanted, wanted.real).real):
        return None
    starts = np.cumsum([0, *(s.size for _, s in window)])
    frame = int(np.searchsorted(starts, at, side="right")) - 1
    return float(window[frame][0] - said_at + (at - starts[frame]) / RATE_HZ)


def chirp(from_hz: float, to_hz: float) -> Chirp:
    """20 ms that sweep from one frequency to the other, faded in and out; analytic."""
    t = np.arange(FRAME_SAMPLES) / RATE_HZ
    length = FRAME_SAMPLES / RATE_HZ
    phase = 2 * np.pi * (from_hz * t + (to_hz - from_hz) * t * t / (2 * length))
    return np.asarray(
        _CHIRP_AMPLITUDE * np.exp(1j * phase) * np.hanning(FRAME_SAMPLES), np.complex128
    )


def chirping(said: Chirp, tone_hz: float) -> Microphone:
    """A microphone that picks up a quiet tone, and a chirp every half second from the first on."""

    def microphone(number: int) -> Samples:
        t = (np.arange(FRAME_SAMPLES) + number * FRAME_SAMPLES) / RATE_HZ
        sound = _TONE_AMPLITUDE * np.sin(2 * np.pi * tone_hz * t)
        if number % _EVERY_FRAMES == 0:
            sound = sound + said.real
        return np.asarray(sound, np.int16)

    return microphone
