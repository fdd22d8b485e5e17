"""The hold music never stops and never startles."""

import numpy as np
import pytest

from voiceagent.handoff.hold import YieldingMusic, hold_music
from voiceagent.legs.playout import Playout

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


MUSIC, VOICE, SILENCE = b"\1" * 320, b"\2" * 320, bytes(320)


def played(playout: Playout, frames: int) -> list[bytes]:
    return [playout.next_frame() for _ in range(frames)]


def yielding(*, at_once: bool) -> tuple[Playout, YieldingMusic]:
    playout = Playout(320)
    music = YieldingMusic(lambda: MUSIC, playout, after_ms=100, at_once=at_once)
    playout.background = music
    return playout, music


def test_music_gives_way_to_the_voice_and_steps_in_if_it_stops_coming() -> None:
    playout, _ = yielding(at_once=True)
    assert played(playout, 3) == [MUSIC] * 3
    playout.push(VOICE * 2)
    assert played(playout, 8) == [VOICE] * 2 + [SILENCE] * 5 + [MUSIC]


def test_a_voice_that_is_due_has_its_time() -> None:
    playout, _ = yielding(at_once=False)
    assert played(playout, 6) == [SILENCE] * 5 + [MUSIC]
    playout.push(VOICE)
    assert played(playout, 2) == [VOICE, SILENCE]


def test_the_music_ends_with_the_agents_first_word_or_after_so_long() -> None:
    playout, music = yielding(at_once=True)
    music.end_after(200)
    playout.push(VOICE)
    assert played(playout, 20) == [VOICE] + [SILENCE] * 19
    playout, music = yielding(at_once=True)
    music.end_after(60)
    assert played(playout, 20) == [MUSIC] * 3 + [SILENCE] * 17
