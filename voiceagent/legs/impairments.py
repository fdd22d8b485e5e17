"""What a telephone line does to sound: codec, loss, jitter, echo, noise.

What enters: clean 20 ms frames of the far end's voice and of what the far end hears. What leaves:
the frames as they would arrive. Everything is seeded, so a recorded call is the same each time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_MU = 255.0


@dataclass(frozen=True, slots=True)
class Impairments:
    """How bad the line is; the default is a clean one.

    Attributes:
        mu_law: pass the voice through G.711 mu-law (ITU-T G.711), as most phone lines do.
        loss: share of frames lost, 0..1, in bursts of two on average; lost frames are silent.
        jitter_ms: frames are held back by up to this long and then arrive in a bunch.
        echo_db: level of our own sound coming back, e.g. -20; None for no echo.
        echo_delay_ms: how late it comes back.
        noise_db: level of white background noise in dB full scale; None for none.
        seed: of the random choices.
    """

    mu_law: bool = False
    loss: float = 0.0
    jitter_ms: int = 0
    echo_db: float | None = None
    echo_delay_ms: int = 120
    noise_db: float | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.loss < 1:
            raise ValueError("loss must be at least 0 and below 1")
        if self.jitter_ms < 0 or self.echo_delay_ms < 0:
            raise ValueError("jitter_ms and echo_delay_ms must not be negative")


def mu_law(x: Samples) -> Samples:
    """One pass through 8-bit mu-law and back; samples in -1..1."""
    magnitude = np.log1p(_MU * np.abs(np.clip(x, -1, 1))) / np.log1p(_MU)
    levels = np.round(magnitude * 127) / 127
    expanded: Samples = (np.sign(x) * np.expm1(levels * np.log1p(_MU)) / _MU).astype(np.float32)
    return expanded


class Line:
    """One direction of an impaired line, frame by frame."""

    def __init__(self, impairments: Impairments, samples_per_frame: int) -> None:
        self._spec = impairments
        self._size = samples_per_frame
        self._random = np.random.default_rng(impairments.seed)
        self._in_burst = False
        delay_frames = impairments.echo_delay_ms // 20
        self._echo: deque[Samples] = deque(
            [np.zeros(samples_per_frame, np.float32)] * delay_frames, maxlen=delay_frames + 1
        )

    def pass_through(self, voice: bytes, heard: bytes) -> bytes:
        """The far end's frame as it arrives, given what the far end hears in that moment."""
        spec = self._spec
        self._echo.append(_floats(heard))
        if self._lost():
            return bytes(len(voice))
        if spec.echo_db is None and spec.noise_db is None and not spec.mu_law:
            return voice
        x = _floats(voice)
        if spec.echo_db is not None:
            x = x + self._echo[0] * np.float32(10 ** (spec.echo_db / 20))
        if spec.noise_db is not None:
            noise = self._random.standard_normal(self._size).astype(np.float32)
            x = x + noise * np.float32(10 ** (spec.noise_db / 20))
        if spec.mu_law:
            x = mu_law(x)
        return (np.clip(x, -1, 1) * 32767).astype(np.int16).tobytes()

    def held_back(self) -> bool:
        """Whether this frame is late and arrives together with the next ones."""
        frames = self._spec.jitter_ms / 20
        return frames > 0 and bool(self._random.random() > 1 / (1 + frames / 2))

    def _lost(self) -> bool:
        """Two-state (Gilbert) loss: a lost frame makes the next one's loss more likely."""
        if self._spec.loss == 0:
            return False
        chance = 0.5 if self._in_burst else self._spec.loss / (2 * (1 - self._spec.loss))
        self._in_burst = bool(self._random.random() < chance)
        return self._in_burst


def _floats(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, np.int16).astype(np.float32) / np.float32(32768)
