"""Speech to words: Whisper on CTranslate2, spending time only on the speech there is.

Enters: mono float32 at 16 kHz, one utterance. Leaves: a :class:`~.recognition.Recognition`.
faster-whisper's own ``transcribe`` pads every utterance to 30 seconds and encodes it all, 0.6 s on
a CPU core for two words. Whisper's encoder takes shorter windows; here it gets the speech and a
second of silence, never less than three seconds, and is asked for timestamps: without silence, or
without timestamps, a short window makes the decoder repeat itself. What it says after the
timestamp that closes the speech is cut off. A last pass over the words found gives each its
probability and its time; the confidence comes from there, because the decoder's own score is
dragged down by its doubts about timestamps (measured on real recordings and on noise: words that
were spoken 0.38 to 0.95, invented ones 0.01 to 0.24).

Blocking and thread-safe: call it through the :class:`~.model_pool.ModelPool`, with as many
``workers`` here as the pool has.

The model: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens, merge_punctuations

from voiceagent.speech.audio import Samples, level_dbfs, levels_dbfs, quietest_position
from voiceagent.speech.errors import RecogniserUnavailableError
from voiceagent.speech.recognition import (
    Recognition,
    Word,
    is_invented,
    loop_length,
    spoken_tokens,
    without_loop,
)

SAMPLE_RATE_HZ = 16000

_FRAME = SAMPLE_RATE_HZ // 50
_MAX_TOKENS = 224
_MAX_CONTEXT_TOKENS = 64
_OPENING_MARKS = "\"'“¿([{-"
_CLOSING_MARKS = "\"'.,!?:”)]}"


@dataclass(frozen=True, slots=True)
class RecogniserOptions:
    """How the recogniser works.

    Attributes:
        workers: recognitions that may run at once, one thread each: the pool's workers.
        languages: those a call may be in; detection chooses among them, the first wins ties.
        compute_type: CTranslate2's arithmetic; int8 is the fastest on a CPU without losing words.
        padding_ms: silence after the speech in the encoder's window.
        min_window_ms: the encoder's shortest window.
        max_window_ms: the longest; longer audio is split at a pause. Whisper's own limit is 30 s.
        silence_dbfs: audio whose loudest moment is quieter than this is not looked at.
        tokens_per_s: most tokens a second of speech can be; bounds what a loop can cost.
    """

    workers: int = 1
    languages: tuple[str, ...] = ("en", "de")
    compute_type: str = "int8"
    padding_ms: int = 1000
    min_window_ms: int = 3000
    max_window_ms: int = 30000
    silence_dbfs: float = -55.0
    tokens_per_s: int = 12


@dataclass(frozen=True, slots=True)
class _Decoded:
    tokens: list[int]
    no_speech: float


class Recogniser:
    """Whisper behind one blocking call.

    Args:
        model_path: directory of a CTranslate2 Whisper model with its tokenizer.
        options: see :class:`RecogniserOptions`.

    Raises:
        RecogniserUnavailableError: the model cannot be loaded, or knows none of the languages.
    """

    def __init__(self, model_path: Path, options: RecogniserOptions | None = None) -> None:
        self.options = options or RecogniserOptions()
        if not (model_path / "model.bin").is_file():
            raise RecogniserUnavailableError(
                f"No Whisper model in {model_path}.", "Fetch the models first."
            )
        try:
            self._whisper = WhisperModel(
                str(model_path),
                device="cpu",
                compute_type=self.options.compute_type,
                cpu_threads=1,
                num_workers=self.options.workers,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise RecogniserUnavailableError(
                f"The Whisper model in {model_path} cannot be loaded: {error}.",
                "Fetch the models again.",
            ) from error
        supported = set(self._whisper.supported_languages)
        self.languages = tuple(name for name in self.options.languages if name in supported)
        if not self.languages:
            raise RecogniserUnavailableError(
                f"The Whisper model in {model_path} knows none of {self.options.languages}.",
                "Use a multilingual model.",
            )
        self._tokenizers = {name: self._make_tokenizer(name) for name in self.languages}

    def transcribe(
        self,
        audio: Samples,
        language: str | None = None,
        hotwords: Sequence[str] = (),
    ) -> Recognition:
        """Recognise one utterance.

        Args:
            audio: float32 in -1..1, 16 kHz, shape (samples,).
            language: one of ``languages``, or None to detect it among them.
            hotwords: names and terms likely to occur, such as the customer's name; they are put
                before the audio as if they had been said earlier.

        Raises:
            RecogniserUnavailableError: ``language`` is not one of ``languages``.
        """
        if language is not None and language not in self._tokenizers:
            raise RecogniserUnavailableError(
                f"The recogniser was not set up for the language {language!r}.",
                f"Choose one of {', '.join(self.languages)}.",
            )
        limit = self.options.max_window_ms * SAMPLE_RATE_HZ // 1000
        limit -= self.options.padding_ms * SAMPLE_RATE_HZ // 1000
        parts: list[Recognition] = []
        start = 0
        while start < audio.size or not parts:
            end = _split(audio, start, limit)
            known = language or next((part.language for part in parts if part.text), None)
            part = self._transcribe_window(audio[start:end], known, hotwords)
            parts.append(_moved(part, start * 1000 // SAMPLE_RATE_HZ))
            start = end
        return parts[0] if len(parts) == 1 else _joined(parts)

    def warm_up(self) -> None:
        """Run once over noise, so that the first caller does not pay for the first run."""
        noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
        self._transcribe_window(noise * np.float32(0.01), self.languages[0], ())

    def _transcribe_window(
        self, audio: Samples, language: str | None, hotwords: Sequence[str]
    ) -> Recognition:
        levels = levels_dbfs(audio, _FRAME)
        loudest = float(levels.max()) if levels.size else level_dbfs(audio)
        if loudest < self.options.silence_dbfs:
            return Recognition("", language or self.languages[0], 0.0, 1.0, float(bool(language)))
        encoded, frames = self._encode(audio)
        probability = 1.0
        if language is None:
            language, probability = self._detect_language(encoded)
        tokenizer = self._tokenizers[language]
        speech_end_s = _speech_end(levels) * _FRAME / SAMPLE_RATE_HZ
        decoded = self._decode(encoded, tokenizer, hotwords, speech_end_s)
        text = tokenizer.decode(decoded.tokens).strip()
        words, confidence = self._time_words(encoded, frames, tokenizer, decoded.tokens)
        if is_invented(
            text,
            no_speech=decoded.no_speech,
            confidence=confidence,
            speech_dbfs=loudest,
        ):
            return Recognition("", language, 0.0, decoded.no_speech, probability)
        return Recognition(text, language, confidence, decoded.no_speech, probability, words)

    def _encode(self, audio: Samples) -> tuple[Any, int]:
        window_ms = audio.size * 1000 // SAMPLE_RATE_HZ + self.options.padding_ms
        window_ms = min(max(window_ms, self.options.min_window_ms), self.options.max_window_ms)
        size = window_ms * SAMPLE_RATE_HZ // 1000
        padded = np.zeros(size, np.float32)
        padded[: audio.size] = audio[:size]
        features = self._whisper.feature_extractor(padded, padding=0)
        # The encoder halves the frame rate, so it needs an even number of frames.
        frames = features.shape[1] - features.shape[1] % 2
        batch = np.ascontiguousarray(features[None, :, :frames], dtype=np.float32)
        return self._whisper.model.encode(ctranslate2.StorageView.from_array(batch)), frames

    def _detect_language(self, encoded: Any) -> tuple[str, float]:
        if len(self.languages) == 1:
            return self.languages[0], 1.0
        scored = {name[2:-2]: p for name, p in self._whisper.model.detect_language(encoded)[0]}
        allowed = {name: scored.get(name, 0.0) for name in self.languages}
        best = max(allowed, key=allowed.__getitem__)
        total = sum(allowed.values())
        return best, allowed[best] / total if total else 0.0

    def _decode(
        self, encoded: Any, tokenizer: Tokenizer, hotwords: Sequence[str], speech_end_s: float
    ) -> _Decoded:
        prompt = [*self._context(tokenizer, hotwords), *tokenizer.sot_sequence]
        decoded = self._generate(encoded, tokenizer, prompt, speech_end_s)
        if loop_length(decoded.tokens):
            # Once more, without what may have led it astray and forbidden to repeat itself.
            decoded = self._generate(
                encoded, tokenizer, list(tokenizer.sot_sequence), speech_end_s, forbid_loops=True
            )
        return decoded

    def _generate(
        self,
        encoded: Any,
        tokenizer: Tokenizer,
        prompt: list[int],
        speech_end_s: float,
        *,
        forbid_loops: bool = False,
    ) -> _Decoded:
        new_tokens = min(_MAX_TOKENS, 12 + math.ceil(speech_end_s * self.options.tokens_per_s))
        result = self._whisper.model.generate(
            encoded,
            [prompt],
            # Greedy: wider beams cost in proportion, and on short windows they repeat phrases.
            beam_size=1,
            # CTranslate2 allows half of this for new tokens, and all of it with the prompt.
            max_length=max(2 * new_tokens, len(prompt) + new_tokens),
            no_repeat_ngram_size=4 if forbid_loops else 0,
            return_no_speech_prob=True,
            suppress_tokens=list(get_suppressed_tokens(tokenizer, [-1])),
            max_initial_timestamp_index=50,
        )[0]
        tokens = spoken_tokens(
            result.sequences_ids[0],
            timestamp_begin=tokenizer.timestamp_begin,
            end_of_text=tokenizer.eot,
            speech_end_s=speech_end_s,
        )
        if forbid_loops:
            tokens = without_loop(tokens)
        return _Decoded(tokens, float(result.no_speech_prob))

    def _context(self, tokenizer: Tokenizer, hotwords: Sequence[str]) -> list[int]:
        terms = [term.strip() for term in hotwords if term.strip()]
        if not terms:
            return []
        tokens = tokenizer.encode(" " + ", ".join(terms) + ".")
        return [tokenizer.sot_prev, *tokens[:_MAX_CONTEXT_TOKENS]]

    def _time_words(
        self, encoded: Any, frames: int, tokenizer: Tokenizer, tokens: list[int]
    ) -> tuple[tuple[Word, ...], float]:
        """The words with their times, and the geometric mean of their probabilities."""
        if not tokens:
            return (), 0.0
        aligned = self._whisper.find_alignment(tokenizer, [tokens], encoded, frames)[0]
        merge_punctuations(aligned, _OPENING_MARKS, _CLOSING_MARKS)
        entries = [entry for entry in aligned if entry["word"].strip()]
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

    def _make_tokenizer(self, language: str) -> Tokenizer:
        return Tokenizer(
            self._whisper.hf_tokenizer,
            self._whisper.model.is_multilingual,
            task="transcribe",
            language=language,
        )


def _speech_end(levels: np.ndarray[Any, Any]) -> int:
    """Frames up to and including the last one clearly above the background."""
    if not levels.size:
        return 0
    loudest, background = float(levels.max()), float(np.percentile(levels, 10))
    if loudest - background < 12.0:
        return int(levels.size)
    loud = np.flatnonzero(levels >= max(background + 6.0, loudest - 30.0))
    return int(loud[-1]) + 1


def _split(audio: Samples, start: int, limit: int) -> int:
    """Where the window beginning at ``start`` ends: at the end, or in a pause before the limit."""
    if audio.size - start <= limit:
        return audio.size
    search = start + limit * 2 // 3
    return search + quietest_position(audio[search : start + limit], SAMPLE_RATE_HZ)


def _moved(part: Recognition, by_ms: int) -> Recognition:
    words = tuple(
        Word(word.text, word.start_ms + by_ms, word.end_ms + by_ms, word.probability)
        for word in part.words
    )
    return Recognition(
        part.text,
        part.language,
        part.confidence,
        part.no_speech,
        part.language_probability,
        words,
    )


def _joined(parts: Sequence[Recognition]) -> Recognition:
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
    )
