"""The hold music never stops and never startles."""

import numpy as np
import pytest

from voiceagent.handoff.hold import hold_music

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_music_is_audible_in_every_half_second_and_never_clips(rate: int) -> None:
    play = hold_music(rate)
    sound = np.frombuffer(b"".join(play() for _ in range(50 * 40)), np.int16).astype(float)
    halves = sound[: sound.size // (rate // 2) * (rate // 2)].reshape(-1, rate // 2)
    levels = np.sqrt((halves**2).mean(axis=1))
    assert levels.min() > 300
    assert np.abs(sound).max() < 16_000
    # No click where the loop closes.
    assert np.abs(np.diff(sound)).max() < 4000


def test_two_callers_have_their_own_place_in_the_music() -> None:
    one, two = hold_music(8000), hold_music(8000)
    first = one()
    one()
    assert two() == first
