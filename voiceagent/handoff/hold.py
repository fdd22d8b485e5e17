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


class YieldingMusic:
    """Music that gives way to a voice, and steps in for one that does not come.

    For the moments at which the agent is about to speak: what it does before that (a booking, a
    language model, a voice that is stuck) may take seconds, and they must not be silent. A
    :data:`~voiceagent.legs.playout.Background`.

    Args:
        music: what is played.
        playout: where the voice is heard.
        after_ms: of silence, after which the music begins.
        at_once: it begins now, as if there had been silence before.
    """

    def __init__(
        self, music: Background, playout: Playout, after_ms: int, *, at_once: bool
    ) -> None:
        self._music = music
        self._playout = playout
        self._after_ms = after_ms
        self._quiet_ms = after_ms if at_once else 0
        self._left_ms: int | None = None
        self.heard_voice = False
        """Whether anything was said since."""

    def end_after(self, ms: int) -> None:
        """The agent has the caller back: end with its first word, at the latest after so long."""
        self._left_ms = ms

    def __call__(self) -> bytes:
        """The next 20 ms; nothing where there is no need."""
        if self._playout.queued_frames:
            self.heard_voice, self._quiet_ms = True, 0
            return b""
        self._quiet_ms += FRAME_MS
        if self._left_ms is not None:
            self._left_ms -= FRAME_MS
            if self.heard_voice or self._left_ms < 0:
                return b""
        return self._music() if self._quiet_ms > self._after_ms else b""


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
