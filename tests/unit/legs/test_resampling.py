"""Live resampling: nothing gathered, nothing lost, the sound the same."""

import numpy as np
import pytest

from voiceagent.legs.resampling import LiveResampler

pytestmark = pytest.mark.unit

PAIRS = [(8000, 16_000), (16_000, 8000), (24_000, 16_000), (8000, 24_000), (48_000, 24_000)]


@pytest.mark.parametrize(("source_hz", "target_hz"), PAIRS)
def test_every_frame_is_out_within_two_and_a_half_milliseconds(
    source_hz: int, target_hz: int
) -> None:
    resample = LiveResampler(source_hz, target_hz)
    noise = np.random.default_rng(1).integers(-9000, 9000, source_hz * 2).astype(np.int16)
    size = source_hz // 50
    out = 0
    for start in range(0, noise.size, size):
        out += len(resample(noise[start : start + size].tobytes())) // 2
        held_back_ms = (start + size) * 1000 / source_hz - out * 1000 / target_hz
        assert 0 <= held_back_ms <= 2.5


@pytest.mark.parametrize(("source_hz", "target_hz"), PAIRS)
def test_a_tone_stays_the_tone_it_was(source_hz: int, target_hz: int) -> None:
    resample = LiveResampler(source_hz, target_hz)
    tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(source_hz) / source_hz)
    size = source_hz // 50
    pcm = tone.astype(np.int16)
    heard = np.frombuffer(
        b"".join(resample(pcm[i : i + size].tobytes()) for i in range(0, pcm.size, size)), np.int16
    )
    middle = heard[target_hz // 4 : target_hz // 4 * 3].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.size)))
    peak = np.argmax(spectrum)
    assert peak * target_hz / middle.size == pytest.approx(440, abs=3)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(8000 / np.sqrt(2), rel=0.02)
    # All of the energy is in the tone: no seams.
    assert np.sum(spectrum[peak - 4 : peak + 5] ** 2) / np.sum(spectrum**2) > 0.999


def test_one_rate_passes_untouched() -> None:
    pcm = np.arange(160, dtype=np.int16).tobytes()
    assert LiveResampler(8000, 8000)(pcm) == pcm
    assert LiveResampler(8000, 16_000)(b"") == b""
