"""Real Piper voices in chunks: the same sound as in one piece, the first of it before the rest."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from voiceagent.speech import piper as piper_module
from voiceagent.speech.audio import Samples
from voiceagent.speech.errors import VoiceUnavailableError
from voiceagent.speech.piper import FIRST_CHUNK_FRAMES, PiperVoice
from voiceagent.speech.piper_graph import NotSplittableError, SplitVoice, split_voice

pytestmark = pytest.mark.speech

WEIGHTS = Path(platformdirs.user_cache_dir("voiceagent")) / "weights"
PIPER = WEIGHTS / "piper-en_US-joe-medium" / "en_US-joe-medium.onnx"
SENTENCE = (
    "I can see that your payment arrived with us on Monday, and the case about it is closed now."
)
HOP = 256


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The voice with nothing drawn at random, so that every run gives the same sound."""
    if not PIPER.is_file():
        pytest.skip("The Piper voice is not installed: run `voiceagent models fetch`.")
    path = tmp_path_factory.mktemp("piper") / PIPER.name
    path.symlink_to(PIPER)
    config = json.loads(PIPER.with_name(PIPER.name + ".json").read_text(encoding="utf-8"))
    config["inference"] |= {"noise_scale": 0.0, "noise_w": 0.0}
    path.with_name(path.name + ".json").write_text(json.dumps(config), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def streaming(model_path: Path) -> PiperVoice:
    return PiperVoice(model_path, "en")


@pytest.fixture(scope="module")
def whole(model_path: Path) -> PiperVoice:
    return PiperVoice(model_path, "en", stream=False)


@pytest.mark.parametrize("text", ["Sure,", "No.", SENTENCE, f"Thank you. {SENTENCE} Goodbye."])
@pytest.mark.parametrize("pace", [1.0, 0.8])
def test_chunks_are_the_same_sound_as_the_whole(
    streaming: PiperVoice, whole: PiperVoice, text: str, pace: float
) -> None:
    assert streaming.streams
    assert not whole.streams
    in_chunks = np.concatenate(list(streaming.synthesise(text, pace)))
    at_once = np.concatenate(list(whole.synthesise(text, pace)))
    assert in_chunks.size == at_once.size
    assert np.abs(at_once).max() > 0.1
    assert np.abs(in_chunks - at_once).max() < 1e-3


def test_the_first_chunk_is_there_before_the_rest_is_computed(
    streaming: PiperVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    model: Any = streaming._model
    decode = model.decode

    def noted(latent: Any, start: int, count: int) -> Samples:
        decoded.append(count)
        result: Samples = decode(latent, start, count)
        return result

    monkeypatch.setattr(model, "decode", noted)
    chunks = streaming.synthesise(SENTENCE)
    first = next(chunks)
    assert decoded == [FIRST_CHUNK_FRAMES]
    assert first.size == FIRST_CHUNK_FRAMES * HOP
    rest = list(chunks)
    assert len(decoded) == len(rest) + 1 >= 4
    assert decoded[:3] == [FIRST_CHUNK_FRAMES, 2 * FIRST_CHUNK_FRAMES, 4 * FIRST_CHUNK_FRAMES]
    assert [chunk.size for chunk in rest] == [count * HOP for count in decoded[1:]]


def test_a_voice_that_cannot_be_cut_speaks_all_the_same(
    model_path: Path,
    whole: PiperVoice,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(_model: bytes) -> SplitVoice:
        raise NotSplittableError("Its decoder takes the speaker as well.")

    monkeypatch.setattr(piper_module, "split_voice", refuse)
    voice = PiperVoice(model_path, "en")
    assert "cannot be streamed: Its decoder takes the speaker as well." in caplog.text
    assert not voice.streams
    assert same(voice.synthesise("Good day."), whole.synthesise("Good day."))


def test_a_voice_whose_chunks_would_differ_is_not_cut(
    model_path: Path,
    whole: PiperVoice,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(piper_module, "_OVERLAP_FRAMES", (0, 2))
    voice = PiperVoice(model_path, "en")
    assert "cannot be streamed: chunks differ" in caplog.text
    assert not voice.streams
    assert same(voice.synthesise("Good day."), whole.synthesise("Good day."))


def test_a_voice_that_is_no_model_is_named(tmp_path: Path, model_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"this is no model")
    shutil.copy(model_path.with_name(model_path.name + ".json"), tmp_path / "broken.onnx.json")
    with pytest.raises(VoiceUnavailableError, match=r"broken\.onnx"):
        PiperVoice(broken, "en")


def test_the_cut_gives_durations_and_shares_no_weight(model_path: Path) -> None:
    data = model_path.read_bytes()
    split = split_voice(data)
    assert split.tells_durations
    assert len(split.encoder) + len(split.decoder) < len(data) * 1.01


def same(one: Iterator[Samples], other: Iterator[Samples]) -> bool:
    return np.allclose(np.concatenate(list(one)), np.concatenate(list(other)), atol=1e-3)
