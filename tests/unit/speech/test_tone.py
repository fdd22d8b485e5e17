"""Loudness, pitch and pace of made-up voices, compared as the supervisor compares them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from voiceagent.domain.transcript import Tone
from voiceagent.speech.tone import measure_tone, syllables, together

pytestmark = pytest.mark.unit

RATE = 8000


def voice(
    pitch_hz: float, seconds: float = 1.5, level: float = 0.1, rate: int = RATE
) -> NDArray[np.float32]:
    """A buzz with ten harmonics that fall off as a voice's do, coming and going in syllables."""
    time = np.arange(int(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * pitch_hz * k * time) / k for k in range(1, 11))
    syllabic = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * time)
    return (level * buzz * syllabic).astype(np.float32)


@pytest.mark.parametrize("pitch_hz", [85, 120, 180, 240, 330])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_pitch_is_found_within_half_a_semitone(pitch_hz: float, rate: int) -> None:
    tone = measure_tone(voice(pitch_hz, rate=rate), rate, "hello there")
    assert tone is not None
    assert abs(12 * np.log2(tone.pitch_hz / pitch_hz)) < 0.5


def test_pitch_survives_the_noise_of_a_line() -> None:
    noise = np.random.default_rng(5).normal(0, 0.01, 12000).astype(np.float32)
    tone = measure_tone(voice(150) + noise, RATE, "hello there")
    assert tone is not None
    assert abs(12 * np.log2(tone.pitch_hz / 150)) < 0.5


def test_twice_the_amplitude_is_six_decibels() -> None:
    soft, loud = (measure_tone(voice(140, level=level), RATE, "") for level in (0.05, 0.1))
    assert soft is not None
    assert loud is not None
    assert loud.loudness_db - soft.loudness_db == pytest.approx(6.0, abs=0.3)


def test_pauses_change_neither_loudness_nor_pace() -> None:
    words = "one two three four five"
    plain = measure_tone(voice(140), RATE, words)
    pausing = np.concatenate([voice(140, 0.75), np.zeros(RATE, np.float32), voice(140, 0.75)])
    paused = measure_tone(pausing, RATE, words)
    assert plain is not None
    assert paused is not None
    assert paused.loudness_db == pytest.approx(plain.loudness_db, abs=0.6)
    assert paused.rate_per_s == pytest.approx(plain.rate_per_s, rel=0.15)


def test_a_gliding_voice_has_a_wider_range_than_a_flat_one() -> None:
    time = np.arange(2 * RATE) / RATE
    phase = 2 * np.pi * np.cumsum(120 * 2 ** (time / 2)) / RATE
    gliding = (0.1 * (np.sin(phase) + 0.5 * np.sin(2 * phase))).astype(np.float32)
    wide, flat = measure_tone(gliding, RATE, ""), measure_tone(voice(120, 2), RATE, "")
    assert wide is not None
    assert flat is not None
    assert wide.pitch_range_semitones > 6 > 1 > flat.pitch_range_semitones


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, RATE).astype(np.float32)
    tone = measure_tone(noise, RATE, "")
    assert tone is not None
    assert tone.voiced_ms < 100


@pytest.mark.parametrize("samples", [0, 10, 319, 8000])
def test_nothing_audible_has_no_tone(samples: int) -> None:
    assert measure_tone(np.zeros(samples, np.float32), RATE, "hello") is None


def test_syllables_of_words_and_numbers() -> None:
    assert syllables("I was charged twice") == 6  # the silent e counts, the same in every turn
    assert syllables("Übermorgen") == 4
    assert syllables("42") == 4
    assert syllables("") == 0


def test_a_turn_weighs_its_utterances_by_their_voice() -> None:
    short = Tone(-40.0, 100.0, 2.0, 2.0, 100)
    long = Tone(-20.0, 200.0, 4.0, 4.0, 900)
    turn = together([short, long])
    assert turn == Tone(-22.0, 150.0, 4.0, 3.8, 1000)
    assert together([]) is None
    assert together([Tone(-30.0, 0.0, 0.0, 1.0, 0)]) == Tone(-30.0, 0.0, 0.0, 1.0, 0)
