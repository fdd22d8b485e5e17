"""Sample arithmetic shared by the speech parts: formats, rates, levels, and a positioned buffer.

Audio inside the package is mono. On the wire it is 16-bit little-endian PCM (``bytes``); for the
models it is float32 in -1..1. Positions are sample counts since the start of the stream, so that
they mean the same whatever the pace at which audio arrives.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]

BYTES_PER_SAMPLE = 2
_FULL_SCALE = 32768.0
_SILENCE_DBFS = -120.0


def pcm_to_float(pcm: bytes) -> Samples:
    """16-bit PCM as float32 in -1..1. An odd last byte, a torn sample, is ignored."""
    whole = len(pcm) - len(pcm) % BYTES_PER_SAMPLE
    return np.frombuffer(pcm[:whole], np.dtype("<i2")).astype(np.float32) / np.float32(_FULL_SCALE)


def float_to_pcm(audio: Samples) -> bytes:
    """Float32 as 16-bit PCM; what exceeds -1..1 is clipped."""
    scaled = np.clip(np.rint(audio * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
    pcm: bytes = scaled.astype(np.dtype("<i2")).tobytes()
    return pcm


def resample(audio: Samples, source_hz: int, target_hz: int) -> Samples:
    """A whole utterance at another rate, at high quality and without added delay.

    For streams use a stream resampler: edges of pieces resampled one by one do not join.
    """
    if source_hz == target_hz:
        return audio
    resampled: Samples = soxr.resample(audio, source_hz, target_hz, quality="HQ")
    return resampled


def level_dbfs(audio: Samples) -> float:
    """Root mean square level in dB below full scale; -120 for silence or nothing."""
    if not audio.size:
        return _SILENCE_DBFS
    power = float(np.mean(np.square(audio, dtype=np.float64)))
    return max(_SILENCE_DBFS, 10.0 * float(np.log10(power + 1e-12)))


def levels_dbfs(audio: Samples, window: int) -> NDArray[np.float64]:
    """The level of each whole window of ``window`` samples; shape (windows,)."""
    count = audio.size // window
    power = np.mean(np.square(audio[: count * window].reshape(count, window), dtype=np.float64), 1)
    return np.asarray(np.maximum(_SILENCE_DBFS, 10.0 * np.log10(power + 1e-12)))


def quietest_position(audio: Samples, sample_rate_hz: int, window_ms: int = 100) -> int:
    """The middle of the quietest stretch of ``window_ms``: where cutting hurts least."""
    step = max(1, sample_rate_hz // 100)
    levels = levels_dbfs(audio, step)
    span = max(1, window_ms // 10)
    if levels.size <= span:
        return audio.size // 2
    smoothed = np.convolve(levels, np.ones(span), mode="valid")
    return int((int(np.argmin(smoothed)) + span / 2) * step)


def speech_end(levels: NDArray[np.float64]) -> int:
    """Frames up to and including the last one clearly above the background."""
    if not levels.size:
        return 0
    loudest, background = float(levels.max()), float(np.percentile(levels, 10))
    if loudest - background < 12.0:
        return int(levels.size)
    loud = np.flatnonzero(levels >= max(background + 6.0, loudest - 30.0))
    return int(loud[-1]) + 1


def next_cut(audio: Samples, start: int, limit: int, sample_rate_hz: int) -> int:
    """Where a window beginning at ``start`` ends: at the end, or in a pause before the limit."""
    if audio.size - start <= limit:
        return audio.size
    search = start + limit * 2 // 3
    return search + quietest_position(audio[search : start + limit], sample_rate_hz)


class AudioHistory:
    """The recent past of a stream of 16-bit PCM, addressed by sample position.

    Args:
        keep: samples that may be held at most; older ones are forgotten.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._pcm = bytearray()
        self._start = 0

    @property
    def start(self) -> int:
        """Position of the oldest sample held."""
        return self._start

    @property
    def end(self) -> int:
        """Samples received so far: the stream's clock."""
        return self._start + len(self._pcm) // BYTES_PER_SAMPLE

    def append(self, pcm: bytes) -> None:
        """Take in the next whole samples of the stream."""
        self._pcm += pcm
        # Trimmed with slack, so that the buffer is not moved for every frame.
        if self.end - self._start > self._keep * 5 // 4:
            self.forget_before(self.end - self._keep)

    def forget_before(self, position: int) -> None:
        """Drop everything earlier than ``position``."""
        dropped = min(max(0, position - self._start), self.end - self._start)
        del self._pcm[: dropped * BYTES_PER_SAMPLE]
        self._start += dropped

    def cut(self, start: int, end: int) -> bytes:
        """The PCM from ``start`` up to ``end``, as far as it is still (or already) held."""
        first = max(0, start - self._start) * BYTES_PER_SAMPLE
        last = max(0, end - self._start) * BYTES_PER_SAMPLE
        return bytes(self._pcm[first:last])
