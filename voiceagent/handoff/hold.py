"""What a caller hears while waiting: quiet music made here, free of anybody's rights.

What enters: the leg's rate. What leaves: 20 ms of music per call, forever. The music is a slow
progression of soft chords, computed once per rate and played in a loop, so that a waiting caller
costs next to nothing and never hears silence. Where the agent is about to speak, the music can
give way to its voice, or step in for a voice that does not come.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from voiceagent.legs.leg import FRAME_MS
from voiceagent.legs.playout import Background, Playout

# I - vi - IV - V in C, close voicing in the band a telephone carries best.
_CHORDS_HZ = (
    (261.63, 329.63, 392.00, 523.25),
    (220.00, 329.63, 440.00, 523.25),
    (261.63, 349.23, 440.00, 523.25),
    (246.94, 293.66, 392.00, 493.88),
)
_CHORD_S = 4.0
# -26 dB full scale: clearly there, easy to talk over.
_LEVEL = 0.05


@lru_cache(maxsize=4)
def _loop(sample_rate_hz: int) -> bytes:
    """One round of the progression as 16-bit mono PCM."""
    chords = [_chord(chord, sample_rate_hz) for chord in _CHORDS_HZ]
    music = np.concatenate(chords)
    music *= _LEVEL / float(np.sqrt(np.mean(music**2)))
    return bytes((np.clip(music, -1, 1) * 32767).astype(np.int16).tobytes())


def _chord(notes_hz: tuple[float, ...], rate: int) -> npt.NDArray[np.float64]:
    """A broken chord: each note enters half a second after the one before and rings on."""
    count = int(_CHORD_S * rate)
    time = np.arange(count) / rate
    # The held root keeps the level up between notes, so there is no gap to mistake for an end.
    sound = 0.5 * np.sin(2 * np.pi * notes_hz[0] * time)
    for index, note in enumerate(notes_hz):
        since = np.clip(time - 0.5 * index, 0, None)
        envelope = np.minimum(since / 0.05, 1) * np.exp(-since / 2.5)
        tone = np.sin(2 * np.pi * note * since) + 0.3 * np.sin(4 * np.pi * note * since)
        sound = sound + envelope * tone
    fade = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.02 * rate))
    result: npt.NDArray[np.float64] = sound * fade
    return result


class MusicUntilSpoken:
    """Music up to the first frame of a voice on this playout, and never again after it.

    For the way back to the agent: what it does before it speaks (a booking, a language model) may
    take seconds, and they must not be silent. A :data:`~voiceagent.legs.playout.Background`.
    """

    def __init__(self, music: Background, playout: Playout) -> None:
        self._music = music
        self._playout = playout
        self._left_ms: int | None = None
        self.over = False
        """A voice was heard, or the music has ended."""

    def end_after(self, ms: int) -> None:
        """Let the music end after so long even if nobody speaks."""
        self._left_ms = ms

    def __call__(self) -> bytes:
        """The next 20 ms; nothing once it is over."""
        if self._left_ms is not None:
            self._left_ms -= FRAME_MS
        if self._playout.queued_frames or (self._left_ms is not None and self._left_ms < 0):
            self.over = True
        return b"" if self.over else self._music()


def music_if_silent(music: Background, playout: Playout, after_ms: int) -> Background:
    """Music as soon as no voice was heard on this playout for so long; it stops for the next one.

    For the announcement, which comes before the first tone unless the voice is stuck.
    """
    quiet_ms = 0

    def next_frame() -> bytes:
        nonlocal quiet_ms
        quiet_ms = 0 if playout.queued_frames else quiet_ms + FRAME_MS
        return music() if quiet_ms > after_ms else b""

    return next_frame


def hold_music(sample_rate_hz: int) -> Callable[[], bytes]:
    """A fresh player of the hold music: 20 ms of 16-bit mono PCM per call."""
    music = _loop(sample_rate_hz)
    size = sample_rate_hz // 50 * 2
    position = 0

    def next_frame() -> bytes:
        nonlocal position
        frame = music[position : position + size]
        position = (position + size) % (len(music) // size * size)
        return frame

    return next_frame
