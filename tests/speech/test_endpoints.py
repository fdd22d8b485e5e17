"""Pauses of real recordings, found and judged as in a call."""

from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from voiceagent.bench.latency.endpoints import observe, observe_cuts
from voiceagent.bench.latency.material import Material, shipped
from voiceagent.speech.recogniser import Recogniser

pytestmark = pytest.mark.speech

FIXTURES = Path(__file__).parents[2] / "audio_fixtures"
WEIGHTS = Path(platformdirs.user_cache_dir("voiceagent")) / "weights" / "whisper-base"


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    if not (WEIGHTS / "model.bin").is_file():
        pytest.skip("Whisper base is not installed: run `voiceagent models fetch`.")
    return Recogniser(WEIGHTS)


def test_a_pause_and_the_end_behind_it(recogniser: Recogniser) -> None:
    material = shipped(FIXTURES, "tuning")
    clip = max(material.pauses, key=lambda clip: clip.pauses[0][1] - clip.pauses[0][0])
    seen = list(observe(replace(material, clear=(), pauses=(clip,)), recogniser))
    assert [each.is_end for each in seen][-1]
    assert not any(each.is_end for each in seen[:-1])
    put_in_ms = (clip.pauses[0][1] - clip.pauses[0][0]) // 16
    assert max(each.pause_ms for each in seen) == pytest.approx(put_in_ms, abs=250)
    assert len(seen[-1].heard.text) > len(seen[0].heard.text)


def test_a_sentence_broken_off_behind_each_word(recogniser: Recogniser) -> None:
    material = shipped(FIXTURES, "tuning")
    clip = min(material.clear, key=lambda clip: clip.sound.size)
    seen = list(observe_cuts(Material((clip,), (), ()), recogniser))
    assert [each.is_end for each in seen] == [False] * (len(seen) - 1) + [True]
    assert len(seen) >= 3
