"""Recordings become turns whose speech and pauses are where they are said to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from voiceagent.bench.latency.material import (
    PARTS,
    RATE_HZ,
    Samples,
    clip_of,
    folder_of_recordings,
    on_the_line,
    shipped,
    with_pause,
)
from voiceagent.bench.latency.record import Kind
from voiceagent.domain.errors import AudioFileError, InputError

pytestmark = pytest.mark.unit

FIXTURES = Path(__file__).resolve().parents[4] / "audio_fixtures"
LISTED = yaml.safe_load((FIXTURES / "real/manifest.yaml").read_text("utf-8"))


def tone(seconds: float) -> Samples:
    at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * 400 * at)).astype(np.float32)


def quiet(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE_HZ), np.float32)


def test_speech_is_found_by_its_energy() -> None:
    clip = clip_of("x", "words", np.concatenate([quiet(0.5), tone(1.0), quiet(0.7)]))
    assert clip.end - clip.start == pytest.approx(RATE_HZ, abs=RATE_HZ // 50)
    assert clip.sound.size < 1.2 * RATE_HZ
    assert np.abs(clip.sound[: clip.start]).max(initial=0) < 0.01


def test_every_clip_is_equally_loud() -> None:
    soft, loud = (clip_of("x", "w", factor * tone(1.0)) for factor in (0.1, 2.0))
    assert np.std(soft.sound) == pytest.approx(np.std(loud.sound), rel=0.02)


def test_a_pause_is_put_in_at_the_boundary_and_is_silent() -> None:
    sound = np.concatenate([quiet(0.3), tone(1.0), quiet(0.06), tone(1.0), quiet(0.3)])
    clip = clip_of("x", "words", sound)
    paused = with_pause(clip, sound, 1.33)
    ((start, end),) = paused.pauses
    assert 0.4 <= (end - start) / RATE_HZ <= 1.2
    assert (start - paused.start) / RATE_HZ == pytest.approx(1.03, abs=0.04)
    assert not paused.sound[start:end].any()
    assert paused.end - paused.start == clip.end - clip.start + end - start
    again = with_pause(clip, sound, 1.33)
    assert again.pauses == paused.pauses, "drawn once, the same each time"


def test_a_telephone_line_has_half_the_band() -> None:
    hiss = clip_of("x", "w", np.random.default_rng(1).standard_normal(RATE_HZ).astype(np.float32))
    narrow, wide = on_the_line(hiss, wideband=False)
    assert (narrow.size, wide.size) == (hiss.sound.size // 2, hiss.sound.size // 2 * 2)
    spectrum = np.abs(np.fft.rfft(wide)) ** 2
    assert spectrum[4200 * spectrum.size // 8000 :].sum() < 0.01 * spectrum.sum()
    assert on_the_line(hiss, wideband=True)[1] is hiss.sound


def test_pauses_in_somebodys_own_recording_are_trials(tmp_path: Path) -> None:
    with_a_pause = np.concatenate([tone(1), quiet(0.7), tone(1)])
    without = np.concatenate([tone(1), quiet(0.1), tone(1)])
    for name, sound in (("a", with_a_pause), ("b", without), ("no-text", without)):
        soundfile.write(str(tmp_path / f"{name}.wav"), sound, RATE_HZ)
    (tmp_path / "a.txt").write_text("one two", "utf-8")
    (tmp_path / "b.txt").write_text("three\n", "utf-8")
    found = folder_of_recordings(tmp_path)
    assert [clip.id for clip in found.clear] == ["b"]
    assert [clip.id for clip in found.pauses] == ["a"]
    ((start, end),) = found.pauses[0].pauses
    assert (end - start) / RATE_HZ == pytest.approx(0.7, abs=0.03)
    assert found.clear[0].text == "three"


def test_a_folder_without_words_is_refused(tmp_path: Path) -> None:
    soundfile.write(str(tmp_path / "a.wav"), tone(1), RATE_HZ)
    with pytest.raises(InputError, match="holds no recording"):
        folder_of_recordings(tmp_path)


def test_silence_is_no_recording(tmp_path: Path) -> None:
    soundfile.write(str(tmp_path / "a.wav"), quiet(1), RATE_HZ)
    (tmp_path / "a.txt").write_text("words", "utf-8")
    with pytest.raises(AudioFileError):
        folder_of_recordings(tmp_path)


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(InputError, match="no part"):
        shipped(FIXTURES, "both")


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_enough_to_say(part: str) -> None:
    found = shipped(FIXTURES, part)
    assert len(found.clear) >= 20
    assert len(found.pauses) >= 30
    assert len({clip.text for clip in found.pauses}) == len(found.pauses)
    assert len(found.barge_ins) >= 8
    assert all(clip.kind is Kind.BARGE_IN for clip in found.barge_ins)
    for clip in found.pauses:
        ((start, end),) = clip.pauses
        assert clip.start + RATE_HZ // 5 < start < end < clip.end - RATE_HZ // 5, clip.id


def test_no_sentence_is_in_both_parts() -> None:
    texts = {part: {e["text"] for e in LISTED["bench"] if e["part"] == part} for part in PARTS}
    assert not texts["tuning"] & texts["report"]


@pytest.mark.parametrize("entry", LISTED["bench"], ids=lambda entry: entry["audio"])
def test_every_recording_says_where_it_is_from(entry: dict[str, object]) -> None:
    assert LISTED["bench_sources"][entry["source"]].keys() == {"speaker", "licence", "from"}
    info = soundfile.info(str(FIXTURES / "real" / str(entry["audio"])))
    assert (info.samplerate, info.channels, info.format) == (RATE_HZ, 1, "FLAC")


def test_every_recording_is_listed() -> None:
    folder = FIXTURES / "real/bench"
    assert {f"bench/{path.name}" for path in folder.iterdir()} == {
        entry["audio"] for entry in LISTED["bench"]
    }
    assert sum(path.stat().st_size for path in folder.iterdir()) < 8_000_000
