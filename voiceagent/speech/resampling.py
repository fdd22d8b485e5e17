"""From a voice's rate to a leg's, as a stream, with hardly any sound held back.

Enters: float32 chunks of any length. Leaves: float32 chunks at the other rate, whose seams cannot
be heard. soxr's streams work in blocks: from 22.05 to 8 kHz its "HQ" holds back up to 80 ms and
its "LQ" 44 ms while damping 3.4 kHz by 8 dB, so that a first chunk of speech has to be that much
longer before it can be played. A short polyphase filter holds back 2 ms.

The filter is windowed with Kaiser's window: flat up to 0.84 of the lower rate's half (3.36 kHz for
8 kHz, about the upper edge of the telephone's band), 60 dB down at 1.08 of it (4.32 kHz). What is
in between folds to where a telephone passes nothing.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from voiceagent.speech.audio import Samples

# In units of half the lower rate.
_PASSED = 0.84
_STOPPED = 1.08
_STOPPED_DB = 60.0


class StreamResampler:
    """Converts one stream.

    Args:
        source_hz: rate of what comes in.
        target_hz: rate of what goes out.
    """

    def __init__(self, source_hz: int, target_hz: int) -> None:
        common = gcd(source_hz, target_hz)
        self._up, self._down = target_hz // common, source_hz // common
        self._taps = _polyphase(self._up, self._down)
        span = self._taps.shape[1]
        # So many samples at the beginning stand for what came before the first.
        self._held: Samples = np.zeros((span - 1) // 2, np.float32)
        self._delay = span // 2
        self._phase = 0

    def resample(self, audio: Samples, *, last: bool = False) -> Samples:
        """The samples that ``audio`` completes; with ``last`` the end of the stream as well."""
        if self._up == self._down:
            return audio
        parts = [self._held, audio]
        if last:
            parts.append(np.zeros(self._delay, np.float32))
        data = np.concatenate(parts)
        span = self._taps.shape[1]
        whole = data.size - span + 1
        # Output n is made around position n * down / up of the input.
        count = max(0, ceil((whole * self._up - self._phase) / self._down))
        at = self._phase + np.arange(count, dtype=np.int64) * self._down
        begins, phases = np.divmod(at, self._up)
        resampled = np.zeros(0, np.float32)
        if count:
            windows = np.lib.stride_tricks.sliding_window_view(data, span)[begins]
            resampled = np.einsum("ns,ns->n", windows, self._taps[phases])
        position = self._phase + count * self._down
        self._held = data[position // self._up :]
        self._phase = position % self._up
        return resampled


@lru_cache(maxsize=16)
def _polyphase(up: int, down: int) -> NDArray[np.float32]:
    """The filter's taps for each position between two input samples, shape (up, span)."""
    lower = min(1.0, up / down)
    cutoff = lower * (_PASSED + _STOPPED) / 2
    half = ceil((_STOPPED_DB - 8) / (2.285 * np.pi * lower * (_STOPPED - _PASSED)) / 2)
    offsets = np.arange(-half + 1, half + 1)[None, :] - np.arange(up)[:, None] / up
    beta = 0.1102 * (_STOPPED_DB - 8.7)
    window = np.i0(beta * np.sqrt(np.clip(1 - (offsets / half) ** 2, 0, None))) / np.i0(beta)
    taps = np.sinc(offsets * cutoff) * window
    # Every position passes silence and a constant unchanged.
    taps /= taps.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(taps, np.float32)
