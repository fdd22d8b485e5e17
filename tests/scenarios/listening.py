"""What can be heard in a recording: levels, silences, and words."""

from __future__ import annotations

import re
import wave
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from voiceagent.settings import load_settings
from voiceagent.speech.recogniser import Recogniser

Samples = npt.NDArray[np.float32]
RATE = 16_000


@lru_cache(maxsize=1)
def _recogniser() -> Recogniser:
    settings = load_settings()
    return Recogniser(settings.weights_dir / settings.whisper)


def channels(path: Path) -> tuple[Samples, Samples, int]:
    """Caller, agent-and-human, sample rate."""
    with wave.open(str(path), "rb") as file:
        rate = file.getframerate()
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    both = pcm.reshape(-1, 2).astype(np.float32) / 32768
    return both[:, 0], both[:, 1], rate


def words_in(samples: Samples, rate: int, language: str) -> set[str]:
    """The words Whisper hears in a stretch of sound."""
    if samples.size < rate // 2:
        return set()
    audio = soxr.resample(samples, rate, RATE).astype(np.float32)
    return words(_recogniser().transcribe(audio, language).text)


def words(text: str) -> set[str]:
    """The words of a text, for comparison."""
    return set(re.findall(r"[a-zäöüß]{3,}", text.lower()))


def from_pcm(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, np.int16).astype(np.float32) / 32768


def _silent(samples: Samples, rate: int) -> npt.NDArray[np.bool_]:
    """For each 20 ms whether nothing is audible (below -54 dB full scale)."""
    step = rate // 50
    frames = samples[: samples.size // step * step].reshape(-1, step)
    return np.asarray(np.sqrt((frames**2).mean(axis=1)) < 0.002)


def audible_ms(samples: Samples, rate: int) -> int:
    """How much of it can be heard at all."""
    return int((~_silent(samples, rate)).sum()) * 20


def alike(said: Samples, heard: Samples, rate: int) -> float:
    """How much of what was said was heard: the correlation of their loudness over time, at most 1.

    It is taken at the delay (up to two seconds either way) at which the two fit best, so that a
    bridge may be late but may not lose or invent anything of note.
    """
    one, other = _loudness(said, rate), _loudness(heard, rate)
    length = max(one.size, other.size) + 200
    one = np.pad(one, (100, length - one.size))
    best = 0.0
    for delay in range(200):
        moved = np.pad(other, (delay, length + 100 - other.size - delay))
        if one.std() > 0 and moved.std() > 0:
            best = max(best, float(np.corrcoef(one, moved)[0, 1]))
    return best


def _loudness(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """The level of each 20 ms, as a root, so that soft sounds count as well."""
    step = rate // 50
    frames = samples[: samples.size // step * step].reshape(-1, step).astype(np.float64)
    return np.asarray(np.sqrt(np.sqrt((frames**2).mean(axis=1))))


def longest_silence_ms(samples: Samples, rate: int) -> int:
    """The longest stretch in which nothing is audible."""
    longest = run = 0
    for quiet in _silent(samples, rate):
        run = run + 1 if quiet else 0
        longest = max(longest, run)
    return longest * 20
