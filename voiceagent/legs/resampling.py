"""Live sound from one rate to another, holding back next to nothing.

In: 20 ms frames. Out: the same sound at another rate, 1 or 2 ms later, from the first frame on. A
filter that gathers sound before it lets any through is waited for by the caller in every turn, and
soxr's stream does, at its low quality too. libswresample's polyphase filter (FFmpeg, by PyAV) does
not.
"""

from __future__ import annotations

import numpy as np
from av import AudioFrame, AudioResampler


class LiveResampler:
    """16-bit mono PCM of one stream, from one rate to another.

    Args:
        source_hz, target_hz: the two rates; where they are one, sound passes untouched.
    """

    def __init__(self, source_hz: int, target_hz: int) -> None:
        self._source_hz = source_hz
        self._stream: AudioResampler | None = None
        if source_hz != target_hz:
            self._stream = AudioResampler(format="s16", layout="mono", rate=target_hz)

    def __call__(self, pcm: bytes) -> bytes:
        """The next sound at the target rate; about as long as what came in."""
        if self._stream is None or not pcm:
            return pcm
        frame = AudioFrame.from_ndarray(
            np.frombuffer(pcm, np.int16)[None, :], format="s16", layout="mono"
        )
        frame.sample_rate = self._source_hz
        return b"".join(part.to_ndarray().tobytes() for part in self._stream.resample(frame))
