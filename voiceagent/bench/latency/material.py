"""Recordings as turns of a caller: level, bounds of the speech, pauses, the telephone's band.

In: the recordings of ``audio_fixtures/real`` (one part of them: what is tuned on is not what is
reported) or anybody's own folder. Out: clips at 16 kHz that know where their speech begins and
ends and which of their pauses are on trial. All chance is seeded, so a clip is the same each time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import yaml

from voiceagent.bench.latency.record import Kind
from voiceagent.domain.errors import AudioFileError, InputError
from voiceagent.legs.impairments import mu_law

Samples = npt.NDArray[np.float32]

RATE_HZ = 16_000
TELEPHONE_HZ = 8_000
PARTS = ("tuning", "report")

ROOM_TONE = 0.0008
"""RMS of the noise under everything the caller sends: -62 dB full scale, a quiet room."""

_LEVEL = 0.09
_STEP = RATE_HZ // 100
_MARGIN_S = 0.1
_TAIL_S = 0.04
_FADE_S = 0.015
_PAUSES_S = (0.4, 1.2)
_SEED = 20261127
# A pause in somebody's own recording: shorter ones are between words, longer ones between turns.
_TRIAL_S = (0.35, 2.0)


@dataclass(frozen=True, slots=True)
class Clip:
    """One recorded turn.

    Attributes:
        id: names it in reports.
        text: the words.
        sound: at 16 kHz, -1..1.
        start, end: first and last sample of speech, by energy.
        kind: what it shows.
        pauses: those on trial, as samples.
    """

    id: str
    text: str
    sound: Samples
    start: int
    end: int
    kind: Kind = Kind.CLEAR
    pauses: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """What a caller can say."""

    clear: tuple[Clip, ...]
    pauses: tuple[Clip, ...]
    barge_ins: tuple[Clip, ...]


def shipped(fixtures_dir: Path, part: str) -> Material:
    """The recordings of one part.

    Raises:
        InputError: there is no such part, or the manifest is missing.
        AudioFileError: a recording cannot be read.
    """
    if part not in PARTS:
        raise InputError(f"There is no part '{part}'.", f"Use {' or '.join(PARTS)}.")
    folder = fixtures_dir / "real"
    try:
        listed = yaml.safe_load((folder / "manifest.yaml").read_text("utf-8"))["bench"]
    except (OSError, KeyError) as error:
        raise InputError(f"There are no recordings for the bench in '{folder}'.") from error
    clear, pauses, barge_ins = [], [], []
    for entry in listed:
        if entry["part"] != part:
            continue
        clip = clip_of(Path(entry["audio"]).stem, entry["text"], read(folder / entry["audio"]))
        if "clear" in entry["use"]:
            clear.append(clip)
        if "barge_in" in entry["use"]:
            barge_ins.append(replace(clip, kind=Kind.BARGE_IN))
        if "pause_at_s" in entry:
            pauses.append(with_pause(clip, read(folder / entry["audio"]), entry["pause_at_s"]))
    return Material(tuple(clear), tuple(pauses), tuple(barge_ins))


def folder_of_recordings(folder: Path) -> Material:
    """Anybody's recordings: every WAV or FLAC with a .txt of the same name is a turn.

    Raises:
        InputError: the folder holds none.
        AudioFileError: one cannot be read.
    """
    clips = []
    for path in sorted([*folder.glob("*.wav"), *folder.glob("*.flac")]):
        words = path.with_suffix(".txt")
        if words.is_file():
            clips.append(clip_of(path.stem, words.read_text("utf-8").strip(), read(path)))
    if not clips:
        raise InputError(
            f"'{folder}' holds no recording with its words.",
            "Put WAV files there, each with a .txt of the same name.",
        )
    on_trial = [_with_own_pauses(clip) for clip in clips]
    clear = [clip for clip in on_trial if not clip.pauses]
    return Material(
        tuple(clear or clips),
        tuple(clip for clip in on_trial if clip.pauses),
        tuple(replace(clip, kind=Kind.BARGE_IN) for clip in (clear or clips)),
    )


def read(path: Path) -> Samples:
    """A recording as mono at 16 kHz.

    Raises:
        AudioFileError: it cannot be read, or holds no sound.
    """
    try:
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioFileError(
            f"'{path}' cannot be read as audio.", "Use a WAV or FLAC file."
        ) from error
    mono: Samples = samples.mean(axis=1).astype(np.float32)
    if rate != RATE_HZ:
        mono = soxr.resample(mono, rate, RATE_HZ, quality="HQ").astype(np.float32)
    if mono.size < _STEP or not mono.any():
        raise AudioFileError(f"'{path}' holds no sound.")
    return mono


def clip_of(name: str, text: str, sound: Samples) -> Clip:
    """A recording at the level of a telephone call, cut to its speech."""
    levelled, start, end = _levelled(sound)
    return _cut(Clip(name, text, levelled, start, end))


def with_pause(clip: Clip, sound: Samples, at_s: float) -> Clip:
    """The same sentence with a pause of room tone at a word boundary.

    Args:
        clip: made of this recording.
        sound: the whole recording.
        at_s: where in the recording; the quietest place within 40 ms of it is taken.
    """
    levelled, start, end = _levelled(sound)
    rng = np.random.default_rng(_seed(clip.id))
    length = int(rng.uniform(*_PAUSES_S) * RATE_HZ)
    at = _quietest(levelled, int(at_s * RATE_HZ))
    fade = int(_FADE_S * RATE_HZ)
    before, after = levelled[:at].copy(), levelled[at:].copy()
    before[-fade:] *= np.linspace(1, 0, min(fade, before.size), dtype=np.float32)
    after[:fade] *= np.linspace(0, 1, min(fade, after.size), dtype=np.float32)
    # The caller's room tone runs on underneath.
    joined = np.concatenate([before, np.zeros(length, np.float32), after])
    name = f"{clip.id}+{length * 1000 // RATE_HZ}ms"
    paused = Clip(name, clip.text, joined, start, end + length, Kind.PAUSE)
    return _cut(replace(paused, pauses=((at, at + length),)))


def on_the_line(clip: Clip, *, wideband: bool) -> tuple[Samples, Samples]:
    """A clip as it arrives: at the rate of the line, and the same at 16 kHz.

    A telephone line has half the band and mu-law; whoever needs 16 kHz gets it upsampled.
    """
    if wideband:
        return clip.sound, clip.sound
    narrow = mu_law(soxr.resample(clip.sound, RATE_HZ, TELEPHONE_HZ, quality="HQ"))
    wide = soxr.resample(narrow, TELEPHONE_HZ, RATE_HZ, quality="HQ").astype(np.float32)
    return narrow, wide


def _levelled(sound: Samples) -> tuple[Samples, int, int]:
    start, end = _bounds(sound)
    rms = float(np.sqrt(np.mean(sound[start:end] ** 2)))
    return np.clip(sound * (_LEVEL / rms), -0.99, 0.99).astype(np.float32), start, end


def _cut(clip: Clip) -> Clip:
    begin = max(0, clip.start - int(_MARGIN_S * RATE_HZ))
    sound = clip.sound[begin : clip.end + int(_TAIL_S * RATE_HZ)].copy()
    end = clip.end - begin
    tail = sound.size - end
    if tail > 0:
        sound[end:] *= np.linspace(1, 0, tail, dtype=np.float32)
    pauses = tuple((a - begin, b - begin) for a, b in clip.pauses)
    return replace(clip, sound=sound, start=clip.start - begin, end=end, pauses=pauses)


def _loud(sound: Samples) -> npt.NDArray[np.intp]:
    """Which steps of 10 ms hold speech."""
    steps = sound[: sound.size // _STEP * _STEP].reshape(-1, _STEP)
    rms = np.sqrt((steps**2).mean(axis=1))
    return np.flatnonzero(rms > max(0.004, 0.04 * float(rms.max())))


def _bounds(sound: Samples) -> tuple[int, int]:
    loud = _loud(sound)
    if loud.size == 0:
        return 0, sound.size
    return int(loud[0]) * _STEP, (int(loud[-1]) + 1) * _STEP


def _with_own_pauses(clip: Clip) -> Clip:
    loud = _loud(clip.sound)
    found = []
    for before, after in pairwise(loud):
        length_s = (int(after) - int(before) - 1) / 100
        if _TRIAL_S[0] <= length_s <= _TRIAL_S[1]:
            found.append(((int(before) + 1) * _STEP, int(after) * _STEP))
    return replace(clip, kind=Kind.PAUSE, pauses=tuple(found)) if found else clip


def _quietest(sound: Samples, near: int) -> int:
    reach = RATE_HZ * 40 // 1000
    places = range(max(_STEP, near - reach), min(sound.size - _STEP, near + reach), 40)
    half = _STEP // 2
    return min(places, key=lambda at: float((sound[at - half : at + half] ** 2).mean()))


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{_SEED}:{name}".encode()).digest()[:4], "big")
