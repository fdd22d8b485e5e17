"""The stream resampler: what it passes, what it stops, what it holds back, and its seams."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceagent.speech.audio import Samples, level_dbfs
from voiceagent.speech.resampling import StreamResampler

pytestmark = pytest.mark.unit

VOICE_HZ = 22050
PHONE_HZ = 8000


def sine(frequency_hz: float, rate_hz: int, seconds: float = 1.0) -> Samples:
    at = np.arange(int(rate_hz * seconds)) / rate_hz
    return np.sin(2 * np.pi * frequency_hz * at).astype(np.float32)


def level_of(frequency_hz: float, source_hz: int, target_hz: int) -> float:
    """What comes through of a tone, in dB, without the ends of the stream."""
    sound = sine(frequency_hz, source_hz)
    came = StreamResampler(source_hz, target_hz).resample(sound, last=True)
    return level_dbfs(came[came.size // 4 : -came.size // 4]) - level_dbfs(sound)


@pytest.mark.parametrize("target_hz", [8000, 16000, 48000])
def test_the_telephones_band_passes_unchanged(target_hz: int) -> None:
    for frequency_hz in (100, 300, 1000, 2000, 3000, 3400):
        assert abs(level_of(frequency_hz, VOICE_HZ, target_hz)) < 0.2, frequency_hz


def test_what_the_phone_cannot_carry_does_not_fold_into_it() -> None:
    for frequency_hz in (4400, 4600, 5000, 6000, 8000, 10000):
        assert level_of(frequency_hz, VOICE_HZ, PHONE_HZ) < -55, frequency_hz


@pytest.mark.parametrize(
    ("source_hz", "target_hz"), [(22050, 8000), (16000, 8000), (22050, 48000), (8000, 16000)]
)
def test_sound_keeps_its_place_in_time(source_hz: int, target_hz: int) -> None:
    came = StreamResampler(source_hz, target_hz).resample(sine(440, source_hz), last=True)
    assert abs(came.size - target_hz) <= 1
    wanted = sine(440, target_hz, came.size / target_hz)
    inner = slice(came.size // 20, -came.size // 20)
    assert np.abs(came - wanted[: came.size])[inner].max() < 2e-3


def test_hardly_any_sound_is_held_back() -> None:
    resampler = StreamResampler(VOICE_HZ, PHONE_HZ)
    held_ms = []
    taken = given_out = 0
    for _ in range(50):
        given_out += resampler.resample(np.ones(441, np.float32)).size
        taken += 441
        held_ms.append(1000 * (taken / VOICE_HZ - given_out / PHONE_HZ))
    assert min(held_ms) >= 0
    assert max(held_ms) < 2.1


def test_equal_rates_change_nothing() -> None:
    sound = sine(440, PHONE_HZ)
    assert StreamResampler(PHONE_HZ, PHONE_HZ).resample(sound, last=True) is sound


@settings(max_examples=50, deadline=None)
@given(cuts=st.lists(st.integers(0, 3000), max_size=12))
def test_wherever_it_is_cut_the_stream_is_the_same(cuts: list[int]) -> None:
    sound = np.random.default_rng(7).standard_normal(3000).astype(np.float32)
    whole = StreamResampler(VOICE_HZ, PHONE_HZ).resample(sound, last=True)
    resampler = StreamResampler(VOICE_HZ, PHONE_HZ)
    pieces = np.split(sound, sorted(cuts))
    parts = [resampler.resample(piece) for piece in pieces[:-1]]
    parts.append(resampler.resample(pieces[-1], last=True))
    joined = np.concatenate(parts)
    assert joined.size == whole.size
    assert np.abs(joined - whole).max() < 1e-5
