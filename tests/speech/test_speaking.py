"""Real voices, understood by the recogniser over a telephone's 8 kHz."""

import re
from pathlib import Path

import numpy as np
import onnxruntime
import platformdirs
import pytest
from rapidfuzz.distance import Levenshtein

from voiceagent.speech.audio import Samples, level_dbfs, pcm_to_float, resample
from voiceagent.speech.errors import VoiceUnavailableError
from voiceagent.speech.espeak import EspeakVoice
from voiceagent.speech.piper import PiperVoice
from voiceagent.speech.recogniser import SAMPLE_RATE_HZ, Recogniser
from voiceagent.speech.synthesis import ClauseSynthesis
from voiceagent.speech.voices import Voice, choose_voice

pytestmark = pytest.mark.speech

WEIGHTS = Path(platformdirs.user_cache_dir("voiceagent")) / "weights"
PIPER = WEIGHTS / "piper-en_US-joe-medium" / "en_US-joe-medium.onnx"
PHONE_HZ = 8000


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    if not (WEIGHTS / "whisper-base" / "model.bin").is_file():
        pytest.skip("Whisper base is not installed: run `voiceagent models fetch`.")
    return Recogniser(WEIGHTS / "whisper-base")


@pytest.fixture(scope="module")
def piper() -> PiperVoice:
    if not PIPER.is_file():
        pytest.skip("The Piper voice is not installed: run `voiceagent models fetch`.")
    # Piper draws random numbers; the same ones each time, or a test may fail now and then.
    onnxruntime.set_seed(20)
    return PiperVoice(PIPER, "en")


def spoken(voice: Voice, text: str, rate_hz: int = PHONE_HZ) -> Samples:
    synthesis = ClauseSynthesis(voice, text, rate_hz)
    pcm = b""
    while (part := synthesis.next_pcm()) is not None:
        pcm += part
    return pcm_to_float(pcm)


def heard(recogniser: Recogniser, audio: Samples, language: str, rate_hz: int = PHONE_HZ) -> str:
    return recogniser.transcribe(resample(audio, rate_hz, SAMPLE_RATE_HZ), language).text


def words(text: str) -> list[str]:
    return re.findall(r"[a-zäöüß]+|\d", text.lower())


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("Hello, this is an automated assistant.", "Hello, this is an automated assistant."),
        ("One moment please, I will connect you.", "One moment please, I will connect you."),
        ("It is due on 2026-03-05.", "It is due on March 5, 2026."),
        ("The amount is $64.50.", "The amount is $64.50."),
        ("The number is 415-555-0132.", "The number is 415-555-0132."),
        ("Yes.", "Yes."),
    ],
)
def test_what_piper_says_is_understood_over_the_phone(
    piper: PiperVoice, recogniser: Recogniser, written: str, understood: str
) -> None:
    got = words(heard(recogniser, spoken(piper, written), "en"))
    # One word in six may be misheard; the digits of an amount or a number may not be missing.
    wanted = words(understood)
    assert Levenshtein.distance(wanted, got) <= len(wanted) / 6
    assert [word for word in got if word.isdigit()] == [word for word in wanted if word.isdigit()]


def test_reference_numbers_are_spelled_out(piper: PiperVoice, recogniser: Recogniser) -> None:
    text = heard(recogniser, spoken(piper, "Your invoice INV-3107 was sent."), "en")
    # V and B sound alike in the telephone's band.
    assert re.search(r"in[vb]3107", re.sub(r"\W", "", text.lower()))


def test_short_and_long_sentences_are_about_as_loud(piper: PiperVoice) -> None:
    levels = []
    for text in (
        "Sure,",
        "Your invoice is due on the fifth of March, and it is still open.",
        "No.",
    ):
        audio = spoken(piper, text)
        assert np.abs(audio).max() < 1.0
        levels.append(level_dbfs(audio[np.abs(audio) > 0.01]))
    assert all(-24 < level < -12 for level in levels), levels


def test_speech_begins_at_once(piper: PiperVoice) -> None:
    audio = spoken(piper, "Hello, how are you today?")
    first = int(np.flatnonzero(np.abs(audio) > 0.02)[0])
    assert first < PHONE_HZ * 40 // 1000


def test_espeak_speaks_english_that_is_understood(recogniser: Recogniser) -> None:
    voice = EspeakVoice("en-US")
    text = "Please call me back tomorrow morning."
    got = words(heard(recogniser, spoken(voice, text, 16000), "en", 16000))
    assert Levenshtein.distance(words(text), got) <= 2


def test_espeak_speaks_german_that_is_understood_in_part(recogniser: Recogniser) -> None:
    # A formant synthesiser's German is hard on Whisper base, more so in the telephone's band.
    voice = choose_voice("de", {})
    got: list[str] = []
    wanted: list[str] = []
    for text in (
        "Ich kann die Rechnung erst nächste Woche bezahlen.",
        "Guten Tag, ich möchte bitte mit einem Mitarbeiter sprechen.",
    ):
        audio = resample(spoken(voice, text, 16000), 16000, SAMPLE_RATE_HZ)
        assert recogniser.transcribe(audio).language == "de"
        got += words(recogniser.transcribe(audio, "de").text)
        wanted += words(text)
    assert Levenshtein.distance(wanted, got) <= len(wanted) / 2


def test_a_language_without_a_piper_voice_falls_back_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    voice = choose_voice("de-AT", {"en": PIPER})
    assert isinstance(voice, EspeakVoice)
    assert "no Piper voice for de-AT: using eSpeak NG" in caplog.text
    assert voice.language == "de-AT"


def test_an_installed_piper_voice_is_preferred(piper: PiperVoice) -> None:
    assert isinstance(choose_voice("en-GB", {"en": PIPER}), PiperVoice)


def test_languages_nobody_speaks_are_refused() -> None:
    with pytest.raises(VoiceUnavailableError, match="'xx'"):
        choose_voice("xx", {})


def test_a_missing_voice_is_named(tmp_path: Path) -> None:
    with pytest.raises(VoiceUnavailableError, match=r"nobody\.onnx"):
        PiperVoice(tmp_path / "nobody.onnx", "en")


def test_both_copies_of_espeak_live_side_by_side(piper: PiperVoice) -> None:
    german = EspeakVoice("de")
    english = EspeakVoice("en")
    first = spoken(german, "Guten Tag.")
    spoken(piper, "Good day.")
    spoken(english, "Good day.")
    again = spoken(german, "Guten Tag.")
    # eSpeak varies by a few samples from run to run, not by the voice.
    assert again.size == pytest.approx(first.size, rel=0.02)
    assert level_dbfs(again) == pytest.approx(level_dbfs(first), abs=1.0)
