"""The hold music, coming back from the caller's phone as an echo, is not taken for the caller."""

from __future__ import annotations

import numpy as np
import pytest

from voiceagent.handoff.hold import hold_music
from voiceagent.speech.voice_activity import SpeechOnset, VoiceActivity, VoiceActivityOptions

pytestmark = pytest.mark.speech

RATE = 8000
SECONDS = 40


def echo(attenuation_db: float) -> bytes:
    """What a phone sends back of two rounds of the music, with the noise of a quiet room."""
    player = hold_music(RATE)
    music = np.frombuffer(b"".join(player() for _ in range(SECONDS * 50)), np.int16)
    noise = np.random.default_rng(7).normal(0, 20, music.size)
    back = music * 10 ** (-attenuation_db / 20) + noise
    return np.clip(back, -32768, 32767).astype(np.int16).tobytes()


def onsets(pcm: bytes) -> int:
    activity = VoiceActivity(RATE, VoiceActivityOptions())
    edges = [edge for at in range(0, len(pcm), 3200) for edge in activity.feed(pcm[at : at + 3200])]
    return sum(isinstance(edge, SpeechOnset) for edge in edges)


@pytest.mark.parametrize("attenuation_db", [0, 6, 12, 20, 30])
def test_music_is_no_speech_at_any_level(attenuation_db: float) -> None:
    assert onsets(echo(attenuation_db)) == 0
