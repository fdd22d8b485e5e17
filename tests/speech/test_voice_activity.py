"""Voice activity on real speech and on what is not speech, at both rates."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voiceagent.speech.audio import Samples, float_to_pcm, resample
from voiceagent.speech.voice_activity import (
    SpeechEdge,
    SpeechOffset,
    SpeechOnset,
    VoiceActivity,
    VoiceActivityOptions,
)

pytestmark = pytest.mark.speech

REAL = Path(__file__).parents[2] / "audio_fixtures" / "real"
RECORDINGS = sorted(REAL.glob("*.wav"))
BOTH_RATES = pytest.mark.parametrize("rate_hz", [8000, 16000])


def recording(path: Path, rate_hz: int) -> Samples:
    audio, source_hz = soundfile.read(path, dtype="float32")
    return resample(audio, source_hz, rate_hz)


def energy_bounds_ms(audio: Samples, rate_hz: int) -> tuple[int, int]:
    """Where the speech is by its energy alone: the ground truth of a clean recording."""
    step = rate_hz // 100
    frames = audio[: audio.size // step * step].reshape(-1, step)
    energy = np.sqrt(np.mean(frames**2, axis=1))
    loud = np.flatnonzero(energy > energy.max() * 0.02)
    return int(loud[0]) * 10, int(loud[-1]) * 10 + 10


def frames(audio: Samples, rate_hz: int, frame_ms: int = 20) -> Iterator[bytes]:
    pcm = float_to_pcm(audio)
    size = rate_hz * frame_ms // 1000 * 2
    for start in range(0, len(pcm), size):
        yield pcm[start : start + size]


def edges_of(
    audio: Samples, rate_hz: int, frame_ms: int = 20, options: VoiceActivityOptions | None = None
) -> list[SpeechEdge]:
    activity = VoiceActivity(rate_hz, options)
    edges = [edge for frame in frames(audio, rate_hz, frame_ms) for edge in activity.feed(frame)]
    return [*edges, *activity.finish()]


def noise(seconds: float, rate_hz: int, dbfs: float, seed: int = 0) -> Samples:
    samples = np.random.default_rng(seed).standard_normal(round(seconds * rate_hz))
    return (samples * 10 ** (dbfs / 20)).astype(np.float32)


def test_there_are_real_recordings() -> None:
    assert len(RECORDINGS) >= 5


@BOTH_RATES
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
@pytest.mark.parametrize("noise_dbfs", [-90, -60, -45])
def test_onset_and_offset_are_where_the_speech_is(
    path: Path, rate_hz: int, noise_dbfs: float
) -> None:
    before_ms, after_ms = 2000, 1500
    speech = recording(path, rate_hz)
    start_ms, end_ms = energy_bounds_ms(speech, rate_hz)
    audio = np.concatenate(
        [
            np.zeros(before_ms * rate_hz // 1000, np.float32),
            speech,
            np.zeros(after_ms * rate_hz // 1000, np.float32),
        ]
    )
    edges = edges_of(audio + noise(audio.size / rate_hz, rate_hz, noise_dbfs), rate_hz)
    per_ms = rate_hz // 1000
    assert isinstance(edges[0], SpeechOnset)
    assert isinstance(edges[-1], SpeechOffset)
    # Readers breathe in audibly and end softly, hence the tolerance.
    assert edges[0].at / per_ms == pytest.approx(before_ms + start_ms, abs=330)
    assert edges[-1].at / per_ms == pytest.approx(before_ms + end_ms, abs=280)
    assert edges[0].decided_at - edges[0].at <= 450 * per_ms
    assert 180 * per_ms <= edges[-1].decided_at - edges[-1].at <= 232 * per_ms


@BOTH_RATES
@pytest.mark.parametrize("dbfs", [-70, -50, -40, -30, -20, -12])
def test_noise_is_no_speech(rate_hz: int, dbfs: float) -> None:
    assert edges_of(noise(15, rate_hz, dbfs), rate_hz) == []


@BOTH_RATES
@pytest.mark.parametrize("kind", ["hum", "ringing", "clicks", "busy"])
def test_line_sounds_are_no_speech(rate_hz: int, kind: str) -> None:
    time = np.arange(rate_hz * 8) / rate_hz
    sounds = {
        "hum": 0.05 * np.sin(2 * np.pi * 50 * time),
        "ringing": 0.1 * np.sin(2 * np.pi * 425 * time) * (time % 5 < 1),
        "busy": 0.1 * np.sin(2 * np.pi * 425 * time) * (time % 0.96 < 0.48),
        "clicks": np.where(time % 0.5 < 0.002, 0.5, 0.0),
    }
    assert edges_of(sounds[kind].astype(np.float32), rate_hz) == []


@BOTH_RATES
def test_speech_quieter_than_the_floor_is_ignored(rate_hz: int) -> None:
    speech = recording(RECORDINGS[0], rate_hz)
    assert edges_of(speech * np.float32(0.01), rate_hz) == []
    assert edges_of(speech, rate_hz) != []


@BOTH_RATES
def test_speech_is_found_after_a_minute_of_noise(rate_hz: int) -> None:
    speech = recording(RECORDINGS[0], rate_hz)
    long_noise = noise(60, rate_hz, -25)
    audio = np.concatenate([long_noise, speech + noise(speech.size / rate_hz, rate_hz, -45)])
    edges = edges_of(audio, rate_hz)
    assert isinstance(edges[0], SpeechOnset)
    assert edges[0].at > long_noise.size - rate_hz // 3
    assert edges[0].decided_at < long_noise.size + rate_hz


@pytest.mark.parametrize("frame_ms", [10, 30, 100, 250])
def test_the_answer_does_not_depend_on_how_audio_is_framed(frame_ms: int) -> None:
    silence = np.zeros(16000, np.float32)
    audio = np.concatenate([silence, recording(RECORDINGS[1], 16000), silence])
    expected = [(type(edge), edge.at) for edge in edges_of(audio, 16000)]
    assert [(type(edge), edge.at) for edge in edges_of(audio, 16000, frame_ms)] == expected


def test_a_pause_ends_speech_and_what_follows_begins_anew() -> None:
    speech = recording(RECORDINGS[1], 8000)
    pause = np.zeros(8000, np.float32)
    edges = edges_of(np.concatenate([pause, speech, pause, speech, pause]), 8000)
    assert [type(edge) for edge in edges].count(SpeechOnset) >= 2
    positions = [edge.at for edge in edges]
    assert positions == sorted(positions)


def test_offset_ms_bridges_shorter_pauses() -> None:
    speech = recording(RECORDINGS[1], 8000)
    audio = np.concatenate(
        [speech, np.zeros(3200, np.float32), speech, np.zeros(24000, np.float32)]
    )
    patient = edges_of(audio, 8000, options=VoiceActivityOptions(offset_ms=2000))
    assert [type(edge) for edge in patient] == [SpeechOnset, SpeechOffset]


def test_a_stream_that_ends_in_speech_is_finished() -> None:
    speech = recording(RECORDINGS[0], 8000)[: 8000 * 3]
    edges = edges_of(speech, 8000)
    assert isinstance(edges[-1], SpeechOffset)
    assert edges[-1].at <= speech.size


def test_unsupported_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="44100"):
        VoiceActivity(44100)
