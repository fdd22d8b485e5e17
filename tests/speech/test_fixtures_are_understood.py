"""The clear lines of the recorded callers survive the telephone's band and Whisper base.

A whole-call test can only blame the agent if the caller could be understood at all. Word error
rate is edit distance over words (Morris et al., 2004) after numbers are spelled out alike.
"""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr
import yaml
from rapidfuzz.distance import Levenshtein

from voiceagent.settings import load_settings
from voiceagent.speech.recogniser import Recogniser

pytestmark = pytest.mark.speech

ROOT = Path(__file__).resolve().parents[2] / "audio_fixtures"
MANIFEST = yaml.safe_load((ROOT / "manifest.yaml").read_text("utf-8"))
REAL = yaml.safe_load((ROOT / "real/manifest.yaml").read_text("utf-8"))["recordings"]
CALLERS: list[dict[str, Any]] = [e for e in MANIFEST["fixtures"] if e["kind"] == "caller"]
SPOKEN = [e for e in MANIFEST["fixtures"] if e["voice"] is not None]

# fmt: off
ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
        "nineteen"]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
# fmt: on


def spelled(number: str) -> str:
    """Digits as they are read out: codes digit by digit, the rest as a number below 100."""
    if len(number) > 2 or (number.startswith("0") and len(number) > 1):
        return " ".join(ONES[int(digit)] for digit in number)
    value = int(number)
    if value < 20:
        return ONES[value]
    return TENS[value // 10] + (f" {ONES[value % 10]}" if value % 10 else "")


def words(text: str) -> list[str]:
    """Lower-case words without punctuation, sums and numbers spelled out."""
    text = text.lower().replace("mr.", "mister").replace("okay", "ok")
    text = re.sub(r"\$(\d+)\.(\d\d)", r"\1 dollars and \2 cents", text)
    text = re.sub(r"\$(\d+) credit", r"\1 dollar credit", text)
    text = re.sub(r"\$(\d+)", r"\1 dollars", text)
    text = re.sub(r"\d+", lambda match: f" {spelled(match.group())} ", text)
    return re.sub(r"[^\w' ]", " ", text).split()


@cache
def model() -> Recogniser:
    settings = load_settings()
    return Recogniser(settings.weights_dir / settings.whisper)


def heard(wav: Path, language: str) -> str:
    # Many callers share a "Hello?" to the last sample: recognise it once.
    return recognised(wav.read_bytes(), language)


@cache
def recognised(clip: bytes, language: str) -> str:
    samples, rate = soundfile.read(io.BytesIO(clip), dtype="float32")
    wide: npt.NDArray[np.float32] = soxr.resample(samples, rate, 16000)
    return model().transcribe(wide.astype(np.float32), language).text


def clear_lines(entries: list[dict[str, Any]], language: str) -> list[tuple[Path, str]]:
    """Clips meant to be understood, with their words, each once."""
    unclear = {
        (ROOT / entry["script"]).parent / entry["id"] / f"{stem}.wav"
        for entry in MANIFEST["fixtures"]
        for stem, take in entry.get("takes", {}).items()
        if "snr_db" in take
    }
    lines: dict[Path, str] = {}
    for entry in entries:
        script = yaml.safe_load((ROOT / entry["script"]).read_text("utf-8"))
        for line in script["lines"]:
            wav = (ROOT / entry["script"]).parent / line.get("audio", "")
            if entry["language"] == language and wav.suffix == ".wav" and wav not in unclear:
                lines[wav] = line["text"]
    return list(lines.items())


def word_error_rate(lines: list[tuple[Path, str]], language: str) -> tuple[float, list[str]]:
    """Over all lines, and the lines that were misheard."""
    errors = total = 0
    misheard: list[str] = []
    for wav, text in lines:
        said, got = words(text), words(heard(wav, language))
        distance = Levenshtein.distance(said, got)
        errors, total = errors + distance, total + len(said)
        if distance:
            misheard.append(f"{wav.relative_to(ROOT)}: {text!r} heard as {heard(wav, language)!r}")
    return errors / total, misheard


def test_numbers_are_compared_as_they_are_spoken() -> None:
    assert words("$64.50, ZIP 02139, at 10.") == words(
        "Sixty four dollars and fifty cents, zip zero two one three nine, at ten"
    )


def test_english_lines_are_understood() -> None:
    lines = clear_lines(SPOKEN, "en")
    assert len(lines) > 70
    rate, misheard = word_error_rate(lines, "en")
    assert rate <= 0.15, misheard


def test_real_recordings_are_understood() -> None:
    lines = [(ROOT / "real" / recording["audio"], recording["text"]) for recording in REAL]
    rate, misheard = word_error_rate(lines, "en")
    assert rate <= 0.15, misheard


@pytest.mark.parametrize(
    "entry", [e for e in CALLERS if e["expected"]["quote"]], ids=lambda entry: entry["id"]
)
def test_what_the_verdict_must_quote_is_heard(entry: dict[str, Any]) -> None:
    transcript = " ".join(
        heard(wav, entry["language"]) for wav, _ in clear_lines([entry], entry["language"])
    )
    assert re.search(entry["expected"]["quote"], transcript, re.IGNORECASE), transcript


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        ("satisfied", "97214"),
        ("double-charge", "60614"),
        ("contradiction-amount", "30309"),
        ("angry", "77002"),
        ("legal-threat", "02139"),
        ("long-pauses", "98101"),
        ("barge-in", "94110"),
    ],
)
def test_postal_codes_are_heard_digit_by_digit(caller: str, code: str) -> None:
    assert words(heard(ROOT / "callers" / caller / "03.wav", "en"))[-5:] == spelled(code).split()


def test_the_mumbled_lines_are_not_understood() -> None:
    script = yaml.safe_load((ROOT / "callers/misunderstood.yaml").read_text("utf-8"))
    said = words(script["lines"][1]["text"])
    got = words(heard(ROOT / "callers/misunderstood/02.wav", "en"))
    assert Levenshtein.distance(said, got) > len(said) / 2
