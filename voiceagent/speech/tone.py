"""How an utterance sounds: loudness, pitch, pace.

Enters: the audio of one utterance and its words. Leaves: a :class:`~voiceagent.domain.transcript.
Tone`, to be compared with the same speaker's other utterances of the same call; absolute values
depend on the phone, the line and the person. Pure numpy, a few milliseconds a second of audio;
blocking all the same, so it runs where the recognition runs.

The fundamental frequency is found by the normalised autocorrelation of short windows, the first
half of Boersma 1993 ("Accurate short-term analysis of the fundamental frequency", IFA Proceedings
17): enough to tell a raised voice, which is all it is for.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from voiceagent.domain.transcript import Tone
from voiceagent.speech.audio import Samples, levels_dbfs, resample

_RATE_HZ = 8000
_WINDOW_MS, _HOP_MS = 40, 10
_LOWEST_HZ, _HIGHEST_HZ = 70, 450
# A window is voiced if it repeats itself this well ...
_VOICED_FROM = 0.55
# ... and is no more than this much softer than the loudest of the utterance.
_AUDIBLE_DB = 30.0
_SILENCE_DBFS = -60.0
_OCTAVE_COST = 0.03
_LEAST_VOICED = 5
_VOWELS = re.compile(r"[aeiouyäöüáéíóúàèìòùâêîôû]+", re.IGNORECASE)


def measure_tone(audio: Samples, sample_rate_hz: int, text: str) -> Tone | None:
    """How an utterance sounds.

    Args:
        audio: of the utterance, mono float32 in -1..1.
        sample_rate_hz: its rate.
        text: what was recognised in it; for the pace.

    Returns:
        None where nothing audible is in it.
    """
    audio = resample(audio, sample_rate_hz, _RATE_HZ)
    windows = _windows(audio)
    if not len(windows):
        return None
    levels = levels_dbfs(windows.reshape(-1), windows.shape[1])
    audible = levels > max(_SILENCE_DBFS, float(levels.max()) - _AUDIBLE_DB)
    if not audible.any():
        return None
    pitches, clarity = _pitches(windows)
    voiced = audible & (clarity >= _VOICED_FROM)
    loud = levels[voiced] if voiced.any() else levels[audible]
    pitch, spread = _pitch_of(pitches[voiced])
    speaking_s = float(audible.sum()) * _HOP_MS / 1000
    return Tone(
        loudness_db=round(10 * float(np.log10(np.mean(10 ** (loud / 10)))), 1),
        pitch_hz=round(pitch, 1),
        pitch_range_semitones=round(spread, 1),
        rate_per_s=round(syllables(text) / speaking_s, 2) if speaking_s else 0.0,
        voiced_ms=int(voiced.sum()) * _HOP_MS,
    )


def syllables(text: str) -> int:
    """About how many syllables a text has: its groups of vowels; numbers count two a digit."""
    digits = sum(character.isdigit() for character in text)
    return len(_VOWELS.findall(text)) + 2 * digits


def together(tones: list[Tone]) -> Tone | None:
    """The tone of a turn made of several utterances, weighted by how much voice each rests on."""
    if not tones:
        return None
    weights = np.array([max(1, tone.voiced_ms) for tone in tones], dtype=float)
    weights /= weights.sum()

    def mean(values: list[float]) -> float:
        return round(float(np.dot(weights, values)), 2)

    pitched = [tone for tone in tones if tone.pitch_hz]
    return Tone(
        loudness_db=mean([tone.loudness_db for tone in tones]),
        pitch_hz=float(np.median([tone.pitch_hz for tone in pitched])) if pitched else 0.0,
        pitch_range_semitones=max(tone.pitch_range_semitones for tone in tones),
        rate_per_s=mean([tone.rate_per_s for tone in tones]),
        voiced_ms=sum(tone.voiced_ms for tone in tones),
    )


def _windows(audio: Samples) -> NDArray[np.float32]:
    """Overlapping windows of the audio; shape (windows, samples)."""
    size, hop = _RATE_HZ * _WINDOW_MS // 1000, _RATE_HZ * _HOP_MS // 1000
    if audio.size < size:
        return np.zeros((0, size), np.float32)
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(audio, size)[::hop])


def _pitches(windows: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The likeliest period of each window as Hz, and how well the window repeats at it, 0..1."""
    size = windows.shape[1]
    shaped = (windows - windows.mean(axis=1, keepdims=True)) * np.hanning(size)
    length = 1 << (2 * size - 1).bit_length()
    spectrum = np.fft.rfft(shaped, length)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, length)[:, :size]
    own = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(size), length)) ** 2, length)[:size]
    # Dividing by the window's own autocorrelation undoes what the window takes from long lags.
    correlation = correlation / np.maximum(correlation[:, :1], 1e-12) / (own / own[0] + 1e-9)
    first, last = _RATE_HZ // _HIGHEST_HZ, min(size // 2, _RATE_HZ // _LOWEST_HZ)
    lags = np.arange(first, last + 1)
    # Half the pitch repeats as well as the pitch itself: prefer the shorter period.
    candidates = correlation[:, first : last + 1] - _OCTAVE_COST * np.log2(lags / first)
    best = candidates.argmax(axis=1)
    clarity = correlation[np.arange(len(best)), lags[best]]
    return _RATE_HZ / lags[best].astype(float), np.clip(clarity, 0.0, 1.0)


def _pitch_of(pitches: NDArray[np.float64]) -> tuple[float, float]:
    """The median in Hz and the spread in semitones; zeros where hardly anything is voiced."""
    if pitches.size < _LEAST_VOICED:
        return 0.0, 0.0
    low, middle, high = np.percentile(pitches, [10, 50, 90])
    return float(middle), float(12 * np.log2(high / low))
