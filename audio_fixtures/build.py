"""Make the recordings of the fixtures again.

What enters: the lines of the scripts (``callers/*.yaml``, ``humans/*.yaml``) and the voices in
``manifest.yaml``. What leaves: one telephone-band WAV per line, 8 kHz, 16-bit, mono, beside its
script. It exists so that a line can be reworded and every clip's origin can be checked. The same
input gives the same samples: synthesisers and noise are deterministic.

    python -m audio_fixtures.build                    everything
    python -m audio_fixtures.build --only angry       one fixture
    python -m audio_fixtures.build --sdist FILE       real/ from the pocketsphinx source archive
"""

from __future__ import annotations

import argparse
import importlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import yaml

HERE = Path(__file__).resolve().parent
PACKAGES = {"flite": "flite", "text2wave": "festival", "espeak-ng": "espeak-ng", "sox": "sox"}
PICO_RATE_HZ = 16_000
FESTIVAL_VOICES = {"cmu_us_slt_arctic_hts": "festvox-us-slt-hts"}
PROGRAMS = {"flite": "flite", "festival": "text2wave", "espeak-ng": "espeak-ng"}

Samples = npt.NDArray[np.float64]


class BuildError(Exception):
    """The recordings cannot be made; the message says what to do."""


def missing_packages(voices: list[dict[str, Any]]) -> list[str]:
    """The Debian packages that these voices need and this machine lacks."""
    needed = {PROGRAMS[voice["tool"]] for voice in voices if voice["tool"] in PROGRAMS} | {"sox"}
    missing = {PACKAGES[name] for name in needed if shutil.which(name) is None}
    for voice in voices:
        name = voice["voice"]
        if voice["tool"] == "festival" and not any(Path("/usr/share/festival").rglob(name)):
            missing.add(FESTIVAL_VOICES.get(name, name))
    return sorted(missing)


def run(command: list[str]) -> None:
    """Run a program.

    Raises:
        BuildError: it failed; with what it wrote.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")


def say_with_pico(voice: str, text: str, wav: Path) -> None:
    """SVOX Pico from PyPI: a C extension, so it is only asked for where a voice needs it.

    Raises:
        BuildError: it is not installed.
    """
    try:
        engine = importlib.import_module("ttspico").TtsEngine(voice)
    except ImportError as error:
        raise BuildError("Install first: pip install ttspico==0.3.2") from error
    pcm = np.frombuffer(engine.speak(text), np.int16)
    soundfile.write(str(wav), pcm, PICO_RATE_HZ, "PCM_16")


def synthesise(voice: dict[str, Any], text: str, wav: Path) -> None:
    """Say ``text`` into ``wav``, at whatever rate the synthesiser has."""
    if voice["tool"] == "flite":
        stretch = f"duration_stretch={voice['stretch']}"
        # Given a text without a blank, Flite takes it for the name of a file.
        command = ["flite", "-voice", voice["voice"], "-t", f"{text} "]
        run([*command, "--setf", stretch, "-o", str(wav)])
    elif voice["tool"] == "festival":
        words = wav.with_suffix(".txt")
        words.write_text(text, encoding="utf-8")
        run(["text2wave", str(words), "-eval", f"(voice_{voice['voice']})", "-o", str(wav)])
    elif voice["tool"] == "pico":
        say_with_pico(voice["voice"], text, wav)
    else:
        manner = ["-s", str(voice["words_per_minute"]), "-p", str(voice["pitch"])]
        run(["espeak-ng", "-v", voice["voice"], *manner, "-w", str(wav), text])


def in_band(samples: Samples, audio: dict[str, Any]) -> Samples:
    """What a telephone line lets through."""
    low, high = audio["band_hz"]
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(samples.size, 1 / audio["sample_rate_hz"])
    # 50 Hz wide edges: steeper ones ring.
    edge = np.clip((hz - low) / 50 + 1, 0, 1) * np.clip((high - hz) / 50 + 1, 0, 1)
    return np.fft.irfft(spectrum * edge, samples.size)


def narrowed(voice: dict[str, Any], wav: Path, audio: dict[str, Any]) -> Samples:
    """A synthesised file at the telephone's rate, in the pitch and pace of its speaker."""
    narrow = wav.with_name("narrow.wav")
    cents = round(100 * voice.get("semitones", 0))
    effects = ["gain", "-12", *(["pitch", str(cents)] if cents else [])]
    if "tempo" in voice:
        effects += ["tempo", "-s", str(voice["tempo"])]
    rate = str(audio["sample_rate_hz"])
    run(["sox", "-D", str(wav), "-b", "16", "-c", "1", "-r", rate, str(narrow), *effects])
    samples: Samples = soundfile.read(str(narrow), dtype="float64")[0]
    return samples


def frames_rms(samples: Samples, rate: int) -> Samples:
    """Root mean square of every 10 ms."""
    step = rate // 100
    frames = samples[: samples.size // step * step].reshape(-1, step)
    rms: Samples = np.sqrt((frames**2).mean(axis=1))
    return rms


def trim(samples: Samples, rate: int) -> Samples:
    """Without the silence at either end."""
    loud = np.flatnonzero(frames_rms(samples, rate) > 0.02 * np.abs(samples).max())
    if loud.size == 0:
        raise BuildError("A line came out silent.")
    step = rate // 100
    return samples[loud[0] * step : (loud[-1] + 1) * step]


def without_long_pauses(samples: Samples, rate: int, longest_ms: int) -> Samples:
    """With every pause cut down to ``longest_ms``: one breath, and one turn for whoever listens."""
    step = rate // 100
    quiet = frames_rms(samples, rate) <= 0.02 * np.abs(samples).max()
    keep = np.ones(quiet.size, bool)
    run = 0
    for index, silent in enumerate(quiet):
        run = run + 1 if silent else 0
        keep[index] = run * 10 <= longest_ms
    return samples[: quiet.size * step].reshape(-1, step)[keep].reshape(-1)


def level(samples: Samples, rate: int, dbfs: float) -> Samples:
    """At ``dbfs`` RMS over the frames with speech; lower where a peak would clip."""
    rms = frames_rms(samples, rate)
    active = rms[rms > 0.1 * rms.max()]
    gain = 10 ** (dbfs / 20) / np.sqrt((active**2).mean())
    levelled: Samples = samples * min(gain, 0.95 / np.abs(samples).max())
    return levelled


def muffled(samples: Samples, take: dict[str, Any], rate: int, seed: int) -> Samples:
    """Through a hand over the mouth, and with the room's noise."""
    if "muffle_hz" in take:
        spectrum = np.fft.rfft(samples)
        hz = np.fft.rfftfreq(samples.size, 1 / rate)
        samples = np.fft.irfft(spectrum / np.sqrt(1 + (hz / take["muffle_hz"]) ** 8), samples.size)
    if "snr_db" in take:
        noise = np.random.default_rng(seed).standard_normal(samples.size)
        rms = frames_rms(samples, rate)
        power = (rms[rms > 0.1 * rms.max()] ** 2).mean()
        samples = samples + noise * np.sqrt(power / 10 ** (take["snr_db"] / 10))
    return samples


def in_mood(voice: dict[str, Any], take: dict[str, Any]) -> dict[str, Any]:
    """The voice as it sounds in this take: higher by some semitones, faster or slower."""
    semitones = voice.get("semitones", 0) + take.get("higher_semitones", 0)
    tempo = {"tempo": take["tempo"]} if "tempo" in take else {}
    return {**voice, "semitones": semitones, **tempo}


def on_the_line(samples: Samples, take: dict[str, Any], audio: dict[str, Any]) -> Samples:
    """With the line's own noise, which is there in the pauses as well."""
    if "line_noise_dbfs" not in take:
        return samples
    noise = np.random.default_rng(audio["noise_seed"] + 1).standard_normal(samples.size)
    noise = in_band(noise, audio)
    gain = float(10 ** (take["line_noise_dbfs"] / 20) / np.sqrt((noise**2).mean()))
    return samples + noise * gain


def render(
    text: str, voice: dict[str, Any], take: dict[str, Any], audio: dict[str, Any]
) -> Samples:
    """One clip."""
    rate = audio["sample_rate_hz"]
    voice = in_mood(voice, take)
    parts: list[Samples] = []
    with tempfile.TemporaryDirectory() as folder:
        for index, part in enumerate(re.split(r"\s*\[(\d+)\]\s*", take.get("say", text).strip())):
            if index % 2:
                parts.append(np.zeros(int(part) * rate // 1000))
            else:
                wav = Path(folder) / "line.wav"
                synthesise(voice, part, wav)
                parts.append(trim(in_band(narrowed(voice, wav, audio), audio), rate))
    samples = np.concatenate(parts)
    if "longest_pause_ms" in take:
        samples = without_long_pauses(samples, rate, take["longest_pause_ms"])
    samples = muffled(samples, take, rate, audio["noise_seed"])
    dbfs = take.get("level_dbfs", audio["speech_level_dbfs"])
    samples = level(in_band(samples, audio), rate, dbfs)
    edge = np.zeros(audio["edge_silence_ms"] * rate // 1000)
    return on_the_line(np.concatenate([edge, samples, edge]), take, audio)


def build_fixture(fixture: dict[str, Any], manifest: dict[str, Any]) -> int:
    """Write the clips a fixture owns (its folder bears its id); how many."""
    script_path = HERE / fixture["script"]
    script = yaml.safe_load(script_path.read_text("utf-8"))
    clips = 0
    for line in script["lines"]:
        clip = Path(line.get("audio", ""))
        if clip.parent.name != fixture["id"]:
            continue
        voice = manifest["voices"][fixture["voice"]]
        takes = fixture.get("takes", {})
        take = takes.get("all", {}) | takes.get(clip.stem, {})
        samples = render(line["text"], voice, take, manifest["audio"])
        target = script_path.parent / clip
        target.parent.mkdir(exist_ok=True)
        soundfile.write(str(target), samples, manifest["audio"]["sample_rate_hz"], "PCM_16")
        clips += 1
    return clips


def build_real(sdist: Path, audio: dict[str, Any]) -> int:
    """Cut ``real/`` down to the telephone's band from the pocketsphinx source archive."""
    listed = yaml.safe_load((HERE / "real/manifest.yaml").read_text("utf-8"))["recordings"]
    rate = audio["sample_rate_hz"]
    with tarfile.open(sdist) as archive:
        names = {Path(name).name: name for name in archive.getnames() if "librivox" in name}
        for recording in listed:
            member = archive.extractfile(names[recording["source_file"]])
            if member is None:
                raise BuildError(f"{recording['source_file']} is not a file in {sdist}.")
            samples, found = soundfile.read(io.BytesIO(member.read()), dtype="float64")
            narrow = soxr.resample(samples, found, rate, quality="VHQ")
            narrow = level(in_band(narrow, audio), rate, audio["speech_level_dbfs"])
            soundfile.write(str(HERE / "real" / recording["audio"]), narrow, rate, "PCM_16")
    return len(listed)


def chosen(manifest: dict[str, Any], only: set[str]) -> list[dict[str, Any]]:
    """The fixtures to make.

    Raises:
        BuildError: an unknown id, or a missing program.
    """
    spoken = [entry for entry in manifest["fixtures"] if entry["voice"]]
    unknown = only - {entry["id"] for entry in spoken}
    if unknown:
        raise BuildError(f"No fixture with a voice is called {', '.join(sorted(unknown))}.")
    fixtures = [entry for entry in spoken if not only or entry["id"] in only]
    missing = missing_packages([manifest["voices"][entry["voice"]] for entry in fixtures])
    if missing:
        raise BuildError(f"Install first: apt-get install {' '.join(missing)}")
    return fixtures


def main() -> int:
    """Command line; 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(description="Make the recordings of the fixtures again.")
    parser.add_argument("--only", action="append", metavar="ID", help="only this fixture")
    parser.add_argument("--sdist", type=Path, help="pocketsphinx-*.tar.gz: make real/ instead")
    arguments = parser.parse_args()
    manifest = yaml.safe_load((HERE / "manifest.yaml").read_text("utf-8"))
    try:
        if arguments.sdist:
            print(f"real: {build_real(arguments.sdist, manifest['audio'])} recordings")
            return 0
        for entry in chosen(manifest, set(arguments.only or ())):
            print(f"{entry['id']}: {build_fixture(entry, manifest)} clips")
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
