"""What a recogniser returns, and the rules that tell words spoken from words invented.

Enters: decoded tokens, texts and numbers. Leaves: what of them to believe. Pure, so that each rule
can be tested without a model. Whisper was trained on subtitles: given silence it writes what
subtitles say over silence, and given audio that ends it may say the last words again and again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from faster_whisper.transcribe import merge_punctuations

from voiceagent.domain.transcript import Tone

TIMESTAMP_STEP_S = 0.02
"""Whisper's timestamp tokens count in steps of this length."""

_CLOSING_TOLERANCE_S = 0.35
_LOOP_REPEATS = 3
_SURE_SILENCE = 0.8
_DOUBTFUL_SILENCE = 0.3
_FAINT_DBFS = -42.0
_LIKELY_SILENCE = 0.5
_HOPELESS_CONFIDENCE = 0.35
_DOUBTFUL_CONFIDENCE = 0.5

_SUBTITLE_PHRASES = frozenset(
    {
        "you",
        "bye",
        "bye bye",
        "okay",
        "thank you",
        "thank you very much",
        "thank you so much",
        "thank you for watching",
        "thanks for watching",
        "thank you for listening",
        "please subscribe",
        "subscribe to my channel",
        "see you next time",
        "see you in the next video",
        "subtitles by the amara org community",
        "untertitel der amara org community",
        "untertitel im auftrag des zdf für funk",
        "untertitel von stephanie geiges",
        "untertitelung des zdf",
        "untertitelung aufgrund der amara org community",
        "vielen dank",
        "vielen dank fürs zuschauen",
        "danke fürs zuschauen",
        "bis zum nächsten mal",
        "tschüss",
        "swr",
        "das war's",
    }
)
_OPENING_MARKS = "\"'“¿([{"
_CLOSING_MARKS = "\"'.,!?:”)]}"
_END_MARKS = frozenset(".?!")
_NOT_WORDS = re.compile(r"[^\w'äöüß]+")


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word, timed from the start of the audio handed in."""

    text: str
    start_ms: int
    end_ms: int
    probability: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was said in a piece of audio.

    Attributes:
        text: the words with punctuation; empty if nothing was said.
        language: BCP 47 primary tag the text is in.
        confidence: 0..1, geometric mean of the words' probabilities; 0 for empty text.
        no_speech: 0..1, how sure the model is that nobody spoke.
        language_probability: 0..1 among the languages allowed; 1 if the language was given.
        words: the words one by one, with their times.
        tone: how it sounded; None where it was not measured.
        end_mark: 0..1, how sure the model is of the full stop or question mark that ends the text;
            0 if none does. Half a sentence often gets one, but less surely.
    """

    text: str
    language: str
    confidence: float
    no_speech: float
    language_probability: float = 1.0
    words: tuple[Word, ...] = ()
    tone: Tone | None = None
    end_mark: float = 0.0


def spoken_tokens(
    tokens: Sequence[int],
    *,
    timestamp_begin: int,
    end_of_text: int,
    speech_end_s: float,
) -> list[int]:
    """The text tokens up to the timestamp that closes the speech.

    Whisper in timestamp mode writes ``<start> words <end>`` per segment. What follows an end stamp
    at (or past) the end of the speech was heard in the padding, so it is a loop or an invention;
    so is a segment that starts there.

    Args:
        tokens: as decoded: text, timestamps and specials.
        timestamp_begin: the token that means 0.00 s.
        end_of_text: the first special token; text tokens are smaller.
        speech_end_s: where the speech in the audio ends, by its energy.
    """
    text: list[int] = []
    for token in tokens:
        if token >= timestamp_begin:
            stamp_s = (token - timestamp_begin) * TIMESTAMP_STEP_S
            if text and stamp_s >= speech_end_s - _CLOSING_TOLERANCE_S:
                break
        elif token < end_of_text:
            text.append(token)
    return text


def loop_length(tokens: Sequence[int]) -> int:
    """How many tokens at the end repeat what stands before them; 0 if fewer than three times.

    A digit or a syllable said three times is no loop, so short periods need more repeats: at
    least three, and six tokens' worth.
    """
    count = len(tokens)
    for period in range(1, count // _LOOP_REPEATS + 1):
        pattern = list(tokens[count - period :])
        repeats = 1
        while (
            count >= period * (repeats + 1)
            and list(tokens[count - period * (repeats + 1) : count - period * repeats]) == pattern
        ):
            repeats += 1
        if repeats >= _LOOP_REPEATS and repeats * period > 2 * _LOOP_REPEATS:
            return period * (repeats - 1)
    return 0


def without_loop(tokens: Sequence[int]) -> list[int]:
    """The tokens with a loop at their end said once."""
    length = loop_length(tokens)
    return list(tokens[: len(tokens) - length])


def is_invented(text: str, *, no_speech: float, confidence: float, speech_dbfs: float) -> bool:
    """Whether the text is what Whisper writes over silence or noise, and nobody said it.

    Args:
        text: as decoded.
        no_speech: the model's probability that nobody spoke.
        confidence: see :class:`Recognition`.
        speech_dbfs: level of the loudest part of the audio. "Thank you" and "bye" are said on the
            phone all the time; only when there is next to nothing to hear are they dropped.
    """
    if no_speech > _LIKELY_SILENCE and confidence < _HOPELESS_CONFIDENCE:
        return True
    if no_speech > _SURE_SILENCE and confidence < _DOUBTFUL_CONFIDENCE:
        return True
    words = _NOT_WORDS.sub(" ", text.casefold()).strip()
    if not words:
        return True
    if words not in _SUBTITLE_PHRASES:
        return False
    if no_speech > _SURE_SILENCE:
        return True
    return speech_dbfs < _FAINT_DBFS and no_speech > _DOUBTFUL_SILENCE


def moved(part: Recognition, by_ms: int) -> Recognition:
    """The same recognition, its words timed from a point ``by_ms`` earlier."""
    words = tuple(
        Word(word.text, word.start_ms + by_ms, word.end_ms + by_ms, word.probability)
        for word in part.words
    )
    return replace(part, words=words)


def joined(parts: Sequence[Recognition]) -> Recognition:
    """One recognition of audio that was recognised in parts."""
    spoken = [part for part in parts if part.text]
    if not spoken:
        return parts[0]
    length = sum(len(part.text) for part in spoken)
    return Recognition(
        text=" ".join(part.text for part in spoken),
        language=spoken[0].language,
        confidence=sum(part.confidence * len(part.text) for part in spoken) / length,
        no_speech=min(part.no_speech for part in spoken),
        language_probability=spoken[0].language_probability,
        words=tuple(word for part in spoken for word in part.words),
        end_mark=spoken[-1].end_mark,
    )


def end_mark_probability(aligned: Sequence[Mapping[str, Any]]) -> float:
    """How sure the model is of the mark that ends a sentence here; 0 without one.

    Args:
        aligned: faster-whisper's entries, marks still apart from their words.
    """
    last = next((entry for entry in reversed(aligned) if entry["word"].strip()), None)
    ends = last is not None and last["word"].strip() in _END_MARKS
    return float(last["probability"]) if ends and last is not None else 0.0


def whole_words(aligned: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The aligned entries, with compounds such as "ill-disposed" put together again."""
    whole: list[dict[str, Any]] = []
    for entry in aligned:
        if not entry["word"].strip():
            continue
        if whole and not entry["word"].startswith(" "):
            last = whole[-1]
            count, more = len(last["tokens"]), len(entry["tokens"])
            mean = (last["probability"] * count + entry["probability"] * more) / (count + more)
            whole[-1] = {
                "word": last["word"] + entry["word"],
                "tokens": [*last["tokens"], *entry["tokens"]],
                "start": last["start"],
                "end": entry["end"],
                "probability": mean,
            }
        else:
            whole.append(entry)
    return whole


def timed_words(aligned: list[dict[str, Any]]) -> tuple[tuple[Word, ...], float]:
    """The words with their times, and the geometric mean of their probabilities."""
    merge_punctuations(aligned, _OPENING_MARKS, _CLOSING_MARKS)
    entries = whole_words(aligned)
    words = tuple(
        Word(
            entry["word"].strip(),
            round(float(entry["start"]) * 1000),
            round(float(entry["end"]) * 1000),
            float(entry["probability"]),
        )
        for entry in entries
    )
    weights = [len(entry["tokens"]) for entry in entries]
    if not weights:
        return words, 0.0
    logs = (
        weight * math.log(max(word.probability, 1e-6))
        for word, weight in zip(words, weights, strict=True)
    )
    return words, math.exp(sum(logs) / sum(weights))
