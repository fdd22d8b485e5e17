"""Voice to voice from a recording made so that the answer is known."""

import wave
from pathlib import Path

import numpy as np
import pytest

from voiceagent.calls.latency import measure

pytestmark = pytest.mark.unit

RATE = 8000


def channel(*stretches: tuple[int, int], total_ms: int = 12_000) -> np.ndarray:
    x = np.random.default_rng(1).standard_normal(total_ms * 8) * 20
    for start, end in stretches:
        t = np.arange((end - start) * 8)
        x[start * 8 : end * 8] += 6000 * np.sin(t * 0.5)
    return x.astype(np.int16)


def recording(path: Path, caller: np.ndarray, agent: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.stack([caller, agent], axis=1).tobytes())
    return path


def test_each_answer_is_measured_from_the_last_to_the_first_sound(tmp_path: Path) -> None:
    path = recording(
        tmp_path / "call.wav",
        # A pause of 600 ms inside the second turn does not end it.
        channel((1000, 2000), (5000, 6000), (6600, 7500)),
        # A breath of 200 ms inside the first reply does not start a new one.
        channel((2800, 3500), (3700, 4500), (8500, 9000)),
    )
    found = measure(path, [(0, 12_000)])
    assert [t.voice_to_voice_ms for t in found.turns] == pytest.approx([800, 1000], abs=20)
    assert found.percentile_ms(50) == pytest.approx(900, abs=20)
    assert found.as_json()["p95"] == found.percentile_ms(95)


def test_only_stretches_where_the_agent_answers_count(tmp_path: Path) -> None:
    path = recording(
        tmp_path / "call.wav",
        channel((1000, 2000), (5000, 6000)),
        channel((2500, 3000), (6900, 8000)),
    )
    assert len(measure(path, [(0, 4000)]).turns) == 1


def test_a_call_without_an_answer_has_no_figures(tmp_path: Path) -> None:
    path = recording(tmp_path / "call.wav", channel((1000, 2000)), channel())
    assert measure(path, [(0, 12_000)]).as_json()["p50"] is None
